//! Whose Unix sockets a client trusts: its own user's, root's, and those of the user that chatd runs as.
//!
//! Any user can create a socket at a path that a client tries: in `/tmp`, or in the `$XDG_RUNTIME_DIR` that an environment
//! kept across a plain `su`. A client therefore checks the directories that it finds by itself before it connects, and the
//! credentials of the peer (`SO_PEERCRED`) after that, before it sends anything. The programs read the
//! credentials; this module reads the metadata and decides.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The runtime directory of the host's chatd.
const SYSTEM_DIRECTORY: &str = "/run/chatd";
/// The user that the packages and the unit run chatd as.
pub const SERVICE_USER: &str = "chatd";

const ROOT: u32 = 0;
const FILE_TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The metadata of a path, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// The user who owns it.
    pub owner: u32,
    /// `st_mode`, with the file type.
    pub mode: u32,
}

/// The users whose sockets are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedUsers {
    uids: Vec<u32>,
}

impl Metadata {
    /// The metadata of `path`, links not followed; absent if it cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        Some(Self { owner: found.uid(), mode: found.mode() })
    }

    /// Whether it is a directory that nobody but its owner can write to.
    fn is_exclusive_directory(self) -> bool {
        self.mode & FILE_TYPE == DIRECTORY && self.mode & WRITABLE_BY_OTHERS == 0
    }
}

/// Returns the users that chatd may run as on this host: the owner of [`SYSTEM_DIRECTORY`], and `named`, the uid of
/// [`SERVICE_USER`].
pub fn services(named: Option<u32>) -> impl Iterator<Item = u32> {
    let directory = Path::new(SYSTEM_DIRECTORY);
    let found = directory.parent().and_then(Metadata::of).zip(Metadata::of(directory));
    found.and_then(|(parent, directory)| service_uid(parent, directory)).into_iter().chain(named)
}

/// Returns the user that root gave [`SYSTEM_DIRECTORY`] to, which is the one that chatd runs as. `parent` is the directory
/// that it is in; where others can write to that, the owner proves nothing.
fn service_uid(parent: Metadata, directory: Metadata) -> Option<u32> {
    let is_given_by_root = parent.owner == ROOT && parent.is_exclusive_directory();
    (is_given_by_root && directory.is_exclusive_directory()).then_some(directory.owner)
}

impl TrustedUsers {
    /// Root, the caller and the users that chatd may run as.
    pub fn new(own: u32, services: impl IntoIterator<Item = u32>) -> Self {
        Self { uids: [ROOT, own].into_iter().chain(services).collect() }
    }

    /// The same with more users.
    #[must_use]
    pub fn and(mut self, more: impl IntoIterator<Item = u32>) -> Self {
        self.uids.extend(more);
        self
    }

    /// Whether the peer of a connection, or the owner of a file, is trusted.
    pub fn contains(&self, uid: u32) -> bool {
        self.uids.contains(&uid)
    }

    /// Whether a directory can hold only what trusted users put there.
    pub fn contains_owner_of(&self, directory: Metadata) -> bool {
        self.contains(directory.owner) && directory.is_exclusive_directory()
    }
}

/// Says that `user` listens at `path` and isn't trusted.
pub fn refusal(path: &str, user: &str) -> String {
    format!(
        "{path} is served by {user}, who is neither root nor chatd's user nor you; nothing was sent: somebody may pretend \
         to be chatd"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: u32 = 1000;
    const MALLORY: u32 = 1001;
    const CHATD: u32 = 990;

    fn directory(owner: u32, permissions: u32) -> Metadata {
        Metadata { owner, mode: DIRECTORY | permissions }
    }

    #[test]
    fn own_root_and_service_sockets_are_trusted() {
        let trusted = TrustedUsers::new(ALICE, [CHATD]);
        assert!([ROOT, ALICE, CHATD].into_iter().all(|uid| trusted.contains(uid)));
        assert!(!trusted.contains(MALLORY));
        assert!(!TrustedUsers::new(ROOT, [CHATD]).contains(ALICE));
    }

    #[test]
    fn directories_of_others_are_not_trusted() {
        let trusted = TrustedUsers::new(ALICE, [CHATD]);
        for (found, expected) in [
            (directory(ALICE, 0o700), true),
            (directory(ROOT, 0o755), true),
            (directory(CHATD, 0o755), true),
            (directory(MALLORY, 0o700), false),
            (directory(ALICE, 0o777), false),
            (directory(ALICE, 0o770), false),
            (directory(ROOT, 0o1777), false),
            (Metadata { owner: ALICE, mode: 0o120_777 }, false),
            (Metadata { owner: ALICE, mode: 0o100_600 }, false),
        ] {
            assert_eq!(trusted.contains_owner_of(found), expected, "{found:?}");
        }
    }

    #[test]
    fn owner_of_the_system_directory_counts_only_if_root_appointed_it() {
        assert_eq!(service_uid(directory(ROOT, 0o755), directory(CHATD, 0o755)), Some(CHATD));
        assert_eq!(service_uid(directory(ROOT, 0o1777), directory(MALLORY, 0o755)), None);
        assert_eq!(service_uid(directory(MALLORY, 0o755), directory(MALLORY, 0o755)), None);
        let link = Metadata { owner: MALLORY, mode: 0o120_777 };
        assert_eq!(service_uid(directory(ROOT, 0o755), link), None);
    }
}
