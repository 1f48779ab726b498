//! The core itself: takes inputs in order, and gives each to whom it concerns.

use std::collections::BTreeMap;
use std::fmt;

use chat_proto::name::{Folded, Nick};
use serde::{Deserialize, Serialize};

use crate::JobDone;
use crate::account::Account;
use crate::ban::Ban;
use crate::batch::Batches;
use crate::budget::Budgets;
use crate::decide;
use crate::event::{ConnEvent, Ending, Wait};
use crate::exchange::Exchanges;
use crate::held::HeldLines;
use crate::history::Entry;
use crate::id::{ChannelId, ConnId};
use crate::input::{Incoming, Input, Lost, Origin, Peer};
use crate::mailbox::Mailbox;
use crate::output::{Effect, Job, Output};
use crate::policy::Policy;
use crate::project::Views;
use crate::reply::Replies;
use crate::state::{Channel, Marks, OwnerChange, State};
use crate::time::{Now, Timestamp};
use crate::turn::Turns;
use crate::tx::{Desk, Tx, time_tag};

/// What was kept since the last time: the chat begins with it.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// When the chat began for the first time, in milliseconds since the Unix epoch; absent when that is now.
    pub start: Option<u64>,
    /// How many times it has begun before; ids go on from there.
    pub run: u64,
    pub accounts: Vec<Account>,
    /// Logins that the host has now, as far as it can tell all of them.
    pub logins: Vec<Nick>,
    pub bans: Vec<Ban>,
    /// What was said lately with an id of its author's, the oldest first.
    pub receipts: Vec<Entry>,
    pub marks: BTreeMap<Folded, Marks>,
    /// The last change of owner of each account that had one.
    pub owner_changes: BTreeMap<Folded, OwnerChange>,
    /// The uids that logins of the host had when they were last seen.
    pub login_uids: BTreeMap<Folded, u32>,
    /// What waits for accounts that are not here.
    pub undelivered: BTreeMap<Folded, Mailbox>,
    /// The time of the newest entry of the history.
    pub newest_entry: Timestamp,
    pub channels: BTreeMap<ChannelId, Channel>,
    pub secret: ServerSecret,
}

/// Unguessable, and the same as long as what is kept. Prints as `[redacted]`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSecret(pub [u8; 32]);

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The chat. Its contract:
///
/// - [`Core::step`] is all that changes it. It is synchronous and cannot fail.
/// - The same inputs with the same times give the same output, byte by byte, however they are split into steps
///   that have one time.
/// - It holds no clock, randomness, socket or thread, and asks nobody.
/// - The effects of a step must be obeyed in order, after its durable events are stored, and never before
///   the effects of an earlier step.
/// - Serialised and restored, it goes on as if nothing had happened.
#[derive(Debug, Serialize, Deserialize)]
pub struct Core {
    state: State,
    /// Lines that wait until their connection's job is done. Not part of the state: they are no facts yet, and may
    /// hold secrets.
    held: HeldLines,
    /// Logins under way. Not part of the state either: they hold secrets.
    exchanges: Exchanges,
    /// Messages of several lines that are not complete.
    batches: Batches,
    /// Work that is not paid off.
    budgets: Budgets,
    turns: Turns,
    #[serde(skip)]
    views: Views,
    #[serde(skip)]
    replies: Replies,
    #[serde(skip)]
    buffer: String,
}

impl Core {
    pub fn new(policy: Policy, kept: Kept, start: Timestamp) -> Self {
        Self {
            state: State::new(policy, kept, start.0),
            held: HeldLines::default(),
            exchanges: Exchanges::default(),
            batches: Batches::default(),
            budgets: Budgets::default(),
            turns: Turns::default(),
            views: Views::default(),
            replies: Replies::default(),
            buffer: String::new(),
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Makes a fact part of the state without having decided it.
    #[cfg(test)]
    pub fn apply(&mut self, event: &crate::Event) {
        self.apply_at(Now { wall: Timestamp(self.state.start), ..Now::default() }, event);
    }

    #[cfg(test)]
    pub fn apply_at(&mut self, at: Now, event: &crate::Event) {
        self.state.apply(at, event);
    }

    /// Takes `inputs`, which all happened at `now`, and adds what comes of them to `out`.
    pub fn step(&mut self, now: Now, inputs: &mut Vec<Input>, out: &mut Output) {
        let time_tag = time_tag(now.wall);
        for input in inputs.drain(..) {
            let desk = Desk {
                state: &mut self.state,
                views: &mut self.views,
                out,
                replies: &mut self.replies,
                exchanges: &mut self.exchanges,
                batches: &mut self.batches,
                budgets: &mut self.budgets,
                turns: &mut self.turns,
                buffer: &mut self.buffer,
            };
            let mut turn = InputTurn { tx: Tx::new(desk, now, &time_tag), held: &mut self.held };
            turn.take(input);
        }
    }
}

/// One input's turn.
struct InputTurn<'a> {
    tx: Tx<'a>,
    held: &'a mut HeldLines,
}

impl InputTurn<'_> {
    fn take(&mut self, input: Input) {
        match input {
            Input::Opened { conn, peer } => self.opened(conn, peer),
            Input::Lines { conn, lines } => self.lines(conn, lines),
            Input::Closed { conn, reason } => self.closed(conn, reason),
            Input::Worked { conn, nanos } => self.tx.worked(conn, nanos),
            Input::JobDone { conn, done } => self.job_done(conn, &done),
            Input::Admin { request, actor, command } => {
                let answer = decide::admin(&mut self.tx, &actor, *command);
                self.tx.effect(Effect::Answer { request, answer });
            }
            Input::Policy(policy) => decide::policy(&mut self.tx, policy),
            Input::Stop { reason } => decide::stop(&mut self.tx, &reason),
            Input::Resumed => decide::resumed(&mut self.tx),
            Input::Tick => decide::tick(&mut self.tx),
        }
    }

