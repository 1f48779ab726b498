//! What a store keeps of channels, worked out from the facts alone.

use std::collections::BTreeMap;

use chatd_core::{
    Channel, ChannelEvent, ChannelId, Event, Kept, Mailbox, Mask, ModeChange, Now, Place, SaidKind, Topic,
    Who,
};

use crate::support::host::Host;

/// The host after a crash: what was durable is kept, and nobody is there.
pub fn restarted(before: &Host) -> Host {
    let next = before.core.state().next_message();
    let mut undelivered: BTreeMap<_, Mailbox> = BTreeMap::new();
    for entry in &before.archive.entries {
        let Some(number) = entry.id.map(|id| id.number) else { continue };
        if let Some(account) = before.archive.waiting.get(&number) {
            undelivered.entry(account.clone()).or_default().put(number, entry.author());
        }
    }
    let kept = Kept {
        start: Some(next.start),
        // A run has that many ids.
        run: (next.number >> 40) + 1,
        channels: channels(&before.events),
        undelivered,
        ..Kept::default()
    };
    let mut host = Host::with(before.core.state().policy.clone(), kept, before.now.wall.0);
    host.events.clone_from(&before.events);
    host.archive.clone_from(&before.archive);
    host
}

/// The channels that were there when the last of the events had happened, as a start finds them.
fn channels(events: &[(Now, Event)]) -> BTreeMap<ChannelId, Channel> {
    let mut channels: BTreeMap<ChannelId, Channel> = BTreeMap::new();
    for (at, event) in events.iter().filter(|(_, event)| event.is_durable()) {
        let (room, event) = match event {
            Event::Channel(room, event) => (room, event),
            Event::Said(said) if said.kind != SaidKind::Tagmsg => {
                if let Place::Channel(id) = said.place {
                    channels.get_mut(&id).expect("a channel begins").has_history = true;
                }
                continue;
            }
            _ => continue,
        };
        match event {
            ChannelEvent::Created { lobby } => {
                channels.insert(room.channel, Channel::new(room.name.clone(), at.wall.0, *lobby));
            }
            ChannelEvent::Ended => drop(channels.remove(&room.channel)),
            event => note(channels.get_mut(&room.channel).expect("a channel begins"), at.wall.0, event),
        }
    }
    channels
}

fn note(channel: &mut Channel, at: u64, event: &ChannelEvent) {
    match event {
        ChannelEvent::TopicSet { topic, .. } if topic.is_empty() => channel.topic = None,
        ChannelEvent::TopicSet { by, topic, .. } => {
            channel.has_history = true;
            channel.topic = Some(Topic { text: topic.clone(), by: by.nick.as_str().into(), at });
        }
        ChannelEvent::ModesChanged { by, changes, .. } => {
            changes.iter().for_each(|change| change_mode(channel, at, by, change));
        }
        ChannelEvent::Founded { account, from } => {
            channel.founder = Some(account.fold());
            channel.founded_from = Some(from.clone());
        }
        ChannelEvent::RankKept { account, ranks } => {
            channel.standing.insert(account.fold(), *ranks);
            channel.standing.retain(|_, ranks| !ranks.is_empty());
        }
        ChannelEvent::Joined { .. } => channel.empty_since = None,
        ChannelEvent::Appointed { lobby } => channel.lobby = *lobby,
        ChannelEvent::Emptied => channel.empty_since = Some(at),
        _ => {}
    }
}

fn change_mode(channel: &mut Channel, at: u64, by: &Who, change: &ModeChange) {
    match change {
        ModeChange::Flag { on, flag } => channel.flags.set(*flag, *on),
        ModeChange::Key(key) => channel.key.clone_from(key),
        ModeChange::Limit(limit) => channel.limit = *limit,
        ModeChange::Mask { on, list, mask } => {
            let list = channel.list_mut(*list);
            list.retain(|entry| !entry.mask.eq_ignore_ascii_case(mask));
            if *on {
                list.push(Mask { mask: mask.clone(), by: by.nick.as_str().into(), at });
            }
        }
        ModeChange::Rank { .. } => {}
    }
}
