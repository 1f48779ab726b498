//! `call METHOD [JSON]`: the admin API as it is, for what has no command.

use chat_proto::admin::{
    BanRequest, EraseHistory, INTERFACE, ImportHistory, Method, Redact, RemoveAccount, ServiceError,
    SetPassword, Shutdown,
};
use serde_json::Value;

use super::Context;
use super::confirmation::Confirmation;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

const EXAMPLE: &str = r#"'{"name":"alice"}'"#;
/// Methods that cannot be undone.
const IRREVERSIBLE: [&str; 7] = [
    BanRequest::NAME,
    EraseHistory::NAME,
    ImportHistory::NAME,
    Redact::NAME,
    RemoveAccount::NAME,
    SetPassword::NAME,
    Shutdown::NAME,
];

pub(super) fn run(
    context: &mut Context<'_>,
    method: &str,
    json: &str,
    more: bool,
    confirmation: Confirmation,
) -> Result<(), Failure> {
    let parameters: Value = serde_json::from_str(json)
        .map_err(|error| Failure::Usage(format!("the parameters are not JSON: {error}")))?;
    if !parameters.is_object() && !parameters.is_null() {
        return Err(Failure::Usage(format!("the parameters must be an object, such as {EXAMPLE}")));
    }
    let method = if method.contains('.') { method.to_owned() } else { format!("{INTERFACE}.{method}") };
    if IRREVERSIBLE.contains(&&*method) {
        confirmation.obtain(context, |_| format!("call {method}? it cannot be undone"))?;
    }
    let mut connection = context.connector.connect()?;
    connection.send(&method, &parameters, more)?;
    loop {
        let reply = match connection.reply() {
            Err(Failure::Interrupted) if more => return Ok(()),
            Err(Failure::Service(ServiceError::MethodNotFound { method })) => {
                return Err(Failure::NoMethod(method));
            }
            reply => reply?,
        };
        let value = serde_json::from_str(reply.parameters.get());
        context.output.show(&Reply(value.map_err(|error| context.connector.foreign(&error))?))?;
        if !reply.continues {
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
