//! Users: a nick and its sessions.

use std::collections::BTreeSet;

use chat_proto::name::Nick;
use chat_proto::resume::ResumeKey;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::event::Byline;
use crate::history::Party;
use crate::id::{ChannelId, ConnId};
use crate::mode::UserModes;
use crate::policy::PresencePolicy;
use crate::time::Uptime;

use super::{Away, Marks, Talking};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub nick: Nick,
    pub ident: CompactString,
    pub host: CompactString,
    pub realname: Box<str>,
    pub account: Option<Nick>,
    pub away: Option<Away>,
    /// The sessions that said AWAY, with its text; the latest last.
    #[serde(default)]
    pub said_away: Vec<(ConnId, Box<str>)>,
    /// When what others see of it began; see [`State::presence`](super::State::presence).
    pub presence_since: Uptime,
    /// The conversation that it is in.
    #[serde(default)]
    pub talk: Option<Talking>,
    pub modes: UserModes,
    /// The proof that a connection of the same guest shows.
    #[serde(default)]
    pub resume: Option<ResumeKey>,
    /// Never empty.
    pub sessions: Vec<ConnId>,
    pub channels: BTreeSet<ChannelId>,
    /// Channels that it was invited to; those that are gone may be among them.
    pub invites: BTreeSet<ChannelId>,
    /// How far it has read, while it has no account.
    #[serde(default)]
    pub marks: Marks,
    pub arrived_at: Uptime,
    /// The wall time then, in milliseconds since the Unix epoch: the history that a guest may read begins there.
    pub since: u64,
    /// The last message said before that.
    #[serde(default)]
    pub since_message: u64,
    /// When it came to the name or the account that it goes by, in milliseconds since the Unix epoch.
    pub named_since: u64,
    /// The last message said before that.
    #[serde(default)]
    pub named_since_message: u64,
    /// When it last said something.
    pub last_active: Uptime,
    /// When it last did something by hand, in whichever session; to the second.
    pub acted_at: Uptime,
}

impl User {
    /// `nick!ident@host`, as the source of what the user does.
    pub fn source(&self) -> Source<'_> {
        Source { nick: self.nick.as_str(), ident: &self.ident, host: &self.host }
    }

    pub fn byline(&self) -> Byline {
        Byline { source: self.source().to_string().into(), account: self.account.clone() }
    }

    /// Whom others write to who write to the user.
    pub fn party(&self) -> Party {
        match &self.account {
            Some(account) => Party::Account(account.fold()),
            None => Party::Guest(self.nick.fold()),
        }
    }

    /// When it becomes automatically away, if nothing is done until then.
    pub(super) fn idle_due(&self, policy: &PresencePolicy) -> Option<Uptime> {
        let may_be = policy.away_after > 0 && self.away.is_none() && self.talk.is_none();
        may_be.then(|| self.acted_at.saturating_add(policy.away_after))
    }

    pub fn is_operator(&self) -> bool {
        self.modes.contains(UserModes::OPERATOR)
    }

    pub fn is_bot(&self) -> bool {
        self.modes.contains(UserModes::BOT)
    }
}

/// Writes itself as `nick!ident@host`.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub nick: &'a str,
    pub ident: &'a str,
    pub host: &'a str,
}

impl std::fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}!{}@{}", self.nick, self.ident, self.host)
    }
}

/// A user who was here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whowas {
    pub nick: Nick,
    pub ident: CompactString,
    pub host: CompactString,
    pub realname: Box<str>,
    pub account: Option<Nick>,
    pub left_at: Uptime,
}
