//! The history in the database: what was said, and what happened in channels.

mod archive;
mod page;
mod point;
mod receipts;
mod record;
mod redact;
mod row;
mod search;
mod targets;
pub(super) mod undelivered;

use chat_proto::name::Folded;
use chatd_core::{Party, Place, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

pub(super) use self::archive::checkpoint;
pub(crate) use self::archive::{Archive, Cancelled};
pub(super) use self::point::at_time;
pub(super) use self::receipts::{forget_receipts, receipts};
pub(super) use self::record::record;
pub(super) use self::redact::{message, redact};
pub(super) use self::row::{COLUMNS, NOTICE, PRIVMSG, entry};

/// How often chatd has begun with this database before, and when it did first.
pub(super) fn begin(connection: &Connection, now: u64) -> rusqlite::Result<(u64, u64)> {
    let sql = "INSERT INTO run (one, start, count) VALUES (1, ?1, 0)
               ON CONFLICT (one) DO UPDATE SET count = count + 1 RETURNING start, count";
    connection.query_row(sql, [now], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// How often chatd has begun with the database; nothing if it has no history.
pub(super) fn runs(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    if !connection.table_exists(None, "run")? {
        return Ok(None);
    }
    connection.query_row("SELECT count FROM run", [], |row| row.get(0)).optional()
}

/// Has the next beginning come after so many.
pub(super) fn skip_to(connection: &Connection, runs: u64) -> rusqlite::Result<()> {
    connection.execute("UPDATE run SET count = ?1", [runs]).map(drop)
}

/// The time of the newest entry.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Timestamp> {
    let sql = "SELECT at FROM entry ORDER BY id DESC LIMIT 1";
    Ok(Timestamp(connection.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0)))
}

/// The row of a place that something is known of.
fn find(connection: &Connection, place: &Place) -> rusqlite::Result<Option<i64>> {
    match place {
        Place::Channel(channel) => {
            let mut statement = connection.prepare_cached("SELECT id FROM place WHERE channel = ?1")?;
            statement.query_row([channel.0], |row| row.get(0)).optional()
        }
        Place::Pair(one, other) => {
            let mut statement =
                connection.prepare_cached("SELECT id FROM place WHERE one = ?1 AND other = ?2")?;
            statement.query_row(params![written(one), written(other)], |row| row.get(0)).optional()
        }
    }
}

fn written(party: &Party) -> String {
    match party {
        Party::Account(name) => format!("a:{}", name.as_str()),
        Party::Guest(nick) => format!("g:{}", nick.as_str()),
    }
}

pub(super) fn party(written: &str) -> Option<Party> {
    let (kind, name) = written.split_once(':')?;
    match kind {
        "a" => Some(Party::Account(Folded::new(name))),
        "g" => Some(Party::Guest(Folded::new(name))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
