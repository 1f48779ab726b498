//! Writes a long past into a database that chatd has made.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use rusqlite::{Connection, Transaction, params};

use crate::ask::{CHANNELS, WORDS};

/// The past begins so long ago, in milliseconds.
const SPAN: u64 = 360 * 24 * 60 * 60 * 1000;
const ONE_TRANSACTION: u64 = 200_000;
/// Half of the messages are between two; each account writes to some others.
const ACCOUNTS: u64 = 400;

/// The size of the database in bytes.
pub(crate) fn fill(path: &Path, messages: u64) -> Result<u64> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -400_000)?;
    let places = places(&connection)?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let first: i64 =
        connection.query_row("SELECT ifnull(max(number), 0) + 1 FROM entry", [], |row| row.get(0))?;
    for begin in (0..messages).step_by(usize::try_from(ONE_TRANSACTION)?) {
        let transaction = connection.transaction()?;
        for index in begin..messages.min(begin + ONE_TRANSACTION) {
            let at = now - SPAN + SPAN / messages * index;
            let place = places[fastrand::usize(..places.len())];
            write(&transaction, at, index, first, place)?;
        }
        transaction.commit()?;
    }
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(std::fs::metadata(path)?.len())
}

/// Rows of the channels that are there, and as many pairs.
fn places(connection: &Connection) -> Result<Vec<i64>> {
    let mut places: Vec<i64> = connection
        .prepare("SELECT id FROM place WHERE channel IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    anyhow::ensure!(places.len() >= CHANNELS, "only {} channels have a history", places.len());
    for index in 0..places.len() {
        let sql = "INSERT INTO place (one, other) VALUES (?1, ?2) RETURNING id";
        let pair = params![format!("a:friend{index}"), format!("a:other{index}")];
        places.push(connection.query_row(sql, pair, |row| row.get(0))?);
    }
    Ok(places)
}

fn write(transaction: &Transaction<'_>, at: u64, index: u64, first: i64, place: i64) -> Result<()> {
    let sql = "INSERT INTO entry (id, place, at, number, kind, source, account, author, target, tags, text)
               VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?6, '#room', '', ?7)";
    let author = format!("friend{}", fastrand::u64(..ACCOUNTS));
    let (id, number) = (at << 20 | index & 0xF_FFFF, first + i64::try_from(index)?);
    let source = format!("{author}!{author}@host.example");
    transaction.prepare_cached(sql)?.execute(params![id, place, at, number, source, author, text(index)])?;
    Ok(())
}

/// Ten words, some much more frequent than others, and one that is nowhere else.
fn text(index: u64) -> String {
    let mut text = format!("unique{index}");
    for _ in 0..10 {
        // Roughly as in a language: the tenth word is a tenth as frequent as the first.
        let rank = (WORDS as f64).powf(fastrand::f64());
        text.push_str(&format!(" word{}", rank as u64));
    }
    text
}
