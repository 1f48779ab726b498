//! The places where something was said lately.

use chatd_core::{ChannelId, Party, Place};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::page::LIMIT_MAX;
use super::{find, party, row, written};
use crate::store::RowError;

pub(super) struct Targets<'a> {
    pub(super) party: &'a Party,
    pub(super) channels: &'a [ChannelId],
    pub(super) after: u64,
    pub(super) before: u64,
    pub(super) limit: u32,
    pub(super) since: u64,
}

impl Targets<'_> {
    /// In the order of their times.
    pub(super) fn read(&self, connection: &Connection) -> Result<Vec<(Place, u64)>, RowError> {
        let (earlier, later) = (self.after.min(self.before), self.after.max(self.before));
        let mut found = Vec::new();
        let channels = self.channels.iter().map(|channel| Place::Channel(*channel));
        let places = channels.map(|place| Ok((find(connection, &place)?, place)));
        for place in places.chain(pairs(connection, self.party)?.into_iter().map(Ok)) {
            let (id, place) = place.map_err(RowError::Sqlite)?;
            if let Some(id) = id
                && let Some(at) = last(connection, id)?
                && earlier < at
                && at < later
                && at >= self.since
            {
                found.push((place, at));
            }
        }
        found.sort_by_key(|(_, at)| *at);
        let limit = usize::try_from(self.limit.min(LIMIT_MAX)).unwrap_or(usize::MAX);
        if self.after > self.before {
            found.drain(..found.len().saturating_sub(limit));
        }
        found.truncate(limit);
        Ok(found)
    }
}

type Found = (Option<i64>, Place);

/// All pairs that one is of.
pub(super) fn pairs(connection: &Connection, of: &Party) -> Result<Vec<Found>, RowError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, one, other FROM place WHERE one = ?1
         UNION SELECT id, one, other FROM place WHERE other = ?1",
    )?;
    let mut rows = statement.query([written(of)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get("id")?, Place::Pair(read(row, "one")?, read(row, "other")?)));
    }
    Ok(found)
}

fn read(row: &Row<'_>, column: &str) -> Result<Party, RowError> {
    party(&row.get::<_, String>(column)?).ok_or(RowError::NotA("party"))
}

/// When something was said there last, for all to see.
fn last(connection: &Connection, place: i64) -> rusqlite::Result<Option<u64>> {
    let sql = format!(
        "SELECT at FROM entry INDEXED BY entry_said WHERE place = ?1 AND kind < 2 AND {}
         ORDER BY id DESC LIMIT 1",
        row::FOR_ALL
    );
    connection.prepare_cached(&sql)?.query_row([place], |row| row.get(0)).optional()
}
