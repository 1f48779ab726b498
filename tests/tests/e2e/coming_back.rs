//! Accounts as people meet them: made in `chat`, come back to from elsewhere, and never a password to be seen.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use chat_tests::daemon::{Daemon, errors, free_address, printed, program};
use chat_tests::terminal::Terminal;

const PASSWORD: &str = "correct horse";

/// `chat` from elsewhere, as far as loopback is elsewhere.
fn remote(daemon: &Daemon, address: SocketAddr, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("chat"));
    command.arg("--server").arg(address.to_string()).arg("--insecure-plain").args(arguments);
    let home = daemon.setup().path();
    command.env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home).stdin(Stdio::null());
    command
}

fn sit_down(daemon: &Daemon, name: &str) -> Terminal {
    Terminal::run(&remote(daemon, daemon.setup().address, &["--name", name]), 24, 80)
}

/// Makes the account of a guest who is in.
fn register(terminal: &mut Terminal) {
    terminal.wait_for_text("#lobby>");
    terminal.line("<register>");
    for question in ["Password for the new account:", "The same once more:"] {
        terminal.wait_for_text(question);
        terminal.line(PASSWORD);
    }
    terminal.wait_for_text("is yours. From elsewhere:");
}

fn leave(mut terminal: Terminal) -> Vec<u8> {
    terminal.wait_for(|screen| screen.trim_end().ends_with('>'));
    terminal.line("<quit>");
    assert_eq!(terminal.wait(), 0);
    terminal.raw()
}

