//! `shutdown [--in DURATION] [--reason TEXT]` and `shutdown --cancel`

use chat_proto::admin::{CancelShutdown, Cancelled, Shutdown, ShutdownScheduled};
use serde_json::json;

use super::duration::milliseconds;
use super::{Context, joined};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, time};

pub(super) fn run(context: &mut Context<'_>, after: &[String], reason: &[String]) -> Result<(), Failure> {
    let after_ms = joined(after).map(|after| milliseconds(&after)).transpose()?;
    let scheduled = context.connector.call(&Shutdown { after_ms, reason: joined(reason) })?;
    Ok(context.output.show(&Outcome { scheduled, later: after_ms.is_some_and(|after| after > 0) })?)
}

pub(super) fn cancel(context: &mut Context<'_>) -> Result<(), Failure> {
    let cancelled = context.connector.call(&CancelShutdown {})?;
    Ok(context.output.show(&cancelled)?)
}

struct Outcome {
    scheduled: ShutdownScheduled,
    later: bool,
}

impl Show for Outcome {
    fn text(&self, page: &mut Page) {
        let at = self.scheduled.at;
        if self.later {
            let (clock, until) = (time::clock(at), time::until(at));
            page.line(format!("chatd stops at {clock}, in {until}; `shutdown --cancel` calls it off"));
        } else {
            page.line("chatd is stopping");
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&self.scheduled)
    }
}

impl Show for Cancelled {
    fn text(&self, page: &mut Page) {
        page.line("the shutdown is called off");
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"cancelled": true}))
    }
}
