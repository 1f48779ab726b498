//! The schema, by versions. Each released version stays as it was; what changes is a further step.

use rusqlite::Connection;

/// What leads from each version to the next, from an empty database on.
const STEPS: &[&str] =
    &[include_str!("schema.sql"), include_str!("channels.sql"), include_str!("history.sql")];

#[derive(Debug)]
pub(super) enum Error {
    Sqlite(rusqlite::Error),
    TooNew { found: u32, known: u32 },
}

/// All steps that are missing, or none of them.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<(), Error> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(Error::TooNew { found, known });
    }
    let missing = STEPS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX));
    let transaction = connection.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
