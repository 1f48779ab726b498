//! What the core's thread publishes after each step. The core itself knows nothing of it.

use std::time::Duration;

use chatd_core::{ConnEvent, Event, State, Target, UserEvent};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::histogram::Histogram;
use super::labelled::register_each;
use super::register;

#[derive(Debug)]
pub(crate) struct CoreMetrics {
    users: Gauge,
    sessions: Gauge,
    channels: Gauge,
    step: Histogram,
    counts: Counts<Counter>,
}

/// What is counted from events: in handles, and for the events of one step in numbers.
#[derive(Debug, Default)]
struct Counts<T> {
    to_channels: T,
    to_users: T,
    wrong_server_passwords: T,
    wrong_operator_passwords: T,
}

impl CoreMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self {
            users: register(registry, "users", "Users who are there", Gauge::default()),
            sessions: register(registry, "sessions", "Registered connections", Gauge::default()),
            channels: register(registry, "channels", "Channels that exist", Gauge::default()),
            step: register(
                registry,
                "core_step_seconds",
                "How long the core takes for a step, which is for all that has come in since the one before",
                Histogram::default(),
            ),
            counts: Counts::register(registry),
        }
    }

    /// After a step: what came of it, and the time that it took.
    pub(crate) fn stepped(&self, state: &State, events: &[Event], took: Duration) {
        self.step.observe(took);
        publish(&self.users, state.users.len());
        publish(&self.sessions, state.counts.sessions);
        publish(&self.channels, state.channels.len());
        let mut counts = Counts::default();
        events.iter().for_each(|event| counts.take(event));
        self.counts.add(&counts);
    }
}

impl Counts<Counter> {
    fn register(registry: &mut Registry) -> Self {
        let [to_channels, to_users] =
            register_each(registry, "messages", "Messages said", "target", ["channel", "user"]);
        let [wrong_server_passwords, wrong_operator_passwords] = register_each(
            registry,
            "login_failures",
            "Wrong passwords, by what they were for",
            "kind",
            ["server_password", "operator"],
        );
        Self { to_channels, to_users, wrong_server_passwords, wrong_operator_passwords }
    }

    fn add(&self, counts: &Counts<u64>) {
        add(&self.to_channels, counts.to_channels);
        add(&self.to_users, counts.to_users);
        add(&self.wrong_server_passwords, counts.wrong_server_passwords);
        add(&self.wrong_operator_passwords, counts.wrong_operator_passwords);
    }
}

impl Counts<u64> {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Said(said) => match said.to {
                Target::Channel { .. } => self.to_channels += 1,
                Target::User(_) => self.to_users += 1,
            },
            Event::Conn(_, ConnEvent::PasswordGiven { right: false, .. }) => self.wrong_server_passwords += 1,
            Event::User(_, UserEvent::OperatorRefused { .. }) => self.wrong_operator_passwords += 1,
            _ => {}
        }
    }
}

/// Most steps change nothing, and reading is cheaper than writing.
fn publish(gauge: &Gauge, value: usize) {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    if gauge.get() != value {
        gauge.set(value);
    }
}

fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.inc_by(count);
    }
}
