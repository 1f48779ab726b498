//! Whatever others write does nothing to the terminals of chat and chatctl.

use chat_tests::daemon::{Daemon, printed};
use chat_tests::irc::Irc;
use chat_tests::terminal::Terminal;

/// Clears the screen, sets the title, asks the terminal, turns the text around, hides, stacks.
const NASTY: &[&str] = &[
    "\u{1b}[2J\u{1b}[Hgone",
    "\u{1b}]0;owned\u{7}title",
    "\u{1b}[6n\u{1b}[cquery",
    "\u{9b}31mc1",
    "\u{202e}desrever\u{202c}",
    "\u{2066}isolated\u{2069}",
    "zero\u{200b}width\u{feff}",
    "\u{e0041}\u{e0042}tags",
    "line\u{2028}break\u{85}",
    "\u{8}\u{8}\u{8}\u{8}back",
    "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}\u{30d}\u{30e}stack",
];

/// Characters that must never reach a terminal out of somebody else's text.
fn is_harmful(character: char) -> bool {
    matches!(character,
        '\u{200b}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
        | '\u{80}'..='\u{9f}' | '\u{e0000}'..='\u{e007f}' | '\u{8}')
}

fn assert_harmless(raw: &[u8]) {
    let text = String::from_utf8(raw.to_vec()).expect("UTF-8");
    let found: Vec<_> = text.chars().filter(|character| is_harmful(*character)).collect();
    assert!(found.is_empty(), "{found:?} in {text:?}");
    for sequence in ["\u{1b}[2J", "\u{1b}]0;", "\u{1b}[6n\u{1b}[c"] {
        assert!(!text.contains(sequence), "{sequence:?} in {text:?}");
    }
    let stacked = "\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}";
    assert!(!text.contains(stacked), "combining characters are stacked in {text:?}");
}

/// One attack in every field that a user can fill.
fn attack(mallory: &mut Irc, nasty: &str) {
    mallory.send(&format!("PRIVMSG #lobby :said {nasty}"));
    mallory.send(&format!("PRIVMSG #lobby :\u{1}ACTION does {nasty}\u{1}"));
    mallory.send(&format!("PRIVMSG alice :whispers {nasty}"));
    mallory.send(&format!("NOTICE alice :notes {nasty}"));
    mallory.send(&format!("AWAY :away {nasty}"));
    mallory.send(&format!("SETNAME :real {nasty}"));
    mallory.send("JOIN #x\u{202e}y\u{1b}[2J");
    mallory.send(&format!("NICK m{nasty}"));
    mallory.send(&format!("INVITE alice #corner{nasty}"));
    mallory.send("AWAY");
    mallory.sync();
}

#[test]
fn nothing_that_others_write_acts_on_the_terminal_of_chat() {
    let daemon = Daemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    let mut operator = daemon.client("op");
    operator.send("MODE #lobby -t");
    operator.sync();
    let mut alice = Terminal::run(&daemon.chat(&["--name", "alice", "--no-color"]), 400, 120);
    alice.wait_for_text("You are alice");
    let before = alice.raw().len();
    for nasty in NASTY {
        let mut mallory = daemon.client("mallory");
        attack(&mut mallory, nasty);
        operator.send(&format!("TOPIC #lobby :topic {nasty}"));
        operator.sync();
        alice.line("<private> mallory are you away");
        mallory.expect_containing("are you away");
        mallory.send(&format!("QUIT :quit {nasty}"));
        mallory.expect_closed();
    }
    alice.line("<list>");
    alice.line("<channels>");
    alice.line("<topic>");
    operator.send("PRIVMSG #lobby :the end of it");
    alice.wait_for_text("the end of it");
    let raw = alice.raw();
    let seen = String::from_utf8_lossy(&raw);
    assert!(seen.matches("mallory").count() >= NASTY.len(), "{seen}");
    assert_harmless(&raw[before..]);
}

#[test]
fn nothing_that_others_write_acts_on_the_terminal_of_chatctl() {
    let daemon = Daemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    for nasty in NASTY {
        let mut mallory = daemon.client("mallory");
        attack(&mut mallory, nasty);
        mallory.send(&format!("JOIN #corner\r\nTOPIC #corner :topic {nasty}\r\nAWAY :away {nasty}"));
        mallory.sync();
        for arguments in [&["list"][..], &["show", "mallory"], &["channels"]] {
            let mut console = Terminal::run(&daemon.chatctl_command(arguments), 60, 160);
            let status = console.wait();
            let raw = console.raw();
            assert_eq!(status, 0, "{}", String::from_utf8_lossy(&raw));
            assert!(!raw.is_empty());
            assert_harmless(&raw);
        }
        mallory.send("QUIT");
        mallory.expect_closed();
    }
}

#[test]
fn an_error_repeats_a_bad_argument_harmlessly() {
    let daemon = Daemon::start();
    for nasty in NASTY {
        let mut console = Terminal::run(&daemon.chatctl_command(&["kick", nasty]), 24, 100);
        assert_ne!(console.wait(), 0);
        assert_harmless(&console.raw());
    }
    assert!(printed(&daemon.chatctl(&["status"])).contains('0'));
}
