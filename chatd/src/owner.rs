//! Root and the state directory: it belongs to chatd's user, who may have put links into it that lead to anything.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, setgroups, setresgid, setresuid};

#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnerError {
    #[error("cannot use the state directory {}: {cause}", path.display())]
    Unusable { path: PathBuf, cause: io::Error },
    #[error("cannot become the user {user}, to whom the state directory {} belongs: {cause}", path.display())]
    NotPermitted { path: PathBuf, user: String, cause: io::Error },
    #[error(
        "the state directory {} belongs to the user {user}, and root would follow the links in it; \
         run chatd as that user: runuser -u {user} -- chatd",
        path.display()
    )]
    Foreign { path: PathBuf, user: String },
}

/// Makes root the owner of the directory, for good. Everything is done in it then with the rights of the user who could
/// do it anyway. Other users stay who they are.
pub(crate) fn become_owner_of(directory: &Path) -> Result<(), OwnerError> {
    let Some((uid, gid)) = foreign_owner(directory)? else { return Ok(()) };
    let become_owner = || {
        setgroups(&[gid])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)
    };
    become_owner().map_err(|error| OwnerError::NotPermitted {
        path: directory.to_path_buf(),
        user: user_name(uid),
        cause: error.into(),
    })
}

/// # Errors
/// This process is root, and the directory belongs to somebody else.
pub(crate) fn must_not_be_foreign(directory: &Path) -> Result<(), OwnerError> {
    match foreign_owner(directory)? {
        None => Ok(()),
        Some((uid, _)) => Err(OwnerError::Foreign { path: directory.to_path_buf(), user: user_name(uid) }),
    }
}

/// Returns the owner of the directory if this process is root and the directory isn't root's.
fn foreign_owner(directory: &Path) -> Result<Option<(Uid, Gid)>, OwnerError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let found = directory
        .metadata()
        .map_err(|cause| OwnerError::Unusable { path: directory.to_path_buf(), cause })?;
    let owner = Uid::from_raw(found.uid());
    Ok((!owner.is_root()).then(|| (owner, Gid::from_raw(found.gid()))))
}

/// Returns the login name, or the number where there is none.
pub(crate) fn user_name(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
