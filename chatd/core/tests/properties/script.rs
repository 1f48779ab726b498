//! Random scripts: what clients, administrators and time do to a chat. They are made to collide: few nicks, few
//! channels, low limits.

use std::time::Duration;

use chatd_core::{AdminCommand, ConnId, Input, Lost, Operator, Policy};
use proptest::prelude::*;

use crate::support::host::{Host, guest, local};
use crate::templates::{CAPS, LINES, NICKS, TAGS, fill};

/// One thing that happens. `usize` picks one of what there is.
#[derive(Debug, Clone)]
pub enum Act {
    /// Somebody connects and registers, or tries to.
    Arrive {
        login: Option<&'static str>,
        nick: &'static str,
        caps: &'static str,
    },
    /// Somebody connects and says nothing yet.
    Connect,
    Say {
        who: usize,
        line: String,
    },
    Lose {
        who: usize,
        reason: Lost,
    },
    /// One thing that the core asked for is done.
    Errand(usize),
    Pass {
        milliseconds: u64,
    },
    /// The host's clock is set, and running time goes on.
    StepClock {
        milliseconds: i64,
    },
    Admin(AdminCommand),
    Reload(Rules),
}

/// By how much the host's clock is set: a millisecond, a second, an hour, a year.
const STEPS: &[i64] = &[-1, 1, -1000, 1000, -3_600_000, 3_600_000, -31_536_000_000, 31_536_000_000];

impl Act {
    pub fn perform(&self, host: &mut Host) {
        match self {
            Self::Arrive { login, nick, caps } => arrive(host, *login, nick, caps),
            Self::Connect => {
                host.accept(guest());
            }
            Self::Say { who, line } => {
                if let Some(conn) = pick(host, *who) {
                    host.say(conn, line);
                }
            }
            Self::Lose { who, reason } => {
                if let Some(conn) = pick(host, *who) {
                    host.lose(conn, *reason);
                }
            }
            Self::Errand(which) => {
                host.run_errand(*which);
            }
            Self::Pass { milliseconds } => {
                host.pass(*milliseconds);
                host.feed(Input::Tick);
            }
            Self::StepClock { milliseconds } => {
                host.step_clock(*milliseconds);
                host.feed(Input::Tick);
            }
            Self::Admin(command) => {
                host.ask(command.clone());
            }
            Self::Reload(rules) => host.feed(Input::Policy(Box::new(rules.policy()))),
        }
    }
}

fn arrive(host: &mut Host, login: Option<&str>, nick: &str, caps: &str) {
    let conn = host.accept(login.map_or_else(guest, local));
    for line in [format!("CAP REQ :{caps}"), format!("NICK {nick}"), "USER u 0 * :r".into(), "CAP END".into()]
    {
        host.say(conn, &line);
    }
    host.run_errand(host.errands.len().saturating_sub(1));
}

pub fn pick(host: &Host, which: usize) -> Option<ConnId> {
    host.open.get(which % host.open.len().max(1)).copied()
}

pub fn script(length: usize) -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..length)
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..12_usize;
    let reason = prop::sample::select(vec![Lost::Eof, Lost::Error, Lost::SendQueueFull]);
    let login = prop::option::weighted(0.3, prop::sample::select(vec!["ann", "ben"]));
    let arrive = (login, nick(), prop::sample::select(CAPS));
    prop_oneof![
        10 => arrive.prop_map(|(login, nick, caps)| Act::Arrive { login, nick, caps }),
        1 => Just(Act::Connect),
        80 => (who.clone(), line()).prop_map(|(who, line)| Act::Say { who, line }),
        3 => (who, reason).prop_map(|(who, reason)| Act::Lose { who, reason }),
        10 => (0..9_usize).prop_map(Act::Errand),
        3 => (0..40_000_u64).prop_map(|milliseconds| Act::Pass { milliseconds }),
        1 => prop::sample::select(STEPS).prop_map(|milliseconds| Act::StepClock { milliseconds }),
        3 => admin().prop_map(Act::Admin),
        1 => rules().prop_map(Act::Reload),
    ]
}

fn nick() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NICKS)
}

fn admin() -> impl Strategy<Value = AdminCommand> {
    let delay = (0..100_u64).prop_map(|seconds| Duration::from_secs(seconds.saturating_sub(5)));
    prop_oneof![
        Just(AdminCommand::List),
        Just(AdminCommand::Channels),
        Just(AdminCommand::Status),
        Just(AdminCommand::CancelShutdown),
        nick().prop_map(|nick| AdminCommand::Show { name: nick.into() }),
        nick().prop_map(|nick| AdminCommand::Kick {
            name: nick.into(),
            reason: Some("enough".into()),
            ban: None
        }),
        Just(AdminCommand::Announce { text: "reboot\nat 18:00".into() }),
        delay.prop_map(|after| AdminCommand::Shutdown { after, reason: None }),
    ]
}

/// What differs between the policies of the scripts.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    auto_join: bool,
    reserve_logins: bool,
    nick_equals_account: bool,
    password: bool,
}

pub fn rules() -> impl Strategy<Value = Rules> {
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.1));
    switches.prop_map(|(auto_join, reserve_logins, nick_equals_account, password)| Rules {
        auto_join,
        reserve_logins,
        nick_equals_account,
        password,
    })
}

impl Rules {
    /// Low limits, the same in all policies, so that a reload lowers none.
    pub fn policy(self) -> Policy {
        let Self { reserve_logins, nick_equals_account, .. } = self;
        let mut policy = Policy { reserve_logins, nick_equals_account, ..Policy::default() };
        policy.lobby.auto_join = self.auto_join;
        policy.password_hash = self.password.then(|| "secret".into());
        policy.operators = vec![Operator { name: "root".into(), password_hash: "toor".into() }];
        policy.motd = vec!["Welcome.".into()];
        // Some passages of time are longer, most are not.
        policy.presence.away_after = if self.auto_join { 20_000 } else { 5_000 };
        let limits = &mut policy.limits;
        (limits.channels_per_user, limits.channels, limits.sessions_per_user) = (3, 4, 2);
        (limits.list_entries, limits.monitor, limits.targets) = (3, 2, 3);
        (limits.held_lines, limits.whowas, limits.talk_requests, limits.scan_steps) = (5, 3, 2, 40);
        policy
    }
}

/// A line that means something, more or less.
pub fn line() -> impl Strategy<Value = String> {
    let filling = prop::collection::vec(any::<usize>(), 8);
    (prop::sample::select(TAGS), prop::sample::select(LINES), filling)
        .prop_map(|(tags, template, filling)| fill(&format!("{tags}{template}"), &filling))
}
