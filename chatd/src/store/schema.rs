//! The schema, by versions. Each released version stays as it was; what changes is a further step.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::copy::{self, CopyError};
use crate::logging::{EventKind, Fields};

/// What leads from each version to the next, from an empty database on.
const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    concat!(include_str!("channels.sql"), include_str!("history.sql")),
    concat!(
        include_str!("logins.sql"),
        include_str!("clock.sql"),
        include_str!("origins.sql"),
        include_str!("ended_channels.sql"),
        include_str!("shares.sql"),
    ),
];

/// What `PRAGMA auto_vacuum` calls a file that gives pages back when it is asked to.
const INCREMENTAL: u32 = 2;

#[derive(Debug)]
pub(super) enum Error {
    Sqlite(rusqlite::Error),
    TooNew {
        found: u32,
        known: u32,
    },
    /// What was there could not be copied, so it was not touched.
    NotCopied {
        to: PathBuf,
        cause: CopyError,
    },
}

/// The version that this chatd writes.
pub(super) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// All steps that are missing, or none of them. A database of an earlier version is copied first.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known();
    if found > known {
        return Err(Error::TooNew { found, known });
    }
    if found > 0 && found < known {
        keep_copy(connection, path, found)?;
    }
    let missing = STEPS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX));
    let transaction = connection.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(let_it_shrink(connection)?)
}

/// Beside the database, for who has to go back to the chatd that wrote it.
fn keep_copy(connection: &Connection, path: &Path, version: u32) -> Result<(), Error> {
    let to = path.with_extension(format!("db.v{version}.bak"));
    let kept = copy::keep(connection, &to);
    let to = kept.map_err(|cause| Error::NotCopied { to, cause })?;
    let message = format_args!(
        "the database is of version {version} and becomes {}; it was copied to {} before, which is removed in {} days",
        known(),
        to.display(),
        copy::KEPT_DAYS
    );
    EventKind::DatabaseUpgraded.log(&Fields::default(), message);
    Ok(())
}

/// Databases that the first versions made cannot, until they are written anew. They are small.
fn let_it_shrink(connection: &Connection) -> rusqlite::Result<()> {
    let mode: u32 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if mode == INCREMENTAL {
        return Ok(());
    }
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    connection.execute_batch("VACUUM")
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

#[cfg(test)]
mod tests;
