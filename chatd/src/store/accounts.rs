//! Accounts in the database.

use std::collections::BTreeMap;

use chat_proto::name::{Folded, Nick};
use chat_proto::sasl::ScramKeys;
use chatd_core::{Account, AccountEvent, Credentials, Fingerprint, OwnerChange, Suspension};
use rusqlite::{Connection, Row, Transaction, named_params, params};

use super::RowError;
use super::history::undelivered;

pub(super) fn read(connection: &Connection) -> Result<Vec<Account>, RowError> {
    let mut statement = connection.prepare("SELECT * FROM account ORDER BY folded")?;
    let mut rows = statement.query([])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(account(connection, row)?);
    }
    Ok(accounts)
}

fn account(connection: &Connection, row: &Row<'_>) -> Result<Account, RowError> {
    let name: String = row.get("name")?;
    let name: Nick = name.parse().map_err(|_| RowError::NotA("name of an account"))?;
    let mut account = Account::new(name, row.get("created_at")?, row.get("login")?);
    account.email = row.get::<_, Option<String>>("email")?.map(Into::into);
    account.credentials = credentials(row)?;
    account.suspended = suspension(row)?;
    let mut statement =
        connection.prepare_cached("SELECT fingerprint FROM certificate WHERE account = ?1")?;
    let mut rows = statement.query([account.name.fold().as_str()])?;
    while let Some(row) = rows.next()? {
        let fingerprint: String = row.get(0)?;
        let fingerprint: Fingerprint = fingerprint.parse().map_err(|_| RowError::NotA("fingerprint"))?;
        account.certificates.insert(fingerprint);
    }
    Ok(account)
}

fn credentials(row: &Row<'_>) -> Result<Option<Credentials>, RowError> {
    let Some(hash) = row.get::<_, Option<String>>("argon2")? else { return Ok(None) };
    let salt: Vec<u8> = row.get("scram_salt")?;
    let scram = ScramKeys {
        salt: salt.into(),
        iterations: row.get("scram_iterations")?,
        stored_key: row.get("scram_stored_key")?,
        server_key: row.get("scram_server_key")?,
    };
    Ok(Some(Credentials { hash: hash.as_str().into(), scram }))
}

fn suspension(row: &Row<'_>) -> Result<Option<Suspension>, RowError> {
    let Some(by) = row.get::<_, Option<String>>("suspended_by")? else { return Ok(None) };
    let reason: Option<String> = row.get("suspended_reason")?;
    Ok(Some(Suspension { by: by.into(), reason: reason.map(Into::into), at: row.get("suspended_at")? }))
}

/// The last change of owner of each account.
pub(super) fn owner_changes(connection: &Connection) -> rusqlite::Result<BTreeMap<Folded, OwnerChange>> {
    let mut statement = connection.prepare("SELECT folded, at, message FROM owner_change")?;
    let rows = statement.query_map([], |row| {
        let change = OwnerChange { at: row.get(1)?, message: row.get(2)? };
        Ok((Folded::new(&row.get::<_, String>(0)?), change))
    })?;
    rows.collect()
}

/// The uids that logins of the host had when they were last seen.
pub(super) fn login_uids(connection: &Connection) -> rusqlite::Result<BTreeMap<Folded, u32>> {
    let mut statement = connection.prepare("SELECT folded, uid FROM login")?;
    let rows = statement.query_map([], |row| Ok((Folded::new(&row.get::<_, String>(0)?), row.get(1)?)))?;
    rows.collect()
}

