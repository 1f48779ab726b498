//! Channels in the database.

use std::collections::BTreeMap;

use chat_proto::name::{ChannelName, Folded};
use chatd_core::{
    Channel, ChannelEvent, ChannelId, Flags, LimitKey, ListKind, Mask, ModeChange, Ranks, Room, Topic, Who,
};
use rusqlite::{Connection, Row, ToSql, Transaction, params};

use super::RowError;

/// All channels, and whether the history has a message of each.
const CHANNELS: &str = "SELECT *, EXISTS (
    SELECT 1 FROM place JOIN entry ON entry.place = place.id WHERE place.channel = channel.id AND kind < 2
) AS was_used FROM channel";

/// Notes channels that only guests were in as ended, so that what was said in them is deleted; a condition follows.
const NOTE_ENDED: &str = "INSERT OR IGNORE INTO ended_channel (channel) SELECT id FROM channel WHERE founder IS NULL AND NOT lobby AND";

/// What chatd begins with at `now`: nobody is anywhere.
pub(super) fn begin(connection: &Connection, now: u64) -> Result<BTreeMap<ChannelId, Channel>, RowError> {
    connection.execute(&format!("{NOTE_ENDED} TRUE"), [])?;
    connection.execute("DELETE FROM channel WHERE founder IS NULL AND NOT lobby", [])?;
    connection.execute("UPDATE channel SET empty_since = ?1 WHERE empty_since IS NULL", [now])?;
    let mut statement = connection.prepare(CHANNELS)?;
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
    channel.founded_from = founded_from(row)?;
    channel.topic = topic(row)?;
    channel.has_history = channel.topic.is_some() || row.get("was_used")?;
    let modes: String = row.get("modes")?;
    let flags: Option<Flags> = modes.chars().map(Flags::from_letter).collect();
    channel.flags = flags.ok_or(RowError::NotA("mode of a channel"))?;
    channel.key = row.get::<_, Option<String>>("key")?.map(Into::into);
    channel.limit = row.get("member_limit")?;
    channel.empty_since = row.get("empty_since")?;
    Ok(channel)
}

fn founded_from(row: &Row<'_>) -> Result<Option<LimitKey>, RowError> {
    let Some(from) = row.get::<_, Option<String>>("founded_from")? else { return Ok(None) };
    from.parse().map(Some).map_err(|_| RowError::NotA("origin of a founder"))
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
        ChannelEvent::Founded { account, from } => run(
            "UPDATE channel SET founder = ?2, founded_from = ?3 WHERE id = ?1",
            params![id, account.fold().as_str(), from.to_stored()],
        ),
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
        ChannelEvent::Appointed { lobby } => {
            run("UPDATE channel SET lobby = ?2 WHERE id = ?1", params![id, lobby])
        }
        ChannelEvent::Ended => {
            run(&format!("{NOTE_ENDED} id = ?1"), &[&id])?;
            run("DELETE FROM channel WHERE id = ?1", &[&id])
        }
        ChannelEvent::Opened { .. }
        | ChannelEvent::Parted { .. }
        | ChannelEvent::Kicked { .. }
        | ChannelEvent::Invited { .. } => Ok(()),
    }
}

/// What an account was in channels; another has its name from now on, if any.
pub(super) fn forget(transaction: &Transaction<'_>, account: &Folded) -> rusqlite::Result<()> {
    run(transaction, "DELETE FROM channel_rank WHERE account = ?1", &[&account.as_str()])
}

