//! chatctl against a running chatd.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

use chat_tests::daemon::{Daemon, errors, printed};
use chat_tests::terminal::Terminal;

#[test]
fn list_tells_who_is_on_and_from_where() {
    let daemon = Daemon::start();
    let _alice = daemon.client("alice");
    let mut bob = daemon.connect_tcp();
    bob.register("bob");
    let listed = daemon.chatctl(&["list"]);
    let text = printed(&listed);
    assert!(listed.status.success(), "{}", errors(&listed));
    let of = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(of("alice").contains(&format!("pid {}", std::process::id())), "{text}");
    assert!(of("bob").contains("127.0.0.1:"), "{text}");
    assert!(of("bob").contains("#lobby"), "{text}");
}

#[test]
fn list_as_json_is_one_object_per_line() {
    let daemon = Daemon::start();
    let _clients = ["alice", "bob"].map(|name| daemon.client(name));
    let text = printed(&daemon.chatctl(&["--json", "list"]));
    let users: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut names: Vec<_> = users.iter().filter_map(|user| user["nick"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["alice", "bob"]);
}

#[test]
fn an_announcement_reaches_everyone() {
    let daemon = Daemon::start();
    let mut clients = ["alice", "bob"].map(|name| daemon.client(name));
    let done = daemon.chatctl(&["announce", "reboot", "at", "18:00"]);
    assert!(done.status.success(), "{}", errors(&done));
    for client in &mut clients {
        client.expect(|line| line.contains("NOTICE") && line.contains("reboot at 18:00"));
    }
    let mut command = daemon.chatctl_command(&["announce", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("chatctl runs");
    child.stdin.take().expect("a pipe").write_all(b"from a pipe\n").expect("chatctl reads");
    assert!(child.wait().expect("chatctl ends").success());
    for client in &mut clients {
        client.expect_containing("from a pipe");
    }
}

#[test]
fn a_kicked_user_and_the_others_are_told_why() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let mut bob = daemon.client("bob");
    let done = daemon.chatctl(&["kick", "bob", "--reason", "too loud"]);
    assert!(done.status.success(), "{}", errors(&done));
    let last = bob.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR") && line.contains("too loud")), "{last:?}");
    alice.expect(|line| line.contains("QUIT") && line.contains("too loud"));
    assert!(!printed(&daemon.chatctl(&["list"])).contains("bob"));
}

#[test]
fn a_wrong_name_is_refused_with_status_one() {
    let daemon = Daemon::start();
    for arguments in [["kick", "nobody"], ["show", "nobody"]] {
        let refused = daemon.chatctl(&arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        let said = errors(&refused);
        assert!(said.contains("nobody") && said.trim().lines().count() == 1, "{said}");
    }
}

#[test]
fn wrong_usage_has_status_two() {
    let daemon = Daemon::start();
    for arguments in [&["kick"][..], &["frobnicate"], &["list", "--frobnicate"], &["ch"]] {
        let refused = daemon.chatctl(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert_eq!(errors(&refused).trim().lines().count(), 1, "{}", errors(&refused));
    }
}

#[test]
fn abbreviations_that_are_unambiguous_are_accepted() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    assert!(daemon.chatctl(&["ann", "shortly"]).status.success());
    alice.expect_containing("shortly");
}

#[test]
fn without_chatd_the_status_is_three() {
    let place = Daemon::start().crash();
    let mut command = std::process::Command::new(chat_tests::daemon::program("chatctl"));
    let output =
        command.arg("--socket").arg(place.admin_socket()).arg("list").output().expect("chatctl runs");
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert_eq!(errors(&output).trim().lines().count(), 1, "{}", errors(&output));
}

#[test]
fn every_command_that_asks_answers() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    alice.send("JOIN #corner\r\nTOPIC #corner :quiet please");
    alice.sync();
    for (arguments, said) in [
        (&["status"][..], "users"),
        (&["show", "alice"], "#corner"),
        (&["channels"], "quiet please"),
        (&["version"], env!("CARGO_PKG_VERSION")),
        (&["check"], "valid"),
        (&["help"], "announce"),
        (&["help", "kick"], "reason"),
        (&["log", "info"], ""),
        (&["reload"], ""),
    ] {
        let output = daemon.chatctl(arguments);
        let text = printed(&output);
        assert!(output.status.success() && text.contains(said), "{arguments:?}: {text}{}", errors(&output));
    }
}

#[test]
fn watch_shows_what_happens_as_it_happens() {
    let daemon = Daemon::start();
    let mut command = daemon.chatctl_command(&["--json", "watch"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("chatctl runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = with_visitors(&daemon, || lines.next().expect("a line").expect("a line"));
    serde_json::from_str::<serde_json::Value>(&first).expect("JSON");
    let _alice = daemon.client("alice");
    let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("alice")));
    assert!(line.is_some());
    // A crash, a stop in order: the watch is there again when chatd is.
    let daemon = daemon.crash().start();
    with_visitors(&daemon, || lines.next().expect("a line after the crash").expect("a line"));
    daemon.signal(Signal::SIGTERM);
    let daemon = daemon.stopped().start();
    let _carol = daemon.client("carol");
    let seen =
        with_visitors(&daemon, || lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("joined"))));
    assert!(seen.is_some());
    child.kill().expect("it runs");
    child.wait().expect("chatctl ends");
}

#[test]
fn watch_that_does_not_wait_ends_with_chatd() {
    let daemon = Daemon::start();
    let mut command = daemon.chatctl_command(&["--json", "watch", "--wait", "0s"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("chatctl runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    with_visitors(&daemon, || lines.next().expect("a line").expect("a line"));
    assert!(daemon.chatctl(&["shutdown"]).status.success());
    lines.for_each(drop);
    assert!(child.wait().expect("chatctl ends").success());
}

/// Users come and go until something has been seen, since a watcher isn't told that its stream has begun.
pub(crate) fn with_visitors<T>(daemon: &Daemon, see: impl FnOnce() -> T) -> T {
    let seen = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for index in 0.. {
                if seen.load(Ordering::Relaxed) {
                    break;
                }
                drop(daemon.client(&format!("visitor{index}")));
            }
        });
        let result = see();
        seen.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn shutdown_tells_everyone_and_ends_in_order() {
    let mut daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    assert!(daemon.chatctl(&["shutdown", "--reason", "new disks"]).status.success());
    let last = alice.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR") && line.contains("new disks")), "{last:?}");
    assert!(daemon.wait().success());
}

#[test]
fn a_delayed_shutdown_warns_and_can_be_cancelled() {
    let mut daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let nothing = daemon.chatctl(&["shutdown", "--cancel"]);
    assert_eq!(nothing.status.code(), Some(1), "{}", printed(&nothing));
    assert!(daemon.chatctl(&["shutdown", "--in", "1h", "--reason", "new disks"]).status.success());
    alice.expect(|line| line.contains("NOTICE") && line.contains("new disks"));
    assert!(daemon.chatctl(&["shutdown", "--cancel"]).status.success());
    alice.expect(|line| line.contains("NOTICE") && line.to_lowercase().contains("cancel"));
    daemon.assert_running();
    assert!(daemon.chatctl(&["shutdown", "--in", "1s"]).status.success());
    assert!(daemon.wait().success());
}

#[test]
fn the_console_speaks_the_same_words() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let mut console = Terminal::run(&daemon.chatctl_command(&[]), 40, 120);
    console.wait_for_text("chatctl>");
    console.line("list");
    console.wait_for(|screen| screen.contains("alice") && screen.contains("1 user"));
    console.line("announce");
    console.wait_for(|screen| !screen.trim_end().ends_with("chatctl> announce"));
    console.line("from the console");
    alice.expect_containing("from the console");
    console.line("kick nobody");
    console.wait_for_text("no user is called nobody");
    console.line("exit");
    assert_eq!(console.wait(), 0);
}
