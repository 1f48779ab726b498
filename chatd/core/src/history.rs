//! What is asked of the history, and what it answers: the words between the core, which knows who may read what, and the store.
//!
//! The subcommands are those of draft/chathistory. Times are milliseconds since the Unix epoch.

use chat_proto::name::{Folded, Nick};
use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};

use crate::client_tag;
use crate::event::{Byline, ChannelEvent, Event, Rank, Said, SaidKind, Target, UserEvent};
use crate::id::{ChannelId, MessageId};
use crate::mode::ModeChange;
use crate::text::SaidText;

/// Where something was said: what a page of history is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// Ids of channels are never used again, so a new channel of an old name has no past.
    Channel(ChannelId),
    /// Between two, the lesser one first; the same twice for who writes to themselves.
    Pair(Party, Party),
}

/// One of two who write to each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Party {
    Account(Folded),
    /// By nick: another guest may have the nick later, so what a guest reads begins with its own arrival.
    Guest(Folded),
}

impl Place {
    pub fn pair(one: Party, other: Party) -> Self {
        let (lesser, greater) = if one <= other { (one, other) } else { (other, one) };
        Self::Pair(lesser, greater)
    }
}

/// A point in the history of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Point {
    Message(MessageId),
    Time(u64),
}

/// Which entries of a place; the points themselves are never among them, but for `Around`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Range {
    /// The newest, all of them after the point.
    Latest(Option<Point>),
    /// The newest before it.
    Before(Point),
    /// The oldest after it.
    After(Point),
    /// As many before as after it, and itself.
    Around(Point),
    /// Beginning at the first point, which may be the later one.
    Between(Point, Point),
}

/// A question to the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryQuery {
    /// The message of that id, wherever it was said; nothing if it was redacted.
    Message(MessageId),
    /// At most `limit` entries of a place, none from before `since`. Without `events` only what was said.
    Page { place: Place, range: Range, limit: u32, events: bool, since: u64 },
    /// The places among `channels`, and the pairs with `party`, where something was said last between two times, exclusive:
    /// the earliest of them, or, where `after` is the later time, the latest.
    Targets { party: Party, channels: Vec<ChannelId>, after: u64, before: u64, limit: u32, since: u64 },
    /// What waits for an account, the oldest first.
    Undelivered { account: Folded, limit: u32 },
    /// What was said in any of the places, newest first picked, oldest first told.
    Search(Box<Search>),
}

/// What is searched for. What is empty or absent limits nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    pub scope: Scope,
    /// All of these words occur; a word ends in `*` for whatever begins so.
    pub words: Vec<String>,
    /// By this account or nick.
    pub from: Option<Folded>,
    pub after: Option<u64>,
    pub before: Option<u64>,
    pub limit: u32,
    pub since: u64,
}

/// Where to search: never more than the reader may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Place(Place),
    /// These channels, and all pairs with the party.
    Everything {
        party: Party,
        channels: Vec<ChannelId>,
    },
}

/// The answer to a [`HistoryQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryAnswer {
    /// Oldest first.
    Entries(Vec<Entry>),
    /// In the order of the last entries' times.
    Targets(Vec<(Place, u64)>),
    /// The store could not be read; the log says why.
    Failed,
}

/// A line of the history, as those saw it who were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Absent where a live line has none, too: those of joins, for instance.
    pub id: Option<MessageId>,
    pub at: u64,
    pub place: Place,
    /// `nick!ident@host`.
    pub source: Box<str>,
    pub account: Option<Nick>,
    pub deed: Deed,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Said {
        kind: SaidKind,
        /// The channel, with its sigil, or the nick that it was said to.
        to: CompactString,
        /// The client-only tags that are stored, without `@`.
        tags: Box<str>,
        text: SaidText,
        /// The author's own id for it.
        client_id: Option<CompactString>,
    },
    Joined,
    Parted {
        reason: Option<Box<str>>,
    },
    Left {
        reason: Box<str>,
    },
    Kicked {
        nick: Nick,
        reason: Box<str>,
    },
    NickChanged {
        nick: Nick,
    },
    TopicSet {
        topic: Box<str>,
    },
    /// The letters with their signs, and the arguments, as on the wire.
    ModesChanged {
        changes: Box<str>,
    },
}

impl Entry {
    /// Who has done it.
    pub fn author(&self) -> Party {
        party_of(&self.source, self.account.as_ref())
    }
}

