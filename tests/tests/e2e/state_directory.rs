//! Files of the state directory that chatd cannot use: what a start says and advises.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use chat_tests::PATIENCE;
use chat_tests::daemon::{Daemon, Setup, errors};
use chat_tests::disk::Disk;
use chat_tests::outside::lacks_root;

/// Of nobody on this host.
const OTHER: u32 = 61_234;

/// Runs chatd, which must fail, and returns its words.
fn refusal(setup: &Setup) -> String {
    refusal_of(setup.command())
}

fn refusal_of(mut command: Command) -> String {
    let output = command.output().expect("chatd can be run");
    let words = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.matches("cannot use").count() <= 1, "the cause is repeated: {words}");
    words
}

/// Gives the command the arguments and the environment of a chatd.
fn like(setup: &Setup, mut command: Command) -> Command {
    let chatd = setup.command();
    command.args(chatd.get_args());
    for (name, value) in chatd.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// The command that runs chatd as a user who is not root and owns all that is there.
fn ordinary(setup: &Setup) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return setup.command();
    }
    // That user may be kept out of the directory that chatd was built in.
    let program = setup.path().join("chatd");
    fs::copy(chat_tests::daemon::program("chatd"), &program).expect("there is room");
    let entries = fs::read_dir(setup.path()).expect("a directory").map(|entry| entry.expect("a file").path());
    for path in entries.chain([setup.path().to_owned()]) {
        chown(path, Some(OTHER), Some(OTHER)).expect("root may");
    }
    let mut command = Command::new(program);
    command.uid(OTHER).gid(OTHER);
    like(setup, command)
}

/// A state directory as a chatd left it.
fn used() -> Setup {
    let daemon = Daemon::start();
    daemon.client("alice");
    daemon.crash()
}

#[test]
fn file_of_another_kind_is_named_and_no_backup_advised() {
    for name in ["chatd.db", "chatd.db-wal", "chatd.lock"] {
        let setup = Setup::new();
        fs::create_dir(setup.path().join(name)).expect("it can be made");
        let words = refusal(&setup);
        assert!(words.contains(&format!("{name}: it is a directory; move it away")), "{words}");
        assert!(!words.contains("backup"), "{words}");
    }
    let setup = Setup::new();
    nix::unistd::mkfifo(&setup.path().join("chatd.db"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let words = refusal(&setup);
    assert!(words.contains("chatd.db: it is not a regular file"), "{words}");
}

#[test]
fn emptied_database_is_refused_while_its_log_holds_data() {
    let setup = used();
    let (database, log) = (setup.path().join("chatd.db"), setup.path().join("chatd.db-wal"));
    fs::write(&database, "").expect("it can be emptied");
    // What a crash leaves depends on when it comes.
    fs::write(&log, "what was stored last").expect("it can be written");
    for _ in ["empty", "missing"] {
        let words = refusal(&setup);
        assert!(words.contains("missing or empty, but"), "{words}");
        assert_eq!(fs::read(&log).expect("it is left alone"), b"what was stored last");
        let _ = fs::remove_file(&database);
    }
}

#[test]
fn file_size_limit_is_reported() {
    let setup = Setup::new();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(setup.command().get_program());
    let words = refusal_of(like(&setup, command));
    assert!(words.contains("LimitFSIZE="), "{words}");
    assert!(!words.contains("backup"), "{words}");
}

#[test]
fn corrupt_database_is_to_be_restored() {
    let setup = Setup::new();
    fs::write(setup.path().join("chatd.db"), "x".repeat(5000)).expect("it can be written");
    let words = refusal(&setup);
    assert!(words.contains("it is not a database; restore it from a backup"), "{words}");
}

#[test]
fn locked_database_names_the_lock() {
    let setup = used();
    let holder = setup.path().join("chatd.db");
    let holder = fs::File::options().read(true).write(true).open(holder).expect("it is there");
    // SQLite's pending byte and what follows it: an exclusive lock of another program.
    let lock = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as i16,
        l_whence: 0,
        l_start: 0x4000_0000,
        l_len: 512,
        l_pid: 0,
    };
    nix::fcntl::fcntl(&holder, nix::fcntl::FcntlArg::F_SETLK(&lock)).expect("nobody has it locked");
    let words = refusal(&setup);
    assert!(words.contains("another program keeps it locked") && words.contains("fuser -v"), "{words}");
}

#[test]
fn own_database_without_permissions_is_answered_with_chmod() {
    let setup = used();
    fs::set_permissions(setup.path().join("chatd.db"), Permissions::from_mode(0o000)).expect("it is ours");
    let words = refusal_of(ordinary(&setup));
    assert!(words.contains("(mode 0000); allow it: `chmod u+rw "), "{words}");
}

#[test]
fn file_of_another_user_is_answered_with_chown() {
    if lacks_root("a database that belongs to another user") {
        return;
    }
    for name in ["chatd.db", "chatd.db-wal", "chatd.lock"] {
        let setup = used();
        let command = ordinary(&setup);
        let file = setup.path().join(name);
        chown(&file, Some(0), Some(0)).expect("root may");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("root may");
        let words = refusal_of(command);
        let who = format!("chatd runs as {OTHER}, and {} belongs to root (mode 0600)", file.display());
        assert!(words.contains(&who), "{words}");
        assert!(words.contains(&format!("`chown {OTHER} {}`", file.display())), "{words}");
        assert!(!words.contains("backup"), "{words}");
    }
}

#[test]
fn read_only_file_system_is_named() {
    let Some(disk) = Disk::new_or_skip("a database on a read-only file system") else { return };
    let setup = Setup::new().with_state(disk.path()).start().crash();
    disk.make_read_only();
    let words = refusal(&setup);
    assert!(words.contains("read-only") && words.contains("ReadWritePaths="), "{words}");
    assert!(!words.contains("backup"), "{words}");
}

#[test]
fn deleted_lock_file_still_keeps_a_second_chatd_away() {
    let daemon = Daemon::start();
    let lock = daemon.setup().path().join("chatd.lock");
    let inode = fs::metadata(&lock).expect("it is there").ino();
    // So that the new one cannot have the same number.
    fs::rename(&lock, daemon.setup().path().join("away")).expect("it can be moved");
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(&lock).map_or(true, |found| found.ino() == inode || found.len() == 0) {
        assert!(Instant::now() < deadline, "it is not made again:\n{}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let words = refusal(daemon.setup());
    assert!(words.contains(&format!("another chatd (pid {})", daemon.pid())), "{words}");
    daemon.client("alice");
}
