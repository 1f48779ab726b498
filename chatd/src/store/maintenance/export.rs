//! The history, or a part of it, entry by entry.

use std::collections::HashMap;

use chat_proto::admin::{HistoryEntry, HistoryKind};
use chat_proto::name::Nick;
use chatd_core::{ChannelId, Deed, Entry, Place, SaidKind};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::{Maintenance, MaintenanceError, channel};
use crate::store::RowError;
use crate::store::history::{COLUMNS, at_time, entry, party};

/// Entries that are read at once. Between two readings nothing is held that would keep the file from being written.
const PAGE: usize = 500;

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) of: Of,
    /// From this time on, before that.
    pub(crate) since: Option<u64>,
    pub(crate) until: Option<u64>,
}

/// Whose history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Of {
    Channel(String),
    /// What was said by it, in private too.
    Account(String),
    AllChannels,
    /// What was said in private, too.
    Everybody,
}

/// A question that is asked again and again, each time from another id on.
struct Question {
    sql: String,
    until: i64,
    /// What the selection compares with.
    value: Value,
}

impl Maintenance {
    /// Oldest first. `take` gets them as they are read, and whether it wants more is its answer. Returns how many there were.
    pub(crate) fn export(
        &self,
        selection: &Selection,
        mut take: impl FnMut(Vec<HistoryEntry>) -> bool,
    ) -> Result<u64, MaintenanceError> {
        let reader = self.archive.reader()?;
        let (names, question) = (names(&reader)?, Question::of(&reader, selection)?);
        let mut after = at_time(selection.since.unwrap_or(0)) - 1;
        let mut all = 0;
        loop {
            let entries = question.ask(&reader, after, self.archive.start)?;
            let Some((last, _)) = entries.last() else { return Ok(all) };
            after = *last;
            all += entries.len() as u64;
            if !take(entries.into_iter().map(|(_, entry)| exported(entry, &names)).collect()) {
                return Ok(all);
            }
        }
    }
}

impl Question {
    fn of(reader: &Connection, selection: &Selection) -> Result<Self, MaintenanceError> {
        let (only, value) = match &selection.of {
            Of::Channel(name) => {
                let (id, _) = channel(reader, name)?;
                ("place = (SELECT id FROM place WHERE channel = ?4)", Value::from(id))
            }
            Of::Account(account) => {
                let author = Nick::new(account).map(|nick| nick.fold().as_str().to_owned());
                ("author = ?4 AND account IS NOT NULL", Value::from(author.unwrap_or_default()))
            }
            Of::AllChannels => ("?4 IS NULL AND channel IS NOT NULL", Value::Null),
            Of::Everybody => ("?4 IS NULL", Value::Null),
        };
        // In the order of entries, never by the places first.
        let sql = format!(
            "SELECT {COLUMNS}, channel, one, other FROM entry
             CROSS JOIN (SELECT id AS place_row, channel, one, other FROM place) ON place_row = place
             WHERE id > ?1 AND id < ?2 AND redacted_at IS NULL AND {only} ORDER BY id LIMIT ?3"
        );
        Ok(Self { sql, until: at_time(selection.until.unwrap_or(u64::MAX)), value })
    }

    fn ask(&self, reader: &Connection, after: i64, start: u64) -> Result<Vec<(i64, Entry)>, RowError> {
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let parameters =
            [Value::from(after), Value::from(self.until), Value::from(limit), self.value.clone()];
        let mut statement = reader.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut entries = Vec::with_capacity(PAGE);
        while let Some(row) = rows.next()? {
            entries.push((row.get("id")?, entry(row, &place(row)?, start)?));
        }
        Ok(entries)
    }
}

fn place(row: &Row<'_>) -> Result<Place, RowError> {
    if let Some(channel) = row.get("channel")? {
        return Ok(Place::Channel(ChannelId(channel)));
    }
    let of = |column: &str| party(&row.get::<_, String>(column)?).ok_or(RowError::NotA("party"));
    Ok(Place::Pair(of("one")?, of("other")?))
}

/// Of the channels that there are.
fn names(reader: &Connection) -> rusqlite::Result<HashMap<u64, String>> {
    let mut statement = reader.prepare("SELECT id, name FROM channel")?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    names.collect()
}

fn exported(entry: Entry, names: &HashMap<u64, String>) -> HistoryEntry {
    let from = entry.source.split('!').next().unwrap_or_default().to_owned();
    let (kind, to, text) = told(&entry.deed);
    let channel = match &entry.place {
        Place::Channel(id) => names.get(&id.0).cloned().or_else(|| named_by(to.as_deref())),
        Place::Pair(..) => None,
    };
    let is_said = matches!(entry.deed, Deed::Said { .. });
    let tags = match &entry.deed {
        Deed::Said { tags, .. } if !tags.is_empty() => Some(tags.to_string()),
        _ => None,
    };
    HistoryEntry {
        id: entry.id.map(|id| id.to_string()),
        at: entry.at,
        kind,
        // A channel is told already, unless it was said to some of its members only.
        to: to.filter(|to| !is_said || channel.as_deref() != Some(to)),
        channel,
        from,
        source: entry.source.into(),
        account: entry.account.map(|account| account.to_string()),
        tags,
        text,
    }
}

/// A channel that has ended is still named by what was said to it.
fn named_by(target: Option<&str>) -> Option<String> {
    Some(target?.trim_start_matches(['@', '+']).to_owned()).filter(|name| name.starts_with('#'))
}

fn told(deed: &Deed) -> (HistoryKind, Option<String>, Option<String>) {
    let text = |text: &str| Some(text.to_owned());
    match deed {
        Deed::Said { kind, to, text: said, .. } => {
            let kind = match kind {
                SaidKind::Privmsg => HistoryKind::Message,
                SaidKind::Notice => HistoryKind::Notice,
                SaidKind::Tagmsg => HistoryKind::Tags,
            };
            let said = said.plain();
            (kind, text(to), (!said.is_empty()).then(|| said.into_owned()))
        }
        Deed::Joined => (HistoryKind::Join, None, None),
        Deed::Parted { reason } => (HistoryKind::Part, None, reason.as_deref().map(Into::into)),
        Deed::Left { reason } => (HistoryKind::Quit, None, text(reason)),
        Deed::Kicked { nick, reason } => (HistoryKind::Kick, text(nick.as_str()), text(reason)),
        Deed::NickChanged { nick } => (HistoryKind::Nick, text(nick.as_str()), None),
        Deed::TopicSet { topic } => (HistoryKind::Topic, None, text(topic)),
        Deed::ModesChanged { changes } => (HistoryKind::Mode, None, text(changes)),
    }
}
