//! The reasons why a file of the state directory cannot be used, and the advice for each.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, Uid, eaccess};
use rusqlite::{ErrorCode, ffi};

use super::names::with_suffix;
use crate::owner::user_name;

/// Files that SQLite may open for a database, the database itself included.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// Suffix of the file that is written to find out why SQLite could not write.
const PROBE: &str = ".probe";
/// More than SQLite needs at once; it allocates 32 KiB for the index of its log.
const PROBE_SIZE: usize = 64 * 1024;

/// A file that cannot be used.
#[derive(Debug)]
pub(crate) struct FileFault {
    path: PathBuf,
    fault: Fault,
}

/// A class of errors that share an advice.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    DiskFull,
    Quota,
    /// The file would exceed `RLIMIT_FSIZE` or what its file system can hold.
    TooLarge,
    ReadOnly,
    Denied,
    Locked,
    Io,
    Memory,
    ProcessDescriptors,
    HostDescriptors,
    NoDirectory,
    NotADirectory,
    IsADirectory,
    NotRegular,
    NotADatabase,
    Corrupt,
    Other(String),
}

impl FileFault {
    pub(crate) fn from_io(path: &Path, error: &io::Error) -> Self {
        let fault = match error.raw_os_error() {
            Some(number) => Fault::from_errno(Errno::from_raw(number)),
            None => Fault::Other(error.to_string()),
        };
        Self { path: path.to_path_buf(), fault }
    }

    /// SQLite reports one code for several causes, such as `SQLITE_CANTOPEN`. The cause is then looked for in the directory, without
    /// opening the database, since closing it would release SQLite's locks.
    pub(crate) fn from_sqlite(database: &Path, error: &rusqlite::Error) -> Self {
        let of_database = |fault| Self { path: database.to_path_buf(), fault };
        let other = || Fault::Other(error.to_string());
        let Some(&ffi::Error { code, extended_code }) = error.sqlite_error() else {
            return of_database(other());
        };
        let unspecific = match code {
            ErrorCode::DiskFull => return of_database(Fault::DiskFull),
            ErrorCode::DatabaseCorrupt => return of_database(Fault::Corrupt),
            ErrorCode::NotADatabase => return of_database(Fault::NotADatabase),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                return of_database(Fault::Locked);
            }
            ErrorCode::OutOfMemory => return of_database(Fault::Memory),
            ErrorCode::SystemIoFailure if extended_code == ffi::SQLITE_IOERR_NOMEM => {
                return of_database(Fault::Memory);
            }
            ErrorCode::SystemIoFailure => Fault::Io,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Fault::Denied,
            ErrorCode::CannotOpen => other(),
            _ => return of_database(other()),
        };
        probe(database).unwrap_or_else(|| of_database(unspecific))
    }

    /// It is no file, such as a pipe or a device.
    pub(crate) fn not_regular(path: &Path) -> Self {
        Self { path: path.to_path_buf(), fault: Fault::NotRegular }
    }

    /// Returns whether it goes away once there is room on the disk.
    pub(crate) fn is_disk_full(&self) -> bool {
        matches!(self.fault, Fault::DiskFull | Fault::Quota)
    }
}

impl Fault {
    fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::ENOSPC => Self::DiskFull,
            Errno::EDQUOT => Self::Quota,
            Errno::EFBIG => Self::TooLarge,
            Errno::EROFS => Self::ReadOnly,
            Errno::EACCES | Errno::EPERM => Self::Denied,
            Errno::EWOULDBLOCK | Errno::EBUSY | Errno::ETXTBSY => Self::Locked,
            Errno::EIO | Errno::ESTALE | Errno::ETIMEDOUT => Self::Io,
            Errno::ENOMEM => Self::Memory,
            Errno::EMFILE => Self::ProcessDescriptors,
            Errno::ENFILE => Self::HostDescriptors,
            Errno::ENOENT => Self::NoDirectory,
            Errno::ENOTDIR => Self::NotADirectory,
            Errno::EISDIR => Self::IsADirectory,
            Errno::ENXIO | Errno::ESPIPE => Self::NotRegular,
            Errno::ELOOP => Self::Other("it is a symbolic link that must not be followed; remove it".into()),
            other => Self::Other(other.desc().to_lowercase()),
        }
    }
}

