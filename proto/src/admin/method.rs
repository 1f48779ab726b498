//! The methods: each has a struct for its parameters, which knows its name and its reply.
//!
//! A server refuses parameters that it doesn't know; a client ignores reply fields that it doesn't know.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Account, Backup, BackupPart, Ban, Channel, CountHistory, EraseHistory, Erased, Event, ExportHistory,
    Exported, HistoryCount, ImportHistory, ImportedLines, Password, Redact, Status, User,
};

pub const INTERFACE: &str = "org.chatd.Admin";

/// The parameters of a method, tied to its name and reply.
pub trait Method: Serialize + DeserializeOwned {
    const NAME: &'static str;
    type Reply: Serialize + DeserializeOwned;
}

macro_rules! methods {
    ($($params:ident => $reply:ident = $name:literal),* $(,)?) => {
        $(impl Method for $params {
            const NAME: &'static str = concat!("org.chatd.Admin.", $name);
            type Reply = $reply;
        })*
    };
}

methods! {
    List => UserList = "List",
    Show => Shown = "Show",
    Channels => ChannelList = "Channels",
    Announce => Announced = "Announce",
    Kick => Kicked = "Kick",
    Accounts => AccountList = "Accounts",
    ShowAccount => AccountShown = "ShowAccount",
    AddAccount => Done = "AddAccount",
    SetPassword => Done = "SetPassword",
    SuspendAccount => PutOut = "SuspendAccount",
    ResumeAccount => Done = "ResumeAccount",
    RemoveAccount => PutOut = "RemoveAccount",
    Bans => BanList = "Bans",
    BanRequest => Banned = "Ban",
    Unban => Done = "Unban",
    Shutdown => ShutdownScheduled = "Shutdown",
    CancelShutdown => Cancelled = "CancelShutdown",
    StatusRequest => StatusReply = "Status",
    Reload => Reloaded = "Reload",
    Check => Checked = "Check",
    SetLogLevel => LogLevelSet = "SetLogLevel",
    AcceptClock => ClockAccepted = "AcceptClock",
    Version => VersionReply = "Version",
    Watch => Watched = "Watch",
    Redact => Done = "Redact",
    Backup => BackupPart = "Backup",
    ExportHistory => Exported = "ExportHistory",
    CountHistory => HistoryCount = "CountHistory",
    EraseHistory => Erased = "EraseHistory",
    ImportHistory => ImportedLines = "ImportHistory",
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserList {
    pub users: Vec<User>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shown {
    pub user: User,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChannelList {
    pub channels: Vec<Channel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// Each line becomes a message of its own, or several if it is too long for one.
    pub text: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Announced {
    pub users: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Kick {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Keeps the user out for so many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ban_ms: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kicked {
    pub sessions: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountList {
    pub accounts: Vec<Account>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowAccount {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountShown {
    pub account: Account,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddAccount {
    pub name: String,
    pub password: Password,
}

/// In place of one that was forgotten; also of a login of the host, who then can come from elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    pub name: String,
    pub password: Password,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspendAccount {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeAccount {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveAccount {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bans {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BanList {
    pub bans: Vec<Ban>,
}

/// A [`Ban`] is what is in force; this asks for one, in place of one against the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BanRequest {
    /// An account or nick, a mask, or an address or prefix.
    pub target: String,
    /// Milliseconds from now; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Also if that keeps out everybody, or nearly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Whom, as it is understood, and how many sessions were ended by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Banned {
    pub target: String,
    pub sessions: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unban {
    pub target: String,
}

/// It is done, and there is nothing more to say about it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {}

/// How many sessions were ended by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutOut {
    pub sessions: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Shutdown {
    /// Milliseconds from now; at once when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShutdownScheduled {
    pub at: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelShutdown {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cancelled {}

/// `Status` is what the reply holds; this asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusReply {
    pub status: Status,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reloaded {
    /// The file read; absent when chatd runs on its defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The keys of those of `changed` that stay as they were until a restart.
    #[serde(default)]
    pub restart_needed: Vec<String>,
    /// What differs from what was in force, by key.
    #[serde(default)]
    pub changed: Vec<SettingChange>,
}

/// A key of the configuration and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Dotted, as the file has it: `limits.burst`, `operator[alice].password-hash`.
    pub key: String,
    /// Absent when it was not set, or is too long for a line. Secrets are `[redacted]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it stays as it was until a restart.
    pub restart: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The file that is valid; absent when chatd runs on its defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLogLevel {
    pub level: LogLevel,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogLevelSet {
    pub previous: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptClock {}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockAccepted {
    pub was_doubted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is none of the levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such log level; use error, warn, info, debug or trace")]
pub struct UnknownLogLevel;

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|level| level.as_str() == word).ok_or(UnknownLogLevel)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionReply {
    pub version: String,
}

/// Only with `more`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {}

/// With neither field it is a heartbeat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Watched {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// How many events a slow reader has missed before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}
