//! What outlives the daemon: an SQLite database in the state directory.
//!
//! The durable events of groups are written in one transaction. All but the history is read once, when the daemon starts.

mod accounts;
mod bans;
mod channels;
mod chores;
mod clock;
mod copy;
mod disk_space;
mod end;
mod fault;
mod files;
mod history;
mod maintenance;
mod marks;
mod names;
mod restore;
mod schema;
mod source;
mod write;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chat_proto::name::Nick;
use chatd_core::{Event, Kept, ServerSecret, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(crate) use self::chores::{Chore, ChoreError, Chores};
pub(crate) use self::copy::{CopyError, Holdings, Watcher};
pub(crate) use self::disk_space::DiskSpace;
pub(crate) use self::fault::FileFault;
use self::files::OpenFiles;
pub(crate) use self::maintenance::{Carrier, Line, LineKind, Maintenance, MaintenanceError, Of, Selection};
pub(crate) use self::restore::{open_backup, restore};
use self::write::{Leftovers, Log};
use crate::clock::Clock;
use crate::config::Durability;
use crate::lock::Lock;

pub(crate) use history::{Archive, Cancelled};
pub(crate) use write::WriteError;

/// The file's name in the state directory.
const FILE: &str = "chatd.db";
/// How long another program that writes into the database is waited for.
const BUSY: Duration = Duration::from_secs(1);
/// Bytes that the log beside the database keeps when it has been longer for a while.
const LOG_MAX: u64 = 64 * 1024 * 1024;
/// Statements that are kept prepared; more than there are.
const STATEMENTS: usize = 128;

/// The open database.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    leftovers: Leftovers,
    log: Log,
    archive: Arc<Archive>,
    clock: Clock,
    lock: Option<Arc<Lock>>,
    /// Whether something was written that may not be where the next start looks for it.
    unconfirmed: bool,
    disk_space: DiskSpace,
}

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database does not open: {0}")]
    File(FileFault),
    #[error(
        "the database {} was written by a newer chatd (its version is {found}, this chatd knows {known}); install that one again",
        path.display()
    )]
    TooNew { path: PathBuf, found: u32, known: u32 },
    #[error("cannot copy the database to {} before changing it for this version of chatd: {cause}; nothing was changed", to.display())]
    NotCopied { to: PathBuf, cause: CopyError },
    #[error(
        "there is no database {}, but {} holds what was in it before it was deleted; \
         put that in place: chatd restore {}; or move it away to begin anew",
        path.display(), rescued.display(), rescued.display()
    )]
    Deleted { path: PathBuf, rescued: PathBuf },
    #[error(
        "the database {} is missing or empty, but {} holds what was stored last; put the database back, \
         restore it from a backup, or move both away to begin anew",
        path.display(), log.display()
    )]
    Emptied { path: PathBuf, log: PathBuf },
    #[error("the database {} holds something that is no {what}; restore it from a backup", path.display())]
    Unreadable { path: PathBuf, what: &'static str },
}

/// Something that a row holds is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database holds something that is no {0}")]
    NotA(&'static str),
}

// Not `#[from]`: the message names the cause already, and a source is shown after it.
impl From<FileFault> for StoreError {
    fn from(fault: FileFault) -> Self {
        Self::File(fault)
    }
}

impl StoreError {
    /// Returns whether it goes away once there is room on the disk.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            Self::File(fault) => fault.is_disk_full(),
            Self::NotCopied { to, cause } => cause.is_disk_full(to),
            _ => false,
        }
    }
}

impl Store {
    /// Opens the database in `directory`, makes it if it isn't there, brings its schema up to date, and reads what is kept
    /// save for the history. `now` is when chatd begins.
    ///
    /// # Errors
    /// It can't be opened or is broken, or a newer chatd has written it.
    pub(crate) fn open(
        directory: &Path,
        sync: Durability,
        now: Timestamp,
    ) -> Result<(Self, Kept), StoreError> {
        let path = directory.join(FILE);
        let file = create(&path)?;
        let failed = |cause: rusqlite::Error| FileFault::from_sqlite(&path, &cause);
        let mut connection = Connection::open(&path).map_err(failed)?;
        prepare(&connection).map_err(failed)?;
        maintenance::remove_unfinished(directory);
        schema::bring_up_to_date(&mut connection, &path).map_err(|error| match error {
            schema::Error::Sqlite(cause) => failed(cause).into(),
            schema::Error::TooNew { found, known } => StoreError::TooNew { path: path.clone(), found, known },
            schema::Error::NotCopied { to, cause } => StoreError::NotCopied { to, cause },
        })?;
        // Words that were redacted or deleted before chatd ended, in whichever way, may be in the log.
        let is_log_empty = history::checkpoint(&connection, "TRUNCATE").map_err(failed)?;
        let kept = read(&connection, now).map_err(|error| match error {
            RowError::Sqlite(cause) => failed(cause).into(),
            RowError::NotA(what) => StoreError::Unreadable { path: path.clone(), what },
        })?;
        // Whatever is lost later: which ids begin here must not be, lest they are used twice.
        connection.pragma_update(None, "synchronous", synchronous(sync)).map_err(failed)?;
        let leftovers = Leftovers::of(&mut connection, !is_log_empty).map_err(failed)?;
        let clock = clock::begin(&connection).map_err(failed)?;
        let files = OpenFiles::new(&path, file).map_err(|misplaced| failed(misplaced.into()))?;
        let archive = Arc::new(Archive::new(files, kept.start.unwrap_or(now.0)));
        let (log, disk_space) = (Log::default(), DiskSpace::new(directory));
        let (lock, unconfirmed) = (None, false);
        let store = Self { connection, leftovers, log, archive, clock, lock, unconfirmed, disk_space };
        store.expect_size().map_err(failed)?;
        Ok((store, kept))
    }

