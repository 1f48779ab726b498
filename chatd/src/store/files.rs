//! The files of the open database, and whether they are still what the next start will find under their names.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

use super::names::with_suffix;

/// What SQLite keeps beside an open database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// Bytes at the beginning of the database that stay as they are while it is open: what it is, the size of its pages, and that it
/// has a log. A backup has none.
const HEADER: usize = 20;

/// The database and what is beside it, as they were when they were opened.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    path: PathBuf,
    /// Held open, so that no other file gets its number. Closing it would release the locks that SQLite has on the file, so it
    /// must outlive the connections.
    database: File,
    beside: Vec<(PathBuf, Identity)>,
    header: [u8; HEADER],
    /// Bytes that the database has at least.
    size: AtomicU64,
}

/// Device and inode.
type Identity = (u64, u64);

/// The stored messages are not where the next start will look for them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misplaced {
    #[error("{} was moved away while it was open; put it back", .0.display())]
    Moved(PathBuf),
    #[error("{} was replaced by another file while it was open; put the first one back", .0.display())]
    Replaced(PathBuf),
    #[error("{} was deleted or replaced while it was open", .0.display())]
    Deleted(PathBuf),
    #[error("{} was overwritten or cut short while it was open", .0.display())]
    Overwritten(PathBuf),
    #[error("{} was deleted, moved or replaced while it was in use", .0.display())]
    LogGone(PathBuf),
    #[error("cannot look at {}: {cause}", path.display())]
    Unknown { path: PathBuf, cause: io::Error },
}

impl Misplaced {
    /// Returns whether it could be put back.
    pub(super) fn may_return(&self) -> bool {
        matches!(self, Self::Moved(_) | Self::Replaced(_) | Self::Unknown { .. })
    }
}

impl OpenFiles {
    /// `database` was opened under that path before SQLite opened it; what is beside it exists by now.
    pub(super) fn new(path: &Path, database: File) -> Result<Self, Misplaced> {
        let failed = |cause| Misplaced::Unknown { path: path.to_path_buf(), cause };
        let beside = BESIDE.iter().map(|suffix| with_suffix(path, suffix));
        let beside =
            beside.filter_map(|path| Some((path.clone(), identity(&path.metadata().ok()?)))).collect();
        let mut header = [0; HEADER];
        database.read_exact_at(&mut header, 0).map_err(failed)?;
        let files = Self { beside, header, size: AtomicU64::default(), path: path.to_path_buf(), database };
        files.check()?;
        Ok(files)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the names and the sizes; costs some microseconds.
    pub(crate) fn check(&self) -> Result<(), Misplaced> {
        let failed = |cause| Misplaced::Unknown { path: self.path.clone(), cause };
        let open = self.database.metadata().map_err(failed)?;
        match found(&self.path)? {
            _ if open.nlink() == 0 => return Err(Misplaced::Deleted(self.path.clone())),
            None => return Err(Misplaced::Moved(self.path.clone())),
            Some(identity) if identity != self::identity(&open) => {
                return Err(Misplaced::Replaced(self.path.clone()));
            }
            Some(_) => {}
        }
        let mut header = [0; HEADER];
        let read = self.database.read_at(&mut header, 0).map_err(failed)?;
        if read < HEADER || header != self.header || open.len() < self.size.load(Ordering::Relaxed) {
            return Err(Misplaced::Overwritten(self.path.clone()));
        }
        match self
            .beside
            .iter()
            .find(|(path, identity)| !found(path).is_ok_and(|found| found == Some(*identity)))
        {
            Some((path, _)) => Err(Misplaced::LogGone(path.clone())),
            None => Ok(()),
        }
    }

    /// Returns the files beside the database that are still found under their names.
    pub(super) fn beside(&self) -> impl Iterator<Item = &Path> {
        let is_there =
            |(path, identity): &&(PathBuf, Identity)| found(path).is_ok_and(|found| found == Some(*identity));
        self.beside.iter().filter(is_there).map(|(path, _)| path.as_path())
    }

    /// Expects the database to have so many bytes, or as many as it has if the rest is in the log.
    pub(super) fn expect(&self, bytes: u64) {
        if let Ok(found) = self.database.metadata() {
            self.size.fetch_max(found.len().min(bytes), Ordering::Relaxed);
        }
    }

    /// Expects the database to become as short as that.
    pub(super) fn expect_shrunk(&self, bytes: u64) {
        self.size.fetch_min(bytes, Ordering::Relaxed);
    }
}

fn found(path: &Path) -> Result<Option<Identity>, Misplaced> {
    match path.metadata() {
        Ok(found) => Ok(Some(identity(&found))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(cause) => Err(Misplaced::Unknown { path: path.to_path_buf(), cause }),
    }
}

fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// For code that reads and writes by SQLite: there is no such database any more.
impl From<Misplaced> for rusqlite::Error {
    fn from(misplaced: Misplaced) -> Self {
        Self::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(misplaced.to_string()))
    }
}

#[cfg(test)]
impl OpenFiles {
    /// Of a database that is not there.
    pub(super) fn of_nothing() -> Self {
        let (path, database) = (PathBuf::from("/nonexistent"), File::open("/dev/null").unwrap());
        Self { path, database, beside: Vec::new(), header: [0; HEADER], size: AtomicU64::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file with a log beside it, open.
    fn open(directory: &Path) -> OpenFiles {
        let path = directory.join("db");
        fs::write(&path, [7; 4096]).unwrap();
        fs::write(directory.join("db-wal"), "log").unwrap();
        let files = OpenFiles::new(&path, File::open(&path).unwrap()).unwrap();
        files.expect(4096);
        files
    }

    #[test]
    fn files_that_are_moved_and_put_back_are_well_again() {
        let directory = tempfile::tempdir().unwrap();
        let files = open(directory.path());
        let [path, away, other] = ["db", "away", "other"].map(|name| directory.path().join(name));
        files.check().unwrap();
        fs::rename(&path, &away).unwrap();
        assert!(matches!(files.check(), Err(Misplaced::Moved(_))));
        fs::write(&path, [7; 4096]).unwrap();
        assert!(
            files.check().is_err_and(|error| error.may_return() && matches!(error, Misplaced::Replaced(_)))
        );
        fs::rename(&path, &other).unwrap();
        fs::rename(&away, &path).unwrap();
        files.check().unwrap();
    }

    #[test]
    fn deleted_files_never_return() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let files = open(directory.path());
        fs::remove_file(directory.path().join("db-wal")).unwrap();
        assert!(matches!(files.check(), Err(Misplaced::LogGone(_))));
        fs::remove_file(&path).unwrap();
        assert!(files.check().is_err_and(|error| !error.may_return()));
        fs::write(&path, [7; 4096]).unwrap();
        assert!(matches!(files.check(), Err(Misplaced::Deleted(_))));
    }

    #[test]
    fn overwritten_and_shortened_files_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        for contents in [vec![], vec![7; 2048], vec![8; 4096]] {
            let files = open(directory.path());
            fs::write(&path, contents).unwrap();
            assert!(matches!(files.check(), Err(Misplaced::Overwritten(_))));
        }
        let files = open(directory.path());
        files.expect_shrunk(2048);
        fs::write(&path, [7; 2048]).unwrap();
        files.check().unwrap();
    }
}
