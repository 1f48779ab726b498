//! BATCH: messages of several lines (draft/multiline, client-batch).

use std::fmt;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::tag;
use compact_str::CompactString;

use crate::batch::{Batch, OpenBatch, Wrong};
use crate::id::ConnId;
use crate::time::Uptime;
use crate::tx::{Caller, Tx, label_of};

use super::check::word;
use super::{QUOTE, message as speech};

/// How long a batch may stay open without a further line, in milliseconds.
const OPEN_MAX: u64 = 60_000;

pub fn batch(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let reference = message.param(0).unwrap_or_default();
    match reference.split_at_checked(1) {
        Some(("+", reference)) => open(tx, caller, reference, message),
        Some(("-", reference)) => close(tx, caller, reference),
        _ => fail(tx, "INVALID_REFTAG", format_args!("{} :A reference begins with + or -", word(reference))),
    }
}

/// Whether a line is part of a batch, or breaks one: then it is dealt with, and no command of its own.
pub fn takes(tx: &mut Tx<'_>, conn: ConnId, message: &Message) -> bool {
    let reference = message.tag("batch");
    let Some(batch) = tx.batches().get(conn) else {
        if reference.is_some() {
            fail(tx, "MULTILINE_INVALID", format_args!(":No such batch is open"));
        }
        return reference.is_some();
    };
    let is_open = matches!(batch, Batch::Open(_));
    let is = |commands: &[&str]| commands.iter().any(|name| message.command().eq_ignore_ascii_case(name));
    match reference.map(|reference| reference == *batch.reference()) {
        None if !is_open || is(&["BATCH", "PING", "PONG", "QUIT"]) => return false,
        Some(true) if !is_open => {}
        Some(true) if is(&["PRIVMSG", "NOTICE"]) => add(tx, conn, message),
        _ => refuse(tx, conn, "MULTILINE_INVALID", format_args!(":This line is not part of the open batch")),
    }
    true
}

/// A line could not be read: a message that lacks it would not be what its author wrote.
pub fn line_lost(tx: &mut Tx<'_>, conn: ConnId) {
    if matches!(tx.batches().get(conn), Some(Batch::Open(_))) {
        refuse(tx, conn, "MULTILINE_INVALID", format_args!(":A line of the batch could not be read"));
    }
}

/// Gives up on batches that were left open.
pub fn tick(tx: &mut Tx<'_>) {
    let Some(limit) = tx.now().uptime.0.checked_sub(OPEN_MAX).map(Uptime) else { return };
    for (conn, reference) in tx.batches().silent_since(limit) {
        tx.begin(conn, None);
        refuse(tx, conn, "TIMEOUT", format_args!("{reference} :The batch was open for too long"));
        tx.finish();
    }
}

fn open(tx: &mut Tx<'_>, caller: Caller, reference: &str, message: &Message) {
    let (kind, target) = (message.param(1).unwrap_or_default(), message.param(2).unwrap_or_default());
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if reference.is_empty() || reference.len() > QUOTE || !reference.chars().all(is_good) {
        return fail(tx, "INVALID_REFTAG", format_args!("{} :This is no reference", word(reference)));
    }
    let begun = tx.batches().insert(caller.conn, Batch::Refused { reference: reference.into() });
    let caps = tx.state().sessions.get(caller.conn).map_or(Caps::empty(), |session| session.caps);
    if kind != tag::MULTILINE || !caps.contains(Caps::MULTILINE) {
        let kind = word(kind);
        return fail(tx, "UNKNOWN_TYPE", format_args!("{reference} {kind} :This type of batch is not known"));
    }
    if matches!(begun, Some(Batch::Open(_))) {
        return fail(tx, "MULTILINE_INVALID", format_args!(":Another batch was open"));
    }
    if target.is_empty() || target.contains(',') {
        return fail(tx, "MULTILINE_INVALID", format_args!(":A batch has one target"));
    }
    let Ok(client_id) = speech::client_id(tx, caller.conn, message) else { return };
    let batch = OpenBatch {
        reference: reference.into(),
        label: label_of(message).map(CompactString::from),
        target: target.into(),
        tags: speech::client_tags(tx, caller, message).into(),
        client_id,
        heard_at: tx.now().uptime,
        content: None,
    };
    tx.batches().insert(caller.conn, Batch::Open(Box::new(batch)));
    // What answers the whole batch, answers this line.
    tx.begin(caller.conn, None);
}

fn add(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let limits = &tx.state().policy.limits;
    let (bytes, lines, now) = (limits.multiline_bytes, limits.multiline_lines, tx.now().uptime);
    let Some(Batch::Open(batch)) = tx.batches().get_mut(conn) else { return };
    batch.heard_at = now;
    let Err(wrong) = batch.add(message, bytes, lines) else { return };
    let target = batch.target.clone();
    let (code, context, text) = match wrong {
        Wrong::Target => {
            let context = format!("{} {} ", word(&target), word(message.param(0).unwrap_or_default()));
            ("MULTILINE_INVALID_TARGET", context, "All lines of a batch have its target")
        }
        Wrong::Bytes => ("MULTILINE_MAX_BYTES", format!("{bytes} "), "The message is too long"),
        Wrong::Lines => ("MULTILINE_MAX_LINES", format!("{lines} "), "The message has too many lines"),
        Wrong::Command => {
            ("MULTILINE_INVALID", String::new(), "A batch is of PRIVMSG alone, or of NOTICE alone")
        }
        Wrong::BlankConcat => {
            ("MULTILINE_INVALID", String::new(), "A blank line cannot go on the one before it")
        }
    };
    refuse(tx, conn, code, format_args!("{context}:{text}"));
}

fn close(tx: &mut Tx<'_>, caller: Caller, reference: &str) {
    if tx.batches().get(caller.conn).is_none_or(|batch| batch.reference() != reference) {
        return fail(tx, "MULTILINE_INVALID", format_args!(":No such batch is open"));
    }
    let Some(Batch::Open(mut batch)) = tx.batches().remove(caller.conn) else { return };
    tx.begin(caller.conn, batch.label.as_deref());
    match batch.content.take().filter(|content| !content.is_blank()) {
        Some(content) => speech::say_lines(tx, caller, content.kind, &content.text, *batch),
        None => fail(tx, "MULTILINE_INVALID", format_args!(":The message is blank")),
    }
}

/// Tells what is wrong with the batch, with its label, and takes no more of it.
fn refuse(tx: &mut Tx<'_>, conn: ConnId, code: &str, args: fmt::Arguments<'_>) {
    let Some(batch) = tx.batches().get_mut(conn) else { return };
    let refused = Batch::Refused { reference: batch.reference().clone() };
    if let Batch::Open(batch) = std::mem::replace(batch, refused)
        && tx.label().is_none()
    {
        tx.begin(conn, batch.label.as_deref());
    }
    fail(tx, code, args);
}

fn fail(tx: &mut Tx<'_>, code: &str, args: fmt::Arguments<'_>) {
    tx.fail("BATCH", code, args);
}

#[cfg(test)]
mod tests;
