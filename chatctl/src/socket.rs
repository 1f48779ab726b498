//! Where the admin socket is, and what is at a path that may be one.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::unistd::geteuid;

const VARIABLE: &str = "CHATCTL_SOCKET";
const SYSTEM: &str = "/run/chatd/admin.sock";

/// The one that the environment names, else that of the host's chatd if it has one, else the caller's own.
pub(crate) fn default_path() -> PathBuf {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return path.into();
    }
    let system = PathBuf::from(SYSTEM);
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("chatd/admin.sock"));
    if exists(&system) {
        return system;
    }
    match own.filter(|path| exists(path)).or_else(private_path) {
        Some(path) => path,
        None => system,
    }
}

/// In a directory that anybody could have made, so it counts only if it is ours.
fn private_path() -> Option<PathBuf> {
    let uid = geteuid();
    let directory = PathBuf::from(format!("/tmp/chatd-{uid}"));
    let ours = directory.symlink_metadata().is_ok_and(|found| found.is_dir() && found.uid() == uid.as_raw());
    ours.then(|| directory.join("admin.sock")).filter(|path| exists(path))
}

/// A socket that we may not look at is there as well.
fn exists(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

/// Whether there is a socket at the path, as far as we may look.
pub(crate) fn may_be_socket(path: &Path) -> bool {
    path.metadata().map_or(true, |found| found.file_type().is_socket())
}

/// The process that listens at the other end, if it is stopped, by SIGSTOP or a debugger. Not known when it
/// got its socket from systemd, which is then the one that listens.
pub(crate) fn stopped_listener(stream: &UnixStream) -> Option<i32> {
    let pid = getsockopt(stream, PeerCredentials).ok()?.pid();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before the last parenthesis may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    matches!(rest.trim_start().chars().next(), Some('T' | 't')).then_some(pid)
}
