//! `history erase NAME`

use std::ops::ControlFlow;

use chat_proto::admin::{CountHistory, EraseHistory, Erased, HistoryCount};
use serde_json::json;

use super::plural;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Page, Progress, Records, Show};

pub(super) fn run(context: &mut Context<'_>, name: &str, yes: bool) -> Result<(), Failure> {
    let HistoryCount { account, guest } = context.connector.call(&CountHistory { name: name.to_owned() })?;
    let all = account + guest;
    if all > 0 && !yes {
        let lines = plural(all, "line", "lines");
        let question = format!(
            "erase {lines} of {name} for good, {account} as an account and {guest} without one? (yes/no) "
        );
        if !context.ask.confirm(&question)? {
            return Err(Failure::NotConfirmed);
        }
    }
    let (mut erased, mut progress) = (0, Progress::new(context.output));
    context.connector.stream(&EraseHistory { name: name.to_owned() }, |so_far: Erased| {
        erased = so_far.erased.unwrap_or(erased);
        progress.tell(&format!("{erased} of {all} erased"));
        Ok(ControlFlow::Continue(()))
    })?;
    drop(progress);
    Ok(context.output.show(&Outcome { name, erased })?)
}

struct Outcome<'a> {
    name: &'a str,
    erased: u64,
}

impl Show for Outcome<'_> {
    fn text(&self, page: &mut Page) {
        if self.erased == 0 {
            return page.line(format!("there is nothing of {} in the history", self.name));
        }
        page.line(format!("erased {} of {}", plural(self.erased, "line", "lines"), self.name));
        page.line("backups that were made before still have them");
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"name": self.name, "erased": self.erased}))
    }
}
