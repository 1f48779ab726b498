//! `kick NAME [--reason TEXT]`

use chat_proto::admin::Kick;
use serde_json::json;

use super::{Context, joined, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

struct Outcome<'a> {
    name: &'a str,
    sessions: u64,
}

pub(super) fn run(context: &mut Context<'_>, name: &str, reason: &[String]) -> Result<(), Failure> {
    let kicked = context.connector.call(&Kick { name: name.to_owned(), reason: joined(reason) })?;
    Ok(context.output.show(&Outcome { name, sessions: kicked.sessions })?)
}

impl Show for Outcome<'_> {
    fn text(&self, page: &mut Page) {
        page.line(format!("kicked {}, {}", self.name, plural(self.sessions, "session", "sessions")));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"name": self.name, "sessions": self.sessions}))
    }
}
