//! `kick NAME [--reason TEXT] [--ban DURATION]`

use chat_proto::admin::Kick;
use serde_json::json;

use super::duration::milliseconds;
use super::{Context, ban, joined, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

struct Outcome<'a> {
    name: &'a str,
    sessions: u64,
    ban_ms: Option<u64>,
}

pub(super) fn run(
    context: &mut Context<'_>,
    name: &str,
    reason: &[String],
    ban: Option<&str>,
) -> Result<(), Failure> {
    let ban_ms = ban.map(milliseconds).transpose()?;
    let kicked = context.connector.call(&Kick { name: name.to_owned(), reason: joined(reason), ban_ms })?;
    Ok(context.output.show(&Outcome { name, sessions: kicked.sessions, ban_ms })?)
}

impl Show for Outcome<'_> {
    fn text(&self, page: &mut Page) {
        let banned = self.ban_ms.map(|ms| format!(", banned until {}", ban::until(ms))).unwrap_or_default();
        let sessions = plural(self.sessions, "session", "sessions");
        page.line(format!("kicked {}, {sessions}{banned}", self.name));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"name": self.name, "sessions": self.sessions}))
    }
}
