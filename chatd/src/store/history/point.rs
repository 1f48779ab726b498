//! Points in the history become places in the order of the rows. Numbers and times ascend with the rows, so a message
//! that is gone, or was in another place, still says when.

use chatd_core::Point;
use rusqlite::{Connection, OptionalExtension as _};

/// The first row at the point or after it.
pub(super) fn first_from(connection: &Connection, point: Point) -> rusqlite::Result<i64> {
    let (sql, value) = match point {
        Point::Message(id) => ("SELECT id FROM entry WHERE number >= ?1 ORDER BY number LIMIT 1", id.number),
        Point::Time(at) => ("SELECT id FROM entry WHERE at >= ?1 ORDER BY at, id LIMIT 1", at),
    };
    Ok(seek(connection, sql, value)?.unwrap_or(i64::MAX))
}

/// The last row at the point or before it.
pub(super) fn last_until(connection: &Connection, point: Point) -> rusqlite::Result<i64> {
    let (sql, value) = match point {
        Point::Message(id) => {
            ("SELECT id FROM entry WHERE number <= ?1 ORDER BY number DESC LIMIT 1", id.number)
        }
        Point::Time(at) => ("SELECT id FROM entry WHERE at <= ?1 ORDER BY at DESC, id DESC LIMIT 1", at),
    };
    Ok(seek(connection, sql, value)?.unwrap_or(0))
}

fn seek(connection: &Connection, sql: &str, value: u64) -> rusqlite::Result<Option<i64>> {
    // What a client names may be larger than any that there can be.
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.query_row([value], |row| row.get(0)).optional()
}
