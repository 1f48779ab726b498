//! Channels in the database.

use std::collections::BTreeMap;

use chat_proto::name::{ChannelName, Folded};
use chatd_core::{Channel, ChannelEvent, ChannelId, Flags, ListKind, Mask, ModeChange, Ranks, Room, Topic, Who};
use rusqlite::{Connection, Row, ToSql, Transaction, params};

use super::RowError;

/// What chatd begins with at `now`: nobody is anywhere.
pub(super) fn begin(connection: &Connection, now: u64) -> Result<BTreeMap<ChannelId, Channel>, RowError> {
    connection.execute("DELETE FROM channel WHERE founder IS NULL AND NOT lobby", [])?;
    connection.execute("UPDATE channel SET empty_since = ?1 WHERE empty_since IS NULL", [now])?;
    let mut statement = connection.prepare("SELECT * FROM channel")?;
    let mut rows = statement.query([])?;
    let mut channels = BTreeMap::new();
    while let Some(row) = rows.next()? {
        channels.insert(ChannelId(row.get("id")?), channel(row)?);
    }
    read_masks(connection, &mut channels)?;
    read_ranks(connection, &mut channels)?;
    Ok(channels)
}

fn channel(row: &Row<'_>) -> Result<Channel, RowError> {
    let name: String = row.get("name")?;
    let name = ChannelName::new(&name).map_err(|_| RowError::NotA("name of a channel"))?;
    let mut channel = Channel::new(name, row.get("created_at")?, row.get("lobby")?);
    channel.founder = row.get::<_, Option<String>>("founder")?.map(|founder| Folded::new(&founder));
    channel.topic = topic(row)?;
    let modes: String = row.get("modes")?;
    let flags: Option<Flags> = modes.chars().map(Flags::from_letter).collect();
    channel.flags = flags.ok_or(RowError::NotA("mode of a channel"))?;
    channel.key = row.get::<_, Option<String>>("key")?.map(Into::into);
    channel.limit = row.get("member_limit")?;
    channel.empty_since = row.get("empty_since")?;
    Ok(channel)
}

fn topic(row: &Row<'_>) -> Result<Option<Topic>, RowError> {
    let Some(text) = row.get::<_, Option<String>>("topic")? else { return Ok(None) };
    let by: String = row.get("topic_by")?;
    Ok(Some(Topic { text: text.into(), by: by.into(), at: row.get("topic_at")? }))
}

fn read_masks(connection: &Connection, channels: &mut BTreeMap<ChannelId, Channel>) -> Result<(), RowError> {
    let mut statement = connection.prepare("SELECT * FROM channel_mask ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let list: String = row.get("list")?;
        let list = list.chars().next().and_then(ListKind::from_letter);
        let list = list.ok_or(RowError::NotA("list of a channel"))?;
        let (mask, by): (String, String) = (row.get("mask")?, row.get("by")?);
        let mask = Mask { mask: mask.into(), by: by.into(), at: row.get("at")? };
        if let Some(channel) = channels.get_mut(&ChannelId(row.get("channel")?)) {
            channel.list_mut(list).push(mask);
        }
    }
    Ok(())
}

