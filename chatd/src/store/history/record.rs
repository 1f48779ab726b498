//! What happens becomes rows.

use chat_proto::name::{Folded, Nick};
use chatd_core::{Deed, Entry, Place};
use rusqlite::{Transaction, params};

use super::{find, row, written};

/// What a row has besides what every row has.
#[derive(Default)]
struct Rest<'a> {
    kind: i64,
    target: Option<&'a str>,
    tags: Option<&'a str>,
    text: Option<&'a str>,
    client_id: Option<&'a str>,
}

/// `waits` is shown it when it returns.
pub(in crate::store) fn record(
    transaction: &Transaction<'_>,
    entry: &Entry,
    waits: Option<&Nick>,
) -> rusqlite::Result<()> {
    let place = place(transaction, entry)?;
    let rest = rest(&entry.deed);
    let mut statement = transaction.prepare_cached(
        "INSERT INTO entry (id, place, at, number, kind, source, account, author, target, tags, text, client_id, waits)
         VALUES (max(?2 << 20, (SELECT coalesce(max(id), 0) + 1 FROM entry)),
                 ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    statement.execute(params![
        place,
        entry.at,
        entry.id.map(|id| id.number),
        rest.kind,
        entry.source,
        entry.account.as_ref().map(Nick::as_str),
        author(entry).as_str(),
        rest.target,
        rest.tags,
        rest.text,
        rest.client_id,
        waits.map(|account| account.fold().as_str().to_owned()),
    ])?;
    Ok(())
}

fn rest(deed: &Deed) -> Rest<'_> {
    match deed {
        Deed::Said { kind, to, tags, text, client_id } => Rest {
            kind: row::kind(*kind),
            target: Some(to),
            tags: (!tags.is_empty()).then_some(&**tags),
            text: Some(text.as_str()),
            client_id: client_id.as_deref(),
        },
        Deed::Joined => Rest { kind: row::JOIN, ..Rest::default() },
        Deed::Parted { reason } => Rest { kind: row::PART, text: reason.as_deref(), ..Rest::default() },
        Deed::Left { reason } => Rest { kind: row::QUIT, text: Some(reason), ..Rest::default() },
        Deed::Kicked { nick, reason } => {
            Rest { kind: row::KICK, target: Some(nick.as_str()), text: Some(reason), ..Rest::default() }
        }
        Deed::NickChanged { nick } => {
            Rest { kind: row::NICK, target: Some(nick.as_str()), ..Rest::default() }
        }
        Deed::TopicSet { topic } => Rest { kind: row::TOPIC, text: Some(topic), ..Rest::default() },
        Deed::ModesChanged { changes } => Rest { kind: row::MODE, text: Some(changes), ..Rest::default() },
    }
}

/// By which name what somebody said is found.
fn author(entry: &Entry) -> Folded {
    let nick = entry.source.split('!').next().unwrap_or_default();
    entry.account.as_ref().map_or_else(|| Folded::new(nick), Nick::fold)
}

/// The row of the place; made when something happens there for the first time.
fn place(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<i64> {
    if let Some(id) = find(transaction, &entry.place)? {
        return Ok(id);
    }
    match &entry.place {
        Place::Channel(channel) => {
            let sql = "INSERT INTO place (channel) VALUES (?1)";
            transaction.prepare_cached(sql)?.insert([channel.0])
        }
        Place::Pair(one, other) => {
            let sql = "INSERT INTO place (one, other) VALUES (?1, ?2)";
            transaction.prepare_cached(sql)?.insert(params![written(one), written(other)])
        }
    }
}