fn party_of(source: &str, account: Option<&Nick>) -> Party {
    match account {
        Some(account) => Party::Account(account.fold()),
        None => Party::Guest(Folded::new(source.split('!').next().unwrap_or_default())),
    }
}

impl Byline {
    /// Who it is.
    pub fn party(&self) -> Party {
        party_of(&self.source, self.account.as_ref())
    }
}

/// Whether the history has an entry of an event.
pub fn has_entries(event: &Event) -> bool {
    match event {
        Event::Said(said) => said.is_kept(),
        Event::Channel(_, event) => matches!(
            event,
            ChannelEvent::Joined { .. }
                | ChannelEvent::Parted { .. }
                | ChannelEvent::Kicked { .. }
                | ChannelEvent::TopicSet { .. }
                | ChannelEvent::ModesChanged { .. }
        ),
        Event::User(_, UserEvent::Left { channels, .. } | UserEvent::NickChanged { channels, .. }) => {
            !channels.is_empty()
        }
        _ => false,
    }
}

/// What the history has of an event that happened `at` that time: an entry for each place where it was seen.
pub fn entries(at: u64, event: &Event) -> Vec<Entry> {
    if !has_entries(event) {
        return Vec::new();
    }
    let entry = |place, id, byline: &Byline, deed| {
        let Byline { source, account } = byline.clone();
        Entry { id, at, place, source, account, deed }
    };
    match event {
        Event::Said(said) => {
            vec![entry(said.place.clone(), Some(said.id), &said.byline, Deed::said(said))]
        }
        Event::Channel(room, event) => {
            let of_channel = Deed::in_channel(event);
            let place = Place::Channel(room.channel);
            let id = match event {
                ChannelEvent::TopicSet { id, .. } => Some(*id),
                _ => None,
            };
            of_channel.map(|(byline, deed)| entry(place, id, byline, deed)).into_iter().collect()
        }
        Event::User(_, event) => {
            let Some((byline, channels, deed)) = Deed::in_channels(event) else { return Vec::new() };
            let places = channels.iter().map(|channel| Place::Channel(*channel));
            places.map(|place| entry(place, None, byline, deed.clone())).collect()
        }
        Event::Conn(..)
        | Event::Account(..)
        | Event::Redacted(_)
        | Event::Read(_)
        | Event::Ban(_)
        | Event::Talk(_)
        | Event::Server(_) => Vec::new(),
    }
}

impl Deed {
    fn said(said: &Said) -> Self {
        let to = match &said.to {
            Target::Channel { room, at_least: None } => room.name.as_str().into(),
            Target::Channel { room, at_least: Some(Rank::Voice) } => format_compact!("+{}", room.name),
            Target::Channel { room, at_least: Some(Rank::Operator) } => format_compact!("@{}", room.name),
            Target::User(who) => who.nick.as_str().into(),
            Target::Absent(account) => account.as_str().into(),
        };
        let Said { kind, tags, text, client_id, .. } = said;
        let tags = client_tag::stored(tags);
        Self::Said { kind: *kind, to, tags, text: text.clone(), client_id: client_id.clone() }
    }

    fn in_channel(event: &ChannelEvent) -> Option<(&Byline, Self)> {
        Some(match event {
            ChannelEvent::Joined { byline, .. } => (byline, Self::Joined),
            ChannelEvent::Parted { reason, byline, .. } => (byline, Self::Parted { reason: reason.clone() }),
            ChannelEvent::Kicked { who, reason, byline, .. } => {
                (byline, Self::Kicked { nick: who.nick.clone(), reason: reason.clone() })
            }
            ChannelEvent::TopicSet { topic, byline, .. } => (byline, Self::TopicSet { topic: topic.clone() }),
            ChannelEvent::ModesChanged { changes, byline, .. } => {
                (byline, Self::ModesChanged { changes: ModeChange::written(changes).into() })
            }
            _ => return None,
        })
    }

    fn in_channels(event: &UserEvent) -> Option<(&Byline, &[ChannelId], Self)> {
        Some(match event {
            UserEvent::Left { reason, byline, channels, .. } => {
                (byline, channels, Self::Left { reason: reason.clone() })
            }
            UserEvent::NickChanged { nick, byline, channels } => {
                (byline, channels, Self::NickChanged { nick: nick.clone() })
            }
            _ => return None,
        })
    }
}
