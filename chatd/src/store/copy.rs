//! Whole copies of a database, made while it is in use, and what is in them.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::disk_space::Disk;
use super::fault::FileFault;
use super::names::numbered;
use super::schema;

/// Pages that are copied at a time, a mebibyte as a rule.
const STRIDE: i32 = 256;
/// What a copy may need besides its pages.
const SLACK: u64 = 1024 * 1024;
/// Bytes that are compared at once.
const CHUNK: usize = 1 << 16;
const LOCKED_PAUSE: Duration = Duration::from_millis(10);

/// What a database holds. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) accounts: u64,
    pub(crate) channels: u64,
    pub(crate) messages: u64,
    /// When the first and the last of the messages were said.
    pub(crate) first: Option<u64>,
    pub(crate) last: Option<u64>,
    pub(crate) bytes: u64,
}

/// Who waits for a copy. What it is told is the pages that are copied and those that there are.
pub(crate) trait Watcher {
    /// Whether it still waits.
    fn copied(&mut self, pages: u64, of: u64) -> bool;
}

/// Waits to the end, and wants to hear nothing.
#[derive(Debug)]
pub(crate) struct Patient;

impl Watcher for Patient {
    fn copied(&mut self, _pages: u64, _of: u64) -> bool {
        true
    }
}

/// Why there is no copy, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("it takes {needed} bytes and {free} are free")]
    NoRoom { needed: u64, free: u64 },
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it is no database of chatd")]
    Foreign,
    #[error("it was written by a newer chatd (its version is {found}, this chatd knows {known})")]
    TooNew { found: u32, known: u32 },
    #[error("nobody waits for it any more")]
    Abandoned,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl CopyError {
    /// Returns whether it goes away once there is room on the disk of `to`.
    pub(super) fn is_disk_full(&self, to: &Path) -> bool {
        match self {
            Self::NoRoom { .. } => true,
            Self::Io(error) => FileFault::from_io(to, error).is_disk_full(),
            Self::Sqlite(error) => FileFault::from_sqlite(to, error).is_disk_full(),
            _ => false,
        }
    }
}

/// For how long the copy is kept that is made before a schema changes.
pub(super) const KEPT_DAYS: u64 = 30;
/// What a file is called until it is whole.
const UNFINISHED: &str = "unfinished";

/// As [`copy`], under the first free name of those that [`numbered`] makes of `to`; checked before it gets that name. Returns the
/// name: that of an earlier copy if that is the same, byte for byte.
pub(super) fn keep(from: &Connection, to: &Path) -> Result<PathBuf, CopyError> {
    let unfinished = to.with_added_extension(UNFINISHED);
    // A copy that was given up; nobody else makes one.
    remove_if_there(&unfinished)?;
    let kept = copy(from, &unfinished, &mut Patient)
        .and_then(|()| check(&unfinished))
        .and_then(|_| Ok(name(&unfinished, to)?));
    // Under its other name it stays. After a failure, a file that is left behind is not worth a second report.
    let _ = fs::remove_file(&unfinished);
    kept
}

fn name(copy: &Path, to: &Path) -> io::Result<PathBuf> {
    for to in numbered(to) {
        match fs::hard_link(copy, &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_same(copy, &to)? {
                    return Ok(to);
                }
            }
            linked => {
                linked?;
                sync_directory(&to)?;
                return Ok(to);
            }
        }
    }
    unreachable!("there is no last number")
}

/// Anything but a regular file counts as another one.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let found = other.symlink_metadata()?;
    if !found.is_file() || found.len() != one.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (fs::File::open(one)?, fs::File::open(other)?);
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        match other.read_exact(&mut right[..count]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// So that what is called so is called so after a crash, too.
pub(super) fn sync_directory(of: &Path) -> io::Result<()> {
    fs::File::open(of.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Copies what the database holds at one moment into the new file `to`, which then is a database without any other file
/// beside it. Nobody but this process' user may read it, and it is on the disk when this returns.
pub(crate) fn copy(from: &Connection, to: &Path, watcher: &mut dyn Watcher) -> Result<(), CopyError> {
    let pragma = |name| from.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    there_is_room(pragma("page_count")? * pragma("page_size")?, to)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let mut copy = Connection::open(to)?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    // Held over all steps: otherwise each write by others would begin the copy anew.
    let moment = from.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    copy_pages(from, &mut copy, watcher)?;
    moment.finish()?;
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(file.sync_all()?)
}

fn copy_pages(from: &Connection, to: &mut Connection, watcher: &mut dyn Watcher) -> Result<(), CopyError> {
    let backup = Backup::new(from, to)?;
    loop {
        let step = backup.step(STRIDE)?;
        let (all, left) = (backup.progress().pagecount, backup.progress().remaining);
        let pages = |count: i32| u64::try_from(count).unwrap_or_default();
        if !watcher.copied(pages(all - left), pages(all)) {
            return Err(CopyError::Abandoned);
        }
        match step {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked => std::thread::sleep(LOCKED_PAUSE),
            _ => {}
        }
    }
}

/// Opens a copy and reads all of it: whether it is whole and of a version that this chatd knows, and what it holds.
pub(crate) fn check(path: &Path) -> Result<Holdings, CopyError> {
    let connection = open(path)?;
    let foreign = |_| CopyError::Foreign;
    let known = schema::known();
    match connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(foreign)? {
        0 => return Err(CopyError::Foreign),
        found if found > known => return Err(CopyError::TooNew { found, known }),
        _ => {}
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(CopyError::Damaged(verdict));
    }
    Ok(Holdings { bytes: path.metadata()?.len(), ..holdings(&connection).map_err(foreign)? })
}

pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The first versions had accounts and bans only.
fn holdings(connection: &Connection) -> rusqlite::Result<Holdings> {
    let count = |table: &str| -> rusqlite::Result<u64> {
        if !connection.table_exists(None, table)? {
            return Ok(0);
        }
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    };
    let holdings =
        Holdings { accounts: count("account")?, channels: count("channel")?, ..Holdings::default() };
    if !connection.table_exists(None, "entry")? {
        return Ok(holdings);
    }
    let messages = "SELECT count(*) FROM entry WHERE kind < 2";
    let end = |order: &str| {
        let sql = format!("SELECT at FROM entry WHERE kind < 2 ORDER BY id {order} LIMIT 1");
        connection.query_row(&sql, [], |row| row.get(0)).optional()
    };
    let messages = connection.query_row(messages, [], |row| row.get(0))?;
    Ok(Holdings { messages, first: end("ASC")?, last: end("DESC")?, ..holdings })
}

pub(super) fn there_is_room(bytes: u64, to: &Path) -> Result<(), CopyError> {
    let (needed, Disk { free, .. }) = (bytes + SLACK, disk(to)?);
    if needed > free { Err(CopyError::NoRoom { needed, free }) } else { Ok(()) }
}

/// Whether there is room for so many bytes besides `reserve`, which the chat leaves free, and a quarter of that for what is written
/// meanwhile.
pub(super) fn leaves_room(bytes: u64, to: &Path, reserve: u64) -> Result<(), CopyError> {
    let needed = bytes + reserve + reserve / 4;
    let Disk { free, .. } = disk(to)?;
    if needed > free { Err(CopyError::NoRoom { needed, free }) } else { Ok(()) }
}

fn disk(of: &Path) -> io::Result<Disk> {
    Disk::of(of.parent().unwrap_or(Path::new("/")))
}
