//! What comes on standard input is said as it comes: `tail -f LOG | chat send -`.

use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};

use chat_tests::daemon::{Daemon, errors, printed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const LINES: usize = 10_000;

/// `chat send -` as a guest, and its standard input.
fn follower(daemon: &Daemon, arguments: &[&str]) -> (Child, ChildStdin) {
    let mut command = daemon.chat(&[&["--name", "logger", "send"], arguments, &["-"]].concat());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("chat runs");
    let stdin = child.stdin.take().expect("a pipe");
    (child, stdin)
}

fn succeed(child: Child) {
    let output = child.wait_with_output().expect("chat ends");
    assert!(output.status.success(), "{}: {}", output.status, errors(&output));
    assert_eq!(errors(&output), "");
}

/// What is stored of the lobby, line by line.
fn stored(daemon: &Daemon) -> Vec<String> {
    let export = daemon.chatctl(&["history", "export", "--channel", "#lobby"]);
    assert!(export.status.success(), "{}", errors(&export));
    let entries = printed(&export);
    let entries = entries.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let texts = entries.filter_map(|entry: serde_json::Value| Some(entry.get("text")?.as_str()?.to_owned()));
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn a_flood_is_stored_once_and_in_order_whatever_happens_to_chatd() {
    let limits = "[limits]\nmessages-per-second = 3000\nburst = 300\nwork-per-second = 0";
    let daemon = Daemon::configured(limits);
    let mut bob = daemon.client("bob");
    let (child, mut stdin) = follower(&daemon, &["--to", "#lobby"]);
    let lines: Vec<String> = (1..=LINES).map(|number| format!("line {number} of the log")).collect();
    let flood = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(flood.as_bytes()));
    bob.expect_containing(":line 2000 of");
    let daemon = daemon.crash().start();
    let mut bob = daemon.client("bob");
    bob.expect_containing(&format!(":line {LINES} of"));
    writer.join().expect("no panic").expect("chat reads to the end");
    succeed(child);
    assert_eq!(stored(&daemon), lines);
    bob.sync();
}

#[test]
fn lines_are_said_as_they_come_and_over_a_restart_and_a_signal_ends_it_in_order() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let (child, mut stdin) = follower(&daemon, &["--wait", "1m"]);
    writeln!(stdin, "the first").expect("chat reads");
    bob.expect_containing("PRIVMSG #lobby :the first");
    daemon.signal(Signal::SIGTERM);
    let daemon = daemon.stopped().start();
    let mut bob = daemon.client("bob");
    writeln!(stdin, "the second").expect("chat reads");
    bob.expect_containing("PRIVMSG #lobby :the second");
    write!(stdin, "without an end").expect("chat reads");
    // It has read that once it says what comes with it.
    write!(stdin, " yet\nthe last, half").expect("chat reads");
    bob.expect_containing("PRIVMSG #lobby :without an end yet");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    kill(pid, Signal::SIGTERM).expect("chat is running");
    bob.expect_containing("PRIVMSG #lobby :the last, half");
    succeed(child);
    drop(stdin);
}

#[test]
fn a_channel_that_takes_nothing_from_outside_is_entered_until_the_end() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    bob.send("JOIN #ops\r\nMODE #ops +n");
    bob.sync();
    let (child, mut stdin) = follower(&daemon, &["--to", "#ops"]);
    for line in ["one", "two"] {
        writeln!(stdin, "{line}").expect("chat reads");
        bob.expect_containing(&format!("PRIVMSG #ops :{line}"));
    }
    drop(stdin);
    bob.expect(|line| line.contains("logger") && line.contains("PART #ops"));
    succeed(child);
    let coming_and_going =
        bob.seen().iter().filter(|line| line.contains(":logger!") && line.contains("JOIN"));
    assert_eq!(coming_and_going.count(), 1);
}

#[test]
fn what_is_refused_ends_it_and_says_how_far_it_went() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    bob.send("JOIN #ops");
    bob.sync();
    let (child, mut stdin) = follower(&daemon, &["--to", "#ops"]);
    writeln!(stdin, "heard").expect("chat reads");
    bob.expect_containing("PRIVMSG #ops :heard");
    bob.send("MODE #ops +m");
    bob.sync();
    writeln!(stdin, "unheard").expect("chat reads");
    let output = child.wait_with_output().expect("chat ends");
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let said = errors(&output);
    assert!(said.contains("#ops: ") && said.ends_with("; 1 line before it is stored\n"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn what_cannot_go_as_it_is_goes_in_part_and_the_status_tells() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    let (child, mut stdin) = follower(&daemon, &[]);
    let writer = std::thread::spawn(move || {
        stdin.write_all(&vec![b'x'; 300_000])?;
        stdin.write_all(b"\nnul\0 and gr\xfcn\n\x01VERSION\x01\n")
    });
    bob.expect_containing("[cut]");
    bob.expect_containing("nul␀ and gr\u{fffd}n");
    bob.expect_containing(":␁VERSION␁");
    writer.join().expect("no panic").expect("chat reads to the end");
    let output = child.wait_with_output().expect("chat ends");
    assert_eq!(output.status.code(), Some(5), "{}", errors(&output));
    let said = errors(&output);
    assert!(said.contains("line 1 is longer than 16"), "{said}");
    assert!(said.contains("chat: all was stored, but 1 line was cut, 1 line was not UTF-8"), "{said}");
    let bytes: usize = stored(&daemon).iter().map(String::len).sum();
    assert!(bytes < 17_000, "{bytes}");
}

#[test]
fn nothing_on_standard_input_is_no_failure_but_no_words_at_all_are() {
    let daemon = Daemon::start();
    for (arguments, status) in [(&["send", "-"][..], 0), (&["send"], 2)] {
        let output = daemon.chat(arguments).stdin(Stdio::null()).output().expect("chat runs");
        assert_eq!(output.status.code(), Some(status), "{}", errors(&output));
    }
}
