//! Where the user's own files are.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, Uid, User, access};

use crate::settings::variable;

const ROOT: u32 = 0;

/// The directory that an XDG variable names, or else one below the home: `$HOME`, or the one in the user database. After `su`
/// or `sudo` these variables may still be another user's: what is there isn't used. A relative path is ignored, as the
/// specification has it.
pub(super) fn base(name: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let of_database = || User::from_uid(Uid::effective()).ok().flatten().map(|user| user.dir);
    let candidates = [absolute(name), absolute("HOME").map(|home| home.join(below_home))];
    let own = candidates.into_iter().flatten().find(|path| is_ours(path));
    own.or_else(|| of_database().map(|home| home.join(below_home)).filter(|path| is_ours(path)))
}

/// Whether the directory is the user's, or would be: whatever there is of its path belongs to the user, or is root's and lets
/// the user write.
fn is_ours(path: &Path) -> bool {
    let existing = path.ancestors().find_map(|path| Some((path, path.metadata().ok()?)));
    existing.is_some_and(|(path, found)| {
        let own = Uid::effective().as_raw();
        found.uid() == own || (found.uid() == ROOT && access(path, AccessFlags::W_OK).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_others_are_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_ours(&directory.path().join("not/there")));
        if Uid::effective().is_root() {
            nix::unistd::chown(directory.path(), Some(Uid::from_raw(1)), None).unwrap();
            assert!(!is_ours(&directory.path().join("not/there")) && !is_ours(directory.path()));
        } else {
            assert!(!is_ours(Path::new("/proc/1/not/there")));
        }
    }
}