fn read_ranks(connection: &Connection, channels: &mut BTreeMap<ChannelId, Channel>) -> Result<(), RowError> {
    let mut statement = connection.prepare("SELECT * FROM channel_rank")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account: String = row.get("account")?;
        let mut ranks = Ranks::empty();
        ranks.set(Ranks::OPERATOR, row.get("operator")?);
        ranks.set(Ranks::VOICE, row.get("voice")?);
        if let Some(channel) = channels.get_mut(&ChannelId(row.get("channel")?)) {
            channel.standing.insert(Folded::new(&account), ranks);
        }
    }
    Ok(())
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    at: u64,
    room: &Room,
    event: &ChannelEvent,
) -> rusqlite::Result<()> {
    let id = room.channel.0;
    let run = |sql: &str, params: &[&dyn ToSql]| run(transaction, sql, params);
    match event {
        ChannelEvent::Created { lobby } => create(transaction, room, at, *lobby),
        ChannelEvent::TopicSet { topic, .. } if topic.is_empty() => {
            run("UPDATE channel SET topic = NULL, topic_by = NULL, topic_at = NULL WHERE id = ?1", &[&id])
        }
        ChannelEvent::TopicSet { by, topic, .. } => run(
            "UPDATE channel SET topic = ?2, topic_by = ?3, topic_at = ?4 WHERE id = ?1",
            params![id, &**topic, by.nick.as_str(), at],
        ),
        ChannelEvent::ModesChanged { by, changes, .. } => {
            changes.iter().try_for_each(|change| change_mode(transaction, at, id, by, change))
        }
        ChannelEvent::Founded { account } => {
            run("UPDATE channel SET founder = ?2 WHERE id = ?1", params![id, account.fold().as_str()])
        }
        ChannelEvent::RankKept { account, ranks } if ranks.is_empty() => run(
            "DELETE FROM channel_rank WHERE channel = ?1 AND account = ?2",
            params![id, account.fold().as_str()],
        ),
        ChannelEvent::RankKept { account, ranks } => run(
            "INSERT OR REPLACE INTO channel_rank (channel, account, operator, voice) VALUES (?1, ?2, ?3, ?4)",
            params![
                id,
                account.fold().as_str(),
                ranks.contains(Ranks::OPERATOR),
                ranks.contains(Ranks::VOICE)
            ],
        ),
        ChannelEvent::Joined { .. } => {
            run("UPDATE channel SET empty_since = NULL WHERE id = ?1 AND empty_since IS NOT NULL", &[&id])
        }
        ChannelEvent::Emptied => run("UPDATE channel SET empty_since = ?2 WHERE id = ?1", params![id, at]),
        ChannelEvent::Ended => run("DELETE FROM channel WHERE id = ?1", &[&id]),
        ChannelEvent::Parted { .. } | ChannelEvent::Kicked { .. } | ChannelEvent::Invited { .. } => Ok(()),
    }
}

/// What an account was in channels; another has its name from now on, if any.
pub(super) fn forget(transaction: &Transaction<'_>, account: &Folded) -> rusqlite::Result<()> {
    run(transaction, "DELETE FROM channel_rank WHERE account = ?1", &[&account.as_str()])
}

/// In place of one of the same name that ended unnoticed, as that of a lobby of before.
fn create(transaction: &Transaction<'_>, room: &Room, at: u64, lobby: bool) -> rusqlite::Result<()> {
    let folded = room.name.fold();
    run(transaction, "DELETE FROM channel WHERE folded = ?1", &[&folded.as_str()])?;
    let modes: String = Channel::new(room.name.clone(), at, lobby).flags.letters().collect();
    run(
        transaction,
        "INSERT INTO channel (id, folded, name, created_at, lobby, modes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![room.channel.0, folded.as_str(), room.name.as_str(), at, lobby, modes],
    )
}

fn change_mode(
    transaction: &Transaction<'_>,
    at: u64,
    id: u64,
    by: &Who,
    change: &ModeChange,
) -> rusqlite::Result<()> {
    let run = |sql: &str, params: &[&dyn ToSql]| run(transaction, sql, params);
    match change {
        ModeChange::Flag { on, flag } => {
            let letters: String = flag.letters().collect();
            let added = if *on { &*letters } else { "" };
            let sql = "UPDATE channel SET modes = replace(modes, ?2, '') || ?3 WHERE id = ?1";
            run(sql, params![id, letters, added])
        }
        ModeChange::Key(key) => {
            run("UPDATE channel SET key = ?2 WHERE id = ?1", params![id, key.as_deref()])
        }
        ModeChange::Limit(limit) => {
            run("UPDATE channel SET member_limit = ?2 WHERE id = ?1", params![id, limit])
        }
        ModeChange::Mask { on, list, mask } => {
            let (list, mask) = (list.letter().to_string(), mask.as_str());
            run(
                "DELETE FROM channel_mask WHERE channel = ?1 AND list = ?2 AND mask = ?3",
                params![id, list, mask],
            )?;
            if !on {
                return Ok(());
            }
            let sql = "INSERT INTO channel_mask (channel, list, mask, by, at) VALUES (?1, ?2, ?3, ?4, ?5)";
            run(sql, params![id, list, mask, by.nick.as_str(), at])
        }
        // That of an account is kept by an event of its own.
        ModeChange::Rank { .. } => Ok(()),
    }
}

fn run(transaction: &Transaction<'_>, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<()> {
    transaction.prepare_cached(sql)?.execute(params).map(drop)
}
