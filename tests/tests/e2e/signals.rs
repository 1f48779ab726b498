//! SIGTERM, SIGINT and SIGHUP.

use chat_tests::daemon::Daemon;
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
    let said = chat_tests::daemon::errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nmae"), "{said}");
    alice.send("MOTD");
    alice.expect(|line| line.contains(" 372 ") && line.contains("before"));
    daemon.assert_running();
}
