//! `history export`

use std::ops::ControlFlow;

use chat_proto::admin::{ExportHistory, Exported, HistoryEntry};

use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

pub(super) fn run(
    context: &mut Context<'_>,
    channel: Option<&String>,
    account: Option<&String>,
    (since, until): (Option<u64>, Option<u64>),
    private: Option<bool>,
) -> Result<(), Failure> {
    let wanted =
        ExportHistory { channel: channel.cloned(), account: account.cloned(), since, until, private };
    let output = &mut *context.output;
    context.connector.stream(&wanted, |Exported { entries }| {
        if let Some(entries) = entries {
            output.show_json(&Entries(entries))?;
        }
        Ok(ControlFlow::Continue(()))
    })
}

struct Entries(Vec<HistoryEntry>);

impl Show for Entries {
    /// There is no other form of it than JSON.
    fn text(&self, _page: &mut Page) {}

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|entry| records.push(entry))
    }
}
