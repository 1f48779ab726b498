//! Removal of entries that are too old or too many, or of a guests' channel that has ended.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    pub(crate) of_ended_channels: u64,
}

impl Maintenance {
    /// Brings the history within its bounds. Nothing is too old while the clock may be wrong. A failure is logged, and the step tried again
    /// the next time.
    pub(crate) fn keep_within_bounds(&self) {
        let Ok(_turn) = self.keeping.try_lock() else { return };
        self.save_clock();
        Self::report(self.remove_what_is_too_much());
        if !self.is_clock_ahead() {
            self.remove_old_copies();
        }
    }

    fn report(outcome: Result<Removed, MaintenanceError>) {
        match outcome {
            Ok(removed) if removed == Removed::default() => {}
            Ok(Removed { by_age, by_size, of_ended_channels }) => {
                let message = format_args!(
                    "history removed: {by_age} entries were too old, {by_size} too much, \
                     {of_ended_channels} in guests' channels that have ended"
                );
                EventKind::HistoryRemoved.log(&Fields::default(), message);
            }
            Err(MaintenanceError::Chore(super::ChoreError::Stopping)) => {}
            Err(error) => log_failure(EventKind::StoreFailed, "cannot remove old history", &error),
        }
    }

    /// Looks at the free space, and removes history if there is too little. Unless it is being done already.
    pub(crate) fn watch_disk_space(&self) {
        let Ok(_turn) = self.keeping.try_lock() else { return };
        self.disk_space.watch();
        if self.disk_space.limit(0).is_some() {
            Self::report(self.remove_for_space());
        }
    }

    fn remove_for_space(&self) -> Result<Removed, MaintenanceError> {
        let removed = Removed { by_size: self.remove_by_size()?, ..Removed::default() };
        self.removed(removed)
    }

    fn is_clock_ahead(&self) -> bool {
        self.clock.doubt().is_some_and(|doubt| doubt.deviation == Deviation::Ahead)
    }

    pub(super) fn remove_what_is_too_much(&self) -> Result<Removed, MaintenanceError> {
        let removed = Removed {
            of_ended_channels: self.remove_of_ended_channels()?,
            by_age: self.remove_by_age()?,
            by_size: self.remove_by_size()?,
        };
        self.removed(removed)
    }

    fn removed(&self, removed: Removed) -> Result<Removed, MaintenanceError> {
        if removed != Removed::default() {
            self.clear_away()?;
        }
        self.metrics.too_old.inc_by(removed.by_age);
        self.metrics.too_much.inc_by(removed.by_size);
        self.metrics.ended.inc_by(removed.of_ended_channels);
        Ok(removed)
    }

    /// Deletes what was said in channels that only guests were in, and that have ended: nobody can read it any more.
    fn remove_of_ended_channels(&self) -> Result<u64, MaintenanceError> {
        // Channels without entries are the first ones, and go with each step, so that no step passes many of them.
        let ids = "SELECT entry.id FROM ended_channel CROSS JOIN place USING (channel)
                   CROSS JOIN entry ON entry.place = place.id ORDER BY channel LIMIT ?1";
        let channels = "DELETE FROM ended_channel WHERE channel IN (
                            SELECT channel FROM ended_channel WHERE NOT EXISTS (
                                SELECT 1 FROM place JOIN entry ON entry.place = place.id
                                WHERE place.channel = ended_channel.channel
                            ) ORDER BY channel LIMIT ?1
                        )";
        let entries = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&entries);
        let work = move |transaction: &rusqlite::Transaction<'_>, rows: u32| {
            let deleted = delete(transaction, ids, (rows,))?;
            count.fetch_add(u64::from(deleted), Ordering::Relaxed);
            let ended = transaction.prepare_cached(channels)?.execute((rows,))?;
            Ok(deleted.max(u32::try_from(ended).unwrap_or(u32::MAX)))
        };
        self.chores.in_steps(work, |_| true)?;
        Ok(entries.load(Ordering::Relaxed))
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
        let Some(max) = self.size_limit()? else { return Ok(0) };
        // The oldest of whoever stores most, so that a flood removes its author's past and nobody else's.
        let ids = "SELECT id FROM entry INDEXED BY entry_share
                   WHERE share = (SELECT name FROM share ORDER BY bytes DESC LIMIT 1) ORDER BY id LIMIT ?1";
        let removed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&removed);
        let work = move |transaction: &rusqlite::Transaction<'_>, rows: u32| {
            if used(transaction)? <= max {
                return Ok(0);
            }
            let deleted = delete(transaction, ids, (rows,))?;
            count.fetch_add(u64::from(deleted), Ordering::Relaxed);
            // One author may have fewer than the step takes; the next one follows.
            Ok(if deleted == 0 { 0 } else { rows })
        };
        self.chores.in_steps(work, |_| true)?;
        Ok(removed.load(Ordering::Relaxed))
    }

    /// The bytes that may be in use, by configuration and by the room that there is.
    fn size_limit(&self) -> Result<Option<u64>, MaintenanceError> {
        let max = self.bounds().max_size;
        // The space of a backup under way is free again after it.
        if self.backing_up.try_lock().is_err() {
            return Ok(max);
        }
        let reader = self.archive.reader()?;
        let pragma = |name: &str| reader.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        let by_room = self.disk_space.limit(pragma("page_count")? * pragma("page_size")?);
        Ok(max.into_iter().chain(by_room).min())
    }

    /// Those that were made before the schema changed hold what has been erased since.
    fn remove_old_copies(&self) {
        let directory = self.archive.files.path().parent().and_then(|directory| fs::read_dir(directory).ok());
        for file in directory.into_iter().flatten().flatten() {
            let name = file.file_name().into_string().unwrap_or_default();
            let made = file.metadata().and_then(|file| file.modified()).ok();
            if name.starts_with("chatd.db.v") && name.contains(".bak") && made.is_some_and(is_old) {
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

#[cfg(test)]
mod tests;
