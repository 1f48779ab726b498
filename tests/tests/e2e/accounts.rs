//! What administrators do with accounts and bans, and what those who come in notice of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use chat_tests::daemon::{Daemon, errors, printed};
use chat_tests::irc::Irc;
use chat_tests::terminal::Terminal;
use serde_json::Value;

const PASSWORD: &str = "correct horse";
/// `carol` and that password, as SASL PLAIN wants them.
const PLAIN: &str = "AGNhcm9sAGNvcnJlY3QgaG9yc2U=";
const WRONG: &str = "AGNhcm9sAHdyb25n";

fn succeed(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.chatctl(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    printed(&output)
}

fn refused(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.chatctl(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", printed(&output));
    errors(&output)
}

/// With the password on standard input.
fn with_password(daemon: &Daemon, arguments: &[&str], input: &str) -> Output {
    let mut command = daemon.chatctl_command(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("chatctl runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("chatctl reads");
    child.wait_with_output().expect("chatctl ends")
}

fn add_carol(daemon: &Daemon) {
    let added = with_password(daemon, &["account", "add", "carol"], &format!("{PASSWORD}\nand no more\n"));
    assert!(added.status.success(), "{}", errors(&added));
    assert_eq!(printed(&added), "made the account carol\n");
}

/// Tries to log in over TCP, and returns the numeric of the outcome.
fn log_in(daemon: &Daemon, response: &str) -> (Irc, String) {
    let mut carol = daemon.connect_tcp();
    carol.send("CAP REQ :sasl\r\nNICK carol\r\nUSER carol 0 * :Carol\r\nAUTHENTICATE PLAIN");
    carol.expect_containing("AUTHENTICATE +");
    carol.send(&format!("AUTHENTICATE {response}"));
    let outcome = carol.expect(|line| [" 903 ", " 904 "].iter().any(|numeric| line.contains(numeric)));
    let numeric = outcome.split(' ').nth(1).unwrap_or_default().to_owned();
    (carol, numeric)
}

fn arrive(carol: &mut Irc) {
    carol.send("CAP END");
    carol.expect_containing(" 422 ");
}

#[test]
fn an_account_that_was_made_can_be_logged_in_to_until_it_is_suspended() {
    let daemon = Daemon::start();
    add_carol(&daemon);
    assert!(refused(&daemon, &["account", "add", "Carol", "--generate"]).contains("account password"));
    assert_eq!(log_in(&daemon, WRONG).1, "904");
    let (mut carol, outcome) = log_in(&daemon, PLAIN);
    assert_eq!(outcome, "903");
    arrive(&mut carol);
    let listed = succeed(&daemon, &["account"]);
    assert!(listed.contains("carol") && listed.contains("password"), "{listed}");

    let suspended = succeed(&daemon, &["account", "suspend", "carol", "--reason", "on", "holiday"]);
    assert_eq!(suspended, "suspended carol, 1 session ended\n");
    let last = carol.expect_closed();
    assert!(last.iter().any(|line| line.contains("on holiday")), "{last:?}");
    assert_eq!(log_in(&daemon, PLAIN).1, "904");
    assert!(succeed(&daemon, &["account", "list"]).contains("on holiday"));

    succeed(&daemon, &["account", "resume", "carol"]);
    assert!(refused(&daemon, &["account", "resume", "carol"]).contains("not suspended"));
    assert_eq!(log_in(&daemon, PLAIN).1, "903");
    succeed(&daemon, &["account", "remove", "carol"]);
    assert_eq!(log_in(&daemon, PLAIN).1, "904");
    assert!(refused(&daemon, &["account", "password", "carol", "--generate"]).contains("no account"));
}

#[test]
fn who_has_forgotten_the_password_is_given_another() {
    let daemon = Daemon::start();
    let made = succeed(&daemon, &["--json", "account", "add", "carol", "--generate"]);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    assert_eq!(made["password"].as_str().map(str::len), Some(19));
    assert_eq!(log_in(&daemon, PLAIN).1, "904");
    let set = with_password(&daemon, &["account", "password", "carol"], PASSWORD);
    assert!(set.status.success(), "{}", errors(&set));
    assert_eq!(log_in(&daemon, PLAIN).1, "903");
}

#[test]
fn passwords_that_cannot_be_used_are_refused_in_one_line() {
    let daemon = Daemon::start();
    let (long, endless) = ("x".repeat(1000), "x".repeat(100_000));
    for input in ["", "\n", "tab\there\n", long.as_str(), endless.as_str()] {
        let mut command = daemon.chatctl_command(&["account", "add", "carol"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("chatctl runs");
        // It needn't read all of one that has no end.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("chatctl ends");
        assert_eq!((output.status.code(), output.status.signal()), (Some(1), None));
        let said = errors(&output);
        assert!(said.contains("password") && said.lines().count() == 1, "{said}");
    }
    // Nor is a password asked for that nobody can have.
    assert!(refused(&daemon, &["account", "add", "bad name"]).contains("bad name"));
    assert!(succeed(&daemon, &["account"]).contains("no accounts"));
}

#[test]
fn the_password_is_nowhere_but_where_it_belongs() {
    let daemon = Daemon::configured("[log]\nlevel = \"trace\"");
    let (seen, watch) = watching(&daemon);
    let mut child = daemon
        .chatctl_command(&["--json", "account", "add", "carol"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("chatctl runs");
    let arguments = std::fs::read(format!("/proc/{}/cmdline", child.id())).expect("it runs");
    child.stdin.take().expect("a pipe").write_all(PASSWORD.as_bytes()).expect("chatctl reads");
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("output");
    assert!(child.wait().expect("chatctl ends").success());
    let told = until(&seen, "AddAccount");
    drop(watch);
    let log = daemon.log();
    assert!(log.contains("AddAccount") && log.contains("carol"), "{log}");
    for text in [&log, &told, &printed, &String::from_utf8_lossy(&arguments).into_owned()] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn at_a_terminal_the_password_is_asked_for_twice_and_not_shown() {
    let daemon = Daemon::start();
    let mut terminal = Terminal::run(&daemon.chatctl_command(&["account", "add", "carol"]), 40, 120);
    terminal.wait_for_text("new password of carol:");
    terminal.line("correct hoX\u{7f}rse");
    terminal.wait_for_text("the same again:");
    terminal.line(PASSWORD);
    terminal.wait_for_text("made the account carol");
    assert_eq!(terminal.wait(), 0);
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("hor"));
    assert_eq!(log_in(&daemon, PLAIN).1, "903");
}

#[test]
fn the_console_asks_too_keeps_no_password_and_gives_up_at_ctrl_c() {
    let daemon = Daemon::start();
    let mut console = Terminal::run(&daemon.chatctl_command(&[]), 40, 120);
    console.wait_for_text("chatctl>");
    console.line("account add carol");
    console.wait_for_text("new password of carol:");
    console.keys("corr\u{3}");
    console.wait_for(|screen| screen.trim_end().ends_with("chatctl>"));
    console.line("account add dave");
    console.wait_for_text("new password of dave:");
    console.line(PASSWORD);
    console.wait_for_text("the same again:");
    console.line("another");
    console.wait_for_text("the passwords differ");
    console.line("account add carol");
    console.wait_for(|screen| screen.matches("new password of carol:").count() == 2);
    console.line(PASSWORD);
    console.wait_for(|screen| screen.matches("the same again:").count() == 2);
    console.line(PASSWORD);
    console.wait_for_text("made the account carol");
    console.line("exit");
    assert_eq!(console.wait(), 0);
    let raw = String::from_utf8_lossy(&console.raw()).into_owned();
    let history = std::fs::read_to_string(daemon.setup().path().join("chatctl/history")).expect("a history");
    assert!(history.contains("account add carol"), "{history}");
    assert!(!history.contains("horse") && !raw.contains("horse"), "{history}{raw}");
    assert!(!succeed(&daemon, &["account"]).contains("dave"));
}

/// Comes in over TCP by a nick; `None` if that is refused.
fn guest(daemon: &Daemon, nick: &str) -> Option<Irc> {
    let mut guest = daemon.connect_tcp();
    // Who is banned may be gone before all is said.
    let _ = guest.try_send_bytes(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n").as_bytes());
    let words = ["ERROR", " 432 ", " 465 ", " 422 "];
    let line = guest.expect(|line| words.iter().any(|word| line.contains(word)));
    line.contains(" 422 ").then_some(guest)
}

#[test]
fn bans_keep_out_by_name_mask_address_and_prefix_until_they_are_lifted() {
    let daemon = Daemon::start();
    for target in ["bob", "bob!*@*", "127.0.0.1", "127.0.0.0/8"] {
        let mut bob = guest(&daemon, "bob").expect("nobody is banned");
        let banned = succeed(&daemon, &["ban", target, "--reason", "too", "loud"]);
        assert!(banned.contains("for ever; 1 session ended"), "{banned}");
        let last = bob.expect_closed();
        assert!(last.iter().any(|line| line.contains("too loud")), "{target}: {last:?}");
        assert!(guest(&daemon, "bob").is_none(), "{target}");
        let bans = succeed(&daemon, &["bans"]);
        assert!(bans.contains(target) && bans.contains("too loud"), "{bans}");
        succeed(&daemon, &["unban", target]);
        assert!(refused(&daemon, &["unban", target]).contains("see `bans`"));
    }
    assert_eq!(succeed(&daemon, &["bans"]), "nobody is banned\n");
    assert!(refused(&daemon, &["ban", "300.1.2.3/99"]).contains("cannot be banned"));
}

#[test]
fn accounts_and_bans_outlive_a_crash() {
    let daemon = Daemon::start();
    add_carol(&daemon);
    succeed(&daemon, &["account", "add", "dave", "--generate"]);
    succeed(&daemon, &["account", "suspend", "dave"]);
    succeed(&daemon, &["ban", "bob"]);
    succeed(&daemon, &["ban", "192.0.2.0/24", "--for", "7d"]);
    let listed = |daemon: &Daemon| ["account", "bans"].map(|what| succeed(daemon, &["--json", what]));
    let before = listed(&daemon);
    let daemon = daemon.crash().start();
    assert_eq!(listed(&daemon), before);
    assert!(guest(&daemon, "bob").is_none());
    assert_eq!(log_in(&daemon, PLAIN).1, "903");
}

#[test]
fn who_is_kicked_with_a_ban_stays_out_until_it_is_over() {
    let daemon = Daemon::start();
    let (seen, _watch) = watching(&daemon);
    let mut bob = guest(&daemon, "bob").expect("nobody is banned");
    let kicked = succeed(&daemon, &["kick", "bob", "--ban", "2s", "--reason", "too loud"]);
    assert!(kicked.starts_with("kicked bob, 1 session, banned until "), "{kicked}");
    bob.expect_closed();
    assert!(guest(&daemon, "bob").is_none());
    until(&seen, "unbanned");
    assert!(guest(&daemon, "bob").is_some());
    assert_eq!(succeed(&daemon, &["bans"]), "nobody is banned\n");
}

/// A watch that is killed when it is dropped.
struct Watch(std::process::Child);

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `chatctl --json watch` prints, from when it has begun.
fn watching(daemon: &Daemon) -> (mpsc::Receiver<String>, Watch) {
    let mut command: Command = daemon.chatctl_command(&["--json", "watch"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("chatctl runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    super::administration::with_visitors(daemon, || stdout.read_line(&mut String::new()).expect("a line"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    (lines, Watch(child))
}

/// All lines up to one with a word in it.
fn until(lines: &mpsc::Receiver<String>, word: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(word) {
        seen += &lines.recv_timeout(chat_tests::PATIENCE).unwrap_or_else(|_| panic!("no {word}: {seen}"));
        seen.push('\n');
    }
    seen
}
