//! Where the admin socket is, and who may use one that we may not.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, geteuid};

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

/// The group that may use the socket: the one that may write to it, or enter the directory that hides it.
pub(crate) fn group(path: &Path) -> Option<String> {
    let (found, needed) = path.ancestors().enumerate().find_map(|(depth, path)| {
        let needed = if depth == 0 { 0o020 } else { 0o010 };
        path.metadata().ok().map(|found| (found, needed))
    })?;
    let gid = Gid::from_raw(found.gid());
    if found.mode() & needed == 0 || gid.as_raw() == 0 {
        return None;
    }
    Group::from_gid(gid).ok().flatten().map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_only_root_may_use_has_no_group() {
        assert_eq!(group(Path::new("/")), None);
        assert_eq!(group(Path::new("/root/hidden/admin.sock")), None);
    }
}
