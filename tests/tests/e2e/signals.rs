//! SIGTERM, SIGINT and SIGHUP.

use chat_tests::daemon::{Daemon, errors, printed};
use nix::sys::signal::Signal;

#[test]
fn the_polite_signals_end_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut daemon = Daemon::start();
        let mut alice = daemon.client("alice");
        daemon.signal(signal);
        let last = alice.expect_closed();
        assert!(last.iter().any(|line| line.starts_with("ERROR")), "{signal}: {last:?}");
        assert!(daemon.wait().success(), "{signal}");
        assert!(!daemon.setup().socket().exists(), "{signal}");
    }
}

#[test]
fn a_reload_puts_a_good_file_in_force() {
    let daemon = Daemon::configured("[server]\nmotd = \"before\"");
    let mut alice = daemon.client("alice");
    assert!(alice.seen().iter().any(|line| line.contains("before")));
    daemon.setup().configure("[server]\nmotd = \"after\"");
    daemon.signal(Signal::SIGHUP);
    loop {
        alice.send("MOTD");
        let line = alice.expect(|line| line.contains(" 372 "));
        alice.sync();
        if line.contains("after") {
            break;
        }
    }
}

#[test]
fn a_reload_of_a_bad_file_changes_nothing_and_says_why() {
    let mut daemon = Daemon::configured("[server]\nmotd = \"before\"");
    let mut alice = daemon.client("alice");
    daemon.setup().configure("[server]\nmotd = \"after\"\nnmae = \"x\"");
    let output = daemon.chatctl(&["reload"]);
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nmae"), "{said}");
    alice.send("MOTD");
    alice.expect(|line| line.contains(" 372 ") && line.contains("before"));
    daemon.assert_running();
}

#[test]
fn a_reload_says_what_changed_and_what_needs_a_restart() {
    let daemon = Daemon::configured("[limits]\nburst = 100");
    let file = daemon.setup().configuration().display().to_string();
    let reload = || printed(&daemon.chatctl(&["reload"]));
    assert_eq!(reload(), format!("{file} is in force\nnothing changed\n"));
    let more =
        "group = \"root\"\n[limits]\nburst = 200\n[log]\nlevel = \"debug\"\n[server]\nmotd = \"two words\"";
    daemon.setup().configure(more);
    let needs_restart = "needs a restart: admin.group (chatd-admin → root)\n";
    let changed = "changed: limits.burst (100 → 200)\nchanged: log.level (info → debug)\n\
                   changed: server.motd (\"\" → \"two words\")\n";
    assert_eq!(reload(), format!("{file} is in force\n{changed}{needs_restart}"));
    assert_eq!(reload(), format!("{file} is in force\n{needs_restart}"));
    let json: serde_json::Value =
        serde_json::from_str(&printed(&daemon.chatctl(&["--json", "reload"]))).expect("JSON");
    assert_eq!(json["restartNeeded"], serde_json::json!(["admin.group"]));
    assert_eq!(json["changed"][0]["to"], "root");
}

#[test]
fn a_log_level_that_was_set_meanwhile_survives_a_reload_that_changes_none() {
    let daemon = Daemon::start();
    assert!(daemon.chatctl(&["log", "debug"]).status.success());
    let level = || {
        let status = printed(&daemon.chatctl(&["--json", "status"]));
        serde_json::from_str::<serde_json::Value>(&status).expect("JSON")["logLevel"].clone()
    };
    daemon.setup().configure("[server]\nmotd = \"x\"");
    assert!(daemon.chatctl(&["reload"]).status.success());
    assert_eq!(level(), "debug");
    daemon.setup().configure("[log]\nlevel = \"warn\"");
    assert!(daemon.chatctl(&["reload"]).status.success());
    assert_eq!(level(), "warn");
}

#[test]
fn a_configuration_that_is_gone_or_no_file_any_more_leaves_the_old_one_in_force() {
    let daemon = Daemon::configured("[server]\nmotd = \"before\"");
    let file = daemon.setup().configuration();
    std::fs::remove_file(&file).expect("it is there");
    let output = daemon.chatctl(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains(&format!("{}: cannot read", file.display())), "{}", errors(&output));
    std::fs::create_dir(&file).expect("nothing is there");
    assert!(errors(&daemon.chatctl(&["reload"])).contains("it is a directory"));
    let mut alice = daemon.client("alice");
    alice.send("MOTD");
    alice.expect(|line| line.contains(" 372 ") && line.contains("before"));
}
