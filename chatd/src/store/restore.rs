//! Putting a backup in place, while no chatd runs.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::copy::{self, CopyError, Holdings, Patient, sync_directory};
use super::{FILE, history};

/// What the database that was there is called afterwards.
const REPLACED: &str = "chatd.db.replaced";

/// Beginnings that there may have been since a backup, where nothing says how many there were.
const UNKNOWN_RUNS: u64 = 1000;

/// Made by root where chatd has not been before.
const LOCK: &str = "chatd.lock";

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

/// Copies the backup into the state directory, checks the copy, and puts it in the place of the database that is there, which is kept
/// under another name. The caller holds the directory's lock.
pub(crate) fn restore(from: &Path, directory: &Path) -> Result<Restored, RestoreError> {
    let unusable = |cause| RestoreError::Unusable { from: from.to_path_buf(), cause };
    let to = directory.join(FILE);
    let ready = to.with_added_extension("restored");
    let holdings = copy::open(from)
        .map_err(CopyError::from)
        .and_then(|backup| copy::make(&backup, &ready, &mut Patient))
        .and_then(|holdings| begin_after(&ready, settle(&to)).map(|()| holdings))
        .map_err(unusable)?;
    let swap = || -> io::Result<Option<PathBuf>> {
        for file in [&ready, &directory.join(LOCK)] {
            belong_to_owner(file, directory)?;
        }
        let replaced = set_aside(&to)?;
        // In one step: at no time there is none.
        fs::rename(&ready, &to)?;
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

/// Gives the database a second name, with what could not be taken over into it, so that it is still whole.
fn set_aside(database: &Path) -> io::Result<Option<PathBuf>> {
    let aside = database.with_file_name(REPLACED);
    let beside = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    gone(fs::remove_file(&aside))?;
    gone(fs::remove_file(beside(&aside, "-wal")))?;
    gone(fs::rename(beside(database, "-wal"), beside(&aside, "-wal")))?;
    gone(fs::remove_file(beside(database, "-shm")))?;
    Ok(gone(fs::hard_link(database, &aside))?.then_some(aside))
}

/// Whether there was something; that there was not is no failure.
fn gone(done: io::Result<()>) -> io::Result<bool> {
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

/// Root restores for chatd's user.
fn belong_to_owner(file: &Path, directory: &Path) -> io::Result<()> {
    let (file_is, owner) = (file.metadata()?, directory.metadata()?);
    if (file_is.uid(), file_is.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    chown(file, Some(owner.uid()), Some(owner.gid()))
}

#[cfg(test)]
mod tests {
    use chatd_core::Timestamp;

    use super::*;
    use crate::config::Durability;
    use crate::store::Store;

    fn run(directory: &Path) -> u64 {
        Store::open(directory, Durability::Off, Timestamp(1)).unwrap().1.run
    }

    #[test]
    fn ids_that_were_given_since_the_backup_are_given_to_nothing_else() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        run(directory.path());
        for directory in [&directory, &elsewhere] {
            fs::write(directory.path().join(LOCK), "").unwrap();
        }
        let backup = elsewhere.path().join("backup");
        copy::make(&copy::open(&directory.path().join(FILE)).unwrap(), &backup, &mut Patient).unwrap();
        run(directory.path());
        let last = run(directory.path());
        let restored = restore(&backup, directory.path()).unwrap();
        assert!(run(directory.path()) > last);
        assert_eq!(history::runs(&copy::open(&restored.replaced.unwrap()).unwrap()).unwrap(), Some(last));

        restore(&backup, elsewhere.path()).unwrap();
        assert!(run(elsewhere.path()) > UNKNOWN_RUNS, "nobody knows how many there were");
        fs::write(directory.path().join(FILE), "no database").unwrap();
        restore(&backup, directory.path()).unwrap();
        assert!(run(directory.path()) > UNKNOWN_RUNS);
    }
}
