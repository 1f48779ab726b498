//! Why somebody may not, and how they come to be allowed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use chat_proto::admin::DEFAULT_GROUP;
use nix::unistd::{Gid, Group, User, getuid};

/// Told with exit status 4.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error(
        "permission denied: only root, chatd's own user and the group {group} may; \
         `usermod -aG {group} {login}`, done by root, adds you, from your next login on"
    )]
    NotInGroup { group: String, login: String },
    #[error(
        "permission denied: you are in the group {group}, but this login began before you were; \
         log in again, or use `newgrp {group}`"
    )]
    NotYet { group: String },
    #[error(
        "permission denied: only root and chatd's own user may, since this host has no group {group}; \
         root can make it with `groupadd --system {group}` and restart chatd"
    )]
    NoGroup { group: String },
    #[error(
        "permission denied: only root and chatd's own user may use this socket; \
         chatd gives it to its admin group ({group}, unless configured) when it starts"
    )]
    OwnersOnly { group: String },
}

impl Denied {
    /// By the kernel, which looks at the socket's file and its directory.
    pub(crate) fn by_the_socket(path: &Path) -> Self {
        match group_of(path) {
            Some(group) => Self::outside(group),
            None if exists(DEFAULT_GROUP) => Self::OwnersOnly { group: DEFAULT_GROUP.into() },
            None => Self::NoGroup { group: DEFAULT_GROUP.into() },
        }
    }

    /// By chatd, which names its admin group.
    pub(crate) fn by_chatd(group: Option<String>) -> Self {
        match group {
            Some(group) if exists(&group) => Self::outside(group),
            Some(group) => Self::NoGroup { group },
            None => Self::OwnersOnly { group: DEFAULT_GROUP.into() },
        }
    }

    fn outside(group: String) -> Self {
        let user = User::from_uid(getuid()).ok().flatten();
        if user.as_ref().is_some_and(|user| is_member(user, &group)) {
            return Self::NotYet { group };
        }
        let login = user.map_or_else(|| "YOU".into(), |user| user.name);
        Self::NotInGroup { group, login }
    }
}

fn exists(group: &str) -> bool {
    Group::from_name(group).is_ok_and(|group| group.is_some())
}

fn is_member(user: &User, group: &str) -> bool {
    Group::from_name(group)
        .ok()
        .flatten()
        .is_some_and(|group| group.gid == user.gid || group.mem.contains(&user.name))
}

/// The group that may use the socket: the one that may write to it, or enter the directory that hides it.
fn group_of(path: &Path) -> Option<String> {
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
        assert_eq!(group_of(Path::new("/")), None);
        assert_eq!(group_of(Path::new("/root/hidden/admin.sock")), None);
    }

    #[test]
    fn a_group_that_does_not_exist_is_said_so() {
        let denied = Denied::by_chatd(Some("no-such-group".into()));
        assert_eq!(denied, Denied::NoGroup { group: "no-such-group".into() });
        assert!(denied.to_string().contains("groupadd --system no-such-group"));
    }

    #[test]
    fn who_is_in_the_group_is_told_to_log_in_again() {
        let user = User::from_uid(getuid()).expect("a user database").expect("a user");
        let group = Group::from_gid(user.gid).expect("a group database").expect("a group").name;
        assert_eq!(Denied::outside(group.clone()), Denied::NotYet { group });
        let denied = Denied::outside("nogroup".into()).to_string();
        assert!(denied.contains(&format!("usermod -aG nogroup {}", user.name)), "{denied}");
    }
}
