//! Over TLS: who is believed, what is asked, what is refused.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use rcgen::CertificateParams;

use crate::front::{Authority, Front, Identity};
use crate::screen::Terminal;
use crate::server::Server;
use crate::support;

fn named(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
}

fn localhost() -> CertificateParams {
    named(&["localhost"])
}

fn front(identity: &Identity) -> (Server, Front) {
    let server = Server::start();
    let front = Front::start(&server, identity);
    (server, front)
}

fn command(server: &Server, port: u16, args: &[&str]) -> Command {
    let mut command = support::bare(server);
    // No authority but those that a test names.
    command.env("SSL_CERT_FILE", "/dev/null").env("NO_COLOR", "1");
    command.arg("--server").arg(format!("localhost:{port}")).args(args);
    command
}

fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn assert_fine(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
}

/// The one line on standard error, with the status.
#[track_caller]
fn assert_refused(output: &Output, words: &[&str]) {
    let text = complaint(output);
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The greeting of TLS is answered by nobody.
#[test]
fn who_waits_at_a_terminal_sees_for_what_and_a_script_does_not() {
    let server = Server::start();
    let silent = std::net::TcpListener::bind("localhost:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut script = command(&server, port, &[]);
    let script = script.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let terminal = Terminal::run(command(&server, port, &[]));
    terminal.wait_for(&format!("connecting to localhost:{port} …"));
    drop(silent);
    let output = script.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!complaint(&output).contains("connecting to"), "{}", complaint(&output));
}

fn known_servers(server: &Server) -> String {
    std::fs::read_to_string(server.directory().join(".local/state/chat/known-servers")).unwrap_or_default()
}

#[test]
fn a_server_that_an_authority_of_this_host_vouches_for_needs_nothing_else() {
    let authority = Authority::new();
    let (server, front) = front(&authority.vouches_for(&localhost()));
    let mut command = command(&server, front.tls, &["list"]);
    command.env("SSL_CERT_FILE", authority.file(server.directory()));
    assert_fine(&run(command));
    assert!(known_servers(&server).contains(&format!("localhost:{} authority\n", front.tls)));
}

#[test]
fn an_authority_can_be_named() {
    let authority = Authority::new();
    let (server, front) = front(&authority.vouches_for(&localhost()));
    let file = authority.file(server.directory());
    assert_fine(&run(command(&server, front.tls, &["--ca", file.to_str().unwrap(), "list"])));
    let other = Server::start();
    let file = Authority::new().file(other.directory());
    let output = run(command(&server, front.tls, &["--ca", file.to_str().unwrap(), "list"]));
    assert_refused(&output, &["isn't vouched for", "(--ca "]);
    let output = run(command(&server, front.tls, &["--ca", "/dev/null", "list"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("there is no certificate"), "{}", complaint(&output));
}

#[test]
fn a_self_signed_certificate_can_be_its_own_authority() {
    let mut params = localhost();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    for params in [localhost(), params] {
        let identity = Identity::self_signed(&params);
        let (server, front) = front(&identity);
        let file = identity.file(server.directory());
        assert_fine(&run(command(&server, front.tls, &["--ca", file.to_str().unwrap(), "list"])));
    }
}

#[test]
fn a_certificate_for_another_name_or_time_is_refused_in_a_clear_sentence() {
    let authority = Authority::new();
    let mut expired = localhost();
    expired.not_after = rcgen::date_time_ymd(2021, 3, 4);
    let mut early = localhost();
    early.not_before = rcgen::date_time_ymd(3000, 1, 1);
    early.not_after = rcgen::date_time_ymd(3001, 1, 1);
    for (params, words) in [
        (named(&["other.example", "third.example"]), "is for another name: other.example, third.example"),
        (expired, "expired on 2021-03-04"),
        (early, "isn't valid yet, but from 3000-01-01"),
    ] {
        let (server, front) = front(&authority.vouches_for(&params));
        let mut command = command(&server, front.tls, &["list"]);
        command.env("SSL_CERT_FILE", authority.file(server.directory()));
        assert_refused(&run(command), &["nothing was sent to localhost:", words]);
    }
}

#[test]
fn without_a_terminal_a_stranger_is_refused_and_a_fingerprint_lets_it_pass() {
    let identity = Identity::self_signed(&named(&["other.example"]));
    let fingerprint = identity.fingerprint();
    let (server, front) = front(&identity);
    let output = run(command(&server, front.tls, &["list"]));
    assert_refused(&output, &[&fingerprint, "--fingerprint", "--ca FILE"]);
    assert_fine(&run(command(&server, front.tls, &["--fingerprint", &fingerprint, "list"])));
    let wrong = Identity::self_signed(&localhost()).fingerprint();
    let output = run(command(&server, front.tls, &["--fingerprint", &wrong, "list"]));
    assert_refused(&output, &["not the one that was asked for", &fingerprint, &wrong]);
    assert_eq!(known_servers(&server), "");
}

/// All certificates here have the same subject, as a made one and Debian's "snake oil" may have the host's name.
#[test]
fn an_authority_of_the_same_name_makes_no_difference() {
    for authority in [Authority::new(), Authority::of_another_kind()] {
        let identity = Identity::self_signed(&localhost());
        let (server, front) = front(&identity);
        let mut command = command(&server, front.tls, &["list"]);
        command.env("SSL_CERT_FILE", authority.file(server.directory()));
        assert_refused(&run(command), &["isn't vouched for", &identity.fingerprint()]);
    }
}

#[test]
fn the_configuration_says_whom_to_believe_for_its_own_server_only() {
    let identity = Identity::self_signed(&localhost());
    let (server, front) = front(&identity);
    let directory = server.directory().join(".config/chat");
    std::fs::create_dir_all(&directory).unwrap();
    let own = format!("server = \"localhost:{}\"\n", front.tls);
    let fingerprint = format!("fingerprint = \"{}\"\n", identity.fingerprint());
    std::fs::write(directory.join("config.toml"), own.clone() + &fingerprint).unwrap();
    assert_fine(&run(command(&server, front.tls, &["list"])));
    std::fs::write(directory.join("config.toml"), format!("server = \"other.example\"\n{fingerprint}"))
        .unwrap();
    assert_refused(&run(command(&server, front.tls, &["list"])), &["isn't vouched for"]);
}

#[test]
fn at_a_terminal_a_stranger_is_asked_about_once_and_a_change_is_refused_loudly() {
    let identity = Identity::self_signed(&localhost());
    let (server, front) = front(&identity);
    let mut terminal = Terminal::run(command(&server, front.tls, &[]));
    terminal.wait_for(&identity.fingerprint()[..47]);
    terminal.wait_for(&identity.fingerprint()[48..]);
    terminal.wait_for_prompt("Trust it from now on? (yes/no)");
    terminal.keys("yes\n");
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    terminal.keys("over TLS\r");
    assert_eq!(client.said(), "#lobby over TLS");
    terminal.keys("<quit>\r");
    assert_eq!(terminal.end().0.code(), Some(0));

    let path = server.directory().join(".local/state/chat/known-servers");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_fine(&run(command(&server, front.tls, &["list"])));

    let other = Identity::self_signed(&localhost());
    front.become_another(&other);
    let output = run(command(&server, front.tls, &["list"]));
    let line = format!("remove line 2 of {}", path.display());
    assert_refused(&output, &["HAS CHANGED", &identity.fingerprint(), &other.fingerprint(), &line]);
}

#[test]
fn who_says_no_sends_nothing() {
    let (server, front) = front(&Identity::self_signed(&named(&["other.example"])));
    let mut terminal = Terminal::run(command(&server, front.tls, &[]));
    terminal.wait_for("It is for another name: other.example.");
    terminal.wait_for_prompt("Trust it from now on? (yes/no)");
    terminal.keys("no\n");
    let (status, lines) = terminal.end();
    assert_eq!(status.code(), Some(1));
    assert!(lines.last().unwrap().contains("nothing was sent to localhost"), "{lines:?}");
    assert_eq!(known_servers(&server), "");
}

#[test]
fn a_server_goes_over_to_an_authority_by_itself_but_not_back() {
    let own = Identity::self_signed(&localhost());
    let (server, front) = front(&own);
    let mut terminal = Terminal::run(command(&server, front.tls, &["list"]));
    terminal.wait_for_prompt("Trust it from now on? (yes/no)");
    terminal.keys("yes\n");
    assert_eq!(terminal.end().0.code(), Some(0));
    let authority = Authority::new();
    front.become_another(&authority.vouches_for(&localhost()));
    let file = authority.file(server.directory());
    let believing = || {
        let mut command = command(&server, front.tls, &["list"]);
        command.env("SSL_CERT_FILE", &file);
        command
    };
    assert_fine(&run(believing()));
    front.become_another(&own);
    assert_refused(&run(believing()), &["HAS CHANGED", "none does now"]);
}

#[test]
fn a_broken_connection_is_taken_up_again_over_tls_but_not_with_another_server() {
    let identity = Identity::self_signed(&localhost());
    let (server, front) = front(&identity);
    let mut terminal =
        Terminal::run(command(&server, front.tls, &["--fingerprint", &identity.fingerprint()]));
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    front.become_another(&Identity::self_signed(&localhost()));
    client.cut();
    terminal.wait_for("not the one that was asked for");
    terminal.keys("for the right one only\r");
    front.become_another(&identity);
    let client = server.client();
    assert_eq!(client.said(), "#lobby for the right one only");
}

#[test]
fn a_host_without_tls_is_told_from_one_with_it() {
    let identity = Identity::self_signed(&localhost());
    let (server, front) = front(&identity);
    let output = run(command(&server, front.plain, &["list"]));
    assert_eq!(output.status.code(), Some(3));
    assert!(complaint(&output).contains("--insecure-plain"), "{}", complaint(&output));
    assert_fine(&run(command(&server, front.plain, &["--insecure-plain", "list"])));
    let port = front.tls;
    front.stop();
    let output = run(command(&server, port, &["list"]));
    assert_eq!(output.status.code(), Some(3), "{}", complaint(&output));
}

#[test]
fn a_server_that_wants_tls_gets_it_and_nothing_less_from_then_on() {
    let identity = Identity::self_signed(&localhost());
    let (server, front) = front(&identity);
    let mut terminal = Terminal::run(command(&server, front.tls, &["list"]));
    terminal.wait_for_prompt("Trust it from now on? (yes/no)");
    terminal.keys("yes\n");
    assert_eq!(terminal.end().0.code(), Some(0));

    server.offer(&format!("sts=port={},duration=3600", front.tls));
    let mut talk = Terminal::run(command(&server, front.plain, &["--insecure-plain"]));
    talk.wait_for_prompt("#lobby>");
    talk.keys("<quit>\r");
    assert_eq!(talk.end().0.code(), Some(0));
    assert!(known_servers(&server).contains(&format!("localhost tls-only {} ", front.tls)));

    // Somebody on the way takes the wish out: by then we know better.
    server.offer("");
    front.become_another(&Identity::self_signed(&localhost()));
    assert_refused(&run(command(&server, front.plain, &["--insecure-plain", "list"])), &["HAS CHANGED"]);
    front.become_another(&identity);
    server.offer("sts=duration=0");
    assert_fine(&run(command(&server, front.plain, &["--insecure-plain", "list"])));
    assert!(!known_servers(&server).contains("tls-only"));
}
