//! Where the admin socket is, and what is at a path that may be one.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use chat_proto::socket::{self, Metadata, SERVICE_USER, TrustedUsers};
use nix::errno::Errno;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::unistd::{User, geteuid};

use crate::failure::Failure;

const VARIABLE: &str = "CHATCTL_SOCKET";
const SYSTEM: &str = "/run/chatd/admin.sock";

/// The one that the environment names, else that of the host's chatd if it has one, else the caller's own.
pub(crate) fn default_path() -> PathBuf {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return path.into();
    }
    let system = PathBuf::from(SYSTEM);
    if exists(&system) {
        return system;
    }
    own_path(std::env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new)).unwrap_or(system)
}

/// The socket of the chatd that the caller runs. A directory counts only if nobody else could have made it: anybody can in
/// `/tmp`, and after a plain `su` the runtime directory is still the former user's.
fn own_path(runtime: Option<&Path>) -> Option<PathBuf> {
    let uid = geteuid();
    let trusted = TrustedUsers::new(uid.as_raw(), []);
    let is_trusted = |path: &Path| Metadata::of(path).is_some_and(|found| trusted.contains_owner_of(found));
    let below_runtime = runtime.filter(|base| is_trusted(base)).map(|base| base.join("chatd"));
    let fallback = PathBuf::from(format!("/tmp/chatd-{uid}"));
    let directories = below_runtime.into_iter().chain([fallback]).filter(|directory| is_trusted(directory));
    directories.map(|directory| directory.join("admin.sock")).find(|path| exists(path))
}

/// Checks that the process which listens at the other end is root's, chatd's user's or the caller's own, or runs as `owner`,
/// whom the caller has named. Nothing may be sent before.
///
/// # Errors
/// It is another user's, or the kernel doesn't say whose.
pub(crate) fn check_peer(stream: &UnixStream, path: &Path, owner: Option<u32>) -> Result<(), Failure> {
    let unreachable = |error: Errno| Failure::Unreachable {
        path: path.to_owned(),
        why: format!("cannot find out who listens there ({}); nothing was sent", error.desc()),
    };
    check_user(getsockopt(stream, PeerCredentials).map_err(unreachable)?.uid(), path, owner)
}

fn check_user(uid: u32, path: &Path, owner: Option<u32>) -> Result<(), Failure> {
    // The user database may be far away: it is asked only about users who aren't trusted anyhow.
    let known = TrustedUsers::new(geteuid().as_raw(), owner);
    let service = || User::from_name(SERVICE_USER).ok().flatten().map(|user| user.uid.as_raw());
    if known.contains(uid) || known.and(socket::services(service())).contains(uid) {
        return Ok(());
    }
    let user = User::from_uid(uid.into()).ok().flatten();
    let user = user.map_or_else(|| uid.to_string(), |user| user.name);
    Err(Failure::ForeignSocket { path: path.to_owned(), user })
}

/// The user of that name or number.
///
/// # Errors
/// The host has no such user.
pub(crate) fn uid_of(user: &str) -> Result<u32, Failure> {
    let named = User::from_name(user).ok().flatten().map(|user| user.uid.as_raw());
    named
        .or_else(|| user.parse().ok())
        .ok_or_else(|| Failure::Usage(format!("--socket-owner: there is no user {user} on this host")))
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

/// Whether systemd listens at the other end, so that nobody need be behind it.
pub(crate) fn is_held_by_systemd(stream: &UnixStream) -> bool {
    let Ok(peer) = getsockopt(stream, PeerCredentials) else { return false };
    std::fs::read_to_string(format!("/proc/{}/comm", peer.pid()))
        .is_ok_and(|name| name.trim_end() == "systemd")
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

#[cfg(test)]
mod tests {
    use std::fs::{self, DirBuilder, Permissions};
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    use super::*;

    #[test]
    fn runtime_directory_counts_only_if_nobody_else_can_write_to_it() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("chatd");
        DirBuilder::new().mode(0o700).create(&directory).unwrap();
        fs::write(directory.join("admin.sock"), "").unwrap();
        assert_eq!(own_path(Some(base.path())), Some(directory.join("admin.sock")));
        fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        assert_ne!(own_path(Some(base.path())), Some(directory.join("admin.sock")));
    }

    #[test]
    fn socket_of_another_user_is_refused_unless_named() {
        const STRANGER: u32 = 4_242_424;
        let path = Path::new("/run/user/1/chatd/admin.sock");
        let refused = check_user(STRANGER, path, None).unwrap_err().to_string();
        assert!(refused.contains("served by 4242424") && refused.contains("nothing was sent"), "{refused}");
        check_user(STRANGER, path, Some(STRANGER)).unwrap();
        check_user(0, path, None).unwrap();
    }
}
