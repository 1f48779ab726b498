//! `status`

use chat_proto::admin::{Status, StatusRequest};

use super::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};

pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    let reply = context.connector.call(&StatusRequest {})?;
    Ok(context.output.show(&reply.status)?)
}

impl Show for Status {
    fn text(&self, page: &mut Page) {
        let Self { daemon, core } = self;
        let mut table = Table::plain();
        let started = format!("{} ago, {}", time::since(daemon.started_at), time::clock(daemon.started_at));
        table.push(["version", &format!("chatd {}", daemon.version)]);
        table.push(["pid", &daemon.pid.to_string()]);
        table.push(["started", &started]);
        table.push(["users", &core.users.to_string()]);
        table.push(["sessions", &core.sessions.to_string()]);
        table.push(["connections", &core.connections.to_string()]);
        table.push(["channels", &core.channels.to_string()]);
        table.push(["messages", &core.messages.to_string()]);
        table.push(["memory", &bytes(daemon.memory)]);
        table.push(["listeners", &daemon.listeners.join(", ")]);
        table.push(["config", daemon.config.as_deref().unwrap_or("built-in defaults")]);
        table.push(["log level", &daemon.log_level]);
        if let Some(shutdown) = &core.shutdown {
            let reason = shutdown.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let when = format!("at {}, in {}{reason}", time::clock(shutdown.at), time::until(shutdown.at));
            table.push(["shutdown", &when]);
        }
        page.table(&table);
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

/// In MiB with one digit after the point.
fn bytes(count: u64) -> String {
    let tenths = count * 10 / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
