//! When chatd last ran, so that the next run can tell whether the clock jumped.

use chatd_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Store;
use super::chores::{ChoreError, Chores};
use crate::clock::{Belief, Clock};

/// The clock, as far as the database knows what to expect of it.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Clock> {
    let read = |row: &Row<'_>| {
        let (expected, seen) = (Timestamp(row.get("expected")?), Timestamp(row.get("seen")?));
        Ok(Belief { expected, seen, running: row.get("running")? })
    };
    let belief = connection.query_row("SELECT expected, seen, running FROM clock", [], read).optional()?;
    // The upper bits are the latest time until then.
    let newest: Option<u64> =
        connection.query_row("SELECT max(id) >> 20 FROM entry", [], |row| row.get(0))?;
    Ok(Clock::start(belief, newest.map(Timestamp)))
}

/// Blocks until it is stored.
pub(crate) fn save(chores: &Chores, clock: &Clock) -> Result<(), ChoreError> {
    let belief = clock.belief();
    Ok(chores.perform(move |store| write(store, belief))??)
}

fn write(store: &Store, Belief { expected, seen, running }: Belief) -> rusqlite::Result<()> {
    let sql = "INSERT INTO clock (one, expected, seen, running) VALUES (1, ?1, ?2, ?3)
               ON CONFLICT (one) DO UPDATE SET expected = ?1, seen = ?2, running = ?3";
    store.connection.execute(sql, params![expected.0, seen.0, running]).map(drop)
}
