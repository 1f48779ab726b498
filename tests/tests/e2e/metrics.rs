//! What monitoring reads, as it reads it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use chat_tests::PATIENCE;
use chat_tests::daemon::{Daemon, Setup, free_address};

use crate::hostile::Bystanders;

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// Of some password.
const HASH: &str =
    "$argon2id$v=19$m=8192,t=1,p=1$VUZvcXRkWlZZYkpEa2hKSg$N/cZ8blmhDxW4Hmaj7Qm4T6DZP+wh0ZfFzLZNT8vH9A";

/// A chatd that shows its metrics.
struct Measured {
    daemon: Daemon,
    address: SocketAddr,
}

impl Measured {
    fn start(more: &str) -> Self {
        let (setup, address) = (Setup::new(), free_address());
        let unix = setup.path().join("metrics.sock");
        setup.configure(&format!("{more}\n[metrics]\ntcp = \"{address}\"\nunix = \"{}\"", unix.display()));
        Self { daemon: setup.start(), address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("chatd listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream
    }

    fn scrape(&self) -> BTreeMap<String, f64> {
        samples(&answer(self.connect()))
    }

    /// Waits until a sample has this value, which the writing thread may still be about to publish.
    fn expect(&self, sample: &str, value: f64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let samples = self.scrape();
            let found = samples.get(sample).unwrap_or_else(|| panic!("no {sample}: {samples:?}"));
            if *found == value {
                return;
            }
            assert!(Instant::now() < deadline, "{sample} is {found}, not {value}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn expect_all(&self, expected: &[(&str, f64)]) {
        expected.iter().for_each(|(sample, value)| self.expect(sample, *value));
    }
}

fn answer(mut stream: impl Read + Write) -> String {
    stream.write_all(GET.as_bytes()).expect("chatd takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("chatd answers");
    answer
}

fn samples(answer: &str) -> BTreeMap<String, f64> {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\n# EOF\n"), "{answer}");
    let (_, text) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    lines.map(sample).collect()
}

#[test]
fn what_happens_moves_the_numbers() {
    let measured = Measured::start(&format!(
        "[server]\npassword-hash = \"{HASH}\"\n[[operator]]\nname = \"root\"\npassword-hash = \"{HASH}\""
    ));
    measured.expect_all(&[("chatd_users", 0.0), ("chatd_connections{listener=\"unix\"}", 0.0)]);
    let mut alice = measured.daemon.client("alice");
    let mut bob = measured.daemon.client("bob");
    measured.expect_all(&[
        ("chatd_users", 2.0),
        ("chatd_sessions", 2.0),
        ("chatd_connections{listener=\"unix\"}", 2.0),
        ("chatd_connections_accepted_total{listener=\"unix\"}", 2.0),
    ]);

    let before = measured.scrape();
    alice.send("PRIVMSG bob :hello");
    bob.expect_containing("hello");
    alice.send("PRIVMSG #lobby :hello all");
    bob.expect_containing("hello all");
    measured.expect_all(&[
        ("chatd_messages_total{target=\"user\"}", 1.0),
        ("chatd_messages_total{target=\"channel\"}", 1.0),
        ("chatd_deliveries_total", before["chatd_deliveries_total"] + 2.0),
    ]);
    let steps = "chatd_core_step_seconds_count";
    assert!(measured.scrape()[steps] > before[steps]);

    alice.send("OPER root wrong");
    alice.expect_containing(" 464 ");
    let mut stranger = measured.daemon.connect_tcp();
    stranger.send("PASS wrong\r\nNICK carol\r\nUSER carol 0 * :Carol");
    stranger.expect_closed();
    measured.expect_all(&[
        ("chatd_login_failures_total{kind=\"operator\"}", 1.0),
        ("chatd_login_failures_total{kind=\"server-password\"}", 1.0),
        ("chatd_connections_closed_total{reason=\"refused\"}", 1.0),
        ("chatd_connections{listener=\"tcp\"}", 0.0),
    ]);

    assert!(measured.daemon.chatctl(&["kick", "bob"]).status.success());
    bob.expect_closed();
    assert!(!measured.daemon.chatctl(&["kick", "nobody"]).status.success());
    alice.send("QUIT");
    alice.expect_closed();
    measured.expect_all(&[
        ("chatd_connections_closed_total{reason=\"kicked\"}", 1.0),
        ("chatd_connections_closed_total{reason=\"quit\"}", 1.0),
        ("chatd_admin_requests_total{outcome=\"done\"}", 1.0),
        ("chatd_admin_requests_total{outcome=\"refused\"}", 1.0),
        ("chatd_users", 0.0),
        ("chatd_connections{listener=\"unix\"}", 0.0),
    ]);
}

#[test]
fn who_does_not_read_is_seen_waiting_and_then_gone() {
    let measured =
        Measured::start("[limits]\nmessages-per-second = 0\nwork-per-second = 0\nsend-queue = 1000000");
    let mut alice = measured.daemon.client("alice");
    let sleeper = measured.daemon.client("sleeper");
    let line = format!("PRIVMSG sleeper :{}", "y".repeat(400));
    let mut most_waiting = 0.0_f64;
    let full = "chatd_connections_closed_total{reason=\"send-queue-full\"}";
    let deadline = Instant::now() + PATIENCE;
    while measured.scrape()[full] == 0.0 {
        assert!(Instant::now() < deadline, "nobody is cut off");
        (0..200).for_each(|_| alice.send(&line));
        alice.sync();
        most_waiting = most_waiting.max(measured.scrape()["chatd_send_queue_bytes"]);
    }
    assert!(most_waiting > 0.0);
    measured.expect_all(&[("chatd_send_queue_bytes", 0.0), ("chatd_send_queue_connections", 0.0)]);
    drop(sleeper);
}

#[test]
fn a_reload_is_told_by_its_outcome() {
    let measured = Measured::start("");
    let successful = "chatd_config_last_reload_successful";
    measured.expect(successful, 1.0);
    let file = measured.daemon.setup().configuration();
    let good = std::fs::read_to_string(&file).expect("a configuration");
    std::fs::write(&file, "nonsense").expect("written");
    assert!(!measured.daemon.chatctl(&["reload"]).status.success());
    measured.expect(successful, 0.0);
    std::fs::write(&file, good).expect("written");
    assert!(measured.daemon.chatctl(&["reload"]).status.success());
    measured.expect(successful, 1.0);
}

#[test]
fn a_unix_socket_and_chatctl_tell_the_same() {
    let measured = Measured::start("");
    let _alice = measured.daemon.client("alice");
    let socket = measured.daemon.setup().path().join("metrics.sock");
    let scraped = samples(&answer(UnixStream::connect(socket).expect("chatd listens")));
    let status = measured.daemon.chatctl(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let told = status["metrics"].as_object().expect("metrics");
    let names: Vec<_> = scraped.keys().filter(|name| !name.contains("_bucket{")).collect();
    assert_eq!(names, told.keys().collect::<Vec<_>>());
    assert_eq!(told["chatd_users"], scraped["chatd_users"]);
}

#[test]
fn metrics_are_shown_nowhere_unless_asked_for() {
    let daemon = Daemon::start();
    assert!(!daemon.setup().path().join("metrics.sock").exists());
    assert!(!daemon.log().contains("metrics"), "{}", daemon.log());
}

#[test]
fn whoever_abuses_the_endpoint_disturbs_no_chat_and_keeps_no_scrape_out() {
    let mut measured = Measured::start("");
    let mut bystanders = Bystanders::of(&measured.daemon);
    let before = measured.daemon.memory();
    let idle: Vec<_> = (0..1000).map(|_| measured.connect()).collect();
    bystanders.chat();
    measured.expect("chatd_users", 2.0);
    drop(idle);

    let huge = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(8 << 20));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100_000));
    for garbage in [huge.as_bytes(), many.as_bytes(), &[0xff; 100_000], b"NICK alice\r\n\r\n"] {
        let mut attacker = measured.connect();
        // It may have been cut off already.
        let _ = attacker.write_all(garbage);
        let mut answer = Vec::new();
        let _ = attacker.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        bystanders.chat();
    }

    let deaf: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = measured.connect();
            let _ = stream.write_all(GET.as_bytes());
            stream
        })
        .collect();
    bystanders.chat();
    measured.expect("chatd_users", 2.0);
    drop(deaf);
    assert!(measured.daemon.memory() < before + (16 << 20));
    measured.daemon.assert_running();
}
