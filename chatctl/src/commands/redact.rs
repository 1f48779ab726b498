//! `redact MSGID [--reason TEXT]`

use chat_proto::admin::Redact;
use serde_json::json;

use super::confirmation::Confirmation;
use super::{Context, joined};
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

pub(super) fn run(
    context: &mut Context<'_>,
    id: &str,
    reason: &[String],
    confirmation: Confirmation,
) -> Result<(), Failure> {
    confirmation.obtain(context, |_| format!("remove the words of the message {id} for good?"))?;
    context.connector.call(&Redact { id: id.to_owned(), reason: joined(reason) })?;
    Ok(context.output.show(&Redacted { id })?)
}

struct Redacted<'a> {
    id: &'a str,
}

impl Show for Redacted<'_> {
    fn text(&self, page: &mut Page) {
        page.line(format!("{} was taken back; its words are removed", self.id));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"id": self.id}))
    }
}
