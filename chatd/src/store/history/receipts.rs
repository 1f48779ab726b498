//! What was said lately with ids of the authors' own.

use chat_proto::name::Folded;
use chatd_core::{Entry, RECEIPTS_BYTES, Receipts};
use rusqlite::{Connection, Transaction};

use super::row;
use crate::store::RowError;

/// As much as is remembered, the oldest first. What was redacted is among them, without its words, lest it is said again.
pub(in crate::store) fn receipts(connection: &Connection, start: u64) -> Result<Vec<Entry>, RowError> {
    let mut statement = connection.prepare(&format!(
        "SELECT {}, channel, one, other FROM entry INDEXED BY entry_client_id JOIN place ON place.id = entry.place
         WHERE client_id IS NOT NULL ORDER BY entry.id DESC",
        row::COLUMNS
    ))?;
    let mut rows = statement.query([])?;
    let (mut found, mut cost) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let entry = row::entry(row, &super::search::place(row)?, start)?;
        cost += Receipts::cost(&entry);
        if cost > RECEIPTS_BYTES {
            break;
        }
        found.push(entry);
    }
    found.reverse();
    Ok(found)
}

/// The account is another's now, whose own ids are not those of the one before.
pub(in crate::store) fn forget_receipts(
    transaction: &Transaction<'_>,
    account: &Folded,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE entry INDEXED BY entry_client_id_author SET client_id = NULL
         WHERE author = ?1 AND client_id IS NOT NULL AND account IS NOT NULL",
    )?;
    statement.execute([account.as_str()]).map(drop)
}
