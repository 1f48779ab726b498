//! What administrators do with the history, and what is done by itself to keep it within its bounds. All of it blocks, for long,
//! and none of it stalls the chat: it reads on connections of its own, and writes in small steps.

mod backup;
mod erase;
mod export;
mod import;
mod retention;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatd_core::{Deed, Entry, MessageId};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::Store;
use super::chores::{ChoreError, Chores};
use super::copy::CopyError;
use super::disk_space::{DiskSpace, ReserveReached};
use super::history::{self, Archive};
use crate::clock::Clock;
use crate::config::Bounds;
use crate::logging::{EventKind, log_failure};
use crate::metrics::HistoryMetrics;

pub(crate) use self::backup::Carrier;
pub(super) use self::backup::remove_unfinished;
pub(crate) use self::export::{Of, Selection};
pub(crate) use self::import::{Line, LineKind};

#[derive(Debug)]
pub(crate) struct Maintenance {
    archive: Arc<Archive>,
    chores: Chores,
    clock: Clock,
    disk_space: DiskSpace,
    bounds: Mutex<Bounds>,
    metrics: HistoryMetrics,
    /// Held while the history is brought within its bounds.
    keeping: Mutex<()>,
    /// Held while a backup is made and handed over.
    backing_up: Mutex<()>,
}

/// Why it was not done, or only in part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MaintenanceError {
    #[error("no channel is called {0}")]
    NoSuchChannel(String),
    #[error("{0} is no channel's name")]
    NoChannel(String),
    #[error("another backup is being made; try again when it is done")]
    BackupUnderWay,
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    ReserveReached(#[from] ReserveReached),
    #[error(transparent)]
    Chore(#[from] ChoreError),
    #[error(transparent)]
    Row(#[from] super::RowError),
}

impl From<rusqlite::Error> for MaintenanceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Chore(error.into())
    }
}

impl Maintenance {
    pub(crate) fn new(
        archive: Arc<Archive>,
        chores: Chores,
        clock: Clock,
        disk_space: DiskSpace,
        bounds: Bounds,
        metrics: HistoryMetrics,
    ) -> Self {
        disk_space.set_reserve(bounds.reserve);
        Self {
            archive,
            chores,
            clock,
            disk_space,
            bounds: Mutex::new(bounds),
            metrics,
            keeping: Mutex::default(),
            backing_up: Mutex::default(),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Stores the time at which chatd runs, by which the next run tells whether the clock jumped. Blocks until that is done.
    pub(crate) fn save_clock(&self) {
        match super::clock::save(&self.chores, &self.clock) {
            Ok(()) | Err(ChoreError::Stopping) => {}
            Err(error) => {
                log_failure(EventKind::StoreFailed, "cannot store the time at which chatd runs", &error);
            }
        }
    }

    pub(crate) fn disk_space(&self) -> &DiskSpace {
        &self.disk_space
    }

    /// What holds from now on.
    pub(crate) fn set_bounds(&self, bounds: Bounds) {
        self.disk_space.set_reserve(bounds.reserve);
        *self.locked() = bounds;
    }

    fn bounds(&self) -> Bounds {
        *self.locked()
    }

    fn locked(&self) -> MutexGuard<'_, Bounds> {
        self.bounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was said under that id, unless it was taken back.
    pub(crate) fn message(&self, id: MessageId) -> Result<Option<Entry>, MaintenanceError> {
        let found = history::message(&self.archive.reader()?, id, self.archive.start)?;
        Ok(found.into_iter().find(|entry| matches!(entry.deed, Deed::Said { .. })))
    }

    /// After rows were deleted: what nothing refers to any more goes too, the file gives back what it doesn't need, and what
    /// was deleted leaves the log that is written ahead of the file.
    fn clear_away(&self) -> Result<(), ChoreError> {
        let mut after = 0;
        while let Some(last) = self.chores.perform(move |store| forget_places(&store.connection, after))?? {
            after = last;
        }
        while self.chores.perform(Store::give_back)?? {}
        self.archive.shorten_log()?;
        // Where somebody is reading it is tried again by itself.
        self.chores.perform(Store::tidy)?;
        Ok(())
    }
}

#[cfg(test)]
impl Maintenance {
    /// Of a database that is made in the directory, and written by whichever thread hands in something.
    pub(crate) fn of_new_store(directory: &std::path::Path, metrics: &crate::metrics::Metrics) -> Self {
        use chatd_core::Timestamp;
        let (store, _) =
            Store::open(directory, crate::config::Durability::Off, Timestamp(1)).expect("a store");
        let (archive, clock, disk_space, store) =
            (store.archive(), store.clock(), store.disk_space(), Mutex::new(store));
        let chores = Chores::new(move |chore| chore(&mut store.lock().expect("a store")));
        Self::new(archive, chores, clock, disk_space, Bounds::default(), metrics.history.clone())
    }
}

/// Places looked at in one step.
const PLACES: i64 = 200;
/// Pages given back in one step.
const PAGES: i64 = 64;
/// Free pages that are kept for what is said next: one in so many, and so many at least.
const SPARE_SHARE: i64 = 10;
const SPARE_MIN: i64 = 256;

/// Those in which nothing was said any more. Returns the last that was looked at, if there may be more.
fn forget_places(connection: &Connection, after: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT max(id) FROM (SELECT id FROM place WHERE id > ?1 ORDER BY id LIMIT ?2)";
    let last: Option<i64> = connection.query_row(sql, [after, PLACES], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    let sql = "DELETE FROM place WHERE id > ?1 AND id <= ?2
               AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.place = place.id)";
    connection.execute(sql, [after, last])?;
    Ok(Some(last))
}

impl Store {
    /// Whether there is more to give back.
    fn give_back(&mut self) -> rusqlite::Result<bool> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (free, all) = (pragma("freelist_count")?, pragma("page_count")?);
        if free <= SPARE_MIN.max(all / SPARE_SHARE) {
            return Ok(false);
        }
        let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        self.archive.files.expect_shrunk(self.pages_size()?);
        Ok(true)
    }
}

/// The id of a channel that is there, or is kept, and its name as it is written.
fn channel(connection: &Connection, name: &str) -> Result<(i64, String), MaintenanceError> {
    let name: chat_proto::name::ChannelName =
        name.parse().map_err(|_| MaintenanceError::NoChannel(name.to_owned()))?;
    let mut statement = connection.prepare_cached("SELECT id, name FROM channel WHERE folded = ?1")?;
    let found = statement.query_row([name.fold().as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    found.optional()?.ok_or_else(|| MaintenanceError::NoSuchChannel(name.to_string()))
}

/// Deletes rows by their ids and returns how many.
fn delete(
    transaction: &Transaction<'_>,
    ids: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<u32> {
    let sql = format!("DELETE FROM entry WHERE id IN ({ids})");
    let count = transaction.prepare_cached(&sql)?.execute(parameters)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