/// Returns the first fault of the database's files and of their directory.
fn probe(database: &Path) -> Option<FileFault> {
    let failed = |path: &Path, errno| Some(FileFault { path: path.into(), fault: Fault::from_errno(errno) });
    for path in FILES.map(|suffix| with_suffix(database, suffix)) {
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Some(FileFault::from_io(&path, &error)),
            Ok(found) if found.is_dir() => return failed(&path, Errno::EISDIR),
            Ok(found) if !found.is_file() => return Some(FileFault::not_regular(&path)),
            Ok(_) => {}
        }
        if let Err(errno) = eaccess(&path, AccessFlags::R_OK | AccessFlags::W_OK) {
            return failed(&path, errno);
        }
    }
    let file = with_suffix(database, PROBE);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    let written = written.and_then(|mut probe| probe.write_all(&[0; PROBE_SIZE]));
    // There may be none.
    let _ = fs::remove_file(&file);
    let errno = Errno::from_raw(written.err()?.raw_os_error()?);
    failed(database.parent()?, errno)
}

impl std::error::Error for FileFault {}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, fault } = self;
        let directory = shell_word(path.parent().unwrap_or(path));
        let file = shell_word(path);
        write!(f, "cannot use {}: ", path.display())?;
        match fault {
            Fault::DiskFull => {
                write!(
                    f,
                    "there is no space left on the disk; make room (`df {directory}` shows the space, `df -i {directory}` the inodes)"
                )
            }
            Fault::Quota => {
                write!(f, "the disk quota is used up; make room, or raise the quota of chatd's user")
            }
            Fault::TooLarge => write!(
                f,
                "the file would exceed the size that is allowed; raise `LimitFSIZE=` of chatd's unit, or `ulimit -f` where chatd \
                 is started"
            ),
            Fault::ReadOnly => write!(
                f,
                "the file system is read-only for chatd; remount it writable, or add `ReadWritePaths={directory}` to chatd's unit \
                 (`findmnt -T {directory}` shows how it is mounted, `dmesg` whether errors made it read-only)"
            ),
            Fault::Denied => denial(f, path),
            Fault::Locked => {
                write!(f, "another program keeps it locked; stop that program (`fuser -v {file}` shows it)")
            }
            Fault::Io => write!(f, "input/output error; check the disk (`dmesg` shows its errors)"),
            Fault::Memory => write!(f, "out of memory; free some, or raise `MemoryMax=` of chatd's unit"),
            Fault::ProcessDescriptors => write!(
                f,
                "chatd has too many open files; raise `LimitNOFILE=` of chatd's unit, or `ulimit -n` where chatd is started"
            ),
            Fault::HostDescriptors => write!(
                f,
                "this host has too many open files; raise `sysctl fs.file-max`, or stop the program that has them open"
            ),
            Fault::NoDirectory => write!(f, "there is no directory {directory}; create it"),
            Fault::NotADirectory => write!(f, "a part of the path is not a directory; move that part away"),
            Fault::IsADirectory => write!(f, "it is a directory; move it away"),
            Fault::NotRegular => write!(f, "it is not a regular file; move it away"),
            Fault::NotADatabase => {
                write!(f, "it is not a database; restore it from a backup, or move it away to begin anew")
            }
            Fault::Corrupt => {
                write!(f, "the database is corrupt; restore it from a backup, or move it away to begin anew")
            }
            Fault::Other(words) => f.write_str(words),
        }
    }
}

/// Writes who owns the file, or the nearest directory above it that can be looked at, as whom chatd runs, and the command that helps.
fn denial(f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
    let found = path.ancestors().find_map(|path| Some((path, path.metadata().ok()?)));
    let Some((culprit, found)) = found else { return f.write_str("permission denied") };
    let (uid, own) = (Uid::from_raw(found.uid()), Uid::effective());
    let (owner, user, mode) = (user_name(uid), user_name(own), found.mode() & 0o7777);
    let (shown, word) = (culprit.display(), shell_word(culprit));
    if own.is_root() {
        return write!(
            f,
            "permission denied, though chatd runs as root; an attribute (`lsattr -d {word}`) or a security policy of this host \
             forbids it"
        );
    }
    let who =
        format!("permission denied: chatd runs as {user}, and {shown} belongs to {owner} (mode {mode:04o})");
    if culprit != path && Some(culprit) != path.parent() {
        return write!(f, "{who}; allow {user} to enter that directory");
    }
    if uid == own {
        let bits = if found.is_dir() { "u+rwx" } else { "u+rw" };
        return write!(f, "{who}; allow it: `chmod {bits} {word}`");
    }
    // chown accepts no number with an empty group after it.
    let group = if user.bytes().all(|byte| byte.is_ascii_digit()) { "" } else { ":" };
    write!(f, "{who}; give it to {user}: `chown {user}{group} {word}`")
}

/// Returns the path the way a shell takes it as one word.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
