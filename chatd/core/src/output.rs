//! What comes out of the core.

use std::sync::Arc;

use bytes::Bytes;
use chat_proto::admin;
use chat_proto::name::Nick;

use zeroize::Zeroizing;

use crate::account::Credentials;
use crate::event::Event;
use crate::history::HistoryQuery;
use crate::id::{ConnId, RequestId};
use crate::limit_key::LimitKey;
use crate::policy::PasswordHash;
use crate::time::Now;

/// What a step had to say. The caller clears it and hands it in again, so that its room is used again.
#[derive(Debug, Default)]
pub struct Output {
    /// Facts, in order, and when they happened. The state is what it was before plus these.
    pub events: Vec<(Now, Event)>,
    /// What to do, in order, once the durable ones of `events` are stored.
    pub effects: Vec<Effect>,
    /// Connections of which lines are held from now on, or none any more: nothing more need be read from them while there are.
    /// To be obeyed at once.
    pub held: Vec<(ConnId, bool)>,
}

/// Something for the shell to do.
#[derive(Debug)]
pub enum Effect {
    /// Whole lines for one connection.
    Send { to: ConnId, frame: Bytes },
    /// The same whole lines for many connections, `except` not among them.
    Fanout { to: Arc<Vec<ConnId>>, except: Option<ConnId>, frame: Bytes },
    /// Close it when what was sent before is written; [`Input::Closed`](crate::Input::Closed) is awaited.
    Close { conn: ConnId },
    /// Do this off the core's thread, and answer with [`Input::JobDone`](crate::Input::JobDone).
    Job { conn: ConnId, job: Job },
    /// Answers an administrator. A request has exactly one answer.
    Answer { request: RequestId, answer: AdminAnswer },
    /// All connections have been told: flush, close and exit.
    Stop,
}

impl Effect {
    /// How much of it is for the sockets.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Send { frame, .. } | Self::Fanout { frame, .. } => frame.len(),
            Self::Close { .. } | Self::Job { .. } | Self::Answer { .. } | Self::Stop => 0,
        }
    }
}

/// Slow work. While it is under way the core holds further lines of the connection, in order and bounded.
#[derive(Clone, PartialEq, Eq)]
pub enum Job {
    /// Check a password against an Argon2 hash in PHC form.
    CheckPassword { hash: PasswordHash, password: Secret },
    /// Check the password of an account; without credentials do the same work for nothing, so that the time tells nothing.
    CheckAccount { credentials: Option<Box<Credentials>>, password: Secret },
    /// Make of a password what is kept of it, if the old one is right, and unless the host has a login of that name.
    MakeCredentials { password: Secret, old: Option<Box<OldPassword>>, unless_login: Option<Nick> },
    /// Is there a login of that name on this host?
    LookUpLogin { name: Nick },
    /// Ask the history, for whoever waits for it in turn.
    History { query: Box<HistoryQuery>, by: LimitKey },
    /// Nothing but another turn: when those who wait have had theirs, so many milliseconds are over, and the connection has
    /// taken most of what was sent to it.
    GoOn { after: u64 },
}

/// A password that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldPassword {
    pub credentials: Credentials,
    /// As it was given.
    pub password: Secret,
}

/// A secret on its way to a check. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Zeroizing<String>);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

/// The answer to an administrator.
#[derive(Debug, Clone, PartialEq)]
pub enum AdminAnswer {
    Users(Vec<admin::User>),
    User(Box<admin::User>),
    Channels(Vec<admin::Channel>),
    Announced {
        users: u32,
    },
    Kicked {
        sessions: u32,
    },
    /// Milliseconds since the Unix epoch.
    ShutdownAt {
        at: u64,
    },
    ShutdownCancelled,
    Status(admin::CoreStatus),
    Accounts(Vec<admin::Account>),
    Account(Box<admin::Account>),
    Bans(Vec<admin::Ban>),
    /// Whom, as it is understood, and how many sessions were ended by it.
    Banned {
        target: String,
        sessions: u32,
    },
    /// So many sessions were ended by it.
    PutOut {
        sessions: u32,
    },
    /// There is nothing to say about it.
    Done,
    Refused(admin::Error),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CheckPassword { .. } => f.write_str("CheckPassword([redacted])"),
            Self::CheckAccount { .. } => f.write_str("CheckAccount([redacted])"),
            Self::MakeCredentials { .. } => f.write_str("MakeCredentials([redacted])"),
            Self::LookUpLogin { name } => write!(f, "LookUpLogin({name})"),
            // What people search for is theirs.
            Self::History { .. } => f.write_str("History"),
            Self::GoOn { after } => write!(f, "GoOn(after {after} ms)"),
        }
    }
}