fn shows(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn who_registers_comes_back_with_the_password_and_nobody_ever_sees_it() {
    let daemon = Daemon::start();
    let mut first = sit_down(&daemon, "anna");
    register(&mut first);
    let mut raw = leave(first);

    let mut again = sit_down(&daemon, "anna");
    again.wait_for_text("anna is an account");
    again.wait_for_text("Password of anna:");
    again.line("incorrect horse");
    again.wait_for_text("wrong password");
    again.line(PASSWORD);
    again.wait_for_text("You are logged in as anna.");
    again.wait_for_text("#lobby>");
    again.line("<list>");
    let screen = again.wait_for_text("user on");
    assert!(!screen.contains("guest"), "{screen}");
    raw.extend(leave(again));

    let history = std::fs::read(daemon.setup().path().join("chat/history")).expect("a history");
    assert!(shows(&history, "<register>"));
    for secret in ["horse", "incorrect"] {
        assert!(!shows(&raw, secret) && !shows(&history, secret) && !daemon.log().contains(secret));
    }
}

#[test]
fn three_wrong_passwords_are_enough() {
    let daemon = Daemon::start();
    let mut first = sit_down(&daemon, "anna");
    register(&mut first);
    let mut other = sit_down(&daemon, "anna");
    for count in 0..3 {
        other.wait_for(|screen| {
            screen.matches("wrong password").count() == count && screen.contains("Password of anna:")
        });
        other.line("guess");
    }
    assert_eq!(other.wait(), 1);
    assert!(other.screen().contains("chat: wrong password of anna, 3 times"), "{}", other.screen());
}

#[test]
fn ctrl_c_at_the_password_leaves() {
    let daemon = Daemon::start();
    let mut first = sit_down(&daemon, "anna");
    register(&mut first);
    let mut other = sit_down(&daemon, "anna");
    other.wait_for_text("Password of anna:");
    other.keys("half\x03");
    assert_eq!(other.wait(), 1);
    assert!(other.screen().contains("chat: not logged in"), "{}", other.screen());
}

#[test]
fn a_login_sets_a_password_and_comes_from_elsewhere_with_it_even_after_a_crash() {
    let daemon = Daemon::start();
    let mut local = Terminal::run(&daemon.chat(&[]), 24, 80);
    local.wait_for_text("#lobby>");
    local.line("<register>");
    local.wait_for_text("your login is your account here");
    local.line("<password>");
    for question in ["New password:", "The same once more:"] {
        local.wait_for_text(question);
        local.line(PASSWORD);
    }
    local.wait_for_text("is set.");
    leave(local);

    let login = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap().unwrap().name;
    let mut remote = sit_down(&daemon, &login);
    remote.wait_for_text(&format!("Password of {login}:"));
    remote.line(PASSWORD);
    remote.wait_for_text(&format!("You are logged in as {login}."));
    remote.wait_for_text("#lobby>");
    let daemon = daemon.crash().start();
    remote.wait_for_text(&format!("connected again as {login}"));
    let list = daemon.chatctl(&["list", "--json"]);
    assert!(printed(&list).contains(&format!("\"account\":\"{login}\"")), "{}", printed(&list));
}

#[test]
fn an_old_password_with_blanks_can_be_changed() {
    let daemon = Daemon::start();
    let mut anna = sit_down(&daemon, "anna");
    register(&mut anna);
    anna.line("<password>");
    for (question, answer) in [
        ("Password until now:", PASSWORD),
        ("New password:", "battery staple"),
        ("The same once more:", "battery staple"),
    ] {
        anna.wait_for_text(question);
        anna.line(answer);
    }
    anna.wait_for_text("The password of anna is set.");
    leave(anna);
    let mut again = sit_down(&daemon, "anna");
    again.wait_for_text("Password of anna:");
    again.line("battery staple");
    again.wait_for_text("You are logged in as anna.");
}

#[test]
fn a_password_typed_into_the_line_is_not_taken_and_not_kept() {
    let daemon = Daemon::start();
    let mut anna = sit_down(&daemon, "anna");
    anna.wait_for_text("#lobby>");
    for line in ["<register> hunter2hunter2", "/password hunter2hunter2", "<pasword> hunter2hunter2"] {
        anna.line(line);
    }
    anna.wait_for_text("did you mean <password>?");
    let screen = anna.wait_for(|screen| screen.trim_end().ends_with("#lobby>"));
    assert!(screen.contains("wasn't taken as a password") && !screen.contains("hunter2"), "{screen}");
    leave(anna);
    let history = std::fs::read_to_string(daemon.setup().path().join("chat/history")).expect("a history");
    assert!(history.contains("<register>") && !history.contains("hunter2"), "{history}");
}

#[test]
fn a_door_without_guests_offers_to_log_in_or_to_register() {
    let address = free_address();
    let daemon = Daemon::configured(&format!("[[listen]]\ntcp = \"{address}\"\nguests = false\n"));
    let mut anna = Terminal::run(&remote(&daemon, address, &["--name", "anna"]), 24, 80);
    anna.wait_for_text("This server lets in accounts only.");
    anna.line("register");
    for question in ["Password for the new account:", "The same once more:"] {
        anna.wait_for_text(question);
        anna.line(PASSWORD);
    }
    anna.wait_for_text("You are anna in the chat of");
    leave(anna);
    let mut again = Terminal::run(&remote(&daemon, address, &["--name", "anna"]), 24, 80);
    again.wait_for_text("Log in or register?");
    again.line("login");
    again.wait_for_text("Password of anna:");
    again.line(PASSWORD);
    again.wait_for_text("You are logged in as anna.");
}

#[test]
fn scripts_at_a_terminal_ask_for_the_password_without_showing_it() {
    let daemon = Daemon::start();
    let mut anna = sit_down(&daemon, "anna");
    register(&mut anna);
    leave(anna);
    let list = remote(&daemon, daemon.setup().address, &["--name", "anna", "list"]);
    let mut list = Terminal::run(&list, 24, 80);
    list.wait_for_text("Password of anna:");
    list.line("incorrect horse");
    list.wait_for_text("chat: the password of the account anna is wrong");
    list.wait_for(|screen| screen.trim_end().ends_with("Password of anna:"));
    list.line(&format!("no, not this\u{15}{PASSWORD}y\u{7f}"));
    assert_eq!(list.wait(), 0);
    let raw = list.raw();
    assert!(
        shows(&raw, "available") && !shows(&raw, "horse") && !shows(&raw, "not this"),
        "{}",
        list.screen()
    );

    let mut send =
        Terminal::run(&remote(&daemon, daemon.setup().address, &["--name", "anna", "send", "x"]), 24, 80);
    send.wait_for_text("Password of anna:");
    send.keys("half\x03");
    assert_eq!(send.wait(), 1);
    assert!(send.screen().contains("chat: no password was given"), "{}", send.screen());
}

#[test]
fn scripts_take_the_password_from_a_file_that_nobody_else_can_read() {
    let daemon = Daemon::start();
    let mut anna = sit_down(&daemon, "anna");
    register(&mut anna);
    leave(anna);
    let file = daemon.setup().path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).expect("a file");
    let run = |mode, arguments: &[&str]| {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).expect("a mode");
        let arguments = [arguments, &["--name", "anna", "list", "--json"]].concat();
        remote(&daemon, daemon.setup().address, &arguments).output().expect("chat runs")
    };
    let file = file.display().to_string();
    let with_file = ["--password-file", file.as_str()];
    let output = run(0o600, &with_file);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(printed(&output).contains("\"account\":\"anna\""), "{}", printed(&output));
    for (mode, arguments, status, words) in [
        (0o640, &with_file[..], 2, "others can read the password"),
        (0o600, &[], 1, "anna is an account: log in with its password (--password-file FILE)"),
    ] {
        let output = run(mode, arguments);
        assert_eq!(output.status.code(), Some(status));
        assert!(
            errors(&output).contains(words) && errors(&output).lines().count() == 1,
            "{}",
            errors(&output)
        );
    }
}
