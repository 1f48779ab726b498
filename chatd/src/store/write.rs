//! Writing: what becomes of a transaction that fails, and what is done between transactions.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chatd_core::{Event, Stamp};
use rusqlite::hooks::Action;
use rusqlite::{Connection, ErrorCode};

use super::{Store, record};

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
    pub(super) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let leftovers = Self::default();
        let set = leftovers.clone();
        connection.update_hook(Some(move |action, _: &str, table: &str, _| {
            if table == "entry" && action != Action::SQLITE_INSERT {
                set.0.store(true, Ordering::Relaxed);
            }
        }))?;
        Ok(leftovers)
    }
}

impl Store {
    /// Writes the durable ones of the events, which happened at these times, in one transaction.
    pub(crate) fn write<'a>(
        &mut self,
        events: impl Iterator<Item = (Stamp, &'a Event)>,
    ) -> Result<(), WriteError> {
        Ok(self.try_write(events)?)
    }

    fn try_write<'a>(&mut self, events: impl Iterator<Item = (Stamp, &'a Event)>) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for (at, event) in events {
            record(&transaction, at.0, event)?;
        }
        transaction.commit()
    }

    /// Sees to it that what was deleted is nowhere on the disk any more. Returns whether that must be tried again, since
    /// somebody is reading.
    pub(crate) fn tidy(&mut self) -> bool {
        if !self.leftovers.0.load(Ordering::Relaxed) {
            return false;
        }
        let is_done = self.empty_log().unwrap_or(false);
        self.leftovers.0.store(!is_done, Ordering::Relaxed);
        !is_done
    }

    fn empty_log(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let busy: rusqlite::Result<u32> =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.connection.busy_timeout(super::BUSY)?;
        Ok(busy? == 0)
    }

    /// Messages in the history, and bytes of the database with its log. Nothing is counted for it.
    pub(crate) fn measure(&self) -> rusqlite::Result<(u64, u64)> {
        let messages = self.connection.query_row("SELECT messages FROM run", [], |row| row.get(0))?;
        let bytes = |suffix: &str| {
            let path = self.connection.path().unwrap_or_default();
            std::fs::metadata(format!("{path}{suffix}")).map_or(0, |file| file.len())
        };
        Ok((messages, bytes("") + bytes("-wal")))
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