    fn opened(&mut self, conn: ConnId, mut peer: Box<Peer>) {
        // Somebody registered the login's name before the host had that login: who is who is for an administrator to decide.
        let account = peer.login().and_then(|login| self.tx.state().accounts.named(login.as_str()));
        if account.is_some_and(|account| !account.login) {
            peer.origin.forget_login();
        }
        if let Origin::Unix { uid, login: Some(login), .. } = &peer.origin {
            decide::recognise_login(&mut self.tx, login, *uid);
        }
        self.tx.emit_conn(conn, ConnEvent::Opened { peer });
        decide::opened(&mut self.tx, conn);
    }

    fn lines(&mut self, conn: ConnId, lines: Vec<Incoming>) {
        if !self.tx.pays(conn) {
            return;
        }
        self.tx.emit_conn(conn, ConnEvent::Heard);
        // Another connection of the same address or account may have spent what they share.
        self.pause(conn, false);
        for line in lines {
            let Some(session) = self.tx.state().sessions.get(conn) else { return self.drop_held(conn) };
            if session.wait.is_some() {
                self.hold(conn, line);
            } else {
                self.decide(conn, &line);
            }
        }
    }

    fn decide(&mut self, conn: ConnId, line: &Incoming) {
        decide::line(&mut self.tx, conn, line);
        self.settle(conn);
    }

    /// Charges for what was done, and has the connection wait when that was much.
    fn settle(&mut self, conn: ConnId) {
        let is_over = self.tx.charge(conn);
        let rest = self.tx.take_postponed();
        if self.tx.state().sessions.get(conn).is_none() {
            return;
        }
        let postponed = rest.is_some();
        if let Some(rest) = rest {
            self.note_held(conn);
            self.held.push_front(conn, Incoming::Message(rest));
        }
        self.pause(conn, is_over || postponed);
    }

    /// Has the connection wait for its next turn, if this one is over or what its like have done is not paid off.
    fn pause(&mut self, conn: ConnId, is_over: bool) {
        let Some(session) = self.tx.state().sessions.get(conn) else { return };
        // Registering costs little, and nobody must be kept out by others behind the same address.
        let after = if session.user().is_some() { self.tx.pause() } else { 0 };
        if session.wait.is_none() && (is_over || after > 0) {
            self.tx.wait(conn, Wait::Turn, Job::GoOn { after });
        }
    }

    fn hold(&mut self, conn: ConnId, line: Incoming) {
        let most = self.tx.state().policy.limits.held_lines;
        self.note_held(conn);
        if !self.held.push(conn, line, most) {
            self.tx.disconnect(conn, Ending::TooManyLines, "Too many lines at once");
            self.drop_held(conn);
        }
    }

    fn note_held(&mut self, conn: ConnId) {
        if !self.held.contains(conn) {
            self.tx.holds(conn, true);
        }
    }

    fn job_done(&mut self, conn: ConnId, done: &JobDone) {
        self.tx.pays(conn);
        if matches!(done, JobDone::GoOn | JobDone::History(_)) {
            self.tx.begin_turn(conn);
        }
        let session = self.tx.state().sessions.get(conn);
        let has_paused = session.is_some_and(|session| session.wait.as_deref() == Some(&Wait::Turn));
        decide::job_done(&mut self.tx, conn, done);
        // A connection that has paused may send a line, whatever is owed.
        if !has_paused {
            self.settle(conn);
        }
        while self.tx.state().sessions.get(conn).is_some_and(|session| session.wait.is_none()) {
            match self.held.pop(conn) {
                Some(line) => self.decide(conn, &line),
                None => return self.drop_held(conn),
            }
        }
        if self.tx.state().sessions.get(conn).is_none() {
            self.drop_held(conn);
        }
    }

    fn closed(&mut self, conn: ConnId, reason: Lost) {
        self.drop_held(conn);
        self.tx.exchanges().remove(conn);
        self.tx.pays(conn);
        self.tx.forget(
            conn,
            reason.into(),
            match reason {
                Lost::Eof | Lost::Error | Lost::Closed => "Connection lost",
                Lost::SendQueueFull => "Connection lost (too slow to read)",
                Lost::QueuesFull => "Connection lost (too slow to read, and memory is short)",
            },
        );
        self.tx.charge(conn);
        self.tx.begin_turn(conn);
    }

    fn drop_held(&mut self, conn: ConnId) {
        if self.held.remove(conn) {
            self.tx.holds(conn, false);
        }
    }
}
