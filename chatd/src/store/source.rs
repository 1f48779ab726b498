//! The backup that is to be restored: opened with the rights of the user who asks, read with those of the directory's owner.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::copy::{self, CopyError, Holdings};
use super::names::with_suffix;

const DATABASE_MAGIC: &[u8] = b"SQLite format 3\0";
/// The log begins with one of two numbers that differ in the last bit: the order of bytes of its checksums.
const LOG_MAGIC: [&[u8]; 2] = [b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"];
/// What SQLite may leave beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// An open backup, with the log beside it if there is one.
#[derive(Debug)]
pub(crate) struct Source {
    pub(super) path: PathBuf,
    database: File,
    log: Option<File>,
}

impl Source {
    /// Opens the backup. Nothing but a database passes: root may read what the directory's owner may not, and the owner reads
    /// the copy.
    pub(super) fn open(path: &Path) -> Result<Self, CopyError> {
        let real = path.canonicalize()?;
        let database = open_regular(&real)?;
        if !begins_with(&database, DATABASE_MAGIC)? {
            return Err(CopyError::Foreign);
        }
        let log = match open_regular(&with_suffix(&real, "-wal")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened?),
        };
        let log = match log {
            Some(log) if begins_with(&log, LOG_MAGIC[0])? || begins_with(&log, LOG_MAGIC[1])? => Some(log),
            _ => None,
        };
        Ok(Self { path: path.to_path_buf(), database, log })
    }

    /// Copies the backup into the file `to`, as one database without any other file beside it, and checks it.
    pub(super) fn copy(&self, to: &Path) -> Result<Holdings, CopyError> {
        remove(to)?;
        let size = |file: &File| Ok::<_, io::Error>(file.metadata()?.len());
        let log_size = self.log.as_ref().map(size).transpose()?.unwrap_or_default();
        copy::there_is_room(size(&self.database)? + log_size, to)?;
        copy_bytes(&self.database, to)?;
        if let Some(log) = &self.log {
            copy_bytes(log, &with_suffix(to, "-wal"))?;
        }
        take_log_over(to).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => CopyError::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => CopyError::Damaged(error.to_string()),
            _ => error.into(),
        })?;
        copy::check(to)
    }
}

/// Removes an unfinished copy with all that is beside it.
pub(super) fn remove(copy: &Path) -> io::Result<()> {
    for suffix in [""].iter().chain(&BESIDE) {
        match fs::remove_file(with_suffix(copy, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Follows no link and waits for nobody at the other end of a pipe.
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

fn begins_with(mut file: &File, magic: &[u8]) -> io::Result<bool> {
    let mut begin = Vec::with_capacity(magic.len());
    file.rewind()?;
    file.take(magic.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == magic)
}

fn copy_bytes(mut from: &File, to: &Path) -> io::Result<()> {
    from.rewind()?;
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut copy)?;
    copy.sync_all()
}

fn take_log_over(database: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.close().map_err(|(_, error)| error)
}
