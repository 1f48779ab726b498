//! A page of the history of one place.

use chatd_core::{Entry, Place, Point, Range};
use rusqlite::{Connection, params};

use super::point::{first_from, last_until};
use super::{find, row};
use crate::store::RowError;

/// Whatever a query asks for, no more is read.
pub(super) const LIMIT_MAX: u32 = 1000;

pub(super) struct Page<'a> {
    pub(super) place: &'a Place,
    pub(super) range: Range,
    pub(super) limit: u32,
    pub(super) events: bool,
    pub(super) since: u64,
}

/// Rows strictly between two of them, at most so many, from the old or the new end on.
#[derive(Clone, Copy)]
struct Span {
    after: i64,
    before: i64,
    limit: u32,
    newest: bool,
}

impl Page<'_> {
    /// Oldest first.
    pub(super) fn read(&self, connection: &Connection, start: u64) -> Result<Vec<Entry>, RowError> {
        let Some(id) = find(connection, self.place)? else { return Ok(Vec::new()) };
        let floor = if self.since == 0 { 0 } else { first_from(connection, Point::Time(self.since))? - 1 };
        let mut entries = Vec::new();
        for mut span in self.spans(connection)? {
            span.after = span.after.max(floor);
            entries.append(&mut self.rows(connection, id, start, span)?);
        }
        Ok(entries)
    }

    fn spans(&self, connection: &Connection) -> rusqlite::Result<Vec<Span>> {
        let limit = self.limit.min(LIMIT_MAX);
        let oldest = |after, before| Span { after, before, limit, newest: false };
        let newest = |after, before| Span { after, before, limit, newest: true };
        let from = |point| first_from(connection, point);
        let until = |point| last_until(connection, point);
        Ok(match self.range {
            Range::Latest(None) => vec![newest(0, i64::MAX)],
            Range::Latest(Some(point)) => vec![newest(until(point)?, i64::MAX)],
            Range::Before(point) => vec![newest(0, from(point)?)],
            Range::After(point) => vec![oldest(until(point)?, i64::MAX)],
            Range::Around(point) => {
                let middle = from(point)?;
                let earlier = Span { limit: limit / 2, ..newest(0, middle) };
                let rest = Span { limit: limit - limit / 2, ..oldest(middle.saturating_sub(1), i64::MAX) };
                vec![earlier, rest]
            }
            Range::Between(first, last) if from(first)? <= from(last)? => {
                vec![oldest(until(first)?, from(last)?)]
            }
            Range::Between(first, last) => vec![newest(until(last)?, from(first)?)],
        })
    }

    fn rows(
        &self,
        connection: &Connection,
        place: i64,
        start: u64,
        span: Span,
    ) -> Result<Vec<Entry>, RowError> {
        let mut statement = connection.prepare_cached(&self.sql(span.newest))?;
        let mut rows = statement.query(params![place, span.after, span.before, span.limit])?;
        let mut entries = Vec::new();
        while let Some(found) = rows.next()? {
            entries.push(row::entry(found, self.place, start)?);
        }
        if span.newest {
            entries.reverse();
        }
        Ok(entries)
    }

    /// The index is named, so that it can never become a scan unnoticed.
    fn sql(&self, newest: bool) -> String {
        let (index, only) = if self.events { ("entry_place", "") } else { ("entry_said", "AND kind < 2") };
        let direction = if newest { "DESC" } else { "ASC" };
        format!(
            "SELECT {} FROM entry INDEXED BY {index} WHERE place = ?1 AND id > ?2 AND id < ?3 {only} AND {}
             ORDER BY id {direction} LIMIT ?4",
            row::COLUMNS,
            row::FOR_ALL
        )
    }
}
