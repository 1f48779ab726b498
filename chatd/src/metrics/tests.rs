//! Metrics as a scrape shows them.

use std::time::Duration;

use chat_proto::message::Message;
use chatd_core::{
    ConnId, Core, Ending, Incoming, Input, JobDone, Lost, Now, Origin, Output, Peer, Policy, Timestamp,
    Uptime,
};

use super::Metrics;

/// A core that is measured.
struct Measured {
    core: Core,
    metrics: Metrics,
}

impl Measured {
    fn new() -> Self {
        Self {
            core: Core::new(Policy::default(), chatd_core::Kept::default(), Timestamp(1)),
            metrics: Metrics::new(0),
        }
    }

    fn step(&mut self, input: Input) {
        let mut output = Output::default();
        self.core.step(
            Now { wall: Timestamp(2), uptime: Uptime(1), expiry: Timestamp(2) },
            &mut vec![input],
            &mut output,
        );
        self.metrics.core.stepped(self.core.state(), &output.events, Duration::from_micros(7));
    }

    fn arrive(&mut self, conn: ConnId) {
        let origin = Origin::Unix { uid: 1, pid: None, login: None };
        let peer = Peer { origin, host: "localhost".into(), guests: true, secure: true, certificate: None };
        self.step(Input::Opened { conn, peer: Box::new(peer) });
    }

    fn say(&mut self, conn: ConnId, line: &str) {
        let lines = vec![Incoming::Message(Message::parse(line).unwrap())];
        self.step(Input::Lines { conn, lines });
    }

    fn value(&self, sample: &str) -> f64 {
        self.metrics.samples()[sample]
    }
}

fn conn(slot: u32) -> ConnId {
    ConnId { slot, generation: 1 }
}

#[test]
fn the_text_ends_as_openmetrics_wants_it() {
    assert!(Metrics::new(0).text().ends_with("\n# EOF\n"));
}

#[test]
fn every_metric_is_documented() {
    let page = include_str!("../../../docs/metrics.md");
    let text = Metrics::new(0).text();
    for (name, kind) in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')) {
        let sample = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        let forms = [format!("`{sample}`"), format!("`{sample}{{")];
        assert!(forms.iter().any(|form| page.contains(form)), "{sample}");
    }
}

#[test]
fn samples_are_what_the_text_says_without_buckets() {
    let metrics = Metrics::new(1_700_000_000_500);
    let samples = metrics.samples();
    assert_eq!(samples["process_start_time_seconds"], 1_700_000_000.5);
    assert_eq!(samples["chatd_messages_total{target=\"channel\"}"], 0.0);
    assert_eq!(samples["chatd_core_step_seconds_count"], 0.0);
    assert!(!samples.keys().any(|name| name.contains("_bucket")));
    assert!(samples["process_resident_memory_bytes"] > 0.0);
    assert!(samples["process_open_fds"] > 0.0);
}

#[test]
fn users_messages_and_steps_are_counted() {
    let mut measured = Measured::new();
    measured.arrive(conn(0));
    measured.say(conn(0), "NICK alice");
    measured.say(conn(0), "USER alice 0 * :Alice");
    let done = JobDone::LoginLookedUp { exists: false, uid: None };
    measured.step(Input::JobDone { conn: conn(0), done });
    assert_eq!(measured.value("chatd_users"), 1.0);
    assert_eq!(measured.value("chatd_sessions"), 1.0);
    let channels = measured.value("chatd_channels");
    measured.say(conn(0), "JOIN #a");
    assert_eq!(measured.value("chatd_channels"), channels + 1.0);
    measured.say(conn(0), "PRIVMSG #a,alice :hello");
    assert_eq!(measured.value("chatd_messages_total{target=\"channel\"}"), 1.0);
    assert_eq!(measured.value("chatd_messages_total{target=\"user\"}"), 1.0);
    assert_eq!(measured.value("chatd_core_step_seconds_count"), 6.0);
    measured.say(conn(0), "QUIT");
    assert_eq!(measured.value("chatd_users"), 0.0);
    assert_eq!(measured.value("chatd_channels"), channels);
}

#[test]
fn a_connection_is_counted_once_by_what_ended_it() {
    let mut measured = Measured::new();
    for (slot, reason) in [(0, Lost::Eof), (1, Lost::SendQueueFull), (2, Lost::Error)] {
        measured.arrive(conn(slot));
        measured.step(Input::Closed { conn: conn(slot), reason });
    }
    measured.arrive(conn(3));
    measured.say(conn(3), "QUIT");
    measured.step(Input::Closed { conn: conn(3), reason: Lost::Eof });
    for (index, ending) in Ending::ALL.into_iter().enumerate() {
        assert_eq!(ending as usize, index, "{ending:?} is not at its place");
    }
    for reason in ["eof", "send-queue-full", "error", "quit"] {
        assert_eq!(measured.value(&format!("chatd_connections_closed_total{{reason=\"{reason}\"}}")), 1.0);
    }
}
