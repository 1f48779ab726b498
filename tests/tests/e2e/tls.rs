//! Encrypted connections: what they are good for, how they end, and what is done to them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};

use chat_tests::PATIENCE;
use chat_tests::daemon::{errors, printed};
use chat_tests::irc::Irc;
use chat_tests::outside::lacks_program;
use chat_tests::tls::{TlsDaemon, trusting};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use rustls::version::{TLS12, TLS13};

#[test]
fn both_versions_of_tls_are_spoken() {
    let tls = TlsDaemon::start();
    for version in [&TLS12, &TLS13] {
        let mut client = Irc::tls(tls.address, trusting(&tls.directory(), &[version])).expect("connected");
        client.register("alice");
        assert_eq!(client.encryption().conn.protocol_version(), Some(version.version));
        client.send("WHOIS alice");
        client.expect_containing(" 671 alice alice ");
        client.send("QUIT");
        client.expect_closed();
    }
}

#[test]
fn openssl_is_served_and_old_versions_are_refused() {
    if lacks_program("TLS with openssl", &["openssl"]) {
        return;
    }
    let tls = TlsDaemon::start();
    let root = tls.directory().join("fullchain.pem");
    for (version, served) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
        let mut openssl = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_return_error", "-alpn", "irc", version])
            .args(["-cipher", "DEFAULT:@SECLEVEL=0", "-connect", &tls.address.to_string(), "-CAfile"])
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let mut input = openssl.stdin.take().expect("a pipe");
        // It has gone already where it was refused.
        let _ = input.write_all(b"NICK alice\r\nUSER alice 0 * :a\r\nQUIT :done\r\n");
        let mut said = String::new();
        openssl.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
        let status = openssl.wait().expect("openssl ends");
        assert_eq!(said.contains("ERROR :Closing link: Quit: done"), served, "{version}: {said}");
        assert_eq!(status.success(), served, "{version}");
    }
}

#[test]
fn many_lines_reach_many_in_order_and_whole() {
    const LINES: usize = 3000;
    let tls = TlsDaemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    let mut listeners: Vec<_> = (0..12)
        .map(|index| {
            let nick = format!("ear{index}");
            let mut client = if index % 3 == 0 { tls.daemon.client(&nick) } else { tls.client(&nick) };
            client.send("JOIN #big");
            client.expect_containing(" 366 ");
            client
        })
        .collect();
    let mut speaker = tls.client("mouth");
    speaker.send("JOIN #big");
    speaker.expect_containing(" 366 ");
    let line = |number: usize| format!("{number} {}", "x".repeat(number % 300));
    let speaking = std::thread::spawn(move || {
        for number in 0..LINES {
            speaker.send(&format!("PRIVMSG #big :{}", line(number)));
        }
        speaker.sync();
        speaker
    });
    for listener in &mut listeners {
        let mut expected = 0;
        while expected < LINES {
            let heard = listener.expect_containing(" PRIVMSG #big ");
            let (_, text) = heard.split_once(" PRIVMSG #big :").expect("a message");
            assert_eq!(text, line(expected));
            expected += 1;
        }
    }
    speaking.join().expect("it was said");
}

#[test]
fn a_late_reader_gets_everything_and_the_end_in_order() {
    let tls = TlsDaemon::configured(
        "[limits]\nmessages-per-second = 0\nwork-per-second = 0\nsend-queue = 67108864",
    );
    let (mut late, mut speaker) = (tls.client("late"), tls.client("speaker"));
    let text = "z".repeat(400);
    for number in 0..20_000 {
        speaker.send(&format!("PRIVMSG late :{number} {text}"));
        if number % 1000 == 0 {
            speaker.sync();
        }
    }
    speaker.sync();
    tls.daemon.chatctl(&["kick", "late", "--reason", "enough"]);
    for number in 0..20_000 {
        let heard = late.expect_containing(" PRIVMSG late ");
        assert!(heard.ends_with(&format!(" :{number} {text}")), "{number}: {heard}");
    }
    let last = late.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR :") && line.contains("enough")), "{last:?}");
}

#[test]
fn who_never_reads_is_cut_off_and_harms_nobody() {
    let mut tls =
        TlsDaemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0\nsend-queue = 65536");
    let (mut sleeper, mut alice, mut bob) = (tls.client("sleeper"), tls.client("alice"), tls.client("bob"));
    sleeper.sync();
    let before = tls.daemon.memory();
    let text = "y".repeat(400);
    let gone = |line: &str| line.contains("sleeper!") && line.contains(" QUIT ");
    while !alice.seen().iter().any(|line| gone(line)) {
        for _ in 0..200 {
            alice.send(&format!("PRIVMSG sleeper :{text}"));
        }
        alice.sync();
    }
    alice.send("PRIVMSG bob :still there");
    bob.expect_containing("still there");
    assert!(tls.daemon.memory() < before + 16 * 1024 * 1024, "{before} -> {}", tls.daemon.memory());
    tls.daemon.assert_running();
}

#[test]
fn the_end_is_said_on_both_sides() {
    let tls = TlsDaemon::start();
    let mut quitting = tls.client("quitting");
    quitting.send("QUIT :bye");
    // An end that wasn't said would be an error of its own.
    let last = quitting.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR :")), "{last:?}");
    let (mut leaving, mut other) = (tls.client("leaving"), tls.client("other"));
    leaving.encryption().conn.send_close_notify();
    leaving.encryption().flush().expect("said");
    leaving.expect_closed();
    other.expect(|line| line.contains("leaving!") && line.contains(" QUIT "));
}

