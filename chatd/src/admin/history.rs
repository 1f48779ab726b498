//! Backups, and what is done with the history.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_proto::admin::{
    BackupPart, BackupSummary, Erased, Error, Exported, HistoryCount, IMPORT_MAX, ImportHistory,
    ImportedKind, ImportedLine, ImportedLines,
};
use chatd_core::Entry;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::reply;
use super::stream::{Outcome, Sink};
use crate::store::{
    Carrier, ChoreError, CopyError, Holdings, Line, LineKind, Maintenance, MaintenanceError, Selection,
    Watcher,
};

/// Pages between two replies that tell how far a copy is.
const TOLD_EACH: u64 = 4096;

/// What takes its time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Work {
    Backup,
    Export(Selection),
    Erase { name: String },
    Import { channel: String, lines: Vec<Line> },
}

impl Work {
    pub(super) fn perform(self, maintenance: &Maintenance, sink: &Sink) -> Outcome {
        match self {
            Self::Backup => backup(maintenance, sink),
            Self::Export(selection) => {
                let take = |entries| sink.send(Exported { entries: Some(entries) });
                maintenance.export(&selection, take).map_err(refused)?;
                last(Exported::default())
            }
            Self::Erase { name } => {
                let told = |erased| {
                    sink.send(Erased { erased: Some(erased) });
                };
                let erased = maintenance.erase(&name, told).map_err(refused)?;
                last(Erased { erased: Some(erased) })
            }
            Self::Import { channel, lines } => {
                let done = maintenance.import(&channel, lines).map_err(refused)?;
                last(ImportedLines {
                    imported: Some(done.imported),
                    present: Some(done.present),
                    too_old: Some(done.too_old),
                    refused: Some(done.refused),
                })
            }
        }
    }
}

pub(super) fn count(maintenance: &Maintenance, name: &str) -> Result<HistoryCount, Error> {
    let traces = maintenance.traces(name).map_err(refused)?;
    Ok(HistoryCount { account: traces.account, guest: traces.guest })
}

/// What was said under that id.
pub(super) fn message(maintenance: &Maintenance, id: String) -> Result<Entry, Error> {
    let found = id.parse().ok().map(|id| maintenance.message(id)).transpose().map_err(refused)?;
    found.flatten().ok_or(Error::NoSuchMessage { id })
}

/// What is asked for, if it is not too much.
pub(super) fn import(ImportHistory { channel, lines }: ImportHistory) -> Result<Work, Error> {
    if lines.len() > IMPORT_MAX {
        let reason = format!("{} lines are more than {IMPORT_MAX}", lines.len());
        return Err(Error::CannotBeDone { reason });
    }
    Ok(Work::Import { channel, lines: lines.into_iter().map(line).collect() })
}

fn line(ImportedLine { at, from, kind, text }: ImportedLine) -> Line {
    let kind = match kind {
        ImportedKind::Message => LineKind::Message,
        ImportedKind::Action => LineKind::Action,
        ImportedKind::Notice => LineKind::Notice,
    };
    Line { at, from, kind, text }
}

/// Sends a copy on its way, and remembers what it was.
struct Sending<'a> {
    sink: &'a Sink,
    told: u64,
    digest: Sha256,
}

impl Watcher for Sending<'_> {
    fn copied(&mut self, pages: u64, of: u64) -> bool {
        if pages < self.told && pages < of {
            return true;
        }
        self.told = pages + TOLD_EACH;
        self.sink.send(BackupPart { copied: Some(pages), of: Some(of), ..BackupPart::default() })
    }
}

impl Carrier for Sending<'_> {
    fn carry(&mut self, bytes: &[u8]) -> bool {
        self.digest.update(bytes);
        self.sink.send(BackupPart { data: Some(STANDARD.encode(bytes)), ..BackupPart::default() })
    }
}

fn backup(maintenance: &Maintenance, sink: &Sink) -> Outcome {
    let mut sending = Sending { sink, told: 0, digest: Sha256::new() };
    let holdings = maintenance.backup(&mut sending).map_err(refused)?;
    let Holdings { accounts, channels, messages, first, last: latest, bytes } = holdings;
    let sha256 = sending.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let summary =
        BackupSummary { accounts, channels, messages, first_at: first, last_at: latest, bytes, sha256 };
    last(BackupPart { summary: Some(summary), ..BackupPart::default() })
}

fn last<P: Serialize>(parameters: P) -> Outcome {
    reply::last(parameters).map_err(|error| {
        tracing::error!("cannot write an admin reply: {error}");
        Error::Unavailable { reason: "its reply could not be written, which its log tells more about".into() }
            .into()
    })
}

fn refused(error: MaintenanceError) -> Error {
    match error {
        MaintenanceError::NoSuchChannel(name) => Error::NoSuchChannel { name },
        MaintenanceError::NoChannel(name) => {
            Error::InvalidName { name, reason: "it is no channel's name, such as #lobby".into() }
        }
        MaintenanceError::Chore(ChoreError::Stopping) => {
            Error::Unavailable { reason: "it is stopping".into() }
        }
        MaintenanceError::Copy(CopyError::NoRoom { needed, free }) => Error::CannotBeDone {
            reason: format!(
                "a copy is made beside the database first, which takes {needed} bytes with what is left to the chat, and {free} are free there"
            ),
        },
        error => {
            tracing::warn!("cannot do what an administrator asked for: {error}");
            Error::CannotBeDone { reason: error.to_string() }
        }
    }
}
