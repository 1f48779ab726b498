//! The end: all of the database is in its one file, or, where that has gone, in another one.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::fault::FileFault;
use super::files::Misplaced;
use super::history::checkpoint;
use super::names::{numbered, with_suffix};
use super::{Store, copy};
use crate::logging::{EventKind, Fields, log_failure};

/// The copy of a database that was deleted or replaced while it was open. A number is added where the name is taken.
pub(super) const RESCUED: &str = "chatd.db.rescued";
/// The log of a database that could not be saved.
const LEFT: &str = "chatd.db.left";
/// How long readers are waited for. They are interrupted before, so only other programs take that long.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// Ends the readers, takes over all that is in the log, and closes the database. Failures are logged.
    pub(crate) fn close(mut self) {
        match self.archive.files.check() {
            Ok(()) | Err(Misplaced::LogGone(_)) => {}
            Err(misplaced) => return self.abandon(&misplaced),
        }
        self.archive.close();
        self.log.finish();
        let emptied =
            self.connection.busy_timeout(PATIENCE).and_then(|()| checkpoint(&self.connection, "TRUNCATE"));
        let path = self.archive.files.path().display();
        match emptied {
            Ok(true) => {}
            Ok(false) => tracing::warn!(
                "another program reads the database, so the last changes, and what was erased lately, stay in {path}-wal until chatd starts again"
            ),
            Err(error) => {
                let what = format!(
                    "cannot put what is in {path}-wal into {path}; chatd does it when it starts again"
                );
                let path = self.archive.files.path();
                log_failure(EventKind::StoreFailed, &what, &FileFault::from_sqlite(path, &error));
            }
        }
        if let Err((_, error)) = self.connection.close() {
            log_failure(EventKind::StoreFailed, "cannot close the database", &error);
        }
    }

    /// Saves what is still open, since it may be the only copy. The log is not put into a file that may belong to somebody else,
    /// and is taken out of the way of the next start, which would put it there.
    fn abandon(self, misplaced: &Misplaced) {
        let path = self.archive.files.path();
        let saved = match misplaced {
            Misplaced::Overwritten(_) => None,
            _ => self.rescue(path),
        };
        for beside in self.archive.files.beside() {
            let done = if saved.is_some() { fs::remove_file(beside) } else { set_aside(beside, path) };
            if let Err(error) = done {
                let what =
                    format!("cannot take {} away; delete it before chatd starts again", beside.display());
                log_failure(EventKind::StoreFailed, &what, &error);
            }
        }
        // Closing it would put the log into the file.
        std::mem::forget(self.connection);
    }

    fn rescue(&self, path: &Path) -> Option<()> {
        match copy::keep(&self.connection, &path.with_file_name(RESCUED)) {
            Ok(to) => {
                let message = format_args!(
                    "all that was stored is saved as {to}; `chatd restore {to}` puts it back in place",
                    to = to.display()
                );
                EventKind::StoreFailed.log(&Fields::default(), message);
                Some(())
            }
            Err(error) => {
                let what = "cannot save the database that was open";
                log_failure(EventKind::StoreFailed, what, &error);
                None
            }
        }
    }
}

fn set_aside(beside: &Path, database: &Path) -> io::Result<()> {
    let suffix = if beside == with_suffix(database, "-wal") { "-wal" } else { "-shm" };
    let left = database.with_file_name(LEFT);
    for name in numbered(&left).map(|name| with_suffix(&name, suffix)) {
        match fs::hard_link(beside, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => return linked.and_then(|()| fs::remove_file(beside)),
        }
    }
    unreachable!("there is no last number")
}

#[cfg(test)]
mod tests;
