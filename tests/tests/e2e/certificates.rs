//! Coming from elsewhere over TLS: by a certificate, and past a password that the server asks everybody for.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use chat_tests::daemon::{errors, printed, program};
use chat_tests::terminal::Terminal;
use chat_tests::tls::{TlsDaemon, make_certificate};

const PASSWORD: &str = "correct horse";

fn chat(daemon: &TlsDaemon, arguments: &[&str]) -> Command {
    chat_as("anna", daemon, arguments)
}

/// `chat` under a name, with nothing of the developer's own settings.
fn chat_as(name: &str, daemon: &TlsDaemon, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("chat"));
    let home = daemon.daemon.setup().path();
    let authority = daemon.directory().join("fullchain.pem");
    let server = format!("localhost:{}", daemon.address.port());
    command.args(["--server", &server, "--name", name, "--ca"]).arg(authority).args(arguments);
    command.env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home).stdin(Stdio::null());
    command
}

fn private(daemon: &TlsDaemon, name: &str, text: &str) -> String {
    let path = daemon.daemon.setup().path().join(name);
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    path.display().to_string()
}

/// The files of a certificate and its key.
fn certificate(daemon: &TlsDaemon) -> [String; 2] {
    let directory = daemon.daemon.setup().path().join("anna");
    make_certificate(&directory);
    let path = |name: &str| -> PathBuf { directory.join(name) };
    std::fs::set_permissions(path("privkey.pem"), Permissions::from_mode(0o600)).expect("a mode");
    ["fullchain.pem", "privkey.pem"].map(|name| path(name).display().to_string())
}

#[test]
fn a_certificate_that_was_added_logs_in_without_a_password() {
    let daemon = TlsDaemon::start();
    let [certificate, key] = certificate(&daemon);
    let shown = ["--certificate", certificate.as_str(), "--key", key.as_str()];
    let list = || chat(&daemon, &[&shown[..], &["list", "--json"]].concat()).output().expect("chat runs");
    let unknown = list();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        errors(&unknown).contains("the certificate doesn't log in as anna: no account"),
        "{}",
        errors(&unknown)
    );

    let mut anna = Terminal::run(&chat(&daemon, &shown), 24, 100);
    anna.wait_for_text("your certificate doesn't log you in here");
    anna.wait_for_text("#lobby>");
    anna.line("<certificate> add");
    anna.wait_for_text("a guest has no certificates");
    anna.line("<register>");
    for question in ["Password for the new account:", "The same once more:"] {
        anna.wait_for_text(question);
        anna.line(PASSWORD);
    }
    anna.wait_for_text("is yours. From elsewhere:");
    anna.line("<certificate> add");
    anna.wait_for_text("logs you in");
    anna.line("<quit>");
    assert_eq!(anna.wait(), 0);

    let known = list();
    assert!(printed(&known).contains(r#""name":"anna","account":"anna""#), "{}", errors(&known));
    let other = chat_as("bob", &daemon, &[&shown[..], &["list"]].concat()).output().expect("chat runs");
    assert!(
        errors(&other).contains("doesn't log in as bob: that account is not yours"),
        "{}",
        errors(&other)
    );
}

#[test]
fn certificates_are_shown_and_removed() {
    let daemon = TlsDaemon::start();
    let [certificate, key] = certificate(&daemon);
    let file = private(&daemon, "password", PASSWORD);
    let shown =
        ["--certificate", certificate.as_str(), "--key", key.as_str(), "--password-file", file.as_str()];
    let mut add = daemon.daemon.chatctl_command(&["account", "add", "anna"]);
    let mut child = add.stdin(Stdio::piped()).spawn().expect("chatctl runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), PASSWORD.as_bytes())
        .expect("it reads");
    assert!(child.wait().expect("chatctl ends").success());

    let mut anna = Terminal::run(&chat(&daemon, &shown), 24, 100);
    anna.wait_for_text("You are anna in the chat of");
    anna.wait_for_text("#lobby>");
    anna.line("<certificate>");
    let screen = anna.wait_for_text("No certificate logs you in");
    let own = screen.split_once("SHA-256").expect("its own").1.replace(['\n', ' '], "");
    let own: String = own.chars().take(95).collect();
    anna.line("<certificate> add");
    anna.wait_for_text("From now on");
    anna.line(&format!("<certificate> remove {own}"));
    anna.wait_for_text("logs nobody in any more");
}

#[test]
fn the_servers_own_password_is_asked_for_or_comes_from_a_file() {
    const FOR_ALL: &str = "a phrase for all";
    let made = Command::new(program("chatd"))
        .args(["hash-password", "--cost", "low"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut made = made.expect("chatd runs");
    std::io::Write::write_all(&mut made.stdin.take().expect("a pipe"), FOR_ALL.as_bytes()).expect("it reads");
    let hash = printed(&made.wait_with_output().expect("chatd ends"));
    let daemon = TlsDaemon::configured(&format!("[server]\npassword-hash = \"{}\"\n", hash.trim()));

    let without = chat(&daemon, &["list"]).output().expect("chat runs");
    assert_eq!(without.status.code(), Some(1));
    assert!(errors(&without).contains("--server-password-file"), "{}", errors(&without));
    let file = private(&daemon, "for-all", &format!("{FOR_ALL}\n"));
    let with = chat(&daemon, &["--server-password-file", &file, "list"]).output().expect("chat runs");
    assert!(printed(&with).contains("anna"), "{}", errors(&with));

    let mut anna = Terminal::run(&chat(&daemon, &[]), 24, 100);
    anna.wait_for_text("The server asks everybody for its password.");
    anna.wait_for_text("Password of the server (not your own):");
    anna.line("guess");
    anna.wait_for_text("wrong server password");
    anna.line(FOR_ALL);
    anna.wait_for_text("#lobby>");
    let raw = String::from_utf8_lossy(&anna.raw()).into_owned();
    assert!(!raw.contains("guess") && !raw.contains("phrase"));
    assert!(!daemon.daemon.log().contains("phrase"));
}
