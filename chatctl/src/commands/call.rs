//! `call METHOD [JSON]`: the admin API as it is, for what has no command.

use chat_proto::admin::INTERFACE;
use serde_json::Value;

use super::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

pub(super) fn run(context: &mut Context<'_>, method: &str, json: &str, more: bool) -> Result<(), Failure> {
    let parameters: Value = serde_json::from_str(json)
        .map_err(|error| Failure::Usage(format!("the parameters are not JSON: {error}")))?;
    let method = if method.contains('.') { method.to_owned() } else { format!("{INTERFACE}.{method}") };
    let mut client = context.connector.connect()?;
    client.send(&method, &parameters, more)?;
    loop {
        let (reply, continues) = match client.reply() {
            Err(Failure::Interrupted) if more => return Ok(()),
            reply => reply?,
        };
        let value = serde_json::from_str(reply.get()).map_err(|error| Failure::Garbled(error.to_string()))?;
        context.output.show(&Reply(value))?;
        if !continues {
            return Ok(());
        }
    }
}

/// As a value, so that blanks between its tokens don't count.
struct Reply(Value);

impl Show for Reply {
    /// JSON all the same, laid out for reading; but an interface description is text.
    fn text(&self, page: &mut Page) {
        match self.0["description"].as_str() {
            Some(description) => page.lines(description),
            None => page.lines(&format!("{:#}", self.0)),
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&self.0)
    }
}
