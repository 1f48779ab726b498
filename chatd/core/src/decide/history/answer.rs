//! What was found is shown.

use std::fmt::Write as _;

use chat_proto::caps::Caps;
use compact_str::CompactString;

use crate::event::Purpose;
use crate::history::{Entry, HistoryAnswer, HistoryQuery, Place};
use crate::id::ConnId;
use crate::project::Viewer;
use crate::time::Timestamp;
use crate::tx::Tx;

use super::super::redact;
use super::reader::{self, Reader};
use super::{arrival, wait};

/// Goes on with what waited for the history.
pub fn answered(
    tx: &mut Tx<'_>,
    conn: ConnId,
    mut purpose: Purpose,
    label: Option<CompactString>,
    answer: &HistoryAnswer,
) {
    if let Purpose::Redact(wanted) = &purpose {
        return redact::found(tx, conn, wanted, answer);
    }
    if let Some(query) = next_question(&mut purpose, answer) {
        return wait(tx, conn, *query, purpose, label);
    }
    match answer {
        HistoryAnswer::Entries(entries) if purpose == Purpose::Undelivered => {
            arrival::deliver(tx, conn, entries);
        }
        HistoryAnswer::Entries(entries) => {
            found(tx, conn, &purpose, entries);
            arrival::go_on(tx, conn, &purpose);
        }
        HistoryAnswer::Targets(targets) => list_targets(tx, conn, targets),
        HistoryAnswer::Failed => failed(tx, conn, &purpose),
    }
}

/// Where there is nothing, there may be something at the other place of that name.
fn next_question(purpose: &mut Purpose, answer: &HistoryAnswer) -> Option<Box<HistoryQuery>> {
    let (Purpose::Page { or_else, .. } | Purpose::Search { or_else, .. }) = purpose else { return None };
    let empty = matches!(answer, HistoryAnswer::Entries(entries) if entries.is_empty());
    or_else.take().filter(|_| empty)
}

fn found(tx: &mut Tx<'_>, conn: ConnId, purpose: &Purpose, entries: &[Entry]) {
    let (kind, target, forward) = match purpose {
        Purpose::Page { target, forward, .. } => ("chathistory", target.clone(), *forward),
        Purpose::Search { .. } => ("soju.im/search", CompactString::default(), false),
        Purpose::Replay { channel } => {
            let Some(room) = tx.state().channel(*channel) else { return };
            ("chathistory", room.name.as_str().into(), false)
        }
        Purpose::Targets | Purpose::Undelivered | Purpose::Redact(_) => return,
    };
    if !entries.is_empty() || !matches!(purpose, Purpose::Replay { .. }) {
        show(tx, conn, &Batch { kind, target: &target, forward }, entries);
    }
}

/// A batch of entries.
pub struct Batch<'a> {
    pub kind: &'static str,
    pub target: &'a str,
    /// Where there is too much, the oldest are shown, else the newest.
    pub forward: bool,
}

pub fn show(tx: &mut Tx<'_>, conn: ConnId, batch: &Batch<'_>, entries: &[Entry]) {
    let (state, mut to) = tx.responder();
    let Some((reader, session)) = Reader::new(state, conn).zip(state.sessions.get(conn)) else { return };
    let reference = format!("h{}", state.messages() + 1);
    let in_batch = session.caps.contains(Caps::BATCH).then_some(reference.as_str());
    let viewer = Viewer { state, caps: session.caps, party: &reader.party(), batch: in_batch };
    let shown = entries.iter().filter(|entry| reader.may_see(entry)).map(|entry| {
        let mut lines = String::new();
        viewer.show(entry, &mut lines);
        lines
    });
    let lines = within(state.policy.limits.reply_bytes, batch.forward, shown.collect());
    match in_batch {
        Some(_) => {
            let target = if batch.target.is_empty() { String::new() } else { format!(" {}", batch.target) };
            to.batch(&reference, &format!("{}{target}", batch.kind), &lines.concat());
        }
        None => lines.iter().for_each(|lines| to.replies.append(lines)),
    }
}

/// How many of the entries, from the first on, have room in one answer.
pub fn fitting(tx: &Tx<'_>, conn: ConnId, entries: &[Entry]) -> usize {
    let state = tx.state();
    let Some((reader, session)) = Reader::new(state, conn).zip(state.sessions.get(conn)) else { return 0 };
    // As long as any reference.
    let batch = Some("h0000000000000000");
    let viewer = Viewer { state, caps: session.caps, party: &reader.party(), batch };
    // Only as many are rendered as are shown.
    let mut left = state.policy.limits.reply_bytes;
    let fits = |entry: &&Entry| {
        let mut lines = String::new();
        viewer.show(entry, &mut lines);
        let room = left.checked_sub(lines.len());
        left = room.unwrap_or(0);
        room.is_some()
    };
    entries.iter().take_while(fits).count()
}

/// As many of them as have room in so many bytes, from the beginning or to the end.
fn within(bytes: usize, forward: bool, mut lines: Vec<String>) -> Vec<String> {
    let mut left = bytes;
    let mut fits = |line: &String| {
        let room = left.checked_sub(line.len());
        left = room.unwrap_or(0);
        room.is_some()
    };
    if forward {
        let kept = lines.iter().take_while(|line| fits(line)).count();
        lines.truncate(kept);
    } else {
        let kept = lines.iter().rev().take_while(|line| fits(line)).count();
        lines.drain(..lines.len() - kept);
    }
    lines
}

fn list_targets(tx: &mut Tx<'_>, conn: ConnId, targets: &[(Place, u64)]) {
    let (state, mut to) = tx.responder();
    let Some((reader, session)) = Reader::new(state, conn).zip(state.sessions.get(conn)) else { return };
    let in_batch = session.caps.contains(Caps::BATCH);
    let reference = format!("h{}", state.messages() + 1);
    let tag = if in_batch { format!("@batch={reference} ") } else { String::new() };
    let mut lines = String::new();
    for (place, at) in targets {
        let Some(name) = reader::name_for(state, &reader, place, *at) else { continue };
        let time = Timestamp(*at);
        let _ = write!(lines, "{tag}:{} CHATHISTORY TARGETS {name} {time}\r\n", to.server);
    }
    if in_batch {
        to.batch(&reference, "draft/chathistory-targets", &lines);
    } else {
        to.replies.append(&lines);
    }
}

fn failed(tx: &mut Tx<'_>, conn: ConnId, purpose: &Purpose) {
    let unreadable = |tx: &mut Tx<'_>, what: &str| {
        tx.fail("CHATHISTORY", "MESSAGE_ERROR", format_args!("{what} :Messages could not be retrieved"));
    };
    match purpose {
        Purpose::Page { subcommand, target, .. } => unreadable(tx, &format!("{subcommand} {target}")),
        Purpose::Targets => unreadable(tx, "TARGETS *"),
        Purpose::Search { .. } => {
            tx.fail("SEARCH", "INTERNAL_ERROR", format_args!(":The search could not be run"));
        }
        // What waits is asked for again at the next session.
        Purpose::Undelivered | Purpose::Redact(_) => {}
        Purpose::Replay { .. } => arrival::go_on(tx, conn, purpose),
    }
}
