//! `channels`

use chat_proto::admin::{Channel, Channels, Member};

use super::{Context, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table};

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

/// With the sign that IRC gives the rank.
pub(super) fn ranked(member: &Member) -> String {
    let sign = match member {
        Member { operator: true, .. } => "@",
        Member { voice: true, .. } => "+",
        Member { .. } => "",
    };
    format!("{sign}{}", member.nick)
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
                &members(&channel.members),
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

fn members(members: &[Member]) -> String {
    let shown = members.iter().take(MEMBERS_SHOWN).map(ranked).collect::<Vec<_>>().join(" ");
    match members.len().saturating_sub(MEMBERS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
