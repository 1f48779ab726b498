//! What is too old, or too much, goes by itself.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{Maintenance, MaintenanceError, delete};
use crate::clock::Deviation;
use crate::logging::{EventKind, Fields, log_failure};
use crate::store::copy::KEPT_DAYS;
use crate::store::history::at_time;

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) by_age: u64,
    pub(crate) by_size: u64,
}

impl Maintenance {
    /// Brings the history within its bounds. Nothing is too old while the clock may be wrong. What fails is logged, and tried again
    /// the next time.
    pub(crate) fn keep_within_bounds(&self) {
        let Ok(_turn) = self.keeping.try_lock() else { return };
        self.save_clock();
        match self.remove_what_is_too_much() {
            Ok(Removed { by_age: 0, by_size: 0 }) => {}
            Ok(Removed { by_age, by_size }) => {
                let message =
                    format_args!("history removed: {by_age} entries were too old, {by_size} too much");
                EventKind::HistoryRemoved.log(&Fields::default(), message);
            }
            Err(MaintenanceError::Chore(super::ChoreError::Stopping)) => {}
            Err(error) => log_failure(EventKind::StoreFailed, "cannot remove old history", &error),
        }
        if !self.is_clock_ahead() {
            self.remove_old_copies();
        }
    }

    fn is_clock_ahead(&self) -> bool {
        self.clock.doubt().is_some_and(|doubt| doubt.deviation == Deviation::Ahead)
    }

    pub(super) fn remove_what_is_too_much(&self) -> Result<Removed, MaintenanceError> {
        let removed = Removed { by_age: self.remove_by_age()?, by_size: self.remove_by_size()? };
        if removed != Removed::default() {
            self.clear_away()?;
        }
        self.metrics.too_old.inc_by(removed.by_age);
        self.metrics.too_much.inc_by(removed.by_size);
        Ok(removed)
    }

    fn remove_by_age(&self) -> Result<u64, MaintenanceError> {
        let Some(first) = self.oldest_kept() else { return Ok(0) };
        let (before, ids) = (at_time(first), "SELECT id FROM entry WHERE id < ?1 ORDER BY id LIMIT ?2");
        let removed = self
            .chores
            .in_steps(move |transaction, rows| delete(transaction, ids, (before, rows)), |_| true)?;
        let marks = "DELETE FROM read_marker WHERE (account, target) IN
                     (SELECT account, target FROM read_marker WHERE at < ?1 LIMIT ?2)";
        let work = move |transaction: &rusqlite::Transaction<'_>, rows: u32| {
            let count = transaction.prepare_cached(marks)?.execute((first, rows))?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        };
        self.chores.in_steps(work, |_| true)?;
        Ok(removed)
    }

    /// The time before which nothing is kept.
    pub(super) fn oldest_kept(&self) -> Option<u64> {
        let age = self.bounds().retention?;
        Some(self.clock.now().expiry.0.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)))
    }

    fn remove_by_size(&self) -> Result<u64, MaintenanceError> {
        let Some(max) = self.bounds().max_size else { return Ok(0) };
        let ids = "SELECT id FROM entry ORDER BY id LIMIT ?1";
        let work = move |transaction: &rusqlite::Transaction<'_>, rows| {
            if used(transaction)? <= max { Ok(0) } else { delete(transaction, ids, (rows,)) }
        };
        Ok(self.chores.in_steps(work, |_| true)?)
    }

    /// Those that were made before the schema changed hold what has been erased since.
    fn remove_old_copies(&self) {
        let directory = self.path.parent().and_then(|directory| fs::read_dir(directory).ok());
        for file in directory.into_iter().flatten().flatten() {
            let name = file.file_name().into_string().unwrap_or_default();
            let made = file.metadata().and_then(|file| file.modified()).ok();
            if name.starts_with("chatd.db.v") && name.ends_with(".bak") && made.is_some_and(is_old) {
                let path = file.path();
                match fs::remove_file(&path) {
                    Ok(()) => tracing::info!("removed {}, which was {KEPT_DAYS} days old", path.display()),
                    Err(error) => tracing::warn!("cannot remove {}: {error}", path.display()),
                }
            }
        }
    }
}

fn is_old(made: SystemTime) -> bool {
    made.elapsed().is_ok_and(|age| age > Duration::from_secs(KEPT_DAYS * 24 * 60 * 60))
}

/// Bytes of the pages that hold something.
fn used(connection: &rusqlite::Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
}
