//! What goes into the core.

use std::net::SocketAddr;
use std::time::Duration;

use chat_proto::admin;
use chat_proto::message::Message;
use chat_proto::name::Nick;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::account::{Credentials, Fingerprint};
use crate::history::Entry;
use crate::history::HistoryAnswer;
use crate::id::{ConnId, RequestId};
use crate::output::Secret;
use crate::policy::Policy;

/// One thing that happened outside. The core takes them in order.
#[derive(Debug, Clone)]
pub enum Input {
    /// A connection was accepted. Nothing else is said of a connection before this.
    Opened { conn: ConnId, peer: Box<Peer> },
    /// Lines that a connection sent, in order.
    Lines { conn: ConnId, lines: Vec<Incoming> },
    /// A connection is gone, whoever closed it. Nothing else is said of it after this.
    Closed { conn: ConnId, reason: Lost },
    /// A job has taken so much of a processor's time, in nanoseconds. Said before it is done.
    Worked { conn: ConnId, nanos: u64 },
    /// A job that an [`Effect::Job`](crate::Effect::Job) asked for is done.
    JobDone { conn: ConnId, done: JobDone },
    /// An administrator wants something.
    Admin { request: RequestId, actor: Actor, command: Box<AdminCommand> },
    /// The configuration was read again.
    Policy(Box<Policy>),
    /// The daemon was told to stop: users are told `reason`, connections are closed.
    Stop { reason: String },
    /// The chat stood still for a while, since nothing could be stored: that is nobody's silence.
    Resumed,
    /// Time passed. Expected about once a second; keep-alive and time-outs are that exact.
    Tick,
}

/// A line as the connection's task made it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Incoming {
    Message(Message),
    /// Over the line's limit; dropped whole. The command is there if it could be read.
    TooLong {
        command: Option<CompactString>,
    },
    /// Not UTF-8; dropped whole. The command is there if it could be read.
    NotUtf8 {
        command: Option<CompactString>,
    },
    /// Not a message at all.
    Malformed,
}

impl Incoming {
    /// How many bytes of text it holds.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Message(message) => message.as_str().len(),
            Self::TooLong { command } | Self::NotUtf8 { command } => command.as_deref().map_or(0, str::len),
            Self::Malformed => 0,
        }
    }
}

/// What is known of the other end when a connection is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub origin: Origin,
    /// The host that other users see; ASCII without spaces.
    pub host: CompactString,
    /// Whether the listener lets in users without an account.
    pub guests: bool,
    /// Nobody between can read or change it: encrypted, or never outside this host.
    pub secure: bool,
    /// That of the certificate that the client has shown, and proven to own.
    pub certificate: Option<Fingerprint>,
}

impl Peer {
    /// Whether passwords may be said here.
    pub fn is_safe(&self) -> bool {
        self.secure || matches!(self.origin, Origin::Tcp { address } if address.ip().is_loopback())
    }

    /// The login that the kernel vouches for.
    pub fn login(&self) -> Option<&Nick> {
        match &self.origin {
            Origin::Unix { login, .. } => login.as_ref(),
            Origin::Tcp { .. } | Origin::Tls { .. } => None,
        }
    }
}

/// Where a connection comes from. For administrators only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// By the kernel's word. `login` is absent when the uid has no name, or one that is no nick.
    Unix {
        uid: u32,
        pid: Option<i32>,
        login: Option<Nick>,
    },
    /// In clear text.
    Tcp {
        address: SocketAddr,
    },
    Tls {
        address: SocketAddr,
    },
}

impl Origin {
    /// Of a connection that came over TCP, from this host or another one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Unix { .. } => None,
            Self::Tcp { address } | Self::Tls { address } => Some(*address),
        }
    }
}

impl Origin {
    /// From now on it is known by its uid only.
    pub(crate) fn forget_login(&mut self) {
        if let Self::Unix { login, .. } = self {
            *login = None;
        }
    }
}

impl From<&Origin> for admin::Peer {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Unix { uid, pid, login } => {
                Self::Unix { uid: *uid, pid: *pid, login: login.as_ref().map(ToString::to_string) }
            }
            Origin::Tcp { address } => Self::Tcp { address: address.to_string() },
            Origin::Tls { address } => Self::Tls { address: address.to_string() },
        }
    }
}

/// Why a connection ended without a QUIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lost {
    /// The other end closed it.
    Eof,
    /// The socket failed.
    Error,
    /// It didn't read what was sent to it, and its queue was full.
    SendQueueFull,
    /// All queues together were full, and its was among the longest.
    QueuesFull,
    /// The core closed it.
    Closed,
}

/// Something slow that was done off the core's thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobDone {
    /// For [`Job::CheckPassword`](crate::Job::CheckPassword).
    PasswordChecked { matches: bool },
    /// For [`Job::CheckAccount`](crate::Job::CheckAccount).
    AccountChecked(Box<AccountChecked>),
    /// For [`Job::MakeCredentials`](crate::Job::MakeCredentials); `old` is what the old password was compared with.
    CredentialsMade { made: Made, old: Option<Box<Credentials>> },
    /// For [`Job::LookUpLogin`](crate::Job::LookUpLogin): whether the host has a login of that
    /// name, and its uid. The uid is absent when the user database could not be asked, or when several logins share the name.
    LoginLookedUp { exists: bool, uid: Option<u32> },
    /// For [`Job::History`](crate::Job::History).
    History(HistoryAnswer),
    /// For [`Job::GoOn`](crate::Job::GoOn).
    GoOn,
    /// For any of the others: too many wait for theirs, or the work broke down.
    NotDone,
}

/// What has come of checking the password of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChecked {
    pub matches: bool,
    /// When it is right, and what is kept of it is out of date.
    pub renewed: Option<Box<Credentials>>,
    /// What it was compared with, and itself: to be checked again if the account has another one by now.
    pub against: Option<Box<Credentials>>,
    pub password: Secret,
}

/// What has become of a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    Credentials(Box<Credentials>),
    /// The old password was wrong.
    WrongOld,
    /// The host has a login of that name.
    IsLogin,
    Failed,
}

/// The administrator who asks, by the kernel's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub uid: u32,
    /// The login name, where the uid has one.
    pub login: Option<String>,
}

/// What an administrator can ask of the chat itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminCommand {
    List,
    Show {
        name: String,
    },
    Channels,
    Announce {
        text: String,
    },
    /// `ban`: keeps the user out for so long.
    Kick {
        name: String,
        reason: Option<String>,
        ban: Option<Duration>,
    },
    Accounts,
    /// `login`: the host has a login of that name.
    ShowAccount {
        name: String,
        login: bool,
    },
    AddAccount {
        name: String,
        credentials: Box<Credentials>,
        login: bool,
    },
    SetPassword {
        name: String,
        credentials: Box<Credentials>,
        login: bool,
    },
    SuspendAccount {
        name: String,
        reason: Option<String>,
        login: bool,
    },
    ResumeAccount {
        name: String,
    },
    RemoveAccount {
        name: String,
        login: bool,
    },
    Bans,
    /// For ever without `duration`. `force`: even if it is against everybody.
    Ban {
        target: String,
        force: bool,
        duration: Option<Duration>,
        reason: Option<String>,
    },
    Unban {
        target: String,
    },
    /// Takes back a message that was found in the history.
    Redact {
        entry: Box<Entry>,
        reason: Option<String>,
    },
    Shutdown {
        after: Duration,
        reason: Option<String>,
    },
    CancelShutdown,
    Status,
}
