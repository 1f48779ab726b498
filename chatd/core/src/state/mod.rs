//! The chat's state: ids and values in ordered maps, no sockets, no time of its own. It serialises whole.
//!
//! It changes in [`State::apply`] alone.

mod apply;
mod apply_account;
mod apply_channel;
mod channel;
mod event_time;
mod presence;
mod session;
mod talk;
mod user;
mod users;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chat_proto::name::{ChannelName, Folded, Nick};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::account::{Accounts, Logins};
use crate::attempts::Attempts;
use crate::ban::Bans;
use crate::core::{Kept, ServerSecret};
use crate::event::{ChannelEvent, Event, Room, UserEvent, Who};
use crate::id::{ChannelId, ConnId, MessageId, UserId};
use crate::limit_key::LimitKey;
use crate::mailbox::Mailbox;
use crate::policy::Policy;
use crate::rate::RateLimiter;
use crate::receipts::Receipts;
use crate::reserved;
use crate::shares::Shares;
use crate::time::{Timestamp, Uptime};

pub use channel::{Channel, Mask, Opener, STANDING_MAX, Topic};
pub use presence::{Away, Presence, Status};
pub use session::{PasswordState, Phase, Registering, Session, Sessions, Waiting};
pub use talk::{TalkRequest, TalkRequests, Talking};
pub use user::{Source, User, Whowas};
pub use users::Users;

/// Everything that the chat knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When it began, in milliseconds since the Unix epoch.
    pub start: u64,
    pub policy: Policy,
    pub sessions: Sessions,
    pub users: Users,
    pub nicks: BTreeMap<Folded, UserId>,
    pub channels: BTreeMap<ChannelId, Box<Channel>>,
    pub channel_names: BTreeMap<Folded, ChannelId>,
    /// Those that are kept although nobody is in them, the longest empty first; the lobby is not among them.
    pub empty_channels: BTreeSet<(u64, ChannelId)>,
    /// How many of the channels that somebody is in each holder has opened.
    pub open_channels: Shares,
    /// How many channels each holder has created lately.
    pub channel_creations: RateLimiter<LimitKey>,
    /// Who watches which nick (MONITOR).
    pub watchers: BTreeMap<Folded, BTreeSet<ConnId>>,
    /// When to look at the silence of which connection.
    pub deadlines: BTreeSet<(Uptime, ConnId)>,
    /// When to look whether which user does nothing: those have one who can become automatically away.
    pub idle_deadlines: BTreeSet<(Uptime, UserId)>,
    /// The newest first.
    pub whowas: VecDeque<Whowas>,
    /// How many have left or changed their nick so far.
    #[serde(default)]
    pub departures: u64,
    pub counts: Counts,
    pub accounts: Accounts,
    pub logins: Logins,
    pub bans: Bans,
    /// What was said lately, to know resends.
    pub receipts: Receipts,
    /// How far accounts have read.
    pub marks: BTreeMap<Folded, Marks>,
    /// The last change of owner, or removal, of each account that had one.
    pub owner_changes: BTreeMap<Folded, OwnerChange>,
    /// The uid of each login of the host that has been here or has been written to. Another uid under the name is
    /// another person.
    pub login_uids: BTreeMap<Folded, u32>,
    /// What waits for accounts that are not here.
    pub undelivered: BTreeMap<Folded, Mailbox>,
    /// Failed logins.
    pub attempts: Attempts,
    /// Who asks whom for a conversation.
    #[serde(default)]
    pub talk_requests: TalkRequests,
    pub secret: ServerSecret,
    pub shutdown: Option<Shutdown>,
    pub stopping: bool,
    next_channel: u64,
    last_message: u64,
    /// The time of the newest entry of the history.
    #[serde(default)]
    newest_entry: Timestamp,
    /// When the first run began.
    first_start: u64,
    /// This run's first id less one.
    base: u64,
}

/// Each run has ids of its own, more than it can ever use: whatever was stored or not, none is used again.
const IDS_OF_A_RUN: u64 = 1 << 40;

/// How far somebody has read: until when, in milliseconds since the Unix epoch, by the folded name of the channel or nick.
pub type Marks = BTreeMap<Folded, u64>;

/// The point at which an account became another person's, who reads nothing from before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerChange {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// The number of the last message before it: the host's clock may have been set back since.
    pub message: u64,
}

