//! `channels`

use chat_proto::admin::{Channel, Channels, Member, Standing};

use super::{Context, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};

/// More members are counted; `show` names them.
const MEMBERS_SHOWN: usize = 10;

pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    let list = ChannelTable(all(context)?);
    Ok(context.output.show(&list)?)
}

pub(super) fn all(context: &Context<'_>) -> Result<Vec<Channel>, Failure> {
    let mut channels = context.connector.list(&Channels {}, |reply| reply.channels)?;
    channels.sort_by_cached_key(|channel| channel.name.to_lowercase());
    Ok(channels)
}

pub(super) fn ranked(member: &Member) -> String {
    signed(member.operator, member.voice, &member.nick)
}

pub(super) fn standing(standing: &Standing) -> String {
    signed(standing.operator, standing.voice, &standing.account)
}

/// With the sign that IRC gives the rank.
fn signed(operator: bool, voice: bool, name: &str) -> String {
    let sign = match (operator, voice) {
        (true, _) => "@",
        (false, true) => "+",
        (false, false) => "",
    };
    format!("{sign}{name}")
}

struct ChannelTable(Vec<Channel>);

impl Show for ChannelTable {
    fn text(&self, page: &mut Page) {
        if self.0.is_empty() {
            return page.line("there are no channels");
        }
        let mut table = Table::with_heading(&["CHANNEL", "MODES", "USERS", "MEMBERS", "TOPIC"]);
        for channel in &self.0 {
            table.push([
                &channel.name,
                &channel.modes,
                &channel.members.len().to_string(),
                &members(channel),
                channel.topic.as_deref().unwrap_or_default(),
            ]);
        }
        page.table(&table);
        page.line(plural(self.0.len() as u64, "channel", "channels"));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|channel| records.push(channel))
    }
}

fn members(channel: &Channel) -> String {
    if let Some(since) = channel.empty_since {
        return format!("empty for {}", time::since(since));
    }
    let members = &channel.members;
    let shown = members.iter().take(MEMBERS_SHOWN).map(ranked).collect::<Vec<_>>().join(" ");
    match members.len().saturating_sub(MEMBERS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
