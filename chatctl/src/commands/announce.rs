//! `announce [TEXT]`

use std::io::Read;

use chat_proto::admin::{Announce, Announced};

use super::{Context, joined, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

/// chatd takes less, and says how much.
const MAX_INPUT: u64 = 64 * 1024;

pub(super) fn run(context: &mut Context<'_>, words: &[String]) -> Result<(), Failure> {
    let text = match joined(words) {
        Some(dash) if dash == "-" && context.ask.may_read_stdin() => Some(standard_input()?),
        Some(text) if text != "-" => Some(text),
        // In the console there is no other input than the administrator.
        _ => context.ask.ask("announce what? ")?,
    };
    let text = text.ok_or_else(|| {
        Failure::Usage("announce what? Give TEXT, or - to read it from standard input".into())
    })?;
    let announced = context.connector.call(&Announce { text })?;
    Ok(context.output.show(&announced)?)
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Input(error.to_string()))?;
    Ok(text)
}

impl Show for Announced {
    fn text(&self, page: &mut Page) {
        page.line(format!("announced to {}", plural(self.users, "user", "users")));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}
