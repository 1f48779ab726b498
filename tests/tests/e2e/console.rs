//! The console of chatctl, at a terminal.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chat_tests::daemon::Daemon;
use chat_tests::terminal::Terminal;
use nix::sys::signal::Signal;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

fn console(daemon: &Daemon) -> Terminal {
    let console = Terminal::run(&daemon.chatctl_command(&[]), 40, 120);
    console.wait_for_text("chatctl>");
    console
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn pasted_lines_run_one_after_the_other() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    let mut console = console(&daemon);
    console.keys("\x1b[200~announce first\nfrob\nannounce second\n\x1b[201~");
    console.line("");
    alice.expect_containing("first");
    alice.expect_containing("second");
    console.wait_for_text("there is no command frob");
}

#[test]
fn ctrl_c_ends_a_watch_and_clears_a_line_and_ctrl_d_leaves() {
    let daemon = Daemon::start();
    let mut console = console(&daemon);
    console.line("watch");
    super::administration::with_visitors(&daemon, || console.wait_for_text("visitor"));
    console.keys(CTRL_C);
    console.wait_for(|screen| screen.trim_end().ends_with("chatctl>"));
    console.keys("kick alice");
    console.wait_for_text("kick alice");
    console.keys(CTRL_C);
    console.wait_for(|screen| screen.trim_end().ends_with("chatctl>"));
    console.line("status");
    console.wait_for(|screen| screen.contains("uptime") && screen.trim_end().ends_with("chatctl>"));
    console.keys(CTRL_D);
    assert_eq!(console.wait(), 0);
}

#[test]
fn a_restart_is_survived_and_told() {
    let daemon = Daemon::start();
    let mut console = console(&daemon);
    console.line("status");
    console.wait_for_text("uptime");
    let place = daemon.crash();
    console.line("list");
    console.wait_for_text("chatd is not running");
    let _daemon = place.start();
    console.line("list");
    console.wait_for_text("was started anew");
    console.wait_for_text("nobody is on");
}

#[test]
fn tab_gives_up_on_a_chatd_that_hangs() {
    let daemon = Daemon::start();
    let mut console = console(&daemon);
    daemon.signal(Signal::SIGSTOP);
    console.keys("kick al\tice");
    console.wait_for_text("kick alice");
    daemon.signal(Signal::SIGCONT);
}

#[test]
fn the_history_is_its_owners_and_holds_no_secret() {
    let daemon = Daemon::start();
    let mut console = console(&daemon);
    console.line("version");
    console.line("call Nothing '{\"password\":\"hunter2\"}'");
    console.line(" log info");
    console.line("exit");
    assert_eq!(console.wait(), 0);
    let directory = daemon.setup().path().join("chatctl");
    let history = directory.join("history");
    let kept = std::fs::read_to_string(&history).expect("a history");
    assert!(kept.contains("version") && kept.contains("exit"), "{kept}");
    assert!(!kept.contains("hunter2") && !kept.contains("log info"), "{kept}");
    assert_eq!((mode(&directory), mode(&history)), (0o700, 0o600));
}

#[test]
fn irreversible_commands_ask_and_take_no_abbreviation() {
    let mut daemon = Daemon::start();
    let _alice = daemon.client("alice");
    let mut console = console(&daemon);
    console.line("shu");
    console.wait_for_text("shutdown cannot be undone and takes no abbreviation");
    for (command, question) in [
        ("shutdown", "stop chatd now? 1 user is connected"),
        ("account remove carol", "remove the account carol"),
        ("redact ml29f9c0-7k", "remove the words of the message ml29f9c0-7k"),
        ("ban *!*@192.0.2.*", "ban '*!*@192.0.2.*' and disconnect"),
        ("account password carol --generate", "replace the password of carol?"),
        ("call Shutdown", "call org.chatd.Admin.Shutdown?"),
    ] {
        console.line("clear");
        console.wait_for(|screen| screen.trim() == "chatctl>");
        console.line(command);
        console.wait_for_text(question);
        console.line("no");
        console.wait_for(|screen| {
            screen.contains("nothing was changed") && screen.trim_end().ends_with("chatctl>")
        });
    }
    daemon.assert_running();
    console.line("shutdown");
    console.wait_for_text("(yes/no)");
    console.line("yes");
    console.wait_for_text("chatd is stopping");
    assert!(daemon.wait().success());
}

#[test]
fn single_command_asks_on_a_terminal_unless_told_not_to() {
    let mut daemon = Daemon::start();
    let mut asked = Terminal::run(&daemon.chatctl_command(&["shutdown"]), 24, 120);
    asked.wait_for_text("stop chatd now?");
    asked.line("n");
    assert_eq!(asked.wait(), 1);
    daemon.assert_running();
    let mut told = Terminal::run(&daemon.chatctl_command(&["shutdown", "--yes"]), 24, 120);
    assert_eq!(told.wait(), 0);
    assert!(daemon.wait().success());
}
