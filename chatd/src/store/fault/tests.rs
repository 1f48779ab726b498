use std::os::unix::fs::PermissionsExt;

use super::*;

const RESTORE: &str = "restore it from a backup, or move it away";

fn io(errno: Errno) -> String {
    FileFault::from_io(Path::new("/var/lib/chat d/chatd.db"), &errno.into()).to_string()
}

fn sqlite(database: &Path, code: i32) -> FileFault {
    FileFault::from_sqlite(database, &rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

#[test]
fn every_system_error_has_its_own_advice() {
    for (errno, advice) in [
        (Errno::ENOSPC, "make room (`df '/var/lib/chat d'`"),
        (Errno::EDQUOT, "raise the quota"),
        (Errno::EFBIG, "LimitFSIZE="),
        (Errno::EROFS, "ReadWritePaths='/var/lib/chat d'"),
        (Errno::EACCES, "permission denied"),
        (Errno::EPERM, "permission denied"),
        (Errno::EWOULDBLOCK, "`fuser -v '/var/lib/chat d/chatd.db'`"),
        (Errno::EIO, "`dmesg` shows its errors"),
        (Errno::ENOMEM, "MemoryMax="),
        (Errno::EMFILE, "LimitNOFILE="),
        (Errno::ENFILE, "fs.file-max"),
        (Errno::ENOENT, "there is no directory '/var/lib/chat d'; create it"),
        (Errno::ENOTDIR, "not a directory"),
        (Errno::EISDIR, "it is a directory; move it away"),
        (Errno::ENXIO, "not a regular file"),
        (Errno::ELOOP, "symbolic link"),
        (Errno::ENAMETOOLONG, "too long"),
    ] {
        let message = io(errno);
        assert!(message.starts_with("cannot use /var/lib/chat d/chatd.db: "), "{message}");
        assert!(message.contains(advice), "{errno}: {message}");
        assert!(!message.contains("backup"), "{errno}: {message}");
    }
}

#[test]
fn only_a_corrupt_database_is_to_be_restored_or_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("chatd.db");
    for (code, advice) in [
        (ffi::SQLITE_FULL, "make room"),
        (ffi::SQLITE_BUSY, "fuser -v"),
        (ffi::SQLITE_BUSY_RECOVERY, "fuser -v"),
        (ffi::SQLITE_LOCKED, "fuser -v"),
        (ffi::SQLITE_PROTOCOL, "fuser -v"),
        (ffi::SQLITE_NOMEM, "out of memory"),
        (ffi::SQLITE_IOERR_NOMEM, "out of memory"),
        (ffi::SQLITE_IOERR_READ, "check the disk"),
        (ffi::SQLITE_IOERR_FSYNC, "check the disk"),
        (ffi::SQLITE_IOERR_SHORT_READ, "check the disk"),
        (ffi::SQLITE_READONLY, "permission denied"),
        (ffi::SQLITE_PERM, "permission denied"),
        (ffi::SQLITE_CANTOPEN, "unable to open"),
        (ffi::SQLITE_ERROR, "SQL logic error"),
        (ffi::SQLITE_CORRUPT, RESTORE),
        (ffi::SQLITE_CORRUPT_INDEX, RESTORE),
        (ffi::SQLITE_NOTADB, RESTORE),
    ] {
        let message = sqlite(&database, code).to_string();
        assert!(message.contains(advice), "{code}: {message}");
        assert_eq!(message.contains("backup"), advice == RESTORE, "{code}: {message}");
    }
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "the probe is removed");
}

#[test]
fn cause_of_an_unspecific_code_is_found_in_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("chatd.db");
    fs::write(&database, "x").unwrap();
    fs::create_dir(directory.path().join("chatd.db-wal")).unwrap();
    let message = sqlite(&database, ffi::SQLITE_CANTOPEN).to_string();
    assert!(message.contains("chatd.db-wal: it is a directory"), "{message}");
    let message = sqlite(Path::new("/nonexistent/chatd.db"), ffi::SQLITE_CANTOPEN).to_string();
    assert!(message.contains("cannot use /nonexistent: "), "{message}");
    let message = sqlite(Path::new("/dev/null/chatd.db"), ffi::SQLITE_IOERR).to_string();
    assert!(message.contains("not a directory"), "{message}");
}

#[test]
fn own_file_without_permission_is_answered_with_chmod() {
    if Uid::effective().is_root() {
        // Nothing is forbidden to root; the tests of whole programs use another user's file.
        assert!(io(Errno::EACCES).contains("lsattr"));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("chatd.db");
    fs::write(&database, "x").unwrap();
    fs::set_permissions(&database, PermissionsExt::from_mode(0o000)).unwrap();
    let message = sqlite(&database, ffi::SQLITE_CANTOPEN).to_string();
    assert!(message.contains("(mode 0000); allow it: `chmod u+rw "), "{message}");
}

#[test]
fn full_disk_and_quota_can_be_waited_out() {
    let path = Path::new("/nonexistent");
    for (errno, can) in
        [(Errno::ENOSPC, true), (Errno::EDQUOT, true), (Errno::EIO, false), (Errno::EACCES, false)]
    {
        assert_eq!(FileFault::from_io(path, &errno.into()).is_disk_full(), can, "{errno}");
    }
}
