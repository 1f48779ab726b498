//! `show NAME` and `show #CHANNEL`

use chat_proto::admin::{Channel, Error, Session, Show as ShowUser, User};

use super::list::{place, status};
use super::{Context, channels};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};

pub(super) fn run(context: &mut Context<'_>, name: &str) -> Result<(), Failure> {
    if !name.starts_with('#') {
        let shown = context.connector.call(&ShowUser { name: name.to_owned() })?;
        return Ok(context.output.show(&shown.user)?);
    }
    let found = channels::all(context)?.into_iter().find(|channel| channel.name.eq_ignore_ascii_case(name));
    match found {
        Some(channel) => Ok(context.output.show(&channel)?),
        None => Err(Error::NoSuchChannel { name: name.to_owned() }.into()),
    }
}

impl Show for User {
    fn text(&self, page: &mut Page) {
        let mut table = Table::plain();
        table.push(["nick", &self.nick]);
        table.push(["account", self.account.as_deref().unwrap_or("none, a guest")]);
        table.push(["status", &status(self)]);
        if let Some(since) = self.status_since {
            table.push(["since", &format!("{}, {} ago", time::clock(since), time::since(since))]);
        }
        table.push(["real name", &self.realname]);
        table.push(["modes", or_none(&self.modes)]);
        table.push(["channels", or_none(&self.channels.join(", "))]);
        for session in &self.sessions {
            table.push(["session", &described(session)]);
        }
        page.table(&table);
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn described(session: &Session) -> String {
    let (connected, idle) = (time::since(session.connected_at), time::since(session.last_active_at));
    let capabilities = match session.capabilities.as_slice() {
        [] => "no capabilities".to_owned(),
        capabilities => capabilities.join(" "),
    };
    format!("from {}, connected {connected}, idle {idle}, {capabilities}", place(&session.from))
}

impl Show for Channel {
    fn text(&self, page: &mut Page) {
        let mut table = Table::plain();
        table.push(["channel", &self.name]);
        table.push(["topic", &topic(self)]);
        table.push(["modes", or_none(&self.modes)]);
        table.push(["created", &format!("{} ago", time::since(self.created_at))]);
        let members: Vec<String> = self.members.iter().map(channels::ranked).collect();
        table.push([format!("{} on", members.len()), members.join(", ")]);
        if let Some(since) = self.empty_since {
            table.push(["empty", &format!("for {}", time::since(since))]);
        }
        let remembered: Vec<String> = self.remembered.iter().map(channels::standing).collect();
        if !remembered.is_empty() {
            table.push(["remembered", &remembered.join(", ")]);
        }
        page.table(&table);
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

fn topic(channel: &Channel) -> String {
    let Some(topic) = &channel.topic else { return "none".into() };
    let by = channel.topic_by.as_deref().map(|by| format!(", set by {by}")).unwrap_or_default();
    let at = channel.topic_at.map(|at| format!(", {} ago", time::since(at))).unwrap_or_default();
    format!("{topic}{by}{at}")
}
