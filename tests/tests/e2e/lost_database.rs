//! The database is deleted, moved or replaced while chatd runs, and what is left of it when chatd stops.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chat_tests::PATIENCE;
use chat_tests::daemon::{Daemon, Setup, errors, printed};
use chat_tests::irc::Irc;
use nix::sys::signal::Signal;

const CAPABILITIES: &str = "echo-message message-tags draft/message-redaction draft/chathistory batch";

fn talker(daemon: &Daemon) -> Irc {
    let mut alice = daemon.connect();
    alice.register_with("alice", CAPABILITIES);
    alice
}

/// Says something and returns the line that acknowledges it.
fn say(client: &mut Irc, text: &str) -> String {
    client.send(&format!("PRIVMSG #lobby :{text}"));
    client.expect(|line| line.ends_with(&format!(" PRIVMSG #lobby :{text}")))
}

fn wait_until(what: &str, daemon: &Daemon, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never {what}:\n{}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn exported(daemon: &Daemon) -> String {
    let output = daemon.chatctl(&["history", "export"]);
    assert!(output.status.success(), "{}", errors(&output));
    printed(&output)
}

#[test]
fn the_chat_stands_still_until_a_moved_database_is_back() {
    let daemon = Daemon::start();
    let mut alice = talker(&daemon);
    say(&mut alice, "before");
    let (file, away) = (daemon.setup().path().join("chatd.db"), daemon.setup().path().join("away"));
    fs::rename(&file, &away).expect("it can be moved");
    wait_until("noticed", &daemon, || daemon.log().contains("was moved away while it was open"));
    let status = daemon.chatctl(&["status"]);
    assert_eq!(status.status.code(), Some(3));
    assert!(errors(&status).contains("moved away"), "{}", errors(&status));
    alice.send("PRIVMSG #lobby :meanwhile");
    assert!(!file.exists(), "no other database is made");
    fs::rename(&away, &file).expect("it can be put back");
    alice.expect_containing(" PRIVMSG #lobby :meanwhile");
    let daemon = daemon.crash().start();
    assert_eq!(exported(&daemon).matches("meanwhile").count(), 1);
}

#[test]
fn a_deleted_database_is_saved_before_chatd_ends() {
    let mut daemon = Daemon::start();
    let mut alice = talker(&daemon);
    say(&mut alice, "worth keeping");
    fs::remove_file(daemon.setup().path().join("chatd.db")).expect("it is there");
    assert_eq!(daemon.wait().code(), Some(1));
    let log = daemon.log();
    let setup = daemon.stopped();
    let saved = setup.path().join("chatd.db.rescued");
    assert!(log.contains(&format!("chatd restore {}", saved.display())), "{log}");
    let refused = setup.run_to_end();
    assert!(errors(&refused).contains("put that in place: chatd restore"), "{}", errors(&refused));
    let restored = setup.command().arg("restore").arg(&saved).output().expect("chatd runs");
    assert!(restored.status.success(), "{}", errors(&restored));
    assert!(exported(&setup.start()).contains("worth keeping"));
}

#[test]
fn a_stop_while_people_talk_and_read_leaves_one_file() {
    let daemon = Daemon::configured("[limits]\nmessages-per-second = 0");
    let mut alice = talker(&daemon);
    let mut seen = 0;
    for number in 0..200 {
        alice.send(&format!("PRIVMSG #lobby :line {number}"));
        alice.send("CHATHISTORY LATEST #lobby * 100");
    }
    alice.expect_containing(" PRIVMSG #lobby :line 20");
    daemon.signal(Signal::SIGTERM);
    alice.expect_closed();
    seen += alice.seen().iter().filter(|line| !line.starts_with("@batch") && is_echo(line)).count();
    let setup = daemon.stopped();
    assert_eq!(setup.path().join("chatd.db-wal").metadata().map_or(0, |log| log.len()), 0);
    let alone = Setup::new();
    fs::copy(setup.path().join("chatd.db"), alone.path().join("chatd.db")).expect("it can be copied");
    let stored = exported(&alone.start()).matches("\"line ").count();
    assert!(stored >= seen && seen > 0, "{stored} are stored of {seen}");
}

fn is_echo(line: &str) -> bool {
    line.contains(" PRIVMSG #lobby :line ") && !line.contains("batch=")
}

#[test]
fn words_taken_back_before_a_stop_are_nowhere_in_the_files() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let daemon = Daemon::start();
        let mut alice = talker(&daemon);
        let echo = say(&mut alice, "hushhushword");
        let id = echo.split("msgid=").nth(1).and_then(|rest| rest.split([';', ' ']).next()).expect("an id");
        alice.send("CHATHISTORY LATEST #lobby * 10");
        alice.send(&format!("REDACT #lobby {id} :a slip"));
        alice.expect(|line| line.contains(" REDACT #lobby "));
        daemon.signal(signal);
        let setup = daemon.stopped();
        let setup = if signal == Signal::SIGKILL { setup.start().crash() } else { setup };
        assert!(!is_in_files(setup.path(), "hushhushword"), "after {signal}");
    }
}

fn is_in_files(directory: &Path, word: &str) -> bool {
    let files = fs::read_dir(directory).expect("a directory").flatten();
    let databases = files.filter(|file| file.file_name().to_string_lossy().starts_with("chatd.db"));
    let mut contents = databases.map(|file| fs::read(file.path()).expect("a file"));
    contents.any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}
