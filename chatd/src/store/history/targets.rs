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
        Ok(at_most(found, limit, self.after > self.before))
    }
}

/// The first ones, or the last ones. Clients ask for the next ones by the time of these, so those of equal time stay together: what was
/// imported, for instance, has equal times.
fn at_most(mut found: Vec<(Place, u64)>, limit: usize, last: bool) -> Vec<(Place, u64)> {
    if found.len() <= limit || limit == 0 {
        found.truncate(limit);
    } else if last {
        let end = found[found.len() - limit].1;
        found.retain(|(_, at)| *at >= end);
    } else {
        let end = found[limit - 1].1;
        found.retain(|(_, at)| *at <= end);
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_does_not_part_conversations_of_equal_time() {
        let found: Vec<(Place, u64)> = [1, 2, 2, 2, 3]
            .into_iter()
            .zip(1..)
            .map(|(at, id)| (Place::Channel(ChannelId(id)), at))
            .collect();
        for (limit, last, expected) in [
            (0, false, &found[..0]),
            (1, false, &found[..1]),
            (2, false, &found[..4]),
            (4, false, &found[..4]),
            (1, true, &found[4..]),
            (2, true, &found[1..]),
            (4, true, &found[1..]),
            (9, true, &found[..]),
        ] {
            assert_eq!(at_most(found.clone(), limit, last), expected, "{limit} {last}");
        }
    }
}
