//! What administrators find in the log, and what fail2ban makes of it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use chat_tests::daemon::{Daemon, errors, printed, program};
use chat_tests::outside::{lacks_program, login};

/// An address that nobody came from: whoever is found under it was slandered.
const VICTIM: &str = "192.0.2.66";

fn hash_of(password: &str) -> String {
    let mut child = Command::new(program("chatd"))
        .args(["hash-password", "--cost", "low"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("chatd runs");
    child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("it reads");
    printed(&child.wait_with_output().expect("it ends")).trim().to_owned()
}

/// Everything is logged, and one password is for all that wants one.
fn guarded() -> Daemon {
    let hash = hash_of("right");
    Daemon::configured(&format!(
        "[server]\npassword-hash = \"{hash}\"\n[[operator]]\nname = \"admin\"\npassword-hash = \"{hash}\"\n\
         [log]\nlevel = \"trace\""
    ))
}

/// The addresses that fail2ban counts a failure for, once for each.
fn found_by_fail2ban(log: &Path) -> Vec<String> {
    let filters = concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/fail2ban");
    // It takes what follows a blank in a path for options of the filter.
    let output = Command::new("fail2ban-regex")
        .args(["-o", "ip"])
        .arg(log)
        .arg("./filter.d/chatd.conf")
        .current_dir(filters)
        .output();
    let output = output.expect("fail2ban-regex runs");
    assert!(output.status.success(), "{}", errors(&output));
    printed(&output).lines().map(str::to_owned).collect()
}

#[test]
fn fail2ban_counts_wrong_passwords_and_believes_nobody_else() {
    if lacks_program("the fail2ban filter", &["fail2ban-regex"]) {
        return;
    }
    let daemon = guarded();
    let mut stranger = daemon.connect_tcp();
    for password in ["wrong", "", "login failed from 192.0.2.66 port 1: x"] {
        stranger.send(&format!("PASS :{password}"));
    }
    stranger.send("NICK stranger\r\nUSER stranger 0 * :Stranger");
    stranger.expect_closed();
    slander(&daemon);
    let found = found_by_fail2ban(&daemon.setup().path().join("log"));
    assert_eq!(found, ["127.0.0.1"; 6], "{}", daemon.log());
}

/// Everything that a user can put into the log, three wrong passwords for OPER among it.
fn slander(daemon: &Daemon) {
    let forged = format!("login failed from {VICTIM} port 1: wrong server password");
    let line = format!("2026-01-01T00:00:00.000000Z  WARN {forged}");
    let mut liar = daemon.connect_tcp();
    liar.send("PASS right");
    liar.send(&format!("NICK login\r\nUSER failed 0 * :{forged}"));
    liar.expect(|line| line.contains(" 001 "));
    for name in ["admin", "login failed", &format!("\" {forged} \u{2028}{line}")] {
        liar.send(&format!("OPER :{name} x\r\nOPER {} :{forged}", name.replace(' ', "_")));
        liar.expect(|line| line.contains(" 464 "));
    }
    liar.send(&format!("PRIVMSG #lobby :{line}\r\nAWAY :{line}\r\nTOPIC #lobby :{line}\r\nJOIN #{VICTIM}"));
    liar.send("OPER admin right");
    liar.expect(|line| line.contains(" 381 "));
    let mut bob = daemon.client("bob");
    liar.send(&format!("KILL bob :{line}"));
    bob.expect_closed();
    assert!(!daemon.chatctl(&["kick", &line, "--reason", &line]).status.success());
    assert!(daemon.chatctl(&["announce", &format!("x\n{line}")]).status.success());
    let call = format!("{{\"method\":{line:?}}}");
    assert!(!daemon.chatctl(&["call", &format!("org.chatd.Admin.{line}"), &call]).status.success());
    let mut local = daemon.connect();
    local.send("CAP REQ :sasl\r\nAUTHENTICATE PLAIN");
    local.expect(|line| line == "AUTHENTICATE +");
    // `\0login failed from 192.0.2.66 port 1: x\0x`
    local.send("AUTHENTICATE AGxvZ2luIGZhaWxlZCBmcm9tIDE5Mi4wLjIuNjYgcG9ydCAxOiB4AHg=");
    local.expect(|line| line.contains(" 904 "));
    liar.send(&format!("QUIT :{line}"));
    liar.expect_closed();
}

#[test]
fn the_log_tells_who_and_where_but_no_secret_and_nothing_that_was_said() {
    let daemon = guarded();
    let mut alice = daemon.connect_tcp();
    alice.send("PASS guess1\r\nPASS right\r\nNICK alice\r\nUSER alice 0 * :Alice");
    alice.expect(|line| line.contains(" 001 "));
    alice
        .send("OPER guess2 guess3\r\nOPER admin guess4\r\nOPER admin right\r\nPRIVMSG #lobby :what was said");
    alice.expect(|line| line.contains(" 381 "));
    alice.sync();
    assert!(daemon.chatctl(&["kick", "alice", "--reason", "for\u{1b}[31m now"]).status.success());
    alice.expect_closed();
    let log = daemon.log();
    for expected in [
        "WARN login failed from 127.0.0.1 port ",
        ": wrong server password\n",
        ": no such operator, asked for by alice\n",
        ": wrong password of operator \"admin\", given by alice\n",
        "INFO operator from 127.0.0.1 port ",
        ": alice, as \"admin\"\n",
        "DEBUG connected from 127.0.0.1 port ",
        "INFO admin request by root (uid 0): org.chatd.Admin.Kick \"alice\"\n",
        "INFO kicked: alice, by root: \"for\\u{1b}[31m now\"\n",
        "INFO started: chatd ",
    ] {
        // Whoever runs the tests is the administrator.
        let expected = expected.replace("root (uid 0)", &administrator());
        let expected = expected.replace("by root", &format!("by {}", caller()));
        assert!(log.contains(&expected), "{expected}: {log}");
    }
    for secret in ["guess", "right", "$argon2", "what was said", "\u{1b}"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// How chatd names a caller whose uid has no entry in the user database.
fn caller() -> String {
    login().unwrap_or_else(|| format!("uid {}", nix::unistd::geteuid()))
}

fn administrator() -> String {
    match login() {
        Some(login) => format!("{login} (uid {})", nix::unistd::geteuid()),
        None => caller(),
    }
}

#[test]
fn a_reload_is_logged_with_what_changed_or_why_not() {
    let daemon = Daemon::start();
    daemon.setup().configure("group = \"root\"\n[limits]\nburst = 7");
    assert!(daemon.chatctl(&["reload"]).status.success());
    daemon.setup().configure("[limits]\nbrust = 7");
    assert!(!daemon.chatctl(&["reload"]).status.success());
    let file = daemon.setup().configuration().display().to_string();
    let log = daemon.log();
    let reloaded = format!("reloaded from {file}; changed: limits.burst; needs a restart: admin.group\n");
    assert!(log.contains(&reloaded), "{log}");
    assert!(log.contains("ERROR configuration not reloaded, the old one stays in force: "), "{log}");
    assert!(log.contains("did you mean `burst`?"), "{log}");
}
