//! Who may: decided by the kernel's word before a byte is read.

use std::ffi::CString;
use std::io;

use chatd_core::Actor;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use tokio::net::UnixStream;

/// The process at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) uid: u32,
    gid: u32,
    pub(super) pid: Option<i32>,
}

/// The other end, and whether it may.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    pub(super) allowed: bool,
}

impl Peer {
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        let credentials = stream.peer_cred()?;
        Ok(Self { uid: credentials.uid(), gid: credentials.gid(), pid: credentials.pid() })
    }
}

/// Looks the peer up in the user and group databases, which may be remote: it blocks, so it runs on a
/// thread for that.
pub(super) async fn identify(peer: Peer, group: Option<String>) -> io::Result<Caller> {
    let lookup = move || {
        let user = User::from_uid(Uid::from_raw(peer.uid))?;
        let login = user.as_ref().map(|user| user.name.clone());
        let allowed = is_root_or_self(peer.uid) || is_in_group(peer, user.as_ref(), group.as_deref())?;
        Ok(Caller { actor: Actor { uid: peer.uid, login }, allowed })
    };
    tokio::task::spawn_blocking(lookup).await.map_err(io::Error::other)?
}

fn is_root_or_self(uid: u32) -> bool {
    uid == 0 || uid == nix::unistd::geteuid().as_raw()
}

/// By the group the process runs with, or by the user's membership now, whenever they logged in.
fn is_in_group(peer: Peer, user: Option<&User>, group: Option<&str>) -> nix::Result<bool> {
    let Some(group) = group else { return Ok(false) };
    let Some(group) = Group::from_name(group)? else { return Ok(false) };
    if group.gid == Gid::from_raw(peer.gid) {
        return Ok(true);
    }
    let Some(user) = user else { return Ok(false) };
    let Ok(name) = CString::new(user.name.as_str()) else { return Ok(false) };
    Ok(getgrouplist(&name, user.gid)?.contains(&group.gid))
}

#[cfg(test)]
mod tests {
    use nix::unistd::{getegid, geteuid};

    use super::*;

    /// Nobody has this id.
    const NOBODY: u32 = u32::MAX - 1;

    fn may(uid: u32, gid: u32, group: Option<&str>) -> bool {
        let user = User::from_uid(Uid::from_raw(uid)).expect("a user database");
        is_in_group(Peer { uid, gid, pid: None }, user.as_ref(), group).expect("a group database")
    }

    #[test]
    fn membership_counts_by_the_process_and_by_the_database() {
        let (uid, gid) = (geteuid().as_raw(), getegid());
        let group = Group::from_gid(gid).expect("a group database").expect("a group of our own").name;
        assert!(may(NOBODY, gid.as_raw(), Some(&group)));
        assert!(may(uid, NOBODY, Some(&group)));
        assert!(!may(NOBODY, NOBODY, Some(&group)));
    }

    #[test]
    fn without_a_group_or_with_one_that_does_not_exist_nobody_is_a_member() {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        assert!(!may(uid, gid, None));
        assert!(!may(uid, gid, Some("no-such-group")));
    }

    #[test]
    fn root_and_our_own_user_need_no_group() {
        assert!(is_root_or_self(0));
        assert!(is_root_or_self(geteuid().as_raw()));
        assert!(!is_root_or_self(NOBODY));
    }
}
