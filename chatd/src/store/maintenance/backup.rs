//! A whole copy of the database, to be carried away by who asked for it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Maintenance, MaintenanceError};
use crate::store::copy::{self, Holdings, Watcher};

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
    /// Copies the database beside itself, checks the copy, hands it over, and removes it.
    pub(crate) fn backup(&self, carrier: &mut dyn Carrier) -> Result<Holdings, MaintenanceError> {
        let name = format!("{PREFIX}{}.db", MADE.fetch_add(1, Ordering::Relaxed));
        let copy = Temporary(self.path.with_file_name(name));
        copy::copy(&self.reader()?, &copy.0, carrier)?;
        let holdings = copy::check(&copy.0)?;
        hand_over(&copy.0, carrier)?;
        Ok(holdings)
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
    let mut file = File::open(copy).map_err(copy::CopyError::from)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk).map_err(copy::CopyError::from)?;
        if count == 0 {
            return Ok(());
        }
        if !carrier.carry(&chunk[..count]) {
            return Err(copy::CopyError::Abandoned.into());
        }
    }
}
