//! What the core's thread publishes after each step. The core itself knows nothing of it.

use std::time::Duration;

use chatd_core::{Attempt, ConnEvent, Ending, Event, Now, State, Target, UserEvent};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::Histogram;
use super::labelled::register_each;
use super::{publish, register, register_in};

#[derive(Debug)]
pub(crate) struct CoreMetrics {
    users: Gauge,
    sessions: Gauge,
    channels: Gauge,
    step: Histogram,
    said: Said,
    closed: Closed,
    login_failures: LoginFailures,
    delayed: Delayed,
}

/// Tries that were not heard.
#[derive(Debug)]
struct Delayed {
    login: Counter,
    registration: Counter,
}

#[derive(Debug)]
struct Said {
    to_channels: Counter,
    to_users: Counter,
}

/// Connections by what ended them, in the order of [`Ending::ALL`].
#[derive(Debug)]
struct Closed([Counter; Ending::ALL.len()]);

#[derive(Debug)]
struct LoginFailures {
    server_password: Counter,
    operator: Counter,
    account: Counter,
}

impl CoreMetrics {
    /// Users who are there.
    pub(crate) fn users(&self) -> u64 {
        count(&self.users)
    }

    /// Channels that exist.
    pub(crate) fn channels(&self) -> u64 {
        count(&self.channels)
    }

    pub(super) fn register(registry: &mut Registry) -> Self {
        let step = "How long a step of the core takes, which is for all that came in since the one before";
        Self {
            users: register(registry, "users", "Users who are there", Gauge::default()),
            sessions: register(registry, "sessions", "Registered connections", Gauge::default()),
            channels: register(registry, "channels", "Channels that exist", Gauge::default()),
            step: register_in(registry, "core_step", Unit::Seconds, step, Histogram::default()),
            said: Said::register(registry),
            closed: Closed::register(registry),
            login_failures: LoginFailures::register(registry),
            delayed: Delayed::register(registry),
        }
    }

    /// After a step: what came of it, and the time that it took.
    pub(crate) fn stepped(&self, state: &State, events: &[(Now, Event)], took: Duration) {
        self.step.observe(took);
        publish(&self.users, state.users.len());
        publish(&self.sessions, state.counts.sessions);
        publish(&self.channels, state.channels.len());
        self.count(events);
    }

    /// What happens often is summed up first.
    fn count(&self, events: &[(Now, Event)]) {
        let (mut to_channels, mut to_users) = (0, 0);
        for (_, event) in events {
            match event {
                Event::Said(said) => match said.to {
                    Target::Channel { .. } => to_channels += 1,
                    Target::User(_) | Target::Absent(_) => to_users += 1,
                },
                Event::Conn(_, event) => self.count_conn(event),
                Event::User(_, event) => self.count_user(event),
                Event::Channel(..)
                | Event::Server(_)
                | Event::Account(..)
                | Event::Redacted(_)
                | Event::Read(_)
                | Event::Talk(_)
                | Event::Ban(_) => {}
            }
        }
        add(&self.said.to_channels, to_channels);
        add(&self.said.to_users, to_users);
    }

    fn count_conn(&self, event: &ConnEvent) {
        match event {
            ConnEvent::Closed { ending, .. } => self.closed.count(*ending),
            ConnEvent::PasswordGiven { right: false, .. } => add(&self.login_failures.server_password, 1),
            ConnEvent::Delayed { attempt: Attempt::Login, .. } => add(&self.delayed.login, 1),
            ConnEvent::Delayed { attempt: Attempt::Registration, .. } => add(&self.delayed.registration, 1),
            ConnEvent::LoginFailed { .. } => add(&self.login_failures.account, 1),
            _ => {}
        }
    }

    fn count_user(&self, event: &UserEvent) {
        match event {
            UserEvent::Left { ending, .. } | UserEvent::SessionRemoved { ending, .. } => {
                self.closed.count(*ending);
            }
            UserEvent::OperatorRefused { .. } => add(&self.login_failures.operator, 1),
            _ => {}
        }
    }
}

impl Said {
    fn register(registry: &mut Registry) -> Self {
        let targets = ["channel", "user"];
        let [to_channels, to_users] =
            register_each(registry, "messages", "Messages said, by what to", "target", targets);
        Self { to_channels, to_users }
    }
}

impl Closed {
    fn register(registry: &mut Registry) -> Self {
        let help = "Connections that ended, by why; all but quit and eof were dropped";
        let reasons = Ending::ALL.map(Ending::as_str);
        Self(register_each(registry, "connections_closed", help, "reason", reasons))
    }

    fn count(&self, ending: Ending) {
        if let Some(counter) = self.0.get(ending as usize) {
            counter.inc();
        }
    }
}

impl Delayed {
    fn register(registry: &mut Registry) -> Self {
        let help = "Tries refused unseen, since too many were made before, by what was tried";
        let kinds = ["login", "registration"];
        let [login, registration] = register_each(registry, "attempts_delayed", help, "kind", kinds);
        Self { login, registration }
    }
}

impl LoginFailures {
    fn register(registry: &mut Registry) -> Self {
        let help = "Wrong passwords, by what they were for";
        let kinds = ["server-password", "operator", "account"];
        let [server_password, operator, account] =
            register_each(registry, "login_failures", help, "kind", kinds);
        Self { server_password, operator, account }
    }
}

fn count(gauge: &Gauge) -> u64 {
    u64::try_from(gauge.get()).unwrap_or(0)
}

fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.inc_by(count);
    }
}
