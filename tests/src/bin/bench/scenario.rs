//! The scenarios, each a load and what is reported of it.

mod channel;
mod direct;
mod idle;
mod join;
mod ledger;

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use channel::{Channel, Pace};

use crate::servers::{Kind, Server};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Fanout1,
    Fanout16,
    Steady,
    Direct,
    EchoIdle,
    EchoLoad,
    Join,
    Idle,
    Stalled,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Fanout1,
        Self::Fanout16,
        Self::Steady,
        Self::Direct,
        Self::EchoIdle,
        Self::EchoLoad,
        Self::Join,
        Self::Idle,
        Self::Stalled,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fanout1 => "fanout-1",
            Self::Fanout16 => "fanout-16",
            Self::Steady => "steady",
            Self::Direct => "direct",
            Self::EchoIdle => "echo-idle",
            Self::EchoLoad => "echo-load",
            Self::Join => "join",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Fanout1 => "A channel of 1,000, 4 senders with 1 message in flight each",
            Self::Fanout16 => "A channel of 1,000, 4 senders with 16 messages in flight each",
            Self::Steady => "A channel of 1,000, 50 messages a second",
            Self::Direct => "200 pairs exchanging direct messages, 1 in flight each",
            Self::EchoIdle => "One who writes to themselves, 1 in flight, nobody else there",
            Self::EchoLoad => "400 who write to themselves, 1 in flight each",
            Self::Join => "1,000 clients joining one channel at once",
            Self::Idle => "10,000 idle registered connections",
            Self::Stalled => "A channel of 200, 4 senders with 16 in flight each, 5 members never read",
        }
    }

    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Join => join::COLUMNS,
            Self::Idle => idle::COLUMNS,
            Self::Stalled => channel::STALLED_COLUMNS,
            Self::Fanout1
            | Self::Fanout16
            | Self::Steady
            | Self::Direct
            | Self::EchoIdle
            | Self::EchoLoad => ledger::COLUMNS,
        }
    }

    /// How long a message takes to be stored is what the echoes tell, so they alone are measured with each way of syncing.
    pub(crate) fn suits(self, kind: Kind) -> bool {
        let is_variant = matches!(kind, Kind::ChatdNormal | Kind::ChatdOff);
        !is_variant || matches!(self, Self::EchoIdle | Self::EchoLoad)
    }

    /// Runs the load against a fresh server and returns one cell for each column.
    pub(crate) fn run(self, server: &Server, measured: Duration) -> Result<Vec<String>> {
        let channel = |pace| Channel { members: 1000, senders: 4, stalled: 0, pace, measured };
        match self {
            Self::Fanout1 => channel(Pace::InFlight(1)).run(server),
            Self::Fanout16 => channel(Pace::InFlight(16)).run(server),
            Self::Steady => channel(Pace::PerSecond(50)).run(server),
            Self::Stalled => {
                Channel { members: 200, senders: 4, stalled: 5, pace: Pace::InFlight(16), measured }
                    .run(server)
            }
            Self::Direct => direct::pairs(200, server, measured),
            Self::EchoIdle => direct::echoes(1, server, measured),
            Self::EchoLoad => direct::echoes(400, server, measured),
            Self::Join => join::run(1000, server),
            Self::Idle => idle::run(10_000, server, measured),
        }
    }
}

impl FromStr for Scenario {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.name() == name);
        found.with_context(|| format!("there is no scenario {name}"))
    }
}