/// Notes that the account is another person's from now on. Messages of this run and all before have lower numbers than the next run's
/// first; imported ones have higher numbers, and count by their time.
pub(super) fn change_owner(transaction: &Transaction<'_>, at: u64, account: &Folded) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO owner_change (folded, at, message) VALUES (?1, ?2,
         (SELECT ifnull(max(number), 0) FROM entry WHERE number < (SELECT (count + 1) << 40 FROM run)))",
    )?;
    statement.execute(params![account.as_str(), at]).map(drop)
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    at: u64,
    name: &Nick,
    event: &AccountEvent,
) -> rusqlite::Result<()> {
    let folded = name.fold();
    let folded = folded.as_str();
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        transaction.prepare_cached(sql)?.execute(params).map(drop)
    };
    match event {
        AccountEvent::Registered { login, email, credentials, .. } => {
            run("DELETE FROM account WHERE folded = ?1", &[&folded])?;
            run(
                "INSERT INTO account (folded, name, created_at, login, email) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![folded, name.as_str(), at, login, email.as_deref()],
            )?;
            credentials
                .as_deref()
                .map_or(Ok(()), |credentials| set_password(transaction, folded, credentials))
        }
        AccountEvent::PasswordSet { credentials, .. } | AccountEvent::Rehashed { credentials } => {
            set_password(transaction, folded, credentials)
        }
        AccountEvent::CertificateAdded { fingerprint } => run(
            "INSERT OR REPLACE INTO certificate (fingerprint, account) VALUES (?1, ?2)",
            params![fingerprint.to_string(), folded],
        ),
        AccountEvent::CertificateRemoved { fingerprint } => {
            run("DELETE FROM certificate WHERE fingerprint = ?1", &[&fingerprint.to_string()])
        }
        AccountEvent::Suspended { by, reason } => run(
            "UPDATE account SET suspended_by = ?2, suspended_reason = ?3, suspended_at = ?4 WHERE folded = ?1",
            params![folded, by.name().as_str(), reason.as_deref(), at],
        ),
        AccountEvent::Resumed { .. } => run(
            "UPDATE account SET suspended_by = NULL, suspended_reason = NULL, suspended_at = NULL WHERE folded = ?1",
            &[&folded],
        ),
        AccountEvent::Removed { .. } => {
            run("DELETE FROM account WHERE folded = ?1", &[&folded])?;
            run("DELETE FROM login WHERE folded = ?1", &[&folded])
        }
        AccountEvent::LoginBound { uid } => {
            run("INSERT OR REPLACE INTO login (folded, uid) VALUES (?1, ?2)", params![folded, uid])
        }
        AccountEvent::OwnerChanged { uid, .. } => {
            forget_former_owner(transaction, at, folded)?;
            run("INSERT OR REPLACE INTO login (folded, uid) VALUES (?1, ?2)", params![folded, uid])
        }
        AccountEvent::Delivered { upto, left } => {
            // Where nothing is left, what could not be shown any more waits no longer either.
            undelivered::over(transaction, folded, (*left > 0).then_some(*upto))
        }
    }
}

/// Deletes what the former owner set; a suspension stays.
fn forget_former_owner(transaction: &Transaction<'_>, at: u64, folded: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM account WHERE folded = ?1 AND suspended_by IS NULL", [folded])?;
    transaction.execute("DELETE FROM certificate WHERE account = ?1", [folded])?;
    transaction.execute(
        "UPDATE account SET created_at = ?2, email = NULL, argon2 = NULL, scram_salt = NULL, scram_iterations = NULL,
         scram_stored_key = NULL, scram_server_key = NULL WHERE folded = ?1",
        params![folded, at],
    )?;
    Ok(())
}

fn set_password(
    transaction: &Transaction<'_>,
    folded: &str,
    credentials: &Credentials,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE account SET argon2 = :argon2, scram_salt = :salt, scram_iterations = :iterations,
         scram_stored_key = :stored_key, scram_server_key = :server_key WHERE folded = :folded",
    )?;
    let scram = &credentials.scram;
    statement.execute(named_params! {
        ":folded": folded,
        ":argon2": &*credentials.hash.0,
        ":salt": &*scram.salt,
        ":iterations": scram.iterations,
        ":stored_key": scram.stored_key,
        ":server_key": scram.server_key,
    })?;
    Ok(())
}
