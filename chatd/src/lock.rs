//! Keeps a second chatd away from the same state.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

/// Held as long as this lives; the kernel lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not used")] Flock<File>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error("another chatd{} is running on {}; stop it first", pid.as_deref().map(|pid| format!(" (pid {pid})")).unwrap_or_default(), path.display())]
    Held { pid: Option<String>, path: PathBuf },
    #[error("cannot write to {}: {cause}; chatd needs its state directory", path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
}

impl Lock {
    pub(crate) fn take(state: &Path) -> Result<Self, LockError> {
        let path = state.join("chatd.lock");
        let failed = |cause| LockError::Unwritable { path: path.clone(), cause };
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false).mode(0o600);
        // Neither through a link, nor waiting at a pipe.
        open.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
        let file = open.open(&path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((mut file, Errno::EWOULDBLOCK)) => {
                return Err(LockError::Held { pid: pid_in(&mut file), path: state.to_path_buf() });
            }
            Err((_, error)) => return Err(failed(error.into())),
        };
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed)?;
        Ok(Self(lock))
    }
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
