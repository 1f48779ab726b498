//! Keeps a second chatd away from the same state.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::store::FileFault;

const FILE: &str = "chatd.lock";

/// The lock of a state directory. Held as long as this lives; the kernel releases it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    state: PathBuf,
    file: Mutex<Flock<File>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error("another chatd{} is running on {}; stop it first", pid.as_deref().map(|pid| format!(" (pid {pid})")).unwrap_or_default(), path.display())]
    Held { pid: Option<String>, path: PathBuf },
    #[error("cannot lock the state directory: {0}")]
    File(FileFault),
}

impl Lock {
    pub(crate) fn take(state: &Path) -> Result<Self, LockError> {
        Ok(Self { state: state.to_path_buf(), file: Mutex::new(lock(state)?) })
    }

    /// Takes the lock again if its file was deleted or replaced, since a second chatd would take the lock of another file. Returns
    /// whether it had to.
    ///
    /// # Errors
    /// Another chatd has it, or the file cannot be made.
    pub(crate) fn renew(&self) -> Result<bool, LockError> {
        let path = self.state.join(FILE);
        let failed = |cause: io::Error| FileFault::from_io(&path, &cause);
        let identity = |found: Metadata| (found.dev(), found.ino());
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let open = held.metadata().map_err(failed)?;
        if path.symlink_metadata().is_ok_and(|found| identity(found) == identity(open)) {
            return Ok(false);
        }
        *held = lock(&self.state)?;
        Ok(true)
    }
}

// Not `#[from]`: the message names the cause already, and a source is shown after it.
impl From<FileFault> for LockError {
    fn from(fault: FileFault) -> Self {
        Self::File(fault)
    }
}

impl LockError {
    /// Returns whether it goes away once there is room on the disk.
    pub(crate) fn is_disk_full(&self) -> bool {
        matches!(self, Self::File(fault) if fault.is_disk_full())
    }
}

fn lock(state: &Path) -> Result<Flock<File>, LockError> {
    let path = state.join(FILE);
    let failed = |cause: io::Error| FileFault::from_io(&path, &cause);
    let mut open = OpenOptions::new();
    open.read(true).write(true).create(true).truncate(false).mode(0o600);
    // Neither through a link, nor waiting at a pipe.
    open.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let file = open.open(&path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(FileFault::not_regular(&path).into());
    }
    let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((mut file, Errno::EWOULDBLOCK)) => {
            return Err(LockError::Held { pid: pid_in(&mut file), path: state.to_path_buf() });
        }
        Err((_, error)) => return Err(failed(error.into()).into()),
    };
    // Only a second chatd reads the process id, to name this one. A full disk must not keep chatd from starting.
    let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
    Ok(lock)
}

fn pid_in(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    let pid = text.trim();
    (!pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit())).then(|| pid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_told_the_pid_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let first = Lock::take(directory.path()).unwrap();
        let refused = Lock::take(directory.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("pid {}", std::process::id())), "{refused}");
        drop(first);
        Lock::take(directory.path()).unwrap();
    }

    #[test]
    fn deleted_lock_file_is_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        let first = Lock::take(directory.path()).unwrap();
        assert!(!first.renew().unwrap());
        std::fs::remove_file(directory.path().join(FILE)).unwrap();
        assert!(first.renew().unwrap());
        assert!(matches!(Lock::take(directory.path()), Err(LockError::Held { .. })));
    }

    #[test]
    fn deleted_lock_file_is_not_taken_from_another_chatd() {
        let directory = tempfile::tempdir().unwrap();
        let first = Lock::take(directory.path()).unwrap();
        std::fs::remove_file(directory.path().join(FILE)).unwrap();
        let _second = Lock::take(directory.path()).unwrap();
        assert!(matches!(first.renew(), Err(LockError::Held { .. })));
    }

    #[test]
    fn a_lock_that_is_no_regular_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (directory.path().join("chatd.lock"), directory.path().join("elsewhere"));
        std::fs::write(&elsewhere, "precious").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(Lock::take(directory.path()).is_err());
        assert_eq!(std::fs::read(&elsewhere).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let refused = Lock::take(directory.path()).unwrap_err().to_string();
        assert!(refused.contains("not a regular file"), "{refused}");
    }

    #[test]
    fn a_state_directory_that_is_missing_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let refused = Lock::take(&directory.path().join("gone")).unwrap_err().to_string();
        assert!(refused.contains("gone"), "{refused}");
    }
}
