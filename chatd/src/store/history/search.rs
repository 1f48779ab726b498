//! Search by words, in the full-text index that the database keeps beside the entries.
//!
//! Places and authors are words of the index, too, so that a search in a small room isn't one through all that was said.

use std::fmt::Write as _;

use chatd_core::{ChannelId, Entry, Party, Place, Point, Scope, Search};
use rusqlite::{Connection, Row, params};

use super::page::LIMIT_MAX;
use super::point::{first_from, last_until};
use super::{find, party, row, written};
use crate::store::RowError;

/// More words narrow a search no further.
const WORDS_MAX: usize = 32;

/// Oldest first; if there are more than the limit, the newest.
pub(super) fn read(connection: &Connection, search: &Search, start: u64) -> Result<Vec<Entry>, RowError> {
    let Some(expression) = expression(connection, search)? else { return Ok(Vec::new()) };
    let from = |at: u64| first_from(connection, Point::Time(at));
    let after = search.after.map_or(Ok(0), |at| last_until(connection, Point::Time(at)))?;
    let after = if search.since == 0 { after } else { after.max(from(search.since)? - 1) };
    let before = search.before.map_or(Ok(i64::MAX), from)?;
    let sql = format!(
        "SELECT {}, channel, one, other
         FROM words JOIN entry ON entry.id = words.rowid JOIN place ON place.id = entry.place
         WHERE words MATCH ?1 AND words.rowid > ?2 AND words.rowid < ?3 AND {}
         ORDER BY words.rowid DESC LIMIT ?4",
        row::COLUMNS,
        row::FOR_ALL
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![expression, after, before, search.limit.min(LIMIT_MAX)])?;
    let mut entries = Vec::new();
    while let Some(found) = rows.next()? {
        entries.push(row::entry(found, &place(found)?, start)?);
    }
    entries.reverse();
    Ok(entries)
}

pub(super) fn place(row: &Row<'_>) -> Result<Place, RowError> {
    if let Some(channel) = row.get("channel")? {
        return Ok(Place::Channel(ChannelId(channel)));
    }
    let read = |column: &str| party(&row.get::<_, String>(column)?).ok_or(RowError::NotA("party"));
    Ok(Place::Pair(read("one")?, read("other")?))
}

/// What the index is asked; nothing, when nothing can be found. What the user wrote is in quotes, and so never has a meaning
/// of its own.
fn expression(connection: &Connection, search: &Search) -> Result<Option<String>, RowError> {
    let Some(scope) = scope(connection, &search.scope)? else { return Ok(None) };
    let mut expression = format!("scope : ({scope})");
    if let Some(author) = &search.from {
        let _ = write!(expression, " AND author : a{}", hex(author.as_str()));
    }
    if !search.words.is_empty() {
        let words: Vec<String> =
            search.words.iter().filter_map(|word| quoted(word)).take(WORDS_MAX).collect();
        if words.is_empty() {
            return Ok(None);
        }
        let _ = write!(expression, " AND text : ({})", words.join(" "));
    }
    Ok(Some(expression))
}

/// The words of the index for places: see the view `entry_words`.
fn scope(connection: &Connection, scope: &Scope) -> rusqlite::Result<Option<String>> {
    let mut found = Vec::new();
    match scope {
        Scope::Place(place) => found.extend(find(connection, place)?),
        Scope::Everything { channels, .. } => {
            for channel in channels {
                found.extend(find(connection, &Place::Channel(*channel))?);
            }
        }
    }
    let mut words: Vec<String> = found.into_iter().map(|id| format!("p{id}")).collect();
    if let Scope::Everything { party, .. } = scope {
        words.push(token(party));
    }
    Ok((!words.is_empty()).then(|| words.join(" OR ")))
}

fn token(party: &Party) -> String {
    format!("x{}", hex(&written(party)))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}

/// A word as a string of the index's language; nothing when it has no letter and no digit.
fn quoted(word: &str) -> Option<String> {
    let (word, prefix) = word.strip_suffix('*').map_or((word, ""), |beginning| (beginning, " *"));
    let word: String = word.chars().filter(|&c| c != '"' && c != '\0').collect();
    word.chars().any(char::is_alphanumeric).then(|| format!("\"{word}\"{prefix}"))
}
