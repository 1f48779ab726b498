//! What connections wait for.

use chat_proto::name::Nick;
use chat_proto::sasl::Mechanism;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::SaidKind;
use crate::account::Credentials;
use crate::history::HistoryQuery;
use crate::id::{ChannelId, MessageId, UserId};
use crate::text::SaidText;

/// What a connection waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    ServerPassword {
        label: Option<CompactString>,
    },
    /// Whether the password of an account is right.
    Login {
        name: CompactString,
        voice: Voice,
        label: Option<CompactString>,
    },
    /// Whether the account that it has proven to be has the name of a login by now, if it was proven by those credentials.
    LogIn {
        account: Nick,
        credentials: Option<Box<Credentials>>,
        mechanism: Mechanism,
        voice: Voice,
        label: Option<CompactString>,
    },
    /// The hash of the password of an account that is to be made.
    MakeAccount {
        name: Nick,
        email: Option<Box<str>>,
        voice: Voice,
        label: Option<CompactString>,
    },
    /// The hash of a new password.
    ChangePassword {
        account: Nick,
        voice: Voice,
        label: Option<CompactString>,
    },
    /// Whether the nick it registers with is a login's.
    Register {
        label: Option<CompactString>,
    },
    /// Whether the nick it changes to is a login's.
    Rename {
        nick: Nick,
        label: Option<CompactString>,
    },
    Oper {
        name: CompactString,
        label: Option<CompactString>,
    },
    /// Whether somebody whom a message is for, and who isn't here, is a login.
    Speaking(Box<Speaking>),
    /// What was said before.
    History {
        purpose: Box<Purpose>,
        label: Option<CompactString>,
    },
    /// Its next turn: it has had much, or owes for what it had.
    Turn,
    /// Its next turn, to go on with a list.
    Scan {
        scan: Box<Scan>,
        label: Option<CompactString>,
    },
}

impl Wait {
    /// That of the command that is answered when it is over.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::ServerPassword { label }
            | Self::Register { label }
            | Self::Rename { label, .. }
            | Self::Oper { label, .. }
            | Self::Login { label, .. }
            | Self::LogIn { label, .. }
            | Self::MakeAccount { label, .. }
            | Self::ChangePassword { label, .. }
            | Self::History { label, .. }
            | Self::Scan { label, .. } => label.as_deref(),
            Self::Turn => None,
            Self::Speaking(speaking) => speaking.label.as_deref(),
        }
    }
}

/// A list of which a part is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scan {
    Users(UserScan),
    Channels(ChannelScan),
    Past(PastScan),
}

/// WHO with a mask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserScan {
    /// The parameters as they were written.
    pub mask: CompactString,
    pub form: CompactString,
    /// The slot to go on with.
    pub next: u32,
    pub found: Vec<UserId>,
}

/// LIST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelScan {
    /// As they were written, with commas between them.
    pub conditions: Box<str>,
    /// The channel to go on with.
    pub next: ChannelId,
    pub found: Vec<ChannelId>,
}

/// WHOWAS with a mask. Departed users are numbered in the order in which they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastScan {
    /// As it was written.
    pub mask: CompactString,
    /// How many are wanted.
    pub count: usize,
    /// The number to go on below.
    pub below: u64,
    pub found: Vec<u64>,
}

/// A message on its way to one target after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaking {
    pub to: Nick,
    /// The targets after that one.
    pub rest: CompactString,
    pub kind: SaidKind,
    pub text: SaidText,
    pub tags: Box<str>,
    pub client_id: Option<CompactString>,
    pub label: Option<CompactString>,
}

/// What the history is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A page for CHATHISTORY.
    Page {
        subcommand: CompactString,
        /// As the client wrote it.
        target: CompactString,
        /// Where there is too much, the oldest are shown, else the newest.
        forward: bool,
        /// Asked if there is nothing.
        or_else: Option<Box<HistoryQuery>>,
    },
    Targets,
    Search {
        or_else: Option<Box<HistoryQuery>>,
    },
    /// The lobby's last lines, for who arrives.
    Replay {
        channel: ChannelId,
    },
    /// What waits for the account, for its first session.
    Undelivered,
    /// To take it back.
    Redact(Box<Retraction>),
}

/// What somebody wants to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    /// As the client wrote it.
    pub target: CompactString,
    pub message: MessageId,
    pub reason: Option<Box<str>>,
}

/// In what words a client is answered about accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Voice {
    /// Numerics and standard replies.
    Standard,
    /// Notices of NickServ's.
    Service,
}
