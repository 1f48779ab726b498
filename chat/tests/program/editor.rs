//! The line being typed, given to an editor: what it leaves is the line, whatever it does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::screen::Terminal;
use crate::server::{Client, Server};
use crate::support;

const EDIT: &str = "\x18\x05";

/// An editor that is this script; `$1` is the file, and `$D` a directory of the test's own, to which `.` is changed.
fn talk(script: &str) -> (Server, Client, Terminal, TempDir) {
    let own = support::directory();
    let editor = own.path().join("editor");
    fs::write(&editor, format!("cd '{}'\n{script}", own.path().display())).unwrap();
    let (server, client, terminal) = talk_with(&format!("sh '{}'", editor.display()), &own);
    (server, client, terminal, own)
}

fn talk_with(visual: &str, own: &TempDir) -> (Server, Client, Terminal) {
    let server = Server::start();
    let mut command = support::chat(&server);
    command.env("NO_COLOR", "1").env("PATH", "/usr/bin:/bin").env("TMPDIR", own.path()).env("VISUAL", visual);
    let terminal = Terminal::run(command);
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    (server, client, terminal)
}

/// Nothing of what was given to the editor is left.
fn assert_gone(own: &TempDir) {
    let left: Vec<_> = fs::read_dir(own.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("chat-")), "{left:?}");
}

#[test]
fn what_comes_back_is_the_line_and_nobody_else_could_read_it() {
    let script = r#"stat -c %a "$1" "$(dirname "$1")" > modes; cp "$1" was; printf 'one\ntwo\n' > "$1""#;
    let (_server, client, mut terminal, own) = talk(script);
    terminal.keys(&format!("half a line{EDIT}"));
    terminal.wait_for("2 lines: Enter sends them together");
    terminal.wait_for_rows(|rows| rows.ends_with(&["#lobby> one".into(), "two".into()]));
    assert_eq!(fs::read_to_string(own.path().join("modes")).unwrap(), "600\n700\n");
    assert_eq!(fs::read_to_string(own.path().join("was")).unwrap(), "half a line\n");
    assert_gone(&own);
    terminal.keys("!\r");
    assert_eq!([client.said(), client.said()], ["#lobby one", "#lobby two!"]);
}

#[test]
fn editor_may_be_a_path_with_blanks_and_no_quotes() {
    let own = support::directory();
    let editor = own.path().join("my editor");
    fs::write(&editor, "#!/bin/sh\necho edited > \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let (_server, _client, mut terminal) = talk_with(editor.to_str().unwrap(), &own);
    terminal.keys(&format!("draft{EDIT}"));
    terminal.wait_for_prompt("#lobby> edited");
}

#[test]
fn what_arrives_meanwhile_waits_and_signals_are_the_editors() {
    let script = r#"trap : INT QUIT; kill -INT $PPID; kill -QUIT $PPID; echo editing; until [ -e go ]; do sleep 0.05; done"#;
    let (_server, mut client, mut terminal, own) = talk(script);
    terminal.keys(&format!("draft{EDIT}"));
    terminal.wait_for("editing");
    client.send(":bob!b@h PRIVMSG #lobby :meanwhile\r\n:bob!b@h PRIVMSG alice :ping\r\n");
    client.send(":s PING :still-there\r\n");
    assert_eq!(client.said(), "PONG :still-there");
    assert!(!terminal.raw().contains("meanwhile"));
    fs::write(own.path().join("go"), "").unwrap();
    terminal.wait_for("bob: meanwhile");
    terminal.wait_for_prompt("#lobby> draft");
    terminal.keys(" kept\r");
    assert_eq!(client.said(), "#lobby draft kept");
}

#[test]
fn an_editor_that_fails_is_told_and_the_line_is_as_it_was() {
    for (script, why) in [
        ("echo rubbish > \"$1\"; exit 3", "failed (exit status: 3)"),
        ("kill -9 $$", "failed (signal: 9 (SIGKILL))"),
        ("printf '\\377' > \"$1\"", "it is not UTF-8"),
        ("rm \"$1\"", "No such file"),
        ("head -c 40000 /dev/zero | tr '\\0' x > \"$1\"", "it has more than 32 KiB"),
    ] {
        let (_server, client, mut terminal, own) = talk(script);
        terminal.keys(&format!("draft{EDIT}"));
        terminal.wait_for(why);
        terminal.keys(" kept\r");
        assert_eq!(client.said(), "#lobby draft kept", "{why}");
        assert_gone(&own);
    }
}

#[test]
fn a_password_is_given_to_no_editor() {
    let (_server, mut client, mut terminal, own) = talk("touch called");
    client.send(":s 900 alice alice!a@h alice :You are now logged in as alice\r\n");
    terminal.wait_for("You are logged in as alice.");
    terminal.keys("<password>\r");
    terminal.wait_for_prompt("Password until now:");
    terminal.keys(&format!("secret{EDIT}\r"));
    terminal.wait_for_prompt("New password:");
    assert!(!own.path().join("called").exists());
}

#[test]
fn who_is_told_to_end_ends_the_editor_as_well() {
    let (_server, _client, mut terminal, own) = talk("echo editing; exec sleep 1000");
    terminal.keys(&format!("draft{EDIT}"));
    terminal.wait_for("editing");
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.end_in_order().code(), Some(0));
    assert_gone(&own);
}

#[test]
fn who_is_thrown_out_may_finish_in_the_editor() {
    let (_server, mut client, mut terminal, own) =
        talk("echo editing; until [ -e go ]; do sleep 0.05; done; touch finished");
    terminal.keys(&format!("draft{EDIT}"));
    terminal.wait_for("editing");
    client.send("ERROR :Closing link: Kicked by root: spam\r\n");
    client.wait_for_end();
    fs::write(own.path().join("go"), "").unwrap();
    let (status, lines) = terminal.end();
    assert!(own.path().join("finished").exists());
    assert_eq!(status.code(), Some(1));
    assert_eq!(lines.last().unwrap(), "chat: disconnected: Kicked by root: spam");
}
