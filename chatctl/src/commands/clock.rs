//! `clock accept`, and the clock in `status`.

use chat_proto::admin::{AcceptClock, ClockState, ClockStatus};
use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::confirmation::Confirmation;
use crate::failure::Failure;
use crate::output::{Page, Records, Show, time};

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ClockCommand {
    /// Believe the clock as it is set now
    ///
    /// After that, what is too old by this clock expires: check the date of chatd's host first.
    #[command(after_help = "Example: clock accept")]
    Accept {
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

struct Accepted {
    was_doubted: bool,
}

pub(super) fn accept(context: &mut Context<'_>, confirmation: Confirmation) -> Result<(), Failure> {
    confirmation.obtain(context, |_| {
        String::from("believe the clock of chatd's host? what is too old by it is deleted for good")
    })?;
    let was_doubted = context.connector.call(&AcceptClock {})?.was_doubted;
    Ok(context.output.show(&Accepted { was_doubted })?)
}

impl Show for Accepted {
    fn text(&self, page: &mut Page) {
        page.line(if self.was_doubted {
            "the clock is accepted; what is too old by it expires now"
        } else {
            "the clock was not in doubt; nothing changed"
        });
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"wasDoubted": self.was_doubted}))
    }
}

/// What `status` shows of a clock in doubt.
pub(super) fn described(status: &ClockStatus) -> String {
    let ClockStatus { state, by_ms, expected, confirmed_in_ms } = status;
    let (by, expected) = (time::period(*by_ms), time::clock(*expected));
    match state {
        ClockState::Ahead => format!(
            "{by} ahead of {expected}; nothing expires for {} of running, or until: clock accept",
            time::period(*confirmed_in_ms)
        ),
        ClockState::Behind => format!("{by} behind {expected}; set it, or confirm it: clock accept"),
        ClockState::Other => format!("{by} from {expected}"),
    }
}