/// What LUSERS tells, kept up to date so that nobody has to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub invisible: usize,
    pub operators: usize,
    /// Registered connections.
    pub sessions: usize,
    /// The most users there were at once.
    pub most_users: usize,
}

/// A shutdown that an administrator scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutdown {
    pub at: Uptime,
    pub reason: Option<Box<str>>,
    /// The users are warned again when this much time remains, in milliseconds.
    pub next_warning: u64,
}

impl State {
    pub fn new(policy: Policy, kept: Kept, start: u64) -> Self {
        let mut accounts = Accounts::default();
        for account in kept.accounts {
            accounts.insert(account);
        }
        let base = kept.run.saturating_mul(IDS_OF_A_RUN);
        let mut logins = Logins::default();
        kept.logins.iter().for_each(|login| logins.insert(login));
        let mut state = Self {
            start,
            policy,
            sessions: Sessions::default(),
            users: Users::default(),
            nicks: BTreeMap::new(),
            channels: BTreeMap::new(),
            channel_names: BTreeMap::new(),
            empty_channels: BTreeSet::new(),
            open_channels: Shares::default(),
            channel_creations: RateLimiter::default(),
            watchers: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            idle_deadlines: BTreeSet::new(),
            whowas: VecDeque::new(),
            departures: 0,
            counts: Counts::default(),
            accounts,
            logins,
            bans: kept.bans.into(),
            receipts: kept.receipts.into(),
            marks: kept.marks,
            owner_changes: kept.owner_changes,
            login_uids: kept.login_uids,
            undelivered: kept.undelivered,
            attempts: Attempts::default(),
            talk_requests: TalkRequests::default(),
            secret: kept.secret,
            shutdown: None,
            stopping: false,
            next_channel: base + 1,
            last_message: base,
            newest_entry: kept.newest_entry,
            first_start: kept.start.unwrap_or(start),
            base,
        };
        state.restore(kept.channels);
        state
    }

    /// Nobody is in them yet. What only guests were in doesn't outlive them.
    fn restore(&mut self, channels: BTreeMap<ChannelId, Channel>) {
        for (id, mut channel) in channels {
            channel.lobby = self.is_lobby(&channel.name);
            channel.empty_since = (!channel.lobby).then(|| channel.empty_since.unwrap_or(self.start));
            self.next_channel = self.next_channel.max(id.0 + 1);
            if channel.lobby || channel.founder.is_some() {
                self.insert_channel(id, channel);
            }
        }
    }

    /// An account or a login of the host that `name` could be taken for, other than its own.
    pub fn look_alike(&self, name: &str) -> Option<&str> {
        let account = self.accounts.look_alike(name).map(|account| account.name.as_str());
        account.or_else(|| self.logins.look_alike(name).filter(|_| self.policy.reserve_logins))
    }

    /// Whether it says or seems to say that its owner runs the chat, which guests may not. Signs around such a name change nothing, unless
    /// the host has a login of that name: `root_` is what a client of root's falls back to.
    pub fn is_reserved_role(&self, name: &Nick) -> bool {
        let bare = reserved::undecorated(name.as_str());
        reserved::is_reserved(name.as_str())
            || reserved::is_reserved(&bare) && !self.logins.contains(&Folded::new(&bare))
    }

    /// Whether it is kept for a login of the host that is known.
    pub fn is_reserved(&self, name: &Nick) -> bool {
        self.policy.reserve_logins && self.logins.contains(&name.fold())
    }

