//! What only some machines have: root, Debian packages, systemd.

use std::io::Write as _;

use crate::skipped::Record;

/// What `CHATD_CI` says about tests that cannot run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Anything else: they say so and pass.
    Skip,
    /// `unprivileged`: only those that need root may be skipped.
    SkipWhatNeedsRoot,
    /// `1`: they fail.
    Fail,
}

impl Policy {
    fn of_environment() -> Self {
        match std::env::var("CHATD_CI").as_deref() {
            Ok("1") => Self::Fail,
            Ok("unprivileged") => Self::SkipWhatNeedsRoot,
            _ => Self::Skip,
        }
    }
}

/// Whether this run is the real one, in which nothing may be skipped.
pub fn must_not_skip() -> bool {
    Policy::of_environment() == Policy::Fail
}

/// Reports what is skipped and why, or fails where it must not be skipped.
pub fn skip(what: &str, why: &str) {
    assert!(Policy::of_environment() == Policy::Skip, "{what} must run here (CHATD_CI), but {why}");
    report(what, why);
}

/// Whether this process is root; if not, the skip of what needs root is reported.
pub fn lacks_root(what: &str) -> bool {
    let lacks = !nix::unistd::geteuid().is_root();
    if lacks {
        assert!(!must_not_skip(), "{what} must run here (CHATD_CI=1), but it needs root");
        report(what, "it needs root");
    }
    lacks
}

/// Whether one of these programs isn't installed; if so, the skip of what needs them is reported.
pub fn lacks_program(what: &str, programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<_> = std::env::split_paths(&path).collect();
    directories.extend(["/usr/sbin", "/sbin"].map(Into::into));
    let missing = |program: &&&str| !directories.iter().any(|directory| directory.join(program).is_file());
    let missing = programs.iter().find(missing);
    if let Some(program) = missing {
        skip(what, &format!("{program} is not installed"));
    }
    missing.is_some()
}

/// The login name of the user who runs the tests; a container may have none for its user.
pub fn login() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).expect("users can be looked up");
    user.map(|user| user.name)
}

/// The same where only a login does; if there is none, the skip is reported.
pub fn required_login(what: &str) -> Option<String> {
    let login = login();
    if login.is_none() {
        skip(what, "the user database has no entry for this user");
    }
    login
}

fn report(what: &str, why: &str) {
    let line = format!("{what}: {why}");
    // Not by eprintln!, which libtest captures and throws away when the test passes.
    let _ = writeln!(std::io::stderr(), "skipped: {line}");
    // Without a record, the line above is all there is.
    if let Ok(record) = Record::of_this_run() {
        let _ = record.add(&line);
    }
}