/// In place of one of the same name that ended unnoticed, as that of a lobby of before.
fn create(transaction: &Transaction<'_>, room: &Room, at: u64, lobby: bool) -> rusqlite::Result<()> {
    let folded = room.name.fold();
    run(transaction, &format!("{NOTE_ENDED} folded = ?1"), &[&folded.as_str()])?;
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
        ModeChange::Key(key) => run("UPDATE channel SET key = ?2 WHERE id = ?1", params![id, key.as_deref()]),
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

#[cfg(test)]
mod tests {
    use chatd_core::{
        AccountEvent, Administrator, Byline, Event, Kept, Now, Policy, Rank, State, Timestamp, UserId,
    };

    use super::*;
    use crate::config::Durability;
    use crate::store::Store;

    fn in_channel(id: u64, name: &str, event: ChannelEvent) -> Event {
        let name = ChannelName::new(name).expect("a name");
        Event::Channel(Room { channel: ChannelId(id), name }, event)
    }

    fn who(nick: &str) -> Who {
        Who { user: UserId { slot: 0, generation: 1 }, nick: nick.parse().expect("a nick") }
    }

    fn byline() -> Byline {
        Byline { source: "Alice!a@host".into(), account: None }
    }

    fn modes(changes: Vec<ModeChange>) -> ChannelEvent {
        ChannelEvent::ModesChanged { by: who("Alice"), changes, byline: byline() }
    }

    fn mask(on: bool, list: ListKind, mask: &str) -> ModeChange {
        ModeChange::Mask { on, list, mask: mask.into() }
    }

    fn rank(account: &str, ranks: Ranks) -> ChannelEvent {
        ChannelEvent::RankKept { account: account.parse().expect("a name"), ranks }
    }

    fn founded() -> ChannelEvent {
        let from = "192.0.2.1".parse().expect("an address");
        ChannelEvent::Founded { account: "Alice".parse().expect("a name"), from }
    }

    fn topic(text: &str) -> ChannelEvent {
        let id = chatd_core::MessageId { start: 1, number: text.bytes().map(u64::from).sum() };
        ChannelEvent::TopicSet { id, by: who("Alice"), topic: text.into(), byline: byline() }
    }

    /// Stores the events, opens the database again, and compares what it kept with what the core would know.
    fn keeps(events: &[Event]) -> BTreeMap<ChannelId, Channel> {
        let directory = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(directory.path(), Durability::Full, Timestamp(1)).unwrap();
        store.write(events.iter().map(|event| (Timestamp(7), event))).unwrap();
        drop(store);
        let (_, kept) = Store::open(directory.path(), Durability::Full, Timestamp(9)).unwrap();
        let mut state = State::new(Policy::default(), Kept::default(), 0);
        events.iter().for_each(|event| state.apply(Now { wall: Timestamp(7), ..Now::default() }, event));
        for (id, channel) in &kept.channels {
            // A start finds only a topic that is still set, and messages that are still stored.
            let (empty_since, has_history) = (channel.empty_since, channel.has_history);
            let known = Channel { empty_since, has_history, ..Channel::clone(&state.channels[id]) };
            assert_eq!(*channel, known);
        }
        kept.channels
    }

    #[test]
    fn a_channel_comes_back_as_it_was() {
        let kept = keeps(&[
            in_channel(5, "#Room", ChannelEvent::Created { lobby: false }),
            in_channel(5, "#Room", founded()),
            in_channel(5, "#Room", topic("beer")),
            in_channel(5, "#Room", topic("tea; or 'coffee'")),
            in_channel(
                5,
                "#Room",
                modes(vec![
                    ModeChange::Flag { on: false, flag: Flags::TOPIC_LOCKED },
                    ModeChange::Flag { on: true, flag: Flags::NO_CTCP },
                    ModeChange::Flag { on: true, flag: Flags::INVITE_ONLY },
                    ModeChange::Key(Some("sesame".into())),
                    ModeChange::Limit(Some(7)),
                    mask(true, ListKind::Ban, "b!*@*"),
                    mask(true, ListKind::Ban, "a!*@*"),
                    mask(true, ListKind::Ban, "c!*@*"),
                    mask(false, ListKind::Ban, "B!*@*"),
                    mask(true, ListKind::Exception, "a!*@*"),
                    mask(true, ListKind::InviteException, "a:bob"),
                ]),
            ),
            in_channel(5, "#Room", rank("Alice", Ranks::OPERATOR)),
            in_channel(5, "#Room", rank("bob", Ranks::VOICE)),
            in_channel(5, "#Room", rank("bob", Ranks::VOICE | Ranks::OPERATOR)),
            in_channel(5, "#Room", rank("carol", Ranks::VOICE)),
            in_channel(5, "#Room", rank("carol", Ranks::empty())),
            in_channel(5, "#Room", ChannelEvent::Emptied),
        ]);
        let room = &kept[&ChannelId(5)];
        assert_eq!(
            (room.modes(true).as_str(), room.bans.len(), room.standing.len()),
            ("Cinkl sesame 7", 2, 2)
        );
        assert_eq!(room.empty_since, Some(7));
        assert!(room.has_history && room.founded_from == "192.0.2.1".parse().ok());
    }

    #[test]
    fn what_was_taken_back_or_ended_is_gone_and_what_guests_had_too() {
        let kept = keeps(&[
            in_channel(1, "#lobby", ChannelEvent::Created { lobby: true }),
            in_channel(1, "#lobby", topic("welcome")),
            in_channel(1, "#lobby", topic("")),
            in_channel(9, "#hall", ChannelEvent::Created { lobby: false }),
            in_channel(9, "#hall", ChannelEvent::Appointed { lobby: true }),
            in_channel(2, "#guests", ChannelEvent::Created { lobby: false }),
            in_channel(2, "#guests", topic("beer")),
            in_channel(3, "#over", ChannelEvent::Created { lobby: false }),
            in_channel(3, "#over", founded()),
            in_channel(3, "#over", rank("Alice", Ranks::OPERATOR)),
            in_channel(3, "#over", modes(vec![mask(true, ListKind::Ban, "a!*@*")])),
            in_channel(3, "#over", ChannelEvent::Ended),
            in_channel(4, "#Over", ChannelEvent::Created { lobby: false }),
            in_channel(4, "#Over", founded()),
            in_channel(4, "#Over", modes(vec![ModeChange::Key(Some("x".into())), ModeChange::Key(None)])),
        ]);
        assert_eq!(kept.keys().copied().collect::<Vec<_>>(), [ChannelId(1), ChannelId(4), ChannelId(9)]);
        assert_eq!(kept[&ChannelId(4)].empty_since, Some(9));
    }

    #[test]
    fn a_rank_goes_with_its_account() {
        let account = |event| Event::Account("Alice".parse().expect("a name"), event);
        let by = Administrator { uid: 0, login: None };
        let kept = keeps(&[
            in_channel(5, "#room", ChannelEvent::Created { lobby: false }),
            in_channel(5, "#room", founded()),
            in_channel(5, "#room", rank("alice", Ranks::OPERATOR)),
            in_channel(
                5,
                "#room",
                modes(vec![ModeChange::Rank {
                    on: true,
                    rank: Rank::Operator,
                    user: who("bob").user,
                    nick: who("bob").nick,
                }]),
            ),
            account(AccountEvent::Removed { by }),
        ]);
        assert!(kept[&ChannelId(5)].standing.is_empty());
    }
}
