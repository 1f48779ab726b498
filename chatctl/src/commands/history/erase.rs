//! `history erase NAME`

use std::ops::ControlFlow;

use chat_proto::admin::{CountHistory, EraseHistory, Erased, HistoryCount};
use serde_json::json;

use super::plural;
use crate::commands::Context;
use crate::commands::confirmation::Confirmation;
use crate::failure::Failure;
use crate::output::{Page, Progress, Records, Show};

pub(super) fn run(context: &mut Context<'_>, name: &str, confirmation: Confirmation) -> Result<(), Failure> {
    let HistoryCount { account, guest } = context.connector.call(&CountHistory { name: name.to_owned() })?;
    let all = account + guest;
    if all > 0 {
        if !confirmation.is_given() && !context.ask.is_attended() {
            return Err(Failure::unattended());
        }
        let lines = plural(all, "line", "lines");
        confirmation.obtain(context, |_| {
            format!("erase {lines} of {name} for good, {account} as an account and {guest} without one?")
        })?;
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
