//! Writing: what becomes of a transaction that fails, and what is done between transactions.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chatd_core::{AccountEvent, Event, Timestamp};
use rusqlite::hooks::Action;
use rusqlite::{Connection, ErrorCode};

use super::history::checkpoint;
use super::{Archive, LOG_MAX, Store, record};
use crate::lock::LockError;

/// How long what was deleted may be in the log before readers are held back for it.
const LEFT_MAX: Duration = Duration::from_secs(10);
/// Between two times that readers are held back.
const PAUSE: Duration = Duration::from_secs(30);

/// Nothing of it was written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// It may work later: there is no room, or the disk doesn't answer.
    ForNow(io::Error),
    /// It never will.
    ForGood(io::Error),
}

/// Set when something was taken back or deleted; it is in the log beside the database until that is emptied.
#[derive(Debug, Clone, Default)]
pub(super) struct Leftovers(Arc<AtomicBool>);

impl Leftovers {
    /// `are_there`: whether there may be some from before.
    pub(super) fn of(connection: &mut Connection, are_there: bool) -> rusqlite::Result<Self> {
        let leftovers = Self(Arc::new(AtomicBool::new(are_there)));
        let set = leftovers.clone();
        connection.update_hook(Some(move |action, _: &str, table: &str, _| {
            if ["entry", "channel"].contains(&table) && action == Action::SQLITE_DELETE {
                set.0.store(true, Ordering::Relaxed);
            }
        }))?;
        Ok(leftovers)
    }
}

/// How the log beside the database is kept short when somebody always reads.
#[derive(Debug, Default)]
pub(super) struct Log {
    waits_since: Option<Instant>,
    tried: Option<Instant>,
    /// Off the thread that writes, which the chat waits for.
    emptying: Option<JoinHandle<()>>,
}

impl Log {
    /// Waits until it is not being emptied.
    pub(super) fn finish(&mut self) {
        if let Some(thread) = self.emptying.take() {
            // It has no outcome.
            let _ = thread.join();
        }
    }

    fn is_being_emptied(&self) -> bool {
        self.emptying.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    fn empty(&mut self, archive: &Arc<Archive>, leftovers: &Leftovers) {
        if self.is_being_emptied() || self.tried.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        self.tried = Some(Instant::now());
        let (archive, leftovers) = (Arc::clone(archive), leftovers.clone());
        let empty = move || {
            // What is deleted meanwhile sets it again.
            let was_left = leftovers.0.swap(false, Ordering::Relaxed);
            if !archive.empty_log().unwrap_or(false) && was_left {
                leftovers.0.store(true, Ordering::Relaxed);
            }
        };
        self.emptying = thread::Builder::new().name("checkpoint".into()).spawn(empty).ok();
    }
}

impl Store {
    /// Writes the durable ones of the events, which happened at these times, in one transaction. After a failure the same events
    /// are to be written again; those that are in the database already are not written twice.
    pub(crate) fn write<'a>(
        &mut self,
        events: impl Iterator<Item = (Timestamp, &'a Event)>,
    ) -> Result<(), WriteError> {
        if !self.unconfirmed {
            self.disk_space.check().map_err(|reached| WriteError::ForNow(io::Error::other(reached)))?;
            self.try_write(events)?;
            self.unconfirmed = true;
        }
        // Written into a file that is deleted, it is not stored.
        self.check()?;
        self.unconfirmed = false;
        Ok(())
    }

    /// # Errors
    /// The stored messages are not where the next start will look for them.
    pub(crate) fn check(&self) -> Result<(), WriteError> {
        self.archive.files.check().map_err(|misplaced| {
            if misplaced.may_return() {
                WriteError::ForNow(io::Error::other(misplaced))
            } else {
                WriteError::ForGood(io::Error::other(misplaced))
            }
        })
    }

    /// Keeps a second chatd away even if somebody deletes the lock file.
    ///
    /// # Errors
    /// A second chatd has begun already.
    pub(crate) fn check_lock(&self) -> Result<(), WriteError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        match lock.renew() {
            Ok(false) => {}
            Ok(true) => {
                tracing::warn!("the lock file of the state directory was deleted; chatd has made it again");
            }
            Err(error @ LockError::Held { .. }) => return Err(WriteError::ForGood(io::Error::other(error))),
            // The lock is tried again at the next check. If the disk is in trouble, the check of the database reports it.
            Err(LockError::File(_)) => {}
        }
        Ok(())
    }

    fn try_write<'a>(
        &mut self,
        events: impl Iterator<Item = (Timestamp, &'a Event)>,
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for (at, event) in events {
            record(&transaction, at.0, event)?;
            if leaves_something(event) {
                self.leftovers.0.store(true, Ordering::Relaxed);
            }
        }
        transaction.commit()
    }

    /// Sees to it that what was deleted is nowhere on the disk any more, and that the log doesn't grow without end. Returns
    /// whether that must be tried again, since somebody is reading.
    pub(crate) fn tidy(&mut self) -> bool {
        let is_left = self.leftovers.0.load(Ordering::Relaxed);
        if is_left && self.empty_log().unwrap_or(false) {
            self.leftovers.0.store(false, Ordering::Relaxed);
            self.log.waits_since = None;
            return false;
        }
        let is_long = self.bytes("-wal") > LOG_MAX;
        if is_left || is_long {
            let waits_since = *self.log.waits_since.get_or_insert_with(Instant::now);
            if is_long || waits_since.elapsed() > LEFT_MAX {
                self.log.empty(&self.archive, &self.leftovers);
            }
            return true;
        }
        self.log.waits_since = None;
        self.log.is_being_emptied()
    }

    fn empty_log(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let emptied = checkpoint(&self.connection, "TRUNCATE");
        self.connection.busy_timeout(super::BUSY)?;
        emptied
    }

    /// Messages in the history, and bytes of the database with its log. Nothing is counted for it.
    pub(crate) fn measure(&self) -> rusqlite::Result<(u64, u64)> {
        let messages = self.connection.query_row("SELECT messages FROM run", [], |row| row.get(0))?;
        self.expect_size()?;
        Ok((messages, self.bytes("") + self.bytes("-wal")))
    }

    /// A shortening of the database is noticed from now on.
    pub(super) fn expect_size(&self) -> rusqlite::Result<()> {
        self.archive.files.expect(self.pages_size()?);
        Ok(())
    }

    pub(super) fn pages_size(&self) -> rusqlite::Result<u64> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        Ok(pragma("page_count")? * pragma("page_size")?)
    }

    fn bytes(&self, suffix: &str) -> u64 {
        let path = self.connection.path().unwrap_or_default();
        std::fs::metadata(format!("{path}{suffix}")).map_or(0, |file| file.len())
    }
}

/// Whether something that people want to be gone stays in the log when the event is stored.
fn leaves_something(event: &Event) -> bool {
    match event {
        Event::Redacted(_) => true,
        Event::Account(_, event) => {
            matches!(event, AccountEvent::Removed { .. } | AccountEvent::PasswordSet { .. })
        }
        _ => false,
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
            ) => Self::ForNow(io::Error::other(error)),
            _ => Self::ForGood(io::Error::other(error)),
        }
    }
}
