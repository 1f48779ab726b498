//! What becomes of channels.

use crate::event::{ChannelEvent, Ranks, Room, Who};
use crate::id::{ChannelId, UserId};
use crate::mode::ModeChange;
use crate::time::{Now, Uptime};

use super::{Channel, Mask, Opener, State, Topic};

impl State {
    pub(super) fn apply_channel(&mut self, now: Now, room: &Room, event: &ChannelEvent) {
        let (id, at) = (room.channel, now.wall.0);
        match event {
            ChannelEvent::Created { lobby } => {
                self.next_channel = self.next_channel.max(id.0 + 1);
                self.insert_channel(id, Channel::new(room.name.clone(), at, *lobby));
            }
            ChannelEvent::Opened { opener, is_new } => self.open_channel(now.uptime, id, opener, *is_new),
            ChannelEvent::Joined { who, ranks, .. } => self.join(id, who, *ranks),
            ChannelEvent::Parted { who, .. } | ChannelEvent::Kicked { who, .. } => {
                if let Some(user) = self.users.get_mut(who.user) {
                    user.channels.remove(&id);
                }
                self.remove_member(id, who.user);
            }
            ChannelEvent::Invited { who, opens: true, .. } => self.invite(id, who.user),
            ChannelEvent::Invited { opens: false, .. } => {}
            ChannelEvent::Emptied => self.set_empty(id, Some(at)),
            ChannelEvent::Appointed { lobby } => {
                self.set_empty(id, None);
                self.release_channel(id);
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.lobby = *lobby;
                }
            }
            ChannelEvent::Ended => self.end_channel(id),
            ChannelEvent::TopicSet { .. }
            | ChannelEvent::ModesChanged { .. }
            | ChannelEvent::Founded { .. }
            | ChannelEvent::RankKept { .. } => {
                if let ChannelEvent::TopicSet { id, .. } = event {
                    self.last_message = id.number;
                }
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.apply(at, event);
                }
            }
        }
    }

    pub(super) fn insert_channel(&mut self, id: ChannelId, channel: Channel) {
        if let Some(since) = channel.empty_since {
            self.empty_channels.insert((since, id));
        }
        self.channel_names.insert(channel.name.fold(), id);
        self.channels.insert(id, Box::new(channel));
    }

    fn set_empty(&mut self, id: ChannelId, since: Option<u64>) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if let Some(before) = std::mem::replace(&mut channel.empty_since, since) {
            self.empty_channels.remove(&(before, id));
        }
        if let Some(since) = since {
            self.empty_channels.insert((since, id));
            self.release_channel(id);
        }
    }

    fn open_channel(&mut self, now: Uptime, id: ChannelId, opener: &Opener, is_new: bool) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        channel.opener = Some(opener.clone());
        for holder in opener.holders() {
            if is_new {
                let rate = self.policy.limits.creation_rate(&holder);
                self.channel_creations.count(holder.clone(), rate, now);
            }
            self.open_channels.add(holder);
        }
    }

    /// Nobody is charged for it any more.
    fn release_channel(&mut self, id: ChannelId) {
        let opener = self.channels.get_mut(&id).and_then(|channel| channel.opener.take());
        for holder in opener.iter().flat_map(Opener::holders) {
            self.open_channels.remove(&holder);
        }
    }

    fn join(&mut self, id: ChannelId, who: &Who, ranks: Ranks) {
        self.set_empty(id, None);
        let (Some(channel), Some(user)) = (self.channels.get_mut(&id), self.users.get_mut(who.user)) else {
            return;
        };
        channel.members.insert(who.user, ranks);
        user.channels.insert(id);
        user.invites.remove(&id);
    }

    /// Whether the channel is kept without members is another event.
    pub(super) fn remove_member(&mut self, id: ChannelId, user: UserId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.members.remove(&user);
        }
    }

    fn end_channel(&mut self, id: ChannelId) {
        self.set_empty(id, None);
        self.release_channel(id);
        if let Some(channel) = self.channels.remove(&id) {
            self.channel_names.remove(&channel.name.fold());
        }
    }

    fn invite(&mut self, channel: ChannelId, user: UserId) {
        let channels = &self.channels;
        let Some(user) = self.users.get_mut(user) else { return };
        user.invites.retain(|invite| channels.contains_key(invite));
        if user.invites.len() >= self.policy.limits.channels_per_user {
            user.invites.pop_first();
        }
        user.invites.insert(channel);
    }
}

impl Channel {
    fn apply(&mut self, at: u64, event: &ChannelEvent) {
        match event {
            ChannelEvent::TopicSet { by, topic, .. } => {
                let text = topic.clone();
                self.has_history |= !text.is_empty();
                self.topic = (!text.is_empty()).then(|| Topic { text, by: by.nick.as_str().into(), at });
            }
            ChannelEvent::ModesChanged { by, changes, .. } => {
                for change in changes {
                    self.apply_mode(at, by, change);
                }
            }
            ChannelEvent::Founded { account, from } => {
                self.founder = Some(account.fold());
                self.founded_from = Some(from.clone());
            }
            ChannelEvent::RankKept { account, ranks } if ranks.is_empty() => {
                self.standing.remove(&account.fold());
            }
            ChannelEvent::RankKept { account, ranks } => {
                self.standing.insert(account.fold(), *ranks);
            }
            _ => {}
        }
    }

    fn apply_mode(&mut self, at: u64, by: &Who, change: &ModeChange) {
        match change {
            ModeChange::Flag { on, flag } => self.flags.set(*flag, *on),
            ModeChange::Key(key) => self.key.clone_from(key),
            ModeChange::Limit(limit) => self.limit = *limit,
            ModeChange::Rank { on, rank, user, .. } => {
                if let Some(ranks) = self.members.get_mut(user) {
                    ranks.set(rank.flag(), *on);
                }
            }
            ModeChange::Mask { on, list, mask } => {
                let list = self.list_mut(*list);
                list.retain(|entry| !entry.mask.eq_ignore_ascii_case(mask));
                if *on {
                    list.push(Mask { mask: mask.clone(), by: by.nick.as_str().into(), at });
                }
            }
        }
    }
}
