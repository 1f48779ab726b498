//! What only some machines have: root, Debian packages, systemd.

/// Whether this run is the real one, in which nothing may be skipped.
pub fn must_not_skip() -> bool {
    std::env::var_os("CHATD_CI").is_some_and(|value| value == "1")
}

/// Says what is skipped and why, or fails where nothing may be skipped.
pub fn skip(what: &str, why: &str) {
    assert!(!must_not_skip(), "{what} must run here (CHATD_CI=1), but {why}");
    eprintln!("SKIPPED: {what}: {why}");
}

/// The first of these programs that isn't installed.
pub fn missing_program<'a>(programs: &[&'a str]) -> Option<&'a str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<_> = std::env::split_paths(&path).collect();
    directories.extend(["/usr/sbin", "/sbin"].map(Into::into));
    let missing = |program: &&&str| !directories.iter().any(|directory| directory.join(program).is_file());
    programs.iter().find(missing).copied()
}

/// Whether this process is root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
