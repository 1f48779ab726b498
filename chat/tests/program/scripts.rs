//! The program in pipes and scripts: what it prints and its exit status.

use std::io::{BufRead as _, Write as _};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::server::Server;
use crate::support;

fn run(mut command: Command, input: &str) -> Output {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn chat(server: &Server, args: &[&str]) -> Command {
    let mut command = support::chat(server);
    command.args(args);
    command
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_pipe_is_read_and_printed_plainly_to_its_end() {
    let server = Server::start();
    let output = run(chat(&server, &[]), "hello\n<private>\nbob\nhi\n<list>\n");
    assert_eq!(output.status.code(), Some(0));
    let text = printed(&output);
    assert!(!text.contains(['\x1b', '\r', '\x07']), "{text:?}");
    for expected in ["alice: hello\n", "To whom?\n", "you → bob: hi\n", "  2  bob    away (guest)\n"] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn send_succeeds_when_the_server_has_it_and_says_why_not() {
    let server = Server::start();
    let output = run(chat(&server, &["send", "--to", "bob", "--to", "#lobby", "hi", "there"]), "");
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let client = server.client();
    assert_eq!([client.said(), client.said()], ["bob hi there", "#lobby hi there"]);
    let output = run(chat(&server, &["send", "--to", "nobody", "hi"]), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("nobody here is called nobody"));
    let output = run(chat(&server, &["send", "--to", "#none", "hi"]), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("there is no channel #none"));
}

#[test]
fn send_reads_standard_input_and_says_all_of_it() {
    let server = Server::start();
    let input: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let output = run(chat(&server, &["send", "-"]), &input);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let client = server.client();
    assert!((0..100).all(|n| client.said() == format!("#lobby line {n}")));
}

#[test]
fn list_prints_names_and_status_or_json() {
    let server = Server::start();
    let output = run(chat(&server, &["list"]), "");
    assert_eq!(printed(&output), "alice            available\nbob              away (guest)\n");
    let output = run(chat(&server, &["list", "--json"]), "");
    let lines: Vec<serde_json::Value> =
        printed(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1], serde_json::json!({"name": "bob", "away": true, "bot": false, "status": "away"}));
}

#[test]
fn tail_prints_what_is_said_as_json_until_the_end() {
    let server = Server::start();
    let mut command = chat(&server, &["tail", "--json"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut client = server.client();
    client.send(":bob!b@h PRIVMSG #lobby :a\u{202e}b\r\nERROR :Closing link: Kicked (bye)\r\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line = printed(&output);
    assert!(line.contains("\\u202e"), "{line}");
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&event["event"], &event["text"]), (&"said".into(), &"a\u{202e}b".into()));
}

#[test]
fn tail_comes_back_when_the_server_does_and_tells_nothing_twice() {
    let server = Server::start();
    let mut command = chat(&server, &["tail"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut client = server.client();
    client.send(
        "@msgid=1 :bob!b@h PRIVMSG #lobby :one\r\nERROR :Closing link: The server is shutting down\r\n",
    );
    let mut client = server.client();
    client.send("@msgid=1 :bob!b@h PRIVMSG #lobby :one\r\n@msgid=2 :bob!b@h PRIVMSG #lobby :two\r\n");
    client.cut();
    let mut client = server.client();
    client.send("@msgid=3 :bob!b@h PRIVMSG #lobby :three\r\nERROR :Closing link: Kicked (enough)\r\n");
    let output = child.wait_with_output().unwrap();
    let said: Vec<_> =
        printed(&output).lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(said, ["one", "two", "three"]);
    let told = complaint(&output);
    assert_eq!(told.matches("connected again").count(), 2, "{told}");
    assert!(
        told.starts_with("chat: disconnected: The server is shutting down; connecting again …\n"),
        "{told}"
    );
    assert!(told.ends_with("chat: Kicked (enough)\n"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn send_says_with_status_three_that_the_server_went_away_and_what_that_means() {
    let server = Server::start();
    let mut command = chat(&server, &["send", "--to", "silence", "hi"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut client = server.client();
    assert_eq!(client.said(), "silence hi");
    client.send("ERROR :Closing link: The server is shutting down\r\n");
    let output = child.wait_with_output().unwrap();
    let told = complaint(&output);
    assert_eq!(told, "chat: disconnected: The server is shutting down; it may not have reached silence\n");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn the_status_tells_usage_and_an_absent_server() {
    let server = Server::start();
    let mut absent = Command::new(env!("CARGO_BIN_EXE_chat"));
    absent.env_clear().env("HOME", server.directory()).args([
        "--server",
        "unix:/nonexistent/s",
        "--name",
        "a",
        "list",
    ]);
    let output = run(absent, "");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(complaint(&output).lines().count(), 1);
    assert_eq!(run(chat(&server, &["--nonsense"]), "").status.code(), Some(2));
    assert_eq!(run(chat(&server, &["send", "--to", "bob"]), "").status.code(), Some(2));
    assert_eq!(run(chat(&server, &["--server", "127.0.0.1:x"]), "").status.code(), Some(2));
}

#[test]
fn list_shows_one_user_or_fails() {
    let server = Server::start();
    let output = run(chat(&server, &["list", "Bob"]), "");
    assert_eq!((output.status.code(), printed(&output).lines().count()), (Some(0), 1));
    assert!(printed(&output).starts_with("bob "), "{}", printed(&output));
    let output = run(chat(&server, &["list", "carol"]), "");
    assert_eq!((output.status.code(), &*printed(&output)), (Some(1), ""));
    assert_eq!(complaint(&output), "chat: nobody here is called carol\n");
    let output = run(chat(&server, &["list", "bad name"]), "");
    assert!(complaint(&output).starts_with("chat: \"bad name\" can't be"), "{}", complaint(&output));
}

#[test]
fn tail_writes_no_escape_codes_into_a_pipe() {
    let server = Server::start();
    for options in [&["tail"][..], &["tail", "--no-color"]] {
        let mut command = chat(&server, options);
        command.env("COLORTERM", "truecolor");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut client = server.client();
        client.send(":alice!a@h PRIVMSG #lobby :mine\r\n:bob!b@h PRIVMSG #lobby :hi alice\r\n");
        let (own, other) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
        assert!(own.ends_with("alice: mine") && other.ends_with("bob: hi alice"), "{own:?} {other:?}");
        assert!(!own.contains('\x1b') && !other.contains('\x1b'), "{own:?} {other:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn send_gives_up_on_a_silent_server_when_its_wait_is_over() {
    let server = Server::start();
    let silent = server.directory().join("silent");
    let listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    for (socket, words) in
        [(silent, "it may not be starting"), (server.socket(), "may not have reached silence")]
    {
        let mut command = support::bare(&server);
        command.arg("--server").arg(&socket).args(["send", "--wait", "1s", "--to", "silence", "hi"]);
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(3));
        assert!(complaint(&output).contains(words), "{}", complaint(&output));
    }
    drop(listener);
}

#[test]
fn tail_takes_its_leave_when_it_is_told_to_end() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let server = Server::start();
        let mut command = chat(&server, &["tail"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut client = server.client();
        client.send(":bob!b@h PRIVMSG #lobby :ready\r\n");
        std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), complaint(&output).as_str()), (Some(0), ""), "{signal}");
        assert!(client.has_quit(), "{signal}");
    }
}
