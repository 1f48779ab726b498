//! A disk without room: nothing is shown that isn't stored, and the chat goes on when there is room.

use std::time::{Duration, Instant};

use chat_tests::PATIENCE;
use chat_tests::daemon::{Daemon, Setup, errors, printed};
use chat_tests::disk::Disk;
use nix::sys::signal::Signal;

const MESSAGES: usize = 20;

fn wait_until_logged(daemon: &Daemon, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !daemon.log().contains(words) {
        assert!(Instant::now() < deadline, "no {words:?} in\n{}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn stored(daemon: &Daemon) -> u64 {
    let status = daemon.chatctl(&["--json", "status"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    status["storedMessages"].as_u64().expect("a number")
}

/// A chatd whose disk becomes full, with what was said since on its way; nothing where `what` has to be skipped.
fn with_a_full_disk(what: &str) -> Option<(Daemon, Disk, chat_tests::irc::Irc)> {
    with_a_disk(what, "0", Disk::fill)
}

/// A chatd that leaves `reserve` free of a disk that `fill` fills, with what was said since on its way.
fn with_a_disk(
    what: &str,
    reserve: &str,
    fill: impl FnOnce(&Disk),
) -> Option<(Daemon, Disk, chat_tests::irc::Irc)> {
    let disk = Disk::new_or_skip(what)?;
    let setup = Setup::configured(&format!("[history]\nreserve = \"{reserve}\""));
    let daemon = setup.with_state(disk.path()).start();
    let mut alice = daemon.connect();
    alice.register_with("alice", "echo-message");
    fill(&disk);
    for number in 0..MESSAGES {
        alice.send(&format!("PRIVMSG #lobby :{number} {}", "x".repeat(300)));
    }
    wait_until_logged(&daemon, "cannot store what was said");
    Some((daemon, disk, alice))
}

#[test]
fn when_the_disk_is_full_the_chat_waits_and_loses_nothing() {
    let Some((mut daemon, disk, mut alice)) = with_a_full_disk("the chat while the disk is full") else {
        return;
    };
    let refused = daemon.chatctl(&["status"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("can be stored"), "{told}");
    disk.make_room();
    let last = format!(" PRIVMSG #lobby :{} ", MESSAGES - 1);
    alice.expect_containing(&last);
    alice.sync();
    let echoes = alice.seen().iter().filter(|line| line.contains(" PRIVMSG #lobby :")).count();
    assert_eq!(echoes, MESSAGES);
    wait_until_logged(&daemon, "the chat goes on");
    daemon.assert_running();
    let daemon = daemon.crash().start();
    let deadline = Instant::now() + PATIENCE;
    while stored(&daemon) != MESSAGES as u64 {
        assert!(Instant::now() < deadline, "{} are stored", stored(&daemon));
    }
}

#[test]
fn chat_stands_still_at_the_reserve_and_goes_on_with_room() {
    let fill = |disk: &Disk| disk.fill_but(512 << 10);
    let Some((daemon, disk, mut alice)) = with_a_disk("the reserve on a disk", "1M", fill) else { return };
    assert!(daemon.log().contains("the chat leaves 1 MiB (reserve in [history])"), "{}", daemon.log());
    let refused = daemon.chatctl(&["status"]);
    assert!(errors(&refused).contains("reserve in [history]"), "{}", errors(&refused));
    assert!(alice.seen().iter().all(|line| !line.contains(" PRIVMSG #lobby :")));
    disk.make_room();
    alice.expect_containing(&format!(" PRIVMSG #lobby :{} ", MESSAGES - 1));
    wait_until_logged(&daemon, "the chat goes on");
    let status = daemon.chatctl(&["status"]);
    assert!(printed(&status).contains("1.0 MiB of it reserved"), "{}", printed(&status));
}

#[test]
fn reload_of_the_reserve_ends_the_standstill() {
    let fill = |disk: &Disk| disk.fill_but(512 << 10);
    let Some((daemon, _disk, mut alice)) = with_a_disk("changing the reserve", "1M", fill) else { return };
    daemon.setup().configure("[history]\nreserve = \"128K\"");
    daemon.signal(Signal::SIGHUP);
    alice.expect_containing(&format!(" PRIVMSG #lobby :{} ", MESSAGES - 1));
}

#[test]
fn what_was_echoed_before_the_disk_was_full_is_stored_when_chatd_is_stopped_then() {
    let Some((daemon, disk, mut alice)) = with_a_full_disk("stopping chatd while the disk is full") else {
        return;
    };
    daemon.signal(Signal::SIGTERM);
    let log = daemon.setup().path().join("log");
    alice.expect_closed();
    let echoes = alice.seen().iter().filter(|line| line.contains(" PRIVMSG #lobby :")).count();
    assert!(echoes < MESSAGES);
    let setup = daemon.stopped();
    let told = std::fs::read_to_string(log).expect("a log");
    assert!(told.contains("chatd stops, since nothing may be shown unstored"), "{told}");
    disk.make_room();
    let daemon = setup.start();
    let deadline = Instant::now() + PATIENCE;
    while stored(&daemon) < echoes as u64 {
        assert!(Instant::now() < deadline, "{} are stored of {echoes}", stored(&daemon));
    }
}

const WAITS: &str = "chatd waits up to 60 seconds for space on the disk";

#[test]
fn start_on_a_full_disk_waits_for_space() {
    let Some(disk) = Disk::new_or_skip("a start on a full disk") else { return };
    let mut setup = Setup::new().with_state(disk.path());
    // At first there is no database, then one that was closed in order.
    for state in ["no database", "a database"] {
        disk.fill();
        let daemon = setup.spawn();
        wait_until_logged(&daemon, WAITS);
        assert!(!daemon.log().contains("backup"), "with {state}: {}", daemon.log());
        disk.make_room();
        wait_until_logged(&daemon, "started: chatd");
        daemon.client("alice");
        daemon.signal(Signal::SIGTERM);
        setup = daemon.stopped();
        std::fs::remove_file(setup.path().join("log")).expect("there is a log");
    }
}

#[test]
fn shutdown_cancels_the_wait_for_space() {
    let Some(disk) = Disk::new_or_skip("a stop while the start waits for space") else { return };
    disk.fill();
    let mut daemon = Setup::new().with_state(disk.path()).spawn();
    wait_until_logged(&daemon, WAITS);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
}
