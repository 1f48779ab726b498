//! Bans in the database.

use chatd_core::{Ban, BanEvent, BanTarget};
use rusqlite::{Connection, Row, Transaction, params};

use super::RowError;

pub(super) fn read(connection: &Connection) -> Result<Vec<Ban>, RowError> {
    let mut statement = connection.prepare("SELECT * FROM ban")?;
    let mut rows = statement.query([])?;
    let mut bans = Vec::new();
    while let Some(row) = rows.next()? {
        bans.push(ban(row)?);
    }
    Ok(bans)
}

fn ban(row: &Row<'_>) -> Result<Ban, RowError> {
    let target: String = row.get("target")?;
    let reason: Option<String> = row.get("reason")?;
    let by: String = row.get("by")?;
    Ok(Ban {
        target: BanTarget::parse(&target).map_err(|_| RowError::NotA("target of a ban"))?,
        reason: reason.map(Into::into),
        by: by.into(),
        at: row.get("at")?,
        until: row.get("until")?,
    })
}

pub(super) fn record(transaction: &Transaction<'_>, event: &BanEvent) -> rusqlite::Result<()> {
    match event {
        BanEvent::Set { ban, .. } => {
            let mut statement = transaction.prepare_cached(
                "INSERT OR REPLACE INTO ban (kind, target, reason, by, at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let (target, reason) = (ban.target.to_string(), ban.reason.as_deref());
            statement.execute(params![
                kind(&ban.target),
                target,
                reason,
                ban.by.as_str(),
                ban.at,
                ban.until
            ])?;
        }
        BanEvent::Lifted { target, .. } | BanEvent::Expired { target } => {
            let mut statement =
                transaction.prepare_cached("DELETE FROM ban WHERE kind = ?1 AND target = ?2")?;
            statement.execute(params![kind(target), target.to_string()])?;
        }
    }
    Ok(())
}

fn kind(target: &BanTarget) -> &'static str {
    match target {
        BanTarget::Name(_) => "name",
        BanTarget::Mask(_) => "mask",
        BanTarget::Net(_) => "net",
    }
}
