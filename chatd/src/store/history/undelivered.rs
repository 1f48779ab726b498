//! What waits for accounts that are not here.

use std::collections::BTreeMap;

use chat_proto::name::Folded;
use chatd_core::{Entry, Mailbox, MessageId, Party, Place};
use rusqlite::{Connection, Transaction, params};

use super::{party, row};
use crate::store::RowError;

/// Which messages wait for which account.
pub(in crate::store) fn mailboxes(connection: &Connection) -> rusqlite::Result<BTreeMap<Folded, Mailbox>> {
    let sql = "SELECT waits, number, author, account FROM entry INDEXED BY entry_waits
               WHERE waits IS NOT NULL AND number IS NOT NULL ORDER BY number";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut mailboxes: BTreeMap<Folded, Mailbox> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let author = Folded::new(&row.get::<_, String>("author")?);
        let is_account = row.get::<_, Option<String>>("account")?.is_some();
        let author = if is_account { Party::Account(author) } else { Party::Guest(author) };
        let account = Folded::new(&row.get::<_, String>("waits")?);
        mailboxes.entry(account).or_default().put(row.get("number")?, author);
    }
    Ok(mailboxes)
}

/// Nothing waits any more, up to that message if one is given.
pub(in crate::store) fn over(
    transaction: &Transaction<'_>,
    account: &str,
    upto: Option<MessageId>,
) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("UPDATE entry SET waits = NULL WHERE waits = ?1 AND number <= ?2")?;
    statement.execute(params![account, upto.map_or(i64::MAX.cast_unsigned(), |id| id.number)]).map(drop)
}

/// What waits for an account, the oldest first.
pub(super) fn read(
    connection: &Connection,
    account: &Folded,
    limit: u32,
    start: u64,
) -> Result<Vec<Entry>, RowError> {
    let sql = format!(
        "SELECT {}, one, other FROM entry INDEXED BY entry_waits JOIN place ON place.id = entry.place
         WHERE waits = ?1 AND {} ORDER BY entry.id LIMIT ?2",
        row::COLUMNS,
        row::FOR_ALL
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![account.as_str(), limit])?;
    let mut entries = Vec::new();
    while let Some(found) = rows.next()? {
        let end = |column| -> Result<_, RowError> {
            party(&found.get::<_, String>(column)?).ok_or(RowError::NotA("name of a party"))
        };
        entries.push(row::entry(found, &Place::Pair(end("one")?, end("other")?), start)?);
    }
    Ok(entries)
}
