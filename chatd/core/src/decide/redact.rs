//! REDACT: what was said is taken back (draft/message-redaction).

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::ERR_UNKNOWNCOMMAND;
use compact_str::CompactString;

use crate::event::{Administrator, Event, Purpose, Redaction, Redactor, Retraction};
use crate::history::{Deed, Entry, HistoryAnswer, HistoryQuery, Place};
use crate::id::{ConnId, MessageId, UserId};
use crate::state::State;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::history::{self, Reader};

pub fn redact(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let caps = tx.state().sessions.get(caller.conn).map_or(Caps::empty(), |session| session.caps);
    if !caps.contains(Caps::REDACTION) {
        return tx.numeric(
            ERR_UNKNOWNCOMMAND,
            format_args!("REDACT :Needs the capability draft/message-redaction"),
        );
    }
    let (target, id) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
    let reason = message.param(2).filter(|reason| !reason.is_empty());
    let rest = ["REDACT", target, id, reason.unwrap_or_default()].iter().map(|part| part.len() + 2).sum();
    let most = tx.state().policy.limits.kick_length;
    if !check::line_fits(tx, caller.user, rest)
        || !check::text_fits(tx, "reason", reason.unwrap_or_default(), most)
    {
        return;
    }
    if Reader::new(tx.state(), caller.conn).and_then(|reader| reader.place(target)).is_none() {
        return tx.fail("REDACT", "INVALID_TARGET", format_args!("{} :You are not there", word(target)));
    }
    let Ok(message) = id.parse::<MessageId>() else { return unknown(tx, target, id) };
    let retraction = Retraction { target: target.into(), message, reason: reason.map(Into::into) };
    let purpose = Purpose::Redact(Box::new(retraction));
    let label = tx.label().map(CompactString::from);
    history::wait(tx, caller.conn, HistoryQuery::Message(message), purpose, label);
}

/// Goes on when the message was looked for.
pub fn found(tx: &mut Tx<'_>, conn: ConnId, wanted: &Retraction, answer: &HistoryAnswer) {
    let (target, id) = (wanted.target.as_str(), wanted.message.to_string());
    let entry = match answer {
        HistoryAnswer::Entries(entries) => entries.first(),
        HistoryAnswer::Failed | HistoryAnswer::Targets(_) => {
            let why = format_args!("{} {id} :The history cannot be read now; try again", word(target));
            return tx.fail("REDACT", "INTERNAL_ERROR", why);
        }
    };
    let state = tx.state();
    let (Some(reader), Some((user, _))) = (Reader::new(state, conn), state.user_of(conn)) else { return };
    let Some(entry) = entry.filter(|entry| is_at(&reader, target, entry)) else {
        return unknown(tx, target, &id);
    };
    match refusal(state, tx.now().wall.0, (user, &reader), entry) {
        Some(Refusal::NotYours) => {
            let why = format_args!("{} {id} :You are not authorised to delete this message", word(target));
            tx.fail("REDACT", "REDACT_FORBIDDEN", why);
        }
        Some(Refusal::TooLate { seconds }) => {
            let why = format_args!("{} {id} {seconds} :You can no longer delete this message", word(target));
            tx.fail("REDACT", "REDACT_WINDOW_EXPIRED", why);
        }
        None => {
            let redaction = Redaction {
                message: wanted.message,
                place: entry.place.clone(),
                to: shown_target(state, entry, target),
                by: Redactor::User(Caller { conn, user }.byline(state)),
                reason: wanted.reason.clone(),
            };
            tx.emit(Event::Redacted(Box::new(redaction)));
        }
    }
}

/// As an administrator has it.
pub fn by_administrator(tx: &mut Tx<'_>, by: Administrator, entry: &Entry, reason: Option<Box<str>>) {
    let (Some(message), Deed::Said { to, .. }) = (entry.id, &entry.deed) else { return };
    let (to, by) = (shown_target(tx.state(), entry, to), Redactor::Administrator(by));
    tx.emit(Event::Redacted(Box::new(Redaction { message, place: entry.place.clone(), to, by, reason })));
}

enum Refusal {
    NotYours,
    TooLate { seconds: u64 },
}

/// Whether it is something that was said at that place, where and when the reader may read.
fn is_at(reader: &Reader<'_>, target: &str, entry: &Entry) -> bool {
    let readable = reader.place(target).filter(|_| matches!(entry.deed, Deed::Said { .. }));
    readable.is_some_and(|readable| {
        let is_there = entry.place == readable.place || readable.or_else.as_ref() == Some(&entry.place);
        is_there && entry.at >= readable.since && reader.may_see(entry)
    })
}

/// Authors may for a while; who rules the channel, and operators of the server in channels that they are in, always may.
fn refusal(state: &State, now: u64, (id, reader): (UserId, &Reader<'_>), entry: &Entry) -> Option<Refusal> {
    let user = state.user(id)?;
    if let Place::Channel(channel) = entry.place
        && let Some(channel) = state.channel(channel)
        && (check::rules(state, id, channel) || user.is_operator())
    {
        return None;
    }
    let window = state.policy.history.redaction_window;
    if !reader.is_author(entry) {
        Some(Refusal::NotYours)
    } else if now.saturating_sub(entry.at) > window {
        Some(Refusal::TooLate { seconds: window / 1000 })
    } else {
        None
    }
}

/// The channel may be called otherwise than it was written; a pair has no name of its own.
fn shown_target(state: &State, entry: &Entry, written: &str) -> CompactString {
    match entry.place {
        Place::Channel(id) => {
            state.channel(id).map_or(written.into(), |channel| channel.name.as_str().into())
        }
        Place::Pair(..) => written.into(),
    }
}

fn unknown(tx: &mut Tx<'_>, target: &str, id: &str) {
    let why = format_args!("{} {} :This message does not exist or is too old", word(target), word(id));
    tx.fail("REDACT", "UNKNOWN_MSGID", why);
}

#[cfg(test)]
mod tests;
