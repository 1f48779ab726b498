//! `shutdown [--in DURATION] [--reason TEXT]` and `shutdown --cancel`

use chat_proto::admin::{CancelShutdown, Cancelled, Shutdown, ShutdownScheduled, StatusRequest};
use serde_json::json;

use super::confirmation::Confirmation;
use super::duration::milliseconds;
use super::{Context, joined, plural};
use crate::client::Connector;
use crate::failure::Failure;
use crate::output::{Page, Records, Show, time};
use crate::service;

/// The shortest delay that leaves time to call a shutdown off, so that it need not be confirmed.
const REVOCABLE_MS: u64 = 60_000;

pub(super) fn run(
    context: &mut Context<'_>,
    after: &[String],
    reason: &[String],
    confirmation: Confirmation,
) -> Result<(), Failure> {
    let after_ms = joined(after).map(|after| milliseconds(&after)).transpose()?;
    if after_ms.unwrap_or(0) < REVOCABLE_MS {
        confirmation.obtain(context, |connector| question(connector, &joined(after)))?;
    }
    let scheduled = context.connector.call(&Shutdown { after_ms, reason: joined(reason) })?;
    Ok(context.output.show(&Outcome { scheduled, later: after_ms.is_some_and(|after| after > 0) })?)
}

/// Says whom it concerns and how chatd is started again, as far as chatd can tell.
fn question(connector: &Connector, after: &Option<String>) -> String {
    let when = after.as_ref().map_or_else(|| "now".into(), |after| format!("in {after}"));
    let Ok(reply) = connector.call(&StatusRequest {}) else { return format!("stop chatd {when}?") };
    let users = plural(reply.status.core.users, "user is", "users are");
    let again = match service::of_process(reply.status.daemon.pid) {
        Some(service) => format!("systemd does not start it again, `{}` does", service.start()),
        None => "it is not started again by itself".into(),
    };
    format!("stop chatd {when}? {users} connected, and {again}")
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
