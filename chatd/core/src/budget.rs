//! Work that clients cause, charged to budgets that all connections of an address, a network, a user of this host or an
//! account share.
//!
//! A line is charged for what comes of it: deliveries, bytes of answers, bytes to store, comparisons. The unit is a
//! nominal nanosecond of processor time. A client that has spent more than its budget is read later, nothing else.

use std::collections::BTreeMap;

use chat_proto::name::{Folded, Nick};
use serde::{Deserialize, Serialize};

use crate::client_tag;
use crate::event::{ChannelEvent, Event, UserEvent};
use crate::id::ConnId;
use crate::limit_key::LimitKey;
use crate::output::Effect;
use crate::policy::WorkLimits;
use crate::state::State;
use crate::time::Now;

/// Reading and parsing a line.
const LINE: u64 = 2_000;
/// Handing a frame to a connection and writing it.
const DELIVERY: u64 = 300;
/// A byte of a frame for one connection.
const BYTE: u64 = 2;
/// A byte to be stored: the disk is slower than the processor, and does not forget.
const STORED_BYTE: u64 = 1_000;
/// Bytes that are stored of a message beside its text, roughly; and of other facts.
const MESSAGE_BYTES: usize = 20;
const FACT_BYTES: usize = 64;
/// A comparison of two letters.
const STEP: u64 = 1;

/// The longest pause, in milliseconds. No debt grows beyond what is paid off within it.
const PAUSE_MAX: u64 = 10_000;
/// Budget of a key that many people share, as a multiple of the others'.
const SHARED: u64 = 4;
/// Nanoseconds that a millisecond a second allows for each millisecond.
const RATE: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;

/// Work that was done for a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Processor time.
    pub compute: u64,
    /// Comparisons of letters.
    pub steps: usize,
    /// Bytes to be stored.
    pub stored: usize,
    /// Bytes sent to the connection itself.
    pub answered: usize,
}

impl Work {
    /// Returns the cost of reading a line of `conn`, of comparing, of delivering `effects` and of storing `events`.
    pub fn of(conn: ConnId, steps: usize, effects: &[Effect], events: &[(Now, Event)]) -> Self {
        let mut work = Self { compute: LINE, steps, ..Self::default() };
        for effect in effects {
            match effect {
                Effect::Send { to, frame } => {
                    work.compute += DELIVERY + BYTE * wide(frame.len());
                    if *to == conn {
                        work.answered += frame.len();
                    }
                }
                Effect::Fanout { to, .. } => work.compute += DELIVERY * wide(to.len()),
                Effect::Close { .. } | Effect::Job { .. } | Effect::Answer { .. } | Effect::Stop => {}
            }
        }
        let durable = events.iter().map(|(_, event)| event).filter(|event| event.is_durable());
        work.stored = durable.map(stored_bytes).sum();
        work
    }

    fn cost(self) -> u64 {
        self.compute + STEP * wide(self.steps) + STORED_BYTE * wide(self.stored)
    }
}

/// Returns how much of a durable event is stored, roughly. The history has what is seen in several channels once for each.
fn stored_bytes(event: &Event) -> usize {
    match event {
        Event::Said(said) => MESSAGE_BYTES + said.text.as_str().len() + client_tag::stored(&said.tags).len(),
        Event::User(_, UserEvent::Left { reason, channels, .. }) => {
            (FACT_BYTES + reason.len()) * channels.len()
        }
        Event::User(_, UserEvent::NickChanged { channels, .. }) => FACT_BYTES * channels.len(),
        Event::Channel(
            _,
            ChannelEvent::TopicSet { topic: text, .. } | ChannelEvent::Kicked { reason: text, .. },
        ) => FACT_BYTES + text.len(),
        Event::Channel(_, ChannelEvent::Parted { reason, .. }) => {
            FACT_BYTES + reason.as_deref().map_or(0, str::len)
        }
        _ => FACT_BYTES,
    }
}

