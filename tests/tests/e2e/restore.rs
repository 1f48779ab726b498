//! `chatd restore` by root, in a directory whose owner has put links into it.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use chat_tests::daemon::{Daemon, Setup, errors};
use chat_tests::outside::lacks_root;

/// Neither root nor this host's chatd.
const OWNER: u32 = 65_534;

/// A backup that only root may read, an empty state directory of another user, and a file that is not that user's business.
struct Place {
    setup: Setup,
    backup: PathBuf,
    state: PathBuf,
    precious: PathBuf,
}

impl Place {
    fn new() -> Self {
        let daemon = Daemon::start();
        let backup = daemon.setup().path().join("backup.db");
        let made = daemon.chatctl(&["backup", backup.to_str().expect("a path in UTF-8")]);
        assert!(made.status.success(), "{}", errors(&made));
        let setup = daemon.crash();
        let (state, precious) = (setup.path().join("state"), setup.path().join("precious"));
        // The owner must get to the directory, as to /var/lib.
        fs::set_permissions(setup.path(), Permissions::from_mode(0o711)).expect("permissions");
        DirBuilder::new().mode(0o700).create(&state).expect("a directory");
        chown(&state, Some(OWNER), Some(OWNER)).expect("root may");
        fs::write(&precious, "precious").expect("a file");
        fs::set_permissions(&precious, Permissions::from_mode(0o600)).expect("permissions");
        let setup = setup.with_state(&state);
        Self { setup, backup, state, precious }
    }

    fn restore(&self, backup: &Path) -> Output {
        self.setup.command().arg("restore").arg(backup).output().expect("chatd runs")
    }

    fn assert_precious(&self) {
        let found = self.precious.symlink_metadata().expect("it is there");
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (0, 0, 0o600));
        assert_eq!(fs::read(&self.precious).expect("a file"), b"precious");
    }

    fn assert_all_is_the_owners(&self) {
        for file in fs::read_dir(&self.state).expect("a directory").flatten() {
            let found = file.path().symlink_metadata().expect("it is there");
            let is_precious = found.ino() == self.precious.metadata().expect("it is there").ino();
            assert!(found.uid() == OWNER || is_precious || found.is_symlink(), "{:?}", file.path());
        }
    }
}

#[test]
fn a_restore_by_root_belongs_to_the_directorys_owner() {
    if lacks_root("a restore by root") {
        return;
    }
    let place = Place::new();
    let restored = place.restore(&place.backup);
    assert!(restored.status.success(), "{}", errors(&restored));
    let database = place.state.join("chatd.db").metadata().expect("it is in place");
    assert_eq!((database.uid(), database.gid(), database.mode() & 0o777), (OWNER, OWNER, 0o600));
    place.assert_all_is_the_owners();
}

#[test]
fn a_restore_by_root_changes_nothing_behind_links() {
    if lacks_root("a restore by root") {
        return;
    }
    let names =
        ["", ".restored", ".restored-wal", ".restored-journal", ".replaced", "-wal", "-shm", "-journal"];
    let names = names.map(|suffix| format!("chatd.db{suffix}"));
    for name in names.iter().map(String::as_str).chain(["chatd.lock"]) {
        for is_hard in [false, true] {
            let place = Place::new();
            let planted = place.state.join(name);
            if is_hard {
                fs::hard_link(&place.precious, &planted).expect("root may");
            } else {
                symlink(&place.precious, &planted).expect("a link");
                lchown(&planted, Some(OWNER), Some(OWNER)).expect("root may");
            }
            let restored = place.restore(&place.backup);
            place.assert_precious();
            place.assert_all_is_the_owners();
            let is_in_place = place.state.join("chatd.db").metadata().is_ok_and(|found| found.uid() == OWNER);
            assert_eq!(restored.status.success(), is_in_place, "{name}: {}", errors(&restored));
            let is_first = name != "chatd.lock" && name != "chatd.db-journal";
            assert!(is_in_place || !is_first, "{name}: {}", errors(&restored));
        }
    }
}

#[test]
fn a_restore_by_root_does_not_hand_over_other_files() {
    if lacks_root("a restore by root") {
        return;
    }
    let place = Place::new();
    let planted = place.state.join("chatd.db.replaced");
    symlink(&place.precious, &planted).expect("a link");
    let refused = place.restore(&planted);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("no database of chatd"), "{}", errors(&refused));
    assert_eq!(fs::read_dir(&place.state).expect("a directory").flatten().count(), 1, "only the link");
}

#[test]
fn a_restore_waits_at_no_pipe_and_replaces_no_directory() {
    if lacks_root("a restore by root") {
        return;
    }
    for name in ["chatd.lock", "chatd.db.replaced", "chatd.db.restored"] {
        let place = Place::new();
        let planted = place.state.join(name);
        fs::create_dir(&planted).expect("a directory");
        chown(&planted, Some(OWNER), Some(OWNER)).expect("root may");
        let restored = place.restore(&place.backup);
        assert_eq!(restored.status.success(), name.ends_with("replaced"), "{name}: {}", errors(&restored));
        assert!(planted.is_dir(), "{name}");
        fs::remove_dir(&planted).expect("it is empty");
        nix::unistd::mkfifo(&planted, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        chown(&planted, Some(OWNER), Some(OWNER)).expect("root may");
        let restored = place.restore(&place.backup);
        assert_eq!(restored.status.success(), name != "chatd.lock", "{name}: {}", errors(&restored));
    }
}

#[test]
fn root_does_not_run_chatd_in_the_directory_of_another_user() {
    if lacks_root("a restore by root") {
        return;
    }
    let place = Place::new();
    let refused = place.setup.run_to_end();
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("runuser -u nobody -- chatd"), "{}", errors(&refused));
    assert_eq!(fs::read_dir(&place.state).expect("a directory").count(), 0, "nothing was made");
}
