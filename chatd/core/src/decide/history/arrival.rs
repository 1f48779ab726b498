//! What is shown to a session that has come, without being asked for: the lobby's last lines, and what waits for its account.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::Nick;

use crate::event::{AccountEvent, ConnEvent, Event, Purpose};
use crate::history::{Entry, HistoryQuery, Place, Range};
use crate::id::{ConnId, MessageId};
use crate::state::State;
use crate::tx::Tx;

use super::super::join;
use super::answer::{self, Batch};
use super::reader::{self, Reader};
use super::wait;

/// Messages that are handed over before the client has answered.
const AT_ONCE: u32 = 500;

/// The session is complete, and in the lobby if it is to be.
pub fn arrived(tx: &mut Tx<'_>, conn: ConnId) {
    match replayed(tx.state(), conn) {
        Some((query, purpose)) => wait(tx, conn, query, purpose, None),
        None => hand_over(tx, conn),
    }
}

/// A session that was here has an account now. The answer to a labelled login must not wait.
pub fn logged_in(tx: &mut Tx<'_>, conn: ConnId) {
    if tx.label().is_none() && tx.state().sessions.get(conn).is_some_and(|session| session.wait.is_none()) {
        hand_over(tx, conn);
    }
}

/// The lobby's lines were shown.
pub fn go_on(tx: &mut Tx<'_>, conn: ConnId, purpose: &Purpose) {
    if matches!(purpose, Purpose::Replay { .. }) {
        hand_over(tx, conn);
    }
}

/// The lobby's last lines, for a client that can tell when they were said and cannot ask for them itself.
fn replayed(state: &State, conn: ConnId) -> Option<(HistoryQuery, Purpose)> {
    let (session, (id, user)) = (state.sessions.get(conn)?, state.user_of(conn)?);
    let (channel, room) = state.channel_named(state.policy.lobby.channel.as_str())?;
    let wanted = session.caps.contains(Caps::SERVER_TIME) && !session.caps.contains(Caps::CHATHISTORY);
    let is_in = room.members.contains_key(&id) && !join::is_on_errand(state, conn);
    let limit = state.policy.lobby.replay;
    // What a guest may read begins now.
    if !wanted || !is_in || user.account.is_none() || limit == 0 {
        return None;
    }
    let since = Reader::new(state, conn)?.channels_since();
    let place = Place::Channel(channel);
    let query = HistoryQuery::Page { place, range: Range::Latest(None), limit, events: false, since };
    Some((query, Purpose::Replay { channel }))
}

/// Begins to show what waits for the account, if anything does.
fn hand_over(tx: &mut Tx<'_>, conn: ConnId) {
    let state = tx.state();
    let Some(account) = state.user_of(conn).and_then(|(_, user)| user.account.as_ref()) else { return };
    let account = account.fold();
    if let Some(mailbox) = state.undelivered.get(&account)
        && !join::is_on_errand(state, conn)
    {
        let query = HistoryQuery::Undelivered { limit: mailbox.count().min(AT_ONCE), account };
        wait(tx, conn, query, Purpose::Undelivered, None);
    }
}

/// Shows what waited. It counts as delivered when the client has answered the PING behind it: until then the connection
/// may have been dead all the time.
pub fn deliver(tx: &mut Tx<'_>, conn: ConnId, entries: &[Entry]) {
    let shown = answer::fitting(tx, conn, entries);
    for group in by_place(&entries[..shown]) {
        let Some(name) = Reader::new(tx.state(), conn)
            .and_then(|reader| reader::name_for(tx.state(), &reader, &group[0].place, group[0].at))
        else {
            continue;
        };
        let group: Vec<Entry> = group.into_iter().cloned().collect();
        answer::show(tx, conn, &Batch { kind: "chathistory", target: &name, forward: true }, &group);
    }
    let Some(account) = tx.state().user_of(conn).and_then(|(_, user)| user.account.clone()) else { return };
    match entries[..shown].last().and_then(|entry| entry.id) {
        Some(upto) => {
            tx.emit_conn(conn, ConnEvent::HandedOver { account, upto });
            tx.responder().1.replies.line(|line| line.extend(["PING :", &upto.to_string()]));
        }
        None if entries.is_empty() => {
            // Nothing of it is left in the history.
            let next = tx.state().next_message();
            delivered(tx, account, MessageId { number: next.number - 1, ..next });
        }
        None => {}
    }
}

/// The entries of each place, in their order.
fn by_place(entries: &[Entry]) -> Vec<Vec<&Entry>> {
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match groups.iter_mut().find(|group| group[0].place == entry.place) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups
}

/// A client has seen what came before the PING that it answers.
pub fn answered_ping(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let Some(session) = tx.state().sessions.get(conn) else { return };
    let Some((account, upto)) = session.handed_over.clone() else { return };
    if message.params().any(|param| param == upto.to_string()) {
        tx.emit_conn(conn, ConnEvent::Received);
        delivered(tx, account, upto);
        hand_over(tx, conn);
    }
}

fn delivered(tx: &mut Tx<'_>, account: Nick, upto: MessageId) {
    let left = tx.state().undelivered.get(&account.fold()).map_or(0, |mailbox| mailbox.after(upto.number));
    tx.emit(Event::Account(account, AccountEvent::Delivered { upto, left }));
}
