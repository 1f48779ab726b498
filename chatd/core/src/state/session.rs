//! Connections as the core sees them.

use std::collections::BTreeMap;

use chat_proto::caps::Caps;
use chat_proto::name::{Folded, Nick};
use chat_proto::resume::ResumeKey;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::event::Wait;
use crate::id::{ConnId, MessageId, UserId};
use crate::input::Peer;
use crate::time::Uptime;

/// A connection, registered or about to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub conn: ConnId,
    pub peer: Peer,
    pub phase: Phase,
    pub caps: Caps,
    pub version_302: bool,
    pub wait: Option<Box<Wait>>,
    /// Since when it waits, and how long it had waited before that, in milliseconds.
    #[serde(default)]
    pub waiting: Waiting,
    /// The account that it has proven to be (SASL). See also [`Session::proven`].
    pub account: Option<Nick>,
    /// Nicks that it watches (MONITOR); the folded name finds the one that the client wrote.
    pub monitored: BTreeMap<Folded, Nick>,
    /// For which account it was sent what waited, and up to which message, until it says that it has it.
    pub handed_over: Option<(Nick, MessageId)>,
    pub opened_at: Uptime,
    pub heard_at: Uptime,
    /// When something was last done by hand, to the second.
    pub acted_at: Uptime,
    pub pinged_at: Option<Uptime>,
    pub due: Uptime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Registering(Box<Registering>),
    Registered(UserId),
}

/// What a connection has said of itself so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registering {
    pub nick: Option<Nick>,
    /// The nick that it wanted last and cannot have.
    #[serde(default)]
    pub refused: Option<Nick>,
    pub user: Option<(CompactString, Box<str>)>,
    pub negotiating: bool,
    pub password: PasswordState,
    /// The proof that it belongs to a guest who is here.
    #[serde(default)]
    pub resume: Option<ResumeKey>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordState {
    #[default]
    NotGiven,
    Wrong,
    Right,
}

/// How long a connection has waited for jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub since: Uptime,
    pub before: u64,
}

/// The longest that waiting puts off the end of the time to register, in milliseconds: passwords of a thousand others are hashed
/// within it.
const PUT_OFF_MAX: u64 = 2 * 60 * 1000;

impl Session {
    /// How long it has waited for jobs so far, as far as that puts off the end of the time to register.
    pub fn waited(&self, now: Uptime) -> u64 {
        let this_time = if self.wait.is_some() { now.since(self.waiting.since) } else { 0 };
        self.waiting.before.saturating_add(this_time).min(PUT_OFF_MAX)
    }

    pub fn user(&self) -> Option<UserId> {
        match self.phase {
            Phase::Registered(user) => Some(user),
            Phase::Registering(_) => None,
        }
    }

    /// The account that the connection has proven to be: by logging in, or by the kernel's word.
    pub fn proven(&self) -> Option<&Nick> {
        self.account.as_ref().or_else(|| self.peer.login())
    }

    /// The account that it has under that nick. A login that goes by another nick is a guest.
    pub fn account_as(&self, nick: &Nick) -> Option<&Nick> {
        self.account.as_ref().or_else(|| self.peer.login().filter(|login| login.fold() == nick.fold()))
    }

    pub fn registering(&self) -> Option<&Registering> {
        match &self.phase {
            Phase::Registering(registering) => Some(registering),
            Phase::Registered(_) => None,
        }
    }
}

/// The sessions by slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    slots: Vec<Option<Box<Session>>>,
    count: usize,
}

impl Sessions {
    pub fn get(&self, conn: ConnId) -> Option<&Session> {
        self.slots.get(slot(conn))?.as_deref().filter(|session| session.conn == conn)
    }

    pub(super) fn get_mut(&mut self, conn: ConnId) -> Option<&mut Session> {
        self.slots.get_mut(slot(conn))?.as_deref_mut().filter(|session| session.conn == conn)
    }

    pub(super) fn insert(&mut self, session: Session) {
        let slot = slot(session.conn);
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        if self.slots[slot].replace(Box::new(session)).is_none() {
            self.count += 1;
        }
    }

    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Box<Session>> {
        self.get(conn)?;
        self.count -= 1;
        let session = self.slots.get_mut(slot(conn))?.take();
        while matches!(self.slots.last(), Some(None)) {
            self.slots.pop();
        }
        session
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots.iter().filter_map(Option::as_deref)
    }
}

fn slot(conn: ConnId) -> usize {
    usize::try_from(conn.slot).unwrap_or(usize::MAX)
}