    /// Whether anything is kept for a login of that name that needs no entry among the accounts.
    pub fn remembers_login(&self, name: &str) -> bool {
        let folded = Folded::new(name);
        self.login_uids.contains_key(&folded)
            || self.marks.contains_key(&folded)
            || self.undelivered.contains_key(&folded)
            || self.channels.values().any(|channel| channel.standing.contains_key(&folded))
    }

    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(id)
    }

    pub fn user_id(&self, nick: &str) -> Option<UserId> {
        self.nicks.get(&Folded::new(nick)).copied()
    }

    pub fn user_named(&self, nick: &str) -> Option<(UserId, &User)> {
        let id = self.user_id(nick)?;
        Some((id, self.user(id)?))
    }

    /// How far a user has read.
    pub fn marks_of(&self, id: UserId) -> Option<&Marks> {
        let user = self.user(id)?;
        match &user.account {
            Some(account) => self.marks.get(&account.fold()),
            None => Some(&user.marks),
        }
    }

    /// The user behind a connection, once it is registered.
    pub fn user_of(&self, conn: ConnId) -> Option<(UserId, &User)> {
        let id = self.sessions.get(conn)?.user()?;
        Some((id, self.user(id)?))
    }

    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id).map(AsRef::as_ref)
    }

    pub fn channel_named(&self, name: &str) -> Option<(ChannelId, &Channel)> {
        let id = *self.channel_names.get(&Folded::new(name))?;
        Some((id, self.channel(id)?))
    }

    /// Channels that the event takes the last member out of; the lobby isn't among them.
    pub fn deserted_by(&self, event: &Event) -> Vec<Room> {
        let rooms = |ids: &mut dyn Iterator<Item = ChannelId>, user: &UserId| {
            let alone = |channel: &Channel| !channel.lobby && channel.members.keys().eq([user]);
            let deserted = ids.filter(|id| self.channel(*id).is_some_and(alone));
            deserted.filter_map(|id| self.room(id)).collect()
        };
        match event {
            Event::Channel(room, ChannelEvent::Parted { who, .. } | ChannelEvent::Kicked { who, .. }) => {
                rooms(&mut [room.channel].into_iter(), &who.user)
            }
            Event::User(who, UserEvent::Left { .. }) => {
                let channels = self.user(who.user).into_iter().flat_map(|user| &user.channels);
                rooms(&mut channels.copied(), &who.user)
            }
            _ => Vec::new(),
        }
    }

    /// Channels that somebody may still open, not counting the kept ones.
    pub fn free_channels(&self) -> usize {
        let used = self.channels.len() - self.empty_channels.len();
        self.policy.limits.channels.saturating_sub(used)
    }

    /// Whether a channel stays when nobody is in it, other than the lobby.
    pub fn keeps(&self, id: ChannelId) -> bool {
        self.policy.keep_channels > 0 && self.channel(id).is_some_and(|channel| channel.founder.is_some())
    }

    pub fn channels_of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = (ChannelId, &'a Channel)> + 'a {
        user.channels.iter().filter_map(|&id| Some((id, self.channel(id)?)))
    }

    pub fn share_a_channel(&self, a: &User, b: UserId) -> bool {
        self.channels_of(a).any(|(_, channel)| channel.members.contains_key(&b))
    }

    pub fn who(&self, id: UserId) -> Option<Who> {
        Some(Who { user: id, nick: self.user(id)?.nick.clone() })
    }

    pub fn room(&self, id: ChannelId) -> Option<Room> {
        Some(Room { channel: id, name: self.channel(id)?.name.clone() })
    }

    pub fn is_lobby(&self, name: &ChannelName) -> bool {
        name.fold() == self.policy.lobby.channel.fold()
    }

    /// The id that the next user gets when it arrives.
    pub fn next_user(&self) -> UserId {
        self.users.next_id()
    }

    /// The id that the next channel gets when it is created.
    pub fn next_channel(&self) -> ChannelId {
        ChannelId(self.next_channel)
    }

    /// The id that the next message gets when it is said.
    pub fn next_message(&self) -> MessageId {
        MessageId { start: self.first_start, number: self.last_message + 1 }
    }

    /// Messages said since the state began.
    pub fn messages(&self) -> u64 {
        self.last_message - self.base
    }

    /// The name by which replies address a connection: its nick, or `*` while it has none.
    pub fn name_of(&self, conn: ConnId) -> &str {
        let Some(session) = self.sessions.get(conn) else { return "*" };
        match &session.phase {
            Phase::Registered(user) => self.user(*user).map_or("*", |user| user.nick.as_str()),
            Phase::Registering(registering) => registering.nick.as_ref().map_or("*", Nick::as_str),
        }
    }
}

impl Channel {
    /// The modes as RPL_CHANNELMODEIS has them; the key is shown to members only.
    pub fn modes(&self, to_member: bool) -> CompactString {
        let mut modes: CompactString = self.flags.letters().collect();
        let mut params = CompactString::default();
        if let Some(key) = &self.key {
            modes.push('k');
            params.push(' ');
            params.push_str(if to_member { key } else { "*" });
        }
        if let Some(limit) = self.limit {
            modes.push('l');
            params.push(' ');
            params.push_str(&limit.to_string());
        }
        modes.push_str(&params);
        modes
    }
}
