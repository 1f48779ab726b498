//! chat without a terminal: for pipes and scripts.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use chat_tests::daemon::{Daemon, errors, printed};

#[test]
fn send_succeeds_only_when_the_message_is_there() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let sent = daemon
        .chat(&["--name", "alice", "send", "--to", "bob", "from a script"])
        .output()
        .expect("chat runs");
    assert!(sent.status.success(), "{}", errors(&sent));
    bob.expect_containing(":from a script");
    let lost =
        daemon.chat(&["--name", "alice", "send", "--to", "nosuchname", "lost"]).output().expect("chat runs");
    assert_eq!(lost.status.code(), Some(1), "{}", errors(&lost));
    assert!(errors(&lost).contains("nosuchname"), "{}", errors(&lost));
}

#[test]
fn send_and_list_are_seen_by_nobody_but_for_what_is_said() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let run = |arguments: &[&str]| daemon.chat(arguments).output().expect("chat runs");
    for arguments in [["--name", "alice", "send", "done"].as_slice(), &["--name", "alice", "list"]] {
        let output = run(arguments);
        assert!(output.status.success(), "{}", errors(&output));
    }
    let heard: Vec<String> = bob.sync().into_iter().filter(|line| line.contains("alice")).collect();
    assert!(matches!(&heard[..], [said] if said.ends_with("PRIVMSG #lobby :done")), "{heard:?}");
}

#[test]
fn send_makes_no_channel_and_stays_in_none() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let run = |arguments: &[&str]| daemon.chat(arguments).output().expect("chat runs");
    let typo = run(&["--name", "alice", "send", "--to", "#typo", "hello?"]);
    assert_eq!(typo.status.code(), Some(1));
    assert!(errors(&typo).contains("there is no channel #typo"), "{}", errors(&typo));
    bob.send("JOIN #room");
    bob.sync();
    let sent = run(&["--name", "alice", "send", "--to", "#room", "hello"]);
    assert!(sent.status.success(), "{}", errors(&sent));
    bob.expect_containing("PRIVMSG #room :hello");
    bob.expect(|line| line.contains("alice") && line.contains("PART #room"));
    bob.send("LIST");
    let channels = bob.sync();
    assert!(!channels.iter().any(|line| line.contains("#typo")), "{channels:?}");
}

#[test]
fn send_reads_standard_input() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let mut command = daemon.chat(&["--name", "alice", "send", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("chat runs");
    child.stdin.take().expect("a pipe").write_all(b"first\nsecond\n").expect("chat reads");
    assert!(child.wait().expect("chat ends").success());
    bob.expect_containing(":first");
    bob.expect_containing("second");
}

#[test]
fn list_is_readable_by_people_and_by_programs() {
    let daemon = Daemon::start();
    let _bob = daemon.client("bob");
    let plain = daemon.chat(&["--name", "alice", "list"]).output().expect("chat runs");
    assert!(printed(&plain).contains("bob"), "{}", printed(&plain));
    let json = daemon.chat(&["--name", "alice", "--json", "list"]).output().expect("chat runs");
    let users: Vec<serde_json::Value> =
        printed(&json).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(users.iter().any(|user| user.to_string().contains("\"bob\"")), "{users:?}");
}

#[test]
fn tail_prints_what_is_said_until_the_pipe_is_closed() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let mut command = daemon.chat(&["--name", "watcher", "tail"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("chat runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    bob.expect_containing("watcher");
    bob.send("PRIVMSG #lobby :overheard");
    let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("overheard")));
    assert!(line.is_some());
    drop(lines);
    bob.send("PRIVMSG #lobby :into a closed pipe");
    bob.expect(|line| line.contains("watcher") && (line.contains("QUIT") || line.contains("PART")));
    assert!(child.wait().expect("chat ends").success());
}

#[test]
fn a_pipe_gets_plain_text() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let mut command = daemon.chat(&["--name", "alice"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("chat runs");
    bob.expect_containing("alice");
    bob.send("PRIVMSG #lobby :plainly");
    bob.sync();
    child.stdin.take().expect("a pipe").write_all(b"said through a pipe\n<quit>\n").expect("chat reads");
    bob.expect_containing(":said through a pipe");
    let output = child.wait_with_output().expect("chat ends");
    assert!(output.status.success());
    assert!(printed(&output).contains("bob: plainly"), "{}", printed(&output));
    assert!(!output.stdout.contains(&0x1b), "{}", printed(&output));
}

#[test]
fn without_chatd_the_status_is_three() {
    let daemon = Daemon::start();
    let place = daemon.crash();
    let socket = format!("unix:{}", place.socket().display());
    let output = std::process::Command::new(chat_tests::daemon::program("chat"))
        .args(["--server", &socket, "list"])
        .output()
        .expect("chat runs");
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert_eq!(errors(&output).trim().lines().count(), 1);
}
