//! Where files go: as systemd says, else where the host's conventions put them for root and for others.

use std::env;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

const RUNTIME_MODE: u32 = 0o755;
const PRIVATE_MODE: u32 = 0o700;

#[derive(Debug, Clone)]
pub(crate) struct Directories {
    pub(crate) configuration: PathBuf,
    /// For sockets. `/tmp` lends a private one to users without a runtime directory.
    pub(crate) runtime: PathBuf,
    /// For what lasts, and for the lock that keeps a second chatd away.
    pub(crate) state: PathBuf,
}

/// A directory can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error("cannot create the directory {}: {cause}; set {variable} to one that can be written", path.display())]
    Create { path: PathBuf, variable: &'static str, cause: io::Error },
    #[error("{} belongs to another user or is open to others; remove it, or set XDG_RUNTIME_DIR", path.display())]
    NotPrivate { path: PathBuf },
}

impl Directories {
    /// Looks at the environment only; nothing is created.
    pub(crate) fn from_environment() -> Self {
        let uid = Uid::effective();
        let configuration = systemd("CONFIGURATION_DIRECTORY").unwrap_or_else(|| PathBuf::from("/etc/chatd"));
        let (runtime, state) = if uid.is_root() {
            (PathBuf::from("/run/chatd"), PathBuf::from("/var/lib/chatd"))
        } else {
            (user_runtime(uid), user_state(uid))
        };
        Self {
            configuration,
            runtime: systemd("RUNTIME_DIRECTORY").unwrap_or(runtime),
            state: systemd("STATE_DIRECTORY").unwrap_or(state),
        }
    }

    /// Makes the runtime and state directories if they are missing.
    pub(crate) fn create(&self) -> Result<(), DirectoryError> {
        if self.runtime == private(Uid::effective()) {
            create_private(&self.runtime)?;
        } else {
            create(&self.runtime, RUNTIME_MODE, "RUNTIME_DIRECTORY")?;
        }
        create(&self.state, PRIVATE_MODE, "STATE_DIRECTORY")
    }
}

/// systemd may name several, divided by colons; the first is ours.
fn systemd(variable: &str) -> Option<PathBuf> {
    let value = env::var_os(variable)?;
    let first = env::split_paths(&value).next()?;
    first.is_absolute().then_some(first)
}

fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn private(uid: Uid) -> PathBuf {
    PathBuf::from(format!("/tmp/chatd-{uid}"))
}

/// Who became another user may still have the former one's `XDG_RUNTIME_DIR`; it doesn't count.
fn user_runtime(uid: Uid) -> PathBuf {
    let is_ours = |path: &PathBuf| path.metadata().is_ok_and(|found| found.uid() == uid.as_raw());
    absolute("XDG_RUNTIME_DIR").filter(is_ours).map_or_else(|| private(uid), |base| base.join("chatd"))
}

/// Users such as `nobody` have a home that doesn't exist; their state goes with their sockets.
fn user_state(uid: Uid) -> PathBuf {
    let home = || absolute("HOME").or_else(|| User::from_uid(uid).ok()?.map(|user| user.dir));
    absolute("XDG_STATE_HOME")
        .or_else(|| home().filter(|home| home.is_dir()).map(|home| home.join(".local/state")))
        .map_or_else(|| private(uid).join("state"), |base| base.join("chatd"))
}

fn create(path: &Path, mode: u32, variable: &'static str) -> Result<(), DirectoryError> {
    if path.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    // Whatever the umask is: others must get to the socket.
    made.and_then(|()| std::fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(|cause| DirectoryError::Create { path: path.to_path_buf(), variable, cause })
}

/// Anybody can make that name under `/tmp` first, so what is there must be ours alone.
fn create_private(path: &Path) -> Result<(), DirectoryError> {
    let failed =
        |cause| DirectoryError::Create { path: path.to_path_buf(), variable: "XDG_RUNTIME_DIR", cause };
    match DirBuilder::new().mode(PRIVATE_MODE).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let found = std::fs::symlink_metadata(path).map_err(failed)?;
    let ours = found.is_dir() && found.uid() == Uid::effective().as_raw() && found.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(DirectoryError::NotPrivate { path: path.to_path_buf() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn missing_directories_are_made_and_others_left_as_they_are() {
        let base = tempfile::tempdir().unwrap();
        let path = |name: &str| base.path().join(name);
        let directories =
            Directories { configuration: path("c"), runtime: path("r/chatd"), state: path("s/chatd") };
        directories.create().unwrap();
        assert_eq!((mode_of(&directories.runtime), mode_of(&directories.state)), (0o755, 0o700));
        std::fs::set_permissions(&directories.state, Permissions::from_mode(0o750)).unwrap();
        directories.create().unwrap();
        assert_eq!(mode_of(&directories.state), 0o750);
    }

    #[test]
    fn a_private_directory_that_others_can_enter_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("chatd-1000");
        create_private(&path).unwrap();
        create_private(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(create_private(&path), Err(DirectoryError::NotPrivate { .. })));
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path(), &link).unwrap();
        assert!(matches!(create_private(&link), Err(DirectoryError::NotPrivate { .. })));
    }
}