#[test]
fn a_connection_that_breaks_anyhow_is_missed_and_nothing_else() {
    let mut tls = TlsDaemon::start();
    let mut bystander = tls.client("bystander");
    for (number, ending) in
        [&b""[..], b"\x17\x03\x03\x00\x40half a record", b"no record at all"].iter().enumerate()
    {
        let nick = format!("victim{number}");
        let mut victim = tls.client(&nick);
        victim.send("PRIVMSG bystander :before");
        bystander.expect_containing(&format!(":{nick}!"));
        victim.encryption().sock.write_all(ending).expect("sent");
        victim.shutdown(Shutdown::Both);
        let is_gone = |line: &str| line.contains(&format!("{nick}!")) && line.contains(" QUIT ");
        bystander.expect(is_gone);
    }
    tls.daemon.assert_running();
}

#[test]
fn a_reload_shows_the_new_certificate_and_drops_nobody() {
    let tls = TlsDaemon::start();
    let mut before = tls.client("before");
    let old = tls.trust();
    tls.renew_certificate();
    let output = tls.daemon.chatctl(&["reload"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(printed(&output).contains(".tls.shows"), "{}", printed(&output));
    let refused = Irc::tls(tls.address, old).expect_err("the old certificate is not shown any more");
    assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");
    let mut after = tls.client("after");
    after.send("PRIVMSG before :hello");
    before.expect_containing("PRIVMSG before :hello");
    before.send("PRIVMSG after :hello yourself");
    after.expect_containing("hello yourself");
}

#[test]
fn a_reload_with_a_bad_certificate_changes_nothing() {
    let tls = TlsDaemon::start();
    let good = tls.trust();
    std::fs::write(tls.directory().join("fullchain.pem"), "nonsense").expect("written");
    tls.reconfigure("[log]\nlevel = \"debug\"");
    let output = tls.daemon.chatctl(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("no certificate"), "{}", errors(&output));
    tls.daemon.signal(Signal::SIGHUP);
    Irc::tls(tls.address, good).expect("the good one is still shown").register("alice");
    let status = tls.daemon.chatctl(&["status", "--json"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("\"logLevel\":\"info\""));
}

#[test]
fn who_speaks_the_wrong_language_is_sent_away_at_once() {
    let tls = TlsDaemon::start();
    let mut plain = Irc::tcp(tls.address);
    plain.send("CAP LS 302");
    assert_eq!(plain.expect_closed(), ["ERROR :Only TLS is spoken here"]);
    let address = tls.daemon.setup().address;
    assert!(Irc::tls(address, tls.trust()).is_err());
}

#[test]
fn half_a_handshake_is_given_up_in_time() {
    let tls = TlsDaemon::configured("[keepalive]\nregistration = \"1s\"");
    let mut silent = TcpStream::connect(tls.address).expect("connected");
    let mut half = half_open(&tls);
    for connection in [&mut silent, &mut half] {
        connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        assert_eq!(connection.read(&mut [0; 16]).expect("the end"), 0);
    }
}

#[test]
fn hundreds_of_half_open_handshakes_hold_up_nobody() {
    raise_descriptors();
    let mut tls = TlsDaemon::configured("[limits]\nconnections-per-address = 2000");
    let (mut alice, mut bob) = (tls.client("alice"), tls.daemon.client("bob"));
    let before = tls.daemon.memory();
    let half: Vec<_> = (0..500).map(|_| half_open(&tls)).collect();
    for number in 0..20 {
        alice.send(&format!("PRIVMSG bob :still here {number}"));
        bob.expect_containing(&format!("still here {number}"));
    }
    tls.client("late").sync();
    assert!(tls.daemon.memory() < before + 16 * 1024 * 1024, "{before} -> {}", tls.daemon.memory());
    drop(half);
    tls.client("later").sync();
    tls.daemon.assert_running();
}

#[test]
fn garbage_instead_of_a_handshake_does_no_harm() {
    let mut tls = TlsDaemon::start();
    let hello = client_hello();
    for cut in (1..hello.len()).step_by(7) {
        let mut bent = hello.clone();
        bent[cut] ^= 0xff;
        let mut attacker = TcpStream::connect(tls.address).expect("connected");
        attacker.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // The server may have had enough before the end.
        let _ = attacker.write_all(&bent);
        let _ = attacker.write_all(&[0x16, 3, 3, 0x40, 0].repeat(2000));
        let _ = attacker.shutdown(Shutdown::Write);
        if let Err(error) = attacker.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
    }
    tls.client("alice").sync();
    tls.daemon.assert_running();
}

/// The first half of what a client says.
fn half_open(tls: &TlsDaemon) -> TcpStream {
    let hello = client_hello();
    let mut stream = TcpStream::connect(tls.address).expect("connected");
    stream.write_all(&hello[..hello.len() / 2]).expect("sent");
    stream
}

fn client_hello() -> Vec<u8> {
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let mut connection = rustls::ClientConnection::new(config.into(), name).expect("TLS can be spoken");
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).expect("a vector takes everything");
    hello
}

fn raise_descriptors() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("it can be raised to the most");
}