    /// The clocks, and what the database knows of earlier runs'.
    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The free space on the disk, and what is left of it.
    pub(crate) fn disk_space(&self) -> DiskSpace {
        self.disk_space.clone()
    }

    /// Has the lock of the directory checked together with the files.
    pub(crate) fn watch_lock(&mut self, lock: Arc<Lock>) {
        self.lock = Some(lock);
    }

    /// Where the history is read.
    pub(crate) fn archive(&self) -> Arc<Archive> {
        Arc::clone(&self.archive)
    }
}

/// Opens the file, or makes it, for nobody but chatd's user: there are hashes of passwords in it.
fn create(path: &Path) -> Result<File, StoreError> {
    let (rescued, log) = (path.with_file_name(end::RESCUED), names::with_suffix(path, "-wal"));
    let is_empty = |path: &Path| path.metadata().map_or(!names::is_taken(path), |found| found.len() == 0);
    if is_empty(path) && names::is_taken(&rescued) {
        return Err(StoreError::Deleted { path: path.to_path_buf(), rescued });
    }
    // SQLite would delete the log of an empty database.
    if is_empty(path) && log.is_file() && !is_empty(&log) {
        return Err(StoreError::Emptied { path: path.to_path_buf(), log });
    }
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = opened.map_err(|cause| FileFault::from_io(path, &cause))?;
    match file.metadata() {
        Ok(found) if !found.is_file() => Err(FileFault::not_regular(path).into()),
        Ok(_) => Ok(file),
        Err(cause) => Err(FileFault::from_io(path, &cause).into()),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    // Only a database that holds nothing yet takes this up.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_MAX)?;
    connection.pragma_update(None, "synchronous", synchronous(Durability::Full))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted, is gone.
    connection.pragma_update(None, "secure_delete", true)
}

fn synchronous(sync: Durability) -> &'static str {
    match sync {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
        Durability::Off => "OFF",
    }
}

fn read(connection: &Connection, now: Timestamp) -> Result<Kept, RowError> {
    let (start, run) = history::begin(connection, now.0)?;
    Ok(Kept {
        start: Some(start),
        run,
        accounts: accounts::read(connection)?,
        bans: bans::read(connection)?,
        marks: marks::read(connection)?,
        receipts: history::receipts(connection, start)?,
        owner_changes: accounts::owner_changes(connection)?,
        login_uids: accounts::login_uids(connection)?,
        undelivered: history::undelivered::mailboxes(connection)?,
        newest_entry: history::newest(connection)?,
        secret: secret(connection)?,
        channels: channels::begin(connection, now.0)?,
        ..Kept::default()
    })
}

/// The secret; made when it is asked for the first time.
fn secret(connection: &Connection) -> Result<ServerSecret, RowError> {
    let found: Option<Vec<u8>> =
        connection.query_row("SELECT value FROM secret", [], |row| row.get(0)).optional()?;
    if let Some(found) = found {
        return found.try_into().map(ServerSecret).map_err(|_| RowError::NotA("secret"));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|_| RowError::NotA("secret"))?;
    connection.execute("INSERT INTO secret (one, value) VALUES (1, ?1)", [secret])?;
    Ok(ServerSecret(secret))
}

fn record(transaction: &Transaction<'_>, at: u64, event: &Event) -> rusqlite::Result<()> {
    for entry in chatd_core::entries(at, event) {
        history::record(transaction, &entry, waits(event))?;
    }
    match event {
        Event::Account(name, event) => {
            if event.changes_hands() {
                channels::forget(transaction, &name.fold())?;
                accounts::change_owner(transaction, at, &name.fold())?;
                marks::forget(transaction, &name.fold())?;
                history::forget_receipts(transaction, &name.fold())?;
                history::undelivered::over(transaction, name.fold().as_str(), None)?;
            }
            accounts::record(transaction, at, name, event)
        }
        Event::Ban(event) => bans::record(transaction, event),
        Event::Channel(room, event) => channels::record(transaction, at, room, event),
        Event::Redacted(redaction) => history::redact(transaction, at, redaction),
        Event::Read(mark) => marks::record(transaction, mark),
        Event::Said(_) | Event::Conn(..) | Event::User(..) | Event::Talk(_) | Event::Server(_) => Ok(()),
    }
}

/// The account that is shown it when it returns.
fn waits(event: &Event) -> Option<&Nick> {
    match event {
        Event::Said(said) => said.waits.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
