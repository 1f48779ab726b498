//! People who mean harm, or whose programs do: chatd stays up, within its memory, and nobody else notices.

use std::io::ErrorKind;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use chat_tests::daemon::{Daemon, Setup};
use chat_tests::irc::Irc;

const MIB: u64 = 1 << 20;

/// Two who chat while somebody attacks.
pub(crate) struct Bystanders {
    pub(crate) alice: Irc,
    pub(crate) bob: Irc,
    said: u32,
}

impl Bystanders {
    pub(crate) fn of(daemon: &Daemon) -> Self {
        Self { alice: daemon.client("alice"), bob: daemon.client("bob"), said: 0 }
    }

    pub(crate) fn chat(&mut self) {
        self.said += 1;
        self.alice.send(&format!("PRIVMSG bob :are you there {}", self.said));
        self.bob.expect_containing(&format!("are you there {}", self.said));
        self.bob.send(&format!("PRIVMSG alice :yes {}", self.said));
        self.alice.expect_containing(&format!("yes {}", self.said));
    }
}

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        };
        std::iter::repeat_with(&mut next).take(count).collect()
    }
}

#[test]
fn an_endless_line_costs_no_memory() {
    let mut daemon = Daemon::start();
    let mut bystanders = Bystanders::of(&daemon);
    let before = daemon.memory();
    let chunk = vec![b'x'; MIB as usize];
    let mut attacker = daemon.connect_tcp();
    for megabyte in 0..1024 {
        if attacker.try_send_bytes(&chunk).is_err() {
            break;
        }
        if megabyte % 256 == 0 {
            bystanders.chat();
        }
    }
    bystanders.chat();
    assert!(daemon.memory() < before + 16 * MIB, "{} -> {}", before, daemon.memory());
    daemon.assert_running();
}

#[test]
fn random_bytes_do_no_harm() {
    let mut daemon = Daemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0");
    let mut bystanders = Bystanders::of(&daemon);
    for seed in 1..=20 {
        let mut attacker = if seed % 2 == 0 { daemon.connect() } else { daemon.connect_tcp() };
        if seed % 3 == 0 {
            attacker.register(&format!("noisy{seed}"));
        }
        // The server may have had enough before the end.
        let _ = attacker.try_send_bytes(&Noise(seed).bytes(100_000));
        attacker.shutdown(Shutdown::Write);
        attacker.expect_closed();
        bystanders.chat();
    }
    daemon.assert_running();
}

#[test]
fn random_bytes_on_the_admin_socket_do_no_harm() {
    use std::io::{Read, Write};
    let mut daemon = Daemon::start();
    for seed in 1..=10 {
        let mut attacker = UnixStream::connect(daemon.setup().admin_socket()).expect("connected");
        attacker.set_read_timeout(Some(chat_tests::PATIENCE)).expect("a timeout");
        attacker.set_write_timeout(Some(chat_tests::PATIENCE)).expect("a timeout");
        let _ = attacker.write_all(&Noise(seed).bytes(100_000));
        let _ = attacker.shutdown(Shutdown::Write);
        let mut answers = Vec::new();
        if let Err(error) = attacker.read_to_end(&mut answers) {
            assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
        }
    }
    daemon.assert_running();
    assert!(daemon.chatctl(&["status"]).status.success());
}

#[test]
fn hundreds_of_silent_connections_are_borne() {
    let mut daemon = Daemon::configured("[limits]\nconnections-per-address = 2000");
    let mut bystanders = Bystanders::of(&daemon);
    let before = daemon.memory();
    let silent: Vec<_> =
        (0..400).map(|_| TcpStream::connect(daemon.setup().address).expect("connected")).collect();
    bystanders.chat();
    assert!(daemon.memory() < before + 32 * MIB, "{} -> {}", before, daemon.memory());
    drop(silent);
    bystanders.chat();
    daemon.assert_running();
}

#[test]
fn who_says_nothing_is_sent_away_in_time() {
    let daemon = Daemon::configured("[keepalive]\nregistration = \"1s\"");
    let mut silent = daemon.connect_tcp();
    let last = silent.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR")), "{last:?}");
}

#[test]
fn one_user_gets_only_a_share_of_the_connections() {
    let mut daemon = Daemon::configured("[limits]\nconnections-per-address = 5");
    let mut kept: Vec<_> = (0..5).map(|_| daemon.connect()).collect();
    for client in &mut kept {
        client.sync();
    }
    let mut refused = daemon.connect();
    let last = refused.expect_closed();
    assert!(last.iter().any(|line| line.starts_with("ERROR :") && line.contains("Too many")), "{last:?}");
    daemon.connect_tcp().register("alice");
    drop(kept.pop());
    daemon.assert_running();
}

#[test]
fn running_out_of_descriptors_is_said_and_survived() {
    let mut daemon =
        Setup::configured("[limits]\nconnections-per-address = 1000").with_descriptors(64).start();
    let mut bystanders = Bystanders::of(&daemon);
    let crowd: Vec<_> = (0..100).map(|_| TcpStream::connect(daemon.setup().address)).collect();
    bystanders.chat();
    daemon.assert_running();
    drop(crowd);
    bystanders.chat();
    let mut late = daemon.connect_tcp();
    late.register("late");
    daemon.assert_running();
}

#[test]
fn clients_that_are_killed_are_missed_and_nothing_else() {
    let mut daemon = Daemon::start();
    let mut bystanders = Bystanders::of(&daemon);
    let mut children: Vec<_> = (0..5)
        .map(|index| {
            let mut command = daemon.chat(&["--name", &format!("victim{index}"), "tail"]);
            command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
            command.spawn().expect("chat runs")
        })
        .collect();
    for index in 0..5 {
        let name = format!("victim{index}!");
        if !bystanders.alice.seen().iter().any(|line| line.contains(&name)) {
            bystanders.alice.expect_containing(&name);
        }
    }
    for child in &mut children {
        child.kill().expect("chat is running");
        child.wait().expect("chat ends");
    }
    for index in 0..5 {
        let gone = |line: &str| line.contains(&format!("victim{index}!")) && line.contains(" QUIT ");
        if !bystanders.alice.seen().iter().any(|line| gone(line)) {
            bystanders.alice.expect(gone);
        }
    }
    bystanders.chat();
    daemon.assert_running();
}

#[test]
fn who_never_reads_is_cut_off_and_harms_nobody() {
    let mut daemon =
        Daemon::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0\nsend-queue = 65536");
    let mut bystanders = Bystanders::of(&daemon);
    let mut sleeper = daemon.client("sleeper");
    sleeper.sync();
    let before = daemon.memory();
    let text = "y".repeat(400);
    let gone = |line: &str| line.contains("sleeper!") && line.contains(" QUIT ");
    for _ in 0..200 {
        for _ in 0..200 {
            bystanders.alice.send(&format!("PRIVMSG sleeper :{text}"));
        }
        if bystanders.alice.sync().iter().chain(bystanders.alice.seen()).any(|line| gone(line)) {
            break;
        }
    }
    if !bystanders.alice.seen().iter().any(|line| gone(line)) {
        bystanders.alice.expect(gone);
    }
    bystanders.chat();
    assert!(daemon.memory() < before + 16 * MIB, "{} -> {}", before, daemon.memory());
    daemon.assert_running();
}
