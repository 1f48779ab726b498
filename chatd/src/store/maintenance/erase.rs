//! What a person has said is taken out, on request.

use chat_proto::name::{Folded, Nick};

use super::{Maintenance, MaintenanceError, delete};

/// What there is of somebody: as an account, and by the same name without one, as a guest or in what was imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    pub(crate) account: u64,
    pub(crate) guest: u64,
}

impl Maintenance {
    /// Counts without changing anything.
    pub(crate) fn traces(&self, name: &str) -> Result<Traces, MaintenanceError> {
        let sql = "SELECT count(account), count(*) - count(account) FROM entry WHERE author = ?1";
        let counts = self.archive.reader()?.query_row(sql, [folded(name).as_str()], |row| {
            Ok(Traces { account: row.get(0)?, guest: row.get(1)? })
        })?;
        Ok(counts)
    }

    /// Everything that has been said under the name, in channels and in private, topics, joins and the like, and how far
    /// somebody of that name has read. What others said to them is theirs and stays. `told` hears how many are gone;
    /// what is begun is done, whether anybody hears it or not.
    pub(crate) fn erase(&self, name: &str, mut told: impl FnMut(u64)) -> Result<u64, MaintenanceError> {
        let author = folded(name);
        let reader = author.clone();
        let ids = "SELECT id FROM entry WHERE author = ?1 LIMIT ?2";
        let told = |erased| {
            told(erased);
            true
        };
        let erased = self
            .chores
            .in_steps(move |transaction, rows| delete(transaction, ids, (author.as_str(), rows)), told)?;
        let marks = "DELETE FROM read_marker WHERE account = ?1";
        self.chores.perform(move |store| store.connection.execute(marks, [reader.as_str()]))??;
        self.clear_away()?;
        self.metrics.erased.inc_by(erased);
        Ok(erased)
    }
}

/// A name that nobody could have is that of nobody.
fn folded(name: &str) -> Folded {
    Nick::new(name).map_or_else(|_| Folded::new(name), |nick| nick.fold())
}
