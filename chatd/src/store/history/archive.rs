//! Reading the history beside the writer, which WAL allows: each reader has a connection of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chatd_core::{HistoryAnswer, HistoryQuery};
use rusqlite::{Connection, OpenFlags, ffi};

use super::page::Page;
use super::targets::Targets;
use super::{redact, search, undelivered};
use crate::logging::{EventKind, log_failure};
use crate::store::RowError;
use crate::store::files::OpenFiles;

/// What a query may take; it is given up then.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLite's virtual machine looks up from its work after so many instructions.
const STRIDE: i32 = 4096;
/// Statements that a reader keeps prepared.
const STATEMENTS: usize = 64;
/// How long emptying the log waits for a lock, and may keep the writer waiting.
const BUSY: Duration = Duration::from_millis(50);

/// The history, to be read by several threads at once.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(in crate::store) files: OpenFiles,
    /// The first half of all messages' ids.
    pub(in crate::store) start: u64,
    /// Open, and not in use.
    idle: Mutex<Vec<Connection>>,
    /// Shared by who reads. Who empties the log has it alone: new readers wait then.
    readers: RwLock<()>,
    /// Set when chatd stops: whoever reads is interrupted.
    closing: Cancelled,
}

/// Whether nobody waits for an answer any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Archive {
    pub(in crate::store) fn new(files: OpenFiles, start: u64) -> Self {
        Self {
            files,
            start,
            idle: Mutex::default(),
            readers: RwLock::default(),
            closing: Cancelled::default(),
        }
    }

    /// Interrupts whoever reads, and refuses to read anything more.
    pub(in crate::store) fn close(&self) {
        self.closing.set();
        self.idle().clear();
    }

    pub(in crate::store) fn is_closing(&self) -> bool {
        self.closing.is_set()
    }

    /// Opens a connection for reading. Its work is interrupted when chatd stops, but for copying the whole database.
    pub(in crate::store) fn reader(&self) -> rusqlite::Result<Connection> {
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let closing = self.closing.clone();
        connection.progress_handler(STRIDE, Some(move || closing.is_set()))?;
        Ok(connection)
    }

    /// Opens the database that chatd began with, and no other that has its name by now; makes none.
    fn open(&self, access: OpenFlags) -> rusqlite::Result<Connection> {
        if self.closing.is_set() {
            let stopping = Some("chatd is stopping".to_owned());
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), stopping));
        }
        let connection =
            Connection::open_with_flags(self.files.path(), access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        self.files.check()?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Blocks until it is read, and for five seconds at most.
    pub(crate) fn ask(&self, query: &HistoryQuery, cancelled: &Cancelled) -> HistoryAnswer {
        self.try_ask(query, cancelled).unwrap_or_else(|error| {
            if !cancelled.is_set() && !self.closing.is_set() {
                log_failure(EventKind::StoreFailed, "cannot read the history", &error);
            }
            HistoryAnswer::Failed
        })
    }

    fn try_ask(&self, query: &HistoryQuery, cancelled: &Cancelled) -> Result<HistoryAnswer, RowError> {
        let _reading = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| self.open(OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)?;
        self.watch(&mut connection, cancelled)?;
        // What is read shall be of one moment.
        let transaction = connection.transaction()?;
        let answer = self.answer(&transaction, query)?;
        transaction.finish()?;
        self.idle().push(connection);
        Ok(answer)
    }

    /// Takes the log beside the database over into it, between two readers, and empties it: readers that overlap would keep
    /// it growing without end. Blocks for as long as a query may take. Returns whether it is empty; a copy that is being made
    /// forbids it.
    pub(in crate::store) fn empty_log(&self) -> rusqlite::Result<bool> {
        let _alone = self.readers.write().unwrap_or_else(PoisonError::into_inner);
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(BUSY)?;
        // The most of it while the chat goes on writing.
        checkpoint(&connection, "PASSIVE")?;
        checkpoint(&connection, "TRUNCATE")
    }

    /// Takes over what nobody reads from the log, on this thread, so that little is left to the one that writes.
    pub(in crate::store) fn shorten_log(&self) -> rusqlite::Result<()> {
        checkpoint(&self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?, "PASSIVE").map(drop)
    }

    fn answer(&self, connection: &Connection, query: &HistoryQuery) -> Result<HistoryAnswer, RowError> {
        match query {
            HistoryQuery::Message(id) => {
                redact::message(connection, *id, self.start).map(HistoryAnswer::Entries)
            }
            HistoryQuery::Page { place, range, limit, events, since } => {
                let page = Page { place, range: *range, limit: *limit, events: *events, since: *since };
                page.read(connection, self.start).map(HistoryAnswer::Entries)
            }
            HistoryQuery::Targets { party, channels, after, before, limit, since } => {
                let (after, before, limit, since) = (*after, *before, *limit, *since);
                let targets = Targets { party, channels, after, before, limit, since };
                targets.read(connection).map(HistoryAnswer::Targets)
            }
            HistoryQuery::Undelivered { account, limit } => {
                undelivered::read(connection, account, *limit, self.start).map(HistoryAnswer::Entries)
            }
            HistoryQuery::Search(search) => {
                search::read(connection, search, self.start).map(HistoryAnswer::Entries)
            }
        }
    }

    /// Has the connection's next work end when nobody waits for it, it takes too long, or chatd stops.
    fn watch(&self, connection: &mut Connection, cancelled: &Cancelled) -> rusqlite::Result<()> {
        let (cancelled, closing, until) =
            (cancelled.clone(), self.closing.clone(), Instant::now() + PATIENCE);
        let is_over = move || cancelled.is_set() || closing.is_set() || Instant::now() > until;
        connection.progress_handler(STRIDE, Some(is_over))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether all of the log is taken over.
pub(in crate::store) fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<bool> {
    let sql = format!("PRAGMA wal_checkpoint({how})");
    connection.query_row(&sql, [], |row| Ok(row.get::<_, u32>(0)? == 0))
}

#[cfg(test)]
impl Archive {
    /// Of nothing that could be read.
    pub(crate) fn of_no_database() -> Self {
        Self::new(OpenFiles::of_nothing(), 0)
    }
}
