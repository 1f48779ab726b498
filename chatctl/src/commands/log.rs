//! `log LEVEL`

use chat_proto::admin::{LogLevel, SetLogLevel};
use serde_json::json;

use super::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

struct Outcome {
    level: LogLevel,
    previous: String,
}

pub(super) fn run(context: &mut Context<'_>, level: LogLevel) -> Result<(), Failure> {
    let set = context.connector.call(&SetLogLevel { level })?;
    Ok(context.output.show(&Outcome { level, previous: set.previous })?)
}

impl Show for Outcome {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "chatd logs {} and above until it reloads or restarts; it was {}",
            self.level, self.previous
        ));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"level": self.level, "previous": self.previous}))
    }
}
