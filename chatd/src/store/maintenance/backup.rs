//! A whole copy of the database, to be carried away by who asked for it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::{Maintenance, MaintenanceError};
use crate::store::copy::{self, CopyError, Holdings, Watcher};
use crate::store::{Archive, DiskSpace};

/// How the names of copies begin that are on their way.
const PREFIX: &str = "backup-";
/// Bytes handed over at once.
const CHUNK: usize = 192 * 1024;

/// Tells copies apart that are made at once.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Who carries a backup away.
pub(crate) trait Carrier: Watcher {
    /// Whether it could be taken.
    fn carry(&mut self, bytes: &[u8]) -> bool;
}

/// It is gone when this is.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may not have been made.
        let _ = fs::remove_file(&self.0);
    }
}

impl Maintenance {
    /// Copies the database beside itself, checks the copy, hands it over, and removes it. It is given up when it leaves the
    /// chat too little room to write.
    pub(crate) fn backup(&self, carrier: &mut dyn Carrier) -> Result<Holdings, MaintenanceError> {
        let Ok(_turn) = self.backing_up.try_lock() else { return Err(MaintenanceError::BackupUnderWay) };
        let name = format!("{PREFIX}{}.db", MADE.fetch_add(1, Ordering::Relaxed));
        let copy = Temporary(self.archive.files.path().with_file_name(name));
        let reader = self.archive.reader()?;
        let pragma = |name| reader.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        copy::leaves_room(pragma("page_count")? * pragma("page_size")?, &copy.0, self.disk_space.reserve())?;
        let mut careful = Careful {
            archive: &self.archive,
            carrier,
            beside: &copy.0,
            disk_space: &self.disk_space,
            short: None,
        };
        let made = careful.make(reader);
        match careful.short {
            Some(short) => Err(short.into()),
            None => made,
        }
    }
}

/// Looks at the disk while it is being filled, and whether chatd stops.
struct Careful<'a> {
    archive: &'a Archive,
    carrier: &'a mut dyn Carrier,
    beside: &'a Path,
    disk_space: &'a DiskSpace,
    /// Why it was given up.
    short: Option<CopyError>,
}

impl Careful<'_> {
    fn make(&mut self, reader: Connection) -> Result<Holdings, MaintenanceError> {
        let copy = self.beside;
        copy::copy(&reader, copy, self)?;
        // The receiver of the copy may be slow, and the log must not wait for it.
        drop(reader);
        let holdings = copy::check(copy)?;
        hand_over(copy, self)?;
        Ok(holdings)
    }

    fn leaves_room(&mut self) -> bool {
        self.short = copy::leaves_room(0, self.beside, self.disk_space.reserve()).err();
        self.short.is_none()
    }
}

impl Watcher for Careful<'_> {
    fn copied(&mut self, pages: u64, of: u64) -> bool {
        !self.archive.is_closing() && self.leaves_room() && self.carrier.copied(pages, of)
    }
}

impl Carrier for Careful<'_> {
    fn carry(&mut self, bytes: &[u8]) -> bool {
        self.leaves_room() && self.carrier.carry(bytes)
    }
}

/// What a chatd that was killed has left behind.
pub(in crate::store) fn remove_unfinished(directory: &Path) {
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_one = file.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_one && let Err(error) = fs::remove_file(file.path()) {
            tracing::warn!("cannot remove {}: {error}", file.path().display());
        }
    }
}

fn hand_over(copy: &Path, carrier: &mut dyn Carrier) -> Result<(), MaintenanceError> {
    let mut file = File::open(copy).map_err(CopyError::from)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk).map_err(CopyError::from)?;
        if count == 0 {
            return Ok(());
        }
        if !carrier.carry(&chunk[..count]) {
            return Err(CopyError::Abandoned.into());
        }
    }
}