/// The keys that pay for a connection's work.
#[derive(Debug, Clone)]
pub struct Payer {
    origin: LimitKey,
    account: Option<Folded>,
}

impl Payer {
    pub fn of(state: &State, conn: ConnId) -> Option<Self> {
        let session = state.sessions.get(conn)?;
        let user = session.user().and_then(|user| state.user(user));
        let account = user.and_then(|user| user.account.as_ref()).map(Nick::fold);
        Some(Self { origin: LimitKey::from(&session.peer.origin), account })
    }

    fn keys(&self) -> impl Iterator<Item = LimitKey> {
        let account = self.account.clone().map(LimitKey::Account);
        [self.origin.network(), Some(self.origin.clone()), account].into_iter().flatten()
    }
}

/// Costs that are not paid off yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(LimitKey, Debt)>", into = "Vec<(LimitKey, Debt)>")]
pub struct Budgets(BTreeMap<LimitKey, Debt>);

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Debt {
    nanos: u64,
    /// When it was that, in milliseconds.
    at: u64,
}

impl Debt {
    fn after(self, now: u64, rate: u64) -> u64 {
        self.nanos.saturating_sub(now.saturating_sub(self.at).saturating_mul(rate))
    }
}

impl Budgets {
    pub fn charge(&mut self, limits: WorkLimits, payer: &Payer, work: Work, now: u64) {
        if limits.per_second == 0 {
            return;
        }
        for key in payer.keys() {
            let (rate, burst) = terms(limits, &key);
            let most = burst.saturating_add(rate.saturating_mul(PAUSE_MAX));
            let debt = self.0.entry(key).or_default();
            *debt = Debt { nanos: debt.after(now, rate).saturating_add(work.cost()).min(most), at: now };
        }
    }

    /// How long the next line must wait, in milliseconds.
    pub fn pause(&self, limits: WorkLimits, payer: &Payer, now: u64) -> u64 {
        if limits.per_second == 0 || self.0.is_empty() {
            return 0;
        }
        let pause = |key| {
            let (rate, burst) = terms(limits, &key);
            let over = self.0.get(&key).map_or(0, |debt| debt.after(now, rate).saturating_sub(burst));
            over.div_ceil(rate)
        };
        payer.keys().map(pause).max().unwrap_or_default().min(PAUSE_MAX)
    }

    /// Forgets what is paid off.
    pub fn tidy(&mut self, limits: WorkLimits, now: u64) {
        self.0.retain(|key, debt| limits.per_second > 0 && debt.after(now, terms(limits, key).0) > 0);
    }
}

/// Nanoseconds that are paid off each millisecond, and those that may be owed without a pause.
fn terms(limits: WorkLimits, key: &LimitKey) -> (u64, u64) {
    let share = if key.is_shared() { SHARED } else { 1 };
    (u64::from(limits.per_second) * RATE * share, u64::from(limits.burst) * MILLISECOND * share)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl From<Vec<(LimitKey, Debt)>> for Budgets {
    fn from(debts: Vec<(LimitKey, Debt)>) -> Self {
        Self(debts.into_iter().collect())
    }
}

impl From<Budgets> for Vec<(LimitKey, Debt)> {
    fn from(budgets: Budgets) -> Self {
        budgets.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Chat;

    #[test]
    fn events_of_users_are_stored_once_for_each_channel() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        for channel in ["#a", "#b"] {
            chat.say(alice, &format!("JOIN {channel}"));
        }
        chat.events();
        for (line, bytes) in
            [("NICK anna", 2 * FACT_BYTES), ("QUIT :bye", 2 * (FACT_BYTES + "Quit: bye".len()))]
        {
            chat.say(alice, line);
            let of_users = |event: &Event| matches!(event, Event::User(..)) && event.is_durable();
            let stored: Vec<usize> =
                chat.events().iter().filter(|event| of_users(event)).map(stored_bytes).collect();
            assert_eq!(stored, [bytes], "{line}");
        }
    }
}
