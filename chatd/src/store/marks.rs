//! How far accounts have read, in the database.

use std::collections::BTreeMap;

use chat_proto::name::Folded;
use chatd_core::{Marks, ReadMark};
use rusqlite::{Connection, Transaction};

use super::RowError;

pub(super) fn read(connection: &Connection) -> Result<BTreeMap<Folded, Marks>, RowError> {
    let mut statement = connection.prepare("SELECT account, target, at FROM read_marker")?;
    let mut rows = statement.query([])?;
    let mut marks: BTreeMap<Folded, Marks> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (account, target): (String, String) = (row.get("account")?, row.get("target")?);
        marks.entry(Folded::new(&account)).or_default().insert(Folded::new(&target), row.get("at")?);
    }
    Ok(marks)
}

/// A guest's are not kept.
pub(super) fn record(transaction: &Transaction<'_>, mark: &ReadMark) -> rusqlite::Result<()> {
    let Some(account) = mark.account.as_ref().map(chat_proto::name::Nick::fold) else { return Ok(()) };
    if let Some(forgotten) = &mark.forgotten {
        let sql = "DELETE FROM read_marker WHERE account = ?1 AND target = ?2";
        transaction.prepare_cached(sql)?.execute([account.as_str(), forgotten.as_str()])?;
    }
    let sql = "INSERT OR REPLACE INTO read_marker (account, target, at) VALUES (?1, ?2, ?3)";
    let target = Folded::new(&mark.target);
    transaction.prepare_cached(sql)?.execute((account.as_str(), target.as_str(), mark.at))?;
    Ok(())
}

/// The account is somebody else's from now on.
pub(super) fn forget(transaction: &Transaction<'_>, account: &Folded) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM read_marker WHERE account = ?1")?.execute([account.as_str()])?;
    Ok(())
}
