//! Work on the database that is not of the chat, done by the thread that writes, between what it writes for the chat.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction};

use super::Store;

/// What a step may hold up the chat; the next one has as many rows as took that.
const STEP: Duration = Duration::from_millis(4);
const ROWS_FIRST: u32 = 10;
const ROWS_MIN: u32 = 1;
const ROWS_MAX: u32 = 2000;
/// The chat has the disk for so many times as long as a step took.
const REST: u32 = 3;

/// A bounded piece of work.
pub(crate) type Chore = Box<dyn FnOnce(&mut Store) + Send>;

/// Where chores are handed in, to be done one after the other.
#[derive(Clone)]
pub(crate) struct Chores(Arc<dyn Fn(Chore) + Send + Sync>);

/// Why something was not done, or only in part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    #[error("chatd is stopping")]
    Stopping,
    #[error("nobody waits for it any more")]
    Abandoned,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Chores {
    /// `hand_in` drops what it cannot have done any more.
    pub(crate) fn new(hand_in: impl Fn(Chore) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hand_in))
    }

    pub(crate) fn hand_in(&self, chore: Chore) {
        (self.0)(chore);
    }

    /// Blocks until the work is done.
    pub(super) fn perform<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> T + Send + 'static,
    ) -> Result<T, ChoreError> {
        let (done, outcome) = mpsc::channel();
        // Who gave up waiting needs no outcome.
        self.hand_in(Box::new(move |store| drop(done.send(work(store)))));
        outcome.recv().map_err(|_| ChoreError::Stopping)
    }

    /// Has `work` done for some rows at a time, each time in a transaction of its own, until it finds fewer than it was given
    /// room for. It returns how many it found. `told` hears how many those are in all, and whether to go on is its answer.
    pub(super) fn in_steps(
        &self,
        mut work: impl FnMut(&Transaction<'_>, u32) -> rusqlite::Result<u32> + Send + 'static,
        mut told: impl FnMut(u64) -> bool,
    ) -> Result<u64, ChoreError> {
        let (mut rows, mut all) = (ROWS_FIRST, 0);
        loop {
            let (step, took);
            (work, (step, took)) = self.perform(move |store| {
                let outcome = timed(|| step_of(&mut store.connection, &mut work, rows));
                (work, outcome)
            })?;
            let (found, worked) = step?;
            all += u64::from(found);
            if found < rows {
                return Ok(all);
            }
            if !told(all) {
                return Err(ChoreError::Abandoned);
            }
            rows = adapted(rows, worked);
            thread::sleep(took * REST);
        }
    }
}

/// How many rows there were, and how long they took, without the wait for the disk: fewer rows would not make that shorter.
fn step_of(
    connection: &mut Connection,
    work: &mut impl FnMut(&Transaction<'_>, u32) -> rusqlite::Result<u32>,
    rows: u32,
) -> rusqlite::Result<(u32, Duration)> {
    let transaction = connection.transaction()?;
    let (found, worked) = timed(|| work(&transaction, rows));
    let found = found?;
    transaction.commit()?;
    Ok((found, worked))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    (work(), began.elapsed())
}

fn adapted(rows: u32, took: Duration) -> u32 {
    let rows = if took > STEP {
        rows / 2
    } else if took < STEP / 2 {
        rows * 2
    } else {
        rows
    };
    rows.clamp(ROWS_MIN, ROWS_MAX)
}

impl fmt::Debug for Chores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chores")
    }
}
