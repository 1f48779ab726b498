//! Putting a backup in place, while no chatd runs.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::copy::{self, CopyError, Holdings, sync_directory};
use super::names::{is_taken, numbered, with_suffix};
use super::source::{self, Source};
use super::{FILE, history};

/// The name of the database that was there before. A number is added where that name is taken.
const REPLACED: &str = "chatd.db.replaced";

/// Beginnings that there may have been since a backup, where nothing says how many there were.
const UNKNOWN_RUNS: u64 = 1000;

/// What is in place now.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) holdings: Holdings,
    pub(crate) to: PathBuf,
    /// Where the database is that was there before.
    pub(crate) replaced: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("cannot restore {}: {cause}; nothing was changed", from.display())]
    Unusable { from: PathBuf, cause: CopyError },
    #[error("cannot put the backup in place in {}: {cause}", directory.display())]
    NotInPlace { directory: PathBuf, cause: io::Error },
}

/// The copy on its way; removed unless it has got its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // The failure is reported already.
        let _ = source::remove(&self.0);
    }
}

/// Opens the backup. Root may read it where the owner of the state directory may not, so this comes before root's rights are
/// given up.
pub(crate) fn open_backup(from: &Path) -> Result<Source, RestoreError> {
    Source::open(from).map_err(|cause| RestoreError::Unusable { from: from.to_path_buf(), cause })
}

/// Copies the backup into the state directory, checks the copy, and puts it in the place of the database that is there, which is kept
/// under another name. The caller holds the directory's lock, and the rights of its owner, whose links are followed.
pub(crate) fn restore(backup: &Source, directory: &Path) -> Result<Restored, RestoreError> {
    let to = directory.join(FILE);
    let ready = Unfinished(to.with_added_extension("restored"));
    let holdings = backup
        .copy(&ready.0)
        .and_then(|holdings| begin_after(&ready.0, settle(&to)).map(|()| holdings))
        .map_err(|cause| RestoreError::Unusable { from: backup.path.clone(), cause })?;
    let swap = || -> io::Result<Option<PathBuf>> {
        let replaced = set_aside(&to)?;
        // In one step: at no time there is none.
        fs::rename(&ready.0, &to)?;
        sync_directory(&to)?;
        Ok(replaced)
    };
    let replaced =
        swap().map_err(|cause| RestoreError::NotInPlace { directory: directory.to_path_buf(), cause })?;
    Ok(Restored { holdings, to, replaced })
}

/// Takes over what was written beside the database that is there, so that it is one file; returns how often chatd has begun
/// with it. One that is broken stays as it is.
fn settle(database: &Path) -> Option<u64> {
    // Whoever may write changes what is beside a broken one, too.
    let runs = history::runs(&copy::open(database).ok()?).ok()?;
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).ok()?;
    runs
}

/// Ids that were given since the backup was made are given to nothing else.
fn begin_after(ready: &Path, replaced: Option<u64>) -> Result<(), CopyError> {
    let connection = Connection::open_with_flags(ready, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let Some(runs) = history::runs(&connection)? else { return Ok(()) };
    let next = replaced.map_or(runs + UNKNOWN_RUNS, |replaced| runs.max(replaced) + 1);
    history::skip_to(&connection, next)?;
    Ok(connection.close().map_err(|(_, error)| error)?)
}

/// Gives the database a second name, and what could not be taken over into it the name that belongs to that one. Replaces no
/// file: an earlier one may be the only copy of what it holds.
fn set_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    let log = |database: &Path| with_suffix(database, "-wal");
    for aside in numbered(&database.with_file_name(REPLACED)) {
        if is_taken(&aside) || is_taken(&log(&aside)) {
            continue;
        }
        let is_there = match fs::hard_link(database, &aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(_) => {
                // A file system without second names, or a file of somebody else.
                fs::rename(database, &aside)?;
                true
            }
            Ok(()) => true,
        };
        let has_log = existed(fs::rename(log(database), log(&aside)))?;
        existed(fs::remove_file(with_suffix(database, "-shm")))?;
        return Ok((is_there || has_log).then_some(aside));
    }
    unreachable!("there is no last number")
}

