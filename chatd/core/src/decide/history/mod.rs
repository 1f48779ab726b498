//! What was said before: CHATHISTORY and SEARCH, and what is shown to those who arrive.
//!
//! Who may read what is decided here, when it is asked for and again when it was found; the store only finds.

mod answer;
mod arrival;
mod reader;
mod request;
mod search;
#[cfg(test)]
mod tests;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::ERR_UNKNOWNCOMMAND;
use compact_str::CompactString;

use crate::event::{Purpose, Wait};
use crate::history::{HistoryQuery, Point, Range};
use crate::id::ConnId;
use crate::limit_key::LimitKey;
use crate::output::Job;
use crate::tx::{Caller, Tx, label_of};

use super::check::word;
use request::{Asked, Request};

pub use answer::answered;
pub use arrival::{answered_ping, arrived, logged_in};
pub use reader::Reader;
pub use search::search;

pub fn chathistory(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    if !has(tx, caller.conn, Caps::CHATHISTORY) {
        return needs(tx, "CHATHISTORY", "draft/chathistory");
    }
    let params: Vec<&str> = message.params().skip(1).collect();
    let subcommand = CompactString::from(word(&message.param(0).unwrap_or_default().to_ascii_uppercase()));
    let request = match request::parse(&subcommand, &params) {
        Ok(request) => request,
        Err(refusal) => {
            let context = refusal.context.map(|context| format!(" {}", word(context))).unwrap_or_default();
            let args = format_args!("{subcommand}{context} :{}", refusal.why);
            return tx.fail("CHATHISTORY", refusal.code, args);
        }
    };
    match question(tx, caller, &subcommand, &request) {
        Some((query, purpose)) => ask(tx, caller.conn, message, query, purpose),
        None => {
            let Asked::Page { target, .. } = request.asked else { return };
            invalid_target(tx, &subcommand, target);
        }
    }
}

fn question(
    tx: &Tx<'_>,
    caller: Caller,
    subcommand: &str,
    request: &Request<'_>,
) -> Option<(HistoryQuery, Purpose)> {
    let state = tx.state();
    let limit = request.limit.min(state.policy.limits.history_page);
    let reader = Reader::new(state, caller.conn)?;
    match request.asked {
        Asked::Targets { from, to } => {
            let (party, channels, since) = (reader.party(), reader.channels(), reader.channels_since());
            let query = HistoryQuery::Targets { party, channels, after: from, before: to, limit, since };
            Some((query, Purpose::Targets))
        }
        Asked::Page { target, range } => {
            let readable = reader.place(target)?;
            let events = has(tx, caller.conn, Caps::EVENT_PLAYBACK);
            let page = |place| HistoryQuery::Page { place, range, limit, events, since: readable.since };
            let purpose = Purpose::Page {
                subcommand: subcommand.into(),
                target: reader.written(target),
                forward: is_forward(range),
                or_else: readable.or_else.map(|place| Box::new(page(place))),
            };
            Some((page(readable.place), purpose))
        }
    }
}

/// Whether the oldest lines are those that were asked for first.
fn is_forward(range: Range) -> bool {
    match range {
        Range::After(_) => true,
        Range::Between(Point::Time(from), Point::Time(to)) => from <= to,
        Range::Between(Point::Message(from), Point::Message(to)) => from <= to,
        Range::Between(..) => true,
        Range::Latest(_) | Range::Before(_) | Range::Around(_) => false,
    }
}

/// The session waits for the answer; its client may go on meanwhile.
fn ask(tx: &mut Tx<'_>, conn: ConnId, message: &Message, query: HistoryQuery, purpose: Purpose) {
    let label = label_of(message).map(|label| CompactString::from(&*label));
    wait(tx, conn, query, purpose, label);
}

pub fn wait(
    tx: &mut Tx<'_>,
    conn: ConnId,
    query: HistoryQuery,
    purpose: Purpose,
    label: Option<CompactString>,
) {
    let Some(by) = LimitKey::of(tx.state(), conn) else { return };
    let wait = Wait::History { purpose: Box::new(purpose), label };
    tx.wait(conn, wait, Job::History { query: Box::new(query), by });
}

fn has(tx: &Tx<'_>, conn: ConnId, caps: Caps) -> bool {
    tx.state().sessions.get(conn).is_some_and(|session| session.caps.contains(caps))
}

fn needs(tx: &mut Tx<'_>, command: &str, capability: &str) {
    tx.numeric(ERR_UNKNOWNCOMMAND, format_args!("{command} :Needs the capability {capability}"));
}

/// The same words whether there is no such place or it is not the reader's.
fn invalid_target(tx: &mut Tx<'_>, subcommand: &str, target: &str) {
    let target = word(target);
    tx.fail(
        "CHATHISTORY",
        "INVALID_TARGET",
        format_args!("{subcommand} {target} :Messages could not be retrieved"),
    );
}
