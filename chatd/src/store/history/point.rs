//! Points in the history become places in the order of the rows. Numbers and times ascend with the rows, so a message
//! that is gone, or was in another place, still says when.

use chatd_core::{MessageId, Point};
use rusqlite::{Connection, OptionalExtension as _};

/// Bits of a row's id that count what has the same time.
pub(super) const COUNT_BITS: u32 = 20;
/// The first half of the ids of messages that were imported; the second is the row's.
pub(super) const IMPORTED: u64 = 0;

/// The least id that a row of that time or a later one can have.
pub(in crate::store) fn at_time(at: u64) -> i64 {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    at.min(i64::MAX >> COUNT_BITS) << COUNT_BITS
}

/// The first row at the point or after it.
pub(super) fn first_from(connection: &Connection, point: Point) -> rusqlite::Result<i64> {
    match point {
        Point::Time(at) => Ok(at_time(at)),
        Point::Message(MessageId { start: IMPORTED, number }) => Ok(bounded(number)),
        Point::Message(id) => {
            let sql = "SELECT id FROM entry WHERE number >= ?1 ORDER BY number LIMIT 1";
            Ok(seek(connection, sql, id.number)?.unwrap_or(i64::MAX))
        }
    }
}

/// The last row at the point or before it.
pub(super) fn last_until(connection: &Connection, point: Point) -> rusqlite::Result<i64> {
    match point {
        Point::Time(at) => Ok(at_time(at.saturating_add(1)).saturating_sub(1)),
        Point::Message(MessageId { start: IMPORTED, number }) => Ok(bounded(number)),
        Point::Message(id) => {
            let sql = "SELECT id FROM entry WHERE number <= ?1 ORDER BY number DESC LIMIT 1";
            Ok(seek(connection, sql, id.number)?.unwrap_or(0))
        }
    }
}

fn seek(connection: &Connection, sql: &str, value: u64) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached(sql)?.query_row([bounded(value)], |row| row.get(0)).optional()
}

/// What a client names may be larger than any that there can be.
fn bounded(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