/// Returns whether there was something; that there was not is no failure.
fn existed(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holdings { accounts, channels, messages, first, last, bytes } = &self.holdings;
        write!(
            f,
            "{} is in place: accounts {accounts}, channels {channels}, messages {messages}",
            self.to.display()
        )?;
        let when = |at: &u64| Timestamp::from_millisecond(i64::try_from(*at).ok()?).ok();
        if let (Some(first), Some(last)) = (first.as_ref().and_then(when), last.as_ref().and_then(when)) {
            write!(f, " from {first:.0} to {last:.0}")?;
        }
        write!(f, ", {bytes} bytes")?;
        match &self.replaced {
            Some(replaced) => write!(f, "; what was there before is {}", replaced.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chatd_core::Timestamp;

    use super::*;
    use crate::config::Durability;
    use crate::store::Store;
    use crate::store::copy::Patient;

    fn run(directory: &Path) -> u64 {
        Store::open(directory, Durability::Off, Timestamp(1)).unwrap().1.run
    }

    fn put(backup: &Path, directory: &Path) -> Result<Restored, RestoreError> {
        restore(&open_backup(backup)?, directory)
    }

    #[test]
    fn ids_that_were_given_since_the_backup_are_given_to_nothing_else() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        run(directory.path());
        let backup = elsewhere.path().join("backup");
        copy::copy(&copy::open(&directory.path().join(FILE)).unwrap(), &backup, &mut Patient).unwrap();
        run(directory.path());
        let last = run(directory.path());
        let restored = put(&backup, directory.path()).unwrap();
        assert!(run(directory.path()) > last);
        assert_eq!(history::runs(&copy::open(&restored.replaced.unwrap()).unwrap()).unwrap(), Some(last));

        put(&backup, elsewhere.path()).unwrap();
        assert!(run(elsewhere.path()) > UNKNOWN_RUNS, "nobody knows how many there were");
        fs::write(directory.path().join(FILE), "no database").unwrap();
        put(&backup, directory.path()).unwrap();
        assert!(run(directory.path()) > UNKNOWN_RUNS);
    }

    #[test]
    fn every_replaced_database_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let backup = directory.path().join("backup");
        run(directory.path());
        copy::copy(&copy::open(&directory.path().join(FILE)).unwrap(), &backup, &mut Patient).unwrap();
        let database = directory.path().join(FILE);
        let mut asides = Vec::new();
        for number in 0..3 {
            fs::write(&database, format!("original {number}")).unwrap();
            fs::write(with_suffix(&database, "-wal"), format!("log {number}")).unwrap();
            asides.push(put(&backup, directory.path()).unwrap().replaced.unwrap());
        }
        let names: Vec<_> = asides.iter().map(|aside| aside.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["chatd.db.replaced", "chatd.db.replaced-2", "chatd.db.replaced-3"]);
        for (number, aside) in asides.iter().enumerate() {
            assert_eq!(fs::read_to_string(aside).unwrap(), format!("original {number}"));
            assert_eq!(fs::read_to_string(with_suffix(aside, "-wal")).unwrap(), format!("log {number}"));
        }
    }

    #[test]
    fn a_replaced_database_can_be_restored_with_its_log() {
        let directory = tempfile::tempdir().unwrap();
        run(directory.path());
        let database = directory.path().join(FILE);
        let writer = Connection::open(&database).unwrap();
        writer.execute_batch("CREATE TABLE mark (one); INSERT INTO mark VALUES (1)").unwrap();
        let (aside, elsewhere) = (directory.path().join("aside"), tempfile::tempdir().unwrap());
        fs::copy(&database, &aside).unwrap();
        fs::copy(with_suffix(&database, "-wal"), with_suffix(&aside, "-wal")).unwrap();
        put(&aside, elsewhere.path()).unwrap();
        let restored = copy::open(&elsewhere.path().join(FILE)).unwrap();
        assert_eq!(restored.query_row("SELECT one FROM mark", [], |row| row.get::<_, u32>(0)), Ok(1));
    }

    #[test]
    fn a_restore_fails_where_it_would_wait_for_a_pipe() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let refused = put(&pipe, directory.path()).unwrap_err().to_string();
        assert!(refused.contains("not a regular file"), "{refused}");
    }
}
