//! What happened, as the user sees it: the one thing that the session hands out. Also the objects of `--json`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::session::login::Locked;
use crate::session::person::Person;
use crate::session::status::{Presence, Status};
use crate::session::talk::Talk;
use crate::session::trace::wire_time;

/// Something that happened, and when, if the server said so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "display")]
    pub at: Option<Timestamp>,
    /// The server's id of what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// It was over before we heard of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
    #[serde(flatten)]
    pub what: What,
}

/// Texts and names stand as they came: they are not safe for a terminal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// The server has let us in.
    Welcome {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        lobby: Option<String>,
        again: bool,
    },
    /// The connection is gone; `last` if coming back is not wanted.
    Closed {
        reason: String,
        last: bool,
    },
    /// The server wants us to log in first; the connection is of no more use.
    Locked(Locked),
    LoggedIn {
        account: String,
    },
    /// An account was made, and we are logged in to it.
    Registered {
        account: String,
    },
    PasswordSet {
        account: String,
    },
    /// Words of the server for us alone: the message of the day, help, answers.
    Info {
        text: String,
    },
    /// Words of the administrator.
    Announcement {
        from: String,
        to: String,
        text: String,
    },
    Said {
        from: String,
        to: String,
        own: bool,
        how: How,
        text: String,
    },
    /// Something that was said is no more; by whom it was said, if we know.
    Removed {
        by: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What follows, in this place, was said while we were away.
    Unread(Unread),
    /// All that was missed has been told; where there was something.
    CaughtUp {
        places: Vec<Unread>,
    },
    /// Stored lines that were asked for, oldest first.
    History {
        place: String,
        lines: Vec<Event>,
        /// There is nothing before them.
        whole: bool,
    },
    /// What a search has found, oldest first.
    Found {
        words: String,
        lines: Vec<Event>,
        /// There may be more, before them.
        more: bool,
    },
    /// Something that we asked for, or said, was refused.
    Refused {
        /// The number of the server's answer, if it has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<u16>,
        subject: String,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        unsaid: Option<String>,
    },
    /// Whether it was said when the connection broke, nobody knows.
    Unsure {
        to: String,
        text: String,
    },
    Joined {
        name: String,
        channel: String,
        own: bool,
    },
    Left {
        name: String,
        channel: String,
        own: bool,
        reason: String,
    },
    Kicked {
        name: String,
        channel: String,
        own: bool,
        by: String,
        reason: String,
    },
    Gone {
        name: String,
        reason: String,
    },
    Renamed {
        from: String,
        to: String,
        own: bool,
    },
    Topic {
        channel: String,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    Invited {
        by: String,
        name: String,
        channel: String,
    },
    /// Whether somebody can be reached, now that it is otherwise than before, or that they were written to.
    Away {
        name: String,
        own: bool,
        #[serde(flatten)]
        presence: Presence,
        /// It isn't worth a line.
        #[serde(skip)]
        quiet: bool,
    },
    /// A conversation of ours: asked for, begun, ended.
    Talk(Talk),
    /// Who is in a channel.
    Names {
        channel: String,
        names: Vec<String>,
        asked: bool,
    },
    Users {
        users: Vec<User>,
    },
    /// All that is known of somebody.
    Person(Person),
    Channels {
        channels: Vec<Channel>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Text,
    Action,
    Notice,
}

/// How much was missed in a place: a channel, or what was written with somebody in private.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    pub place: String,
    pub count: usize,
    /// How many of them name us.
    pub naming: usize,
    /// There is more than was fetched.
    pub more: bool,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "display")]
    pub since: Option<Timestamp>,
}

impl Event {
    /// Without what the server would say about it.
    pub fn bare(what: What) -> Self {
        Self { at: None, id: None, past: false, what }
    }

    /// The place where it was said, and by whom.
    pub fn said_in(&self) -> Option<(&str, &str)> {
        match &self.what {
            What::Said { from, to, own, .. } if *own || is_channel(to) => Some((to, from)),
            What::Said { from, .. } => Some((from, from)),
            What::Announcement { from, to, .. } if is_channel(to) => Some((to, from)),
            _ => None,
        }
    }

    pub fn is_own(&self) -> bool {
        matches!(self.what, What::Said { own: true, .. })
    }
}

impl What {
    /// Whether we are away, as the server has it.
    pub(super) fn own_away(name: String, status: Status) -> Self {
        let presence = Presence { status, ..Presence::default() };
        Self::Away { name, own: true, presence, quiet: false }
    }
}

/// Whether it is the name of a channel, rather than somebody's.
pub fn is_channel(name: &str) -> bool {
    name.starts_with(['#', '&'])
}

/// A line of `<list>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub away: bool,
    pub bot: bool,
    #[serde(flatten)]
    pub presence: Presence,
}

/// A line of `<channels>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    pub name: String,
    pub users: u32,
    pub topic: String,
}

pub(super) fn display<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_str(&wire_time(*at)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests;
