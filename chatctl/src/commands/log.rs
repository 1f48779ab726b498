//! `log LEVEL`

use std::ffi::OsStr;

use chat_proto::admin::{LogLevel, SetLogLevel};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
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
            "chatd logs {} and above until it restarts or a reload finds another level in the file; it was {}",
            self.level, self.previous
        ));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"level": self.level, "previous": self.previous}))
    }
}

/// The levels as a shell completes them.
#[derive(Debug, Clone)]
pub(super) struct Levels;

impl TypedValueParser for Levels {
    type Value = LogLevel;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        StringValueParser::new().try_map(|word| word.parse::<LogLevel>()).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(LogLevel::ALL.into_iter().map(|level| PossibleValue::new(level.as_str()))))
    }
}
