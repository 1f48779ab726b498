//! What was said is found by its id, and taken back.

use chatd_core::{Entry, MessageId, Redaction, Redactor};
use rusqlite::{Connection, Transaction, params};

use super::point::IMPORTED;
use super::{row, search};
use crate::store::RowError;

/// For [`Message`](chatd_core::HistoryQuery::Message).
pub(in crate::store) fn message(
    connection: &Connection,
    id: MessageId,
    start: u64,
) -> Result<Vec<Entry>, RowError> {
    let Some((column, number)) = key(id, start) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, channel, one, other FROM entry JOIN place ON place.id = entry.place
         WHERE {column} = ?1 AND redacted_at IS NULL",
        row::COLUMNS
    ))?;
    let mut rows = statement.query([number])?;
    let mut entries = Vec::new();
    while let Some(found) = rows.next()? {
        entries.push(row::entry(found, &search::place(found)?, start)?);
    }
    Ok(entries)
}

/// The words go, and with them those in the index; that it was said, who took it back, when and why stays.
pub(in crate::store) fn redact(
    transaction: &Transaction<'_>,
    at: u64,
    redaction: &Redaction,
) -> rusqlite::Result<()> {
    let Some((column, number)) = key(redaction.message, redaction.message.start) else { return Ok(()) };
    let by = match &redaction.by {
        Redactor::User(byline) => byline.source.to_string(),
        Redactor::Administrator(by) => by.name().to_string(),
    };
    let mut statement = transaction.prepare_cached(&format!(
        "UPDATE entry SET text = '', tags = NULL, redacted_at = ?2, redacted_by = ?3, redaction_reason = ?4
         WHERE {column} = ?1 AND redacted_at IS NULL"
    ))?;
    statement.execute(params![number, at, by, redaction.reason]).map(drop)
}

/// The column and the value by which a message is found, if it can be of this database.
fn key(id: MessageId, start: u64) -> Option<(&'static str, i64)> {
    let number = i64::try_from(id.number).ok()?;
    match id.start {
        IMPORTED => Some(("number IS NULL AND entry.id", number)),
        own if own == start => Some(("number", number)),
        _ => None,
    }
}
