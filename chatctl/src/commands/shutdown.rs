//! `shutdown [--in DURATION] [--reason TEXT]` and `shutdown --cancel`

use chat_proto::admin::{CancelShutdown, Cancelled, Shutdown, ShutdownScheduled};
use jiff::{Span, SpanRelativeTo};
use serde_json::json;

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

fn milliseconds(text: &str) -> Result<u64, Failure> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::Usage(format!("{text} has no unit; write {text}s, {text}m or {text}h")));
    }
    let span = text.parse::<Span>().ok();
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .and_then(|duration| u64::try_from(duration.as_millis()).ok())
        .ok_or_else(|| Failure::Usage(format!("{text} is no duration; write it as 90s, 10m, 1h 30m or 2d")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let read = |text| milliseconds(text).ok();
        assert_eq!(read("90s"), Some(90_000));
        assert_eq!(read("1h 30m"), Some(5_400_000));
        assert_eq!(read("2 minutes"), Some(120_000));
        assert_eq!(read("2d"), Some(172_800_000));
        assert_eq!(read("0s"), Some(0));
        for wrong in ["10", "", "soon", "-5m", "5m ago", "99999999999999999999h", "1 month"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_missing_unit_is_named() {
        let failure = milliseconds("10").expect_err("no unit");
        assert_eq!(failure.to_string(), "10 has no unit; write 10s, 10m or 10h");
    }
}
