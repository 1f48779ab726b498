//! `status`

use chat_proto::admin::{CoreStatus, Status, StatusRequest};

use super::{Context, clock, plural};
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
        let (since, uptime) = (time::clock(daemon.started_at), time::since(daemon.started_at));
        table.push(["version", &format!("chatd {}", daemon.version)]);
        table.push(["uptime", &format!("{uptime}, since {since}, pid {}", daemon.pid)]);
        table.push(["users", &on(core)]);
        table.push(["channels", &core.channels.to_string()]);
        table.push([
            "messages",
            &format!("{} stored, {} since the start", daemon.stored_messages, core.messages),
        ]);
        table.push(["database", &bytes(daemon.database_size)]);
        if let Some(free) = daemon.disk_free {
            let reserve = bytes(daemon.disk_reserve);
            table.push(["disk", &format!("{} free, {reserve} of it reserved", bytes(free))]);
        }
        table.push(["memory", &bytes(daemon.memory)]);
        for (index, listener) in daemon.listeners.iter().enumerate() {
            table.push([if index == 0 { "listeners" } else { "" }, listener]);
        }
        for (index, listener) in daemon.metrics_listeners.iter().enumerate() {
            table.push([if index == 0 { "metrics" } else { "" }, listener]);
        }
        table.push(["config", daemon.config.as_deref().unwrap_or("built-in defaults")]);
        table.push(["log level", &daemon.log_level]);
        if !daemon.restart_needed.is_empty() {
            let keys = daemon.restart_needed.join(" ");
            table.push(["waiting", &format!("{keys}: changed in the file, in force after a restart")]);
        }
        for (index, warning) in daemon.warnings.iter().enumerate() {
            table.push([if index == 0 { "warnings" } else { "" }, warning]);
        }
        if let Some(clock) = &daemon.clock {
            table.push(["clock", &clock::described(clock)]);
        }
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

fn on(core: &CoreStatus) -> String {
    let sessions = plural(core.sessions, "session", "sessions");
    let connecting = match core.connections.saturating_sub(core.sessions) {
        0 => String::new(),
        more => format!(", and {} not logged in", plural(more, "connection", "connections")),
    };
    format!("{} in {sessions}{connecting}", core.users)
}

/// In MiB with one digit after the point.
fn bytes(count: u64) -> String {
    let tenths = count * 10 / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
