//! Channels.

use std::collections::BTreeMap;

use chat_proto::name::{ChannelName, Folded, Nick};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::event::Ranks;
use crate::id::UserId;
use crate::limit_key::LimitKey;
use crate::mode::{Flags, ListKind};

/// A room. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub name: ChannelName,
    pub created_at: u64,
    pub topic: Option<Topic>,
    pub flags: Flags,
    pub key: Option<CompactString>,
    pub limit: Option<u32>,
    pub bans: Vec<Mask>,
    pub exceptions: Vec<Mask>,
    pub invite_exceptions: Vec<Mask>,
    pub members: BTreeMap<UserId, Ranks>,
    /// The lobby stays when it is empty.
    pub lobby: bool,
    /// The first account that was in it. Without one it ends with its last member.
    pub founder: Option<Folded>,
    /// From where that account was in it.
    pub founded_from: Option<LimitKey>,
    /// The user who entered it when nobody was in it; the lobby has none.
    pub opener: Option<Opener>,
    /// Whether something was said in it, or a topic set.
    pub has_history: bool,
    /// What accounts are in it, whether they are there or not; none of them is nothing.
    pub standing: BTreeMap<Folded, Ranks>,
    /// Since when nobody is in it; the lobby has none.
    pub empty_since: Option<u64>,
}

/// The opener of a channel, who is charged for it as long as somebody is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opener {
    pub account: Option<Folded>,
    pub origin: LimitKey,
}

impl Opener {
    pub fn holders(&self) -> impl Iterator<Item = LimitKey> + use<> {
        let account = self.account.clone().map(LimitKey::Account);
        account.into_iter().chain([self.origin.clone()])
    }
}

/// Accounts of which one channel keeps what they are.
pub const STANDING_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    pub text: Box<str>,
    pub by: CompactString,
    pub at: u64,
}

/// An entry of a list of masks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    pub mask: CompactString,
    pub by: CompactString,
    pub at: u64,
}

impl Channel {
    /// As it is when it is new.
    pub fn new(name: ChannelName, created_at: u64, lobby: bool) -> Self {
        Self {
            name,
            created_at,
            topic: None,
            flags: if lobby { Flags::NO_EXTERNAL } else { Flags::NO_EXTERNAL.union(Flags::TOPIC_LOCKED) },
            key: None,
            limit: None,
            bans: Vec::new(),
            exceptions: Vec::new(),
            invite_exceptions: Vec::new(),
            members: BTreeMap::new(),
            lobby,
            founder: None,
            founded_from: None,
            opener: None,
            has_history: false,
            standing: BTreeMap::new(),
            empty_since: None,
        }
    }

    pub fn list(&self, list: ListKind) -> &Vec<Mask> {
        match list {
            ListKind::Ban => &self.bans,
            ListKind::Exception => &self.exceptions,
            ListKind::InviteException => &self.invite_exceptions,
        }
    }

    pub fn list_mut(&mut self, list: ListKind) -> &mut Vec<Mask> {
        match list {
            ListKind::Ban => &mut self.bans,
            ListKind::Exception => &mut self.exceptions,
            ListKind::InviteException => &mut self.invite_exceptions,
        }
    }

    pub fn ranks(&self, user: UserId) -> Option<Ranks> {
        self.members.get(&user).copied()
    }

    pub fn is_operator(&self, user: UserId) -> bool {
        self.ranks(user).is_some_and(|ranks| ranks.contains(Ranks::OPERATOR))
    }

    /// What an account was in it when it was there last.
    pub fn standing(&self, account: Option<&Nick>) -> Ranks {
        account.and_then(|account| self.standing.get(&account.fold())).copied().unwrap_or_default()
    }

    /// Whether an account would be operator if it came.
    pub fn has_operator_to_come(&self) -> bool {
        self.standing.values().any(|ranks| ranks.contains(Ranks::OPERATOR))
    }

    /// The founder, who is charged for it as long as it is kept.
    pub fn founders(&self) -> impl Iterator<Item = LimitKey> + use<> {
        let account = self.founder.clone().map(LimitKey::Account);
        account.into_iter().chain(self.founded_from.clone())
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn is_secret(&self) -> bool {
        self.flags.contains(Flags::SECRET)
    }
}

impl Ranks {
    /// The signs before a nick: all of them, or only the highest.
    pub fn prefix(self, all: bool) -> &'static str {
        match (self.contains(Self::OPERATOR), self.contains(Self::VOICE)) {
            (true, true) if all => "@+",
            (true, _) => "@",
            (false, true) => "+",
            (false, false) => "",
        }
    }
}
