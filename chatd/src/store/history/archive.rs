//! Reading the history beside the writer, which WAL allows: each reader has a connection of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chatd_core::{HistoryAnswer, HistoryQuery};
use rusqlite::{Connection, OpenFlags};

use super::page::Page;
use super::targets::Targets;
use super::{redact, search, undelivered};
use crate::logging::{EventKind, log_failure};
use crate::store::RowError;

/// What a query may take; it is given up then.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLite's virtual machine looks up from its work after so many instructions.
const STRIDE: i32 = 4096;
/// How long emptying the log waits for a lock, and may keep the writer waiting.
const BUSY: Duration = Duration::from_millis(50);

/// The history, to be read by several threads at once.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(in crate::store) path: PathBuf,
    /// The first half of all messages' ids.
    pub(in crate::store) start: u64,
    /// Open, and not in use.
    idle: Mutex<Vec<Connection>>,
    /// Shared by who reads. Who empties the log has it alone: new readers wait then.
    readers: RwLock<()>,
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
    pub(crate) fn new(path: PathBuf, start: u64) -> Self {
        Self { path, start, idle: Mutex::default(), readers: RwLock::default() }
    }

    /// Blocks until it is read, and for five seconds at most.
    pub(crate) fn ask(&self, query: &HistoryQuery, cancelled: &Cancelled) -> HistoryAnswer {
        self.try_ask(query, cancelled).unwrap_or_else(|error| {
            if !cancelled.is_set() {
                log_failure(EventKind::StoreFailed, "cannot read the history", &error);
            }
            HistoryAnswer::Failed
        })
    }

    fn try_ask(&self, query: &HistoryQuery, cancelled: &Cancelled) -> Result<HistoryAnswer, RowError> {
        let _reading = self.readers.read().unwrap_or_else(PoisonError::into_inner);
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| open(&self.path), Ok)?;
        watch(&mut connection, cancelled)?;
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
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(BUSY)?;
        let checkpoint = |how| {
            let sql = format!("PRAGMA wal_checkpoint({how})");
            connection.query_row(&sql, [], |row| row.get::<_, u32>(0))
        };
        // The most of it while the chat goes on writing.
        checkpoint("PASSIVE")?;
        Ok(checkpoint("TRUNCATE")? == 0)
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

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Has the connection's next work end when nobody waits for it, or it takes too long.
fn watch(connection: &mut Connection, cancelled: &Cancelled) -> rusqlite::Result<()> {
    let (cancelled, until) = (cancelled.clone(), Instant::now() + PATIENCE);
    connection.progress_handler(STRIDE, Some(move || cancelled.is_set() || Instant::now() > until))
}
