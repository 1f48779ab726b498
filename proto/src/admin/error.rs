//! The errors of `org.chatd.Admin`, as they travel and as a person reads them.

use serde::{Deserialize, Serialize};

/// Why an admin request was refused. Shown as one line: what was wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", content = "parameters")]
pub enum Error {
    #[error("no user is called {name}{}; see `list`", hint(suggestion.as_deref()))]
    #[serde(rename = "org.chatd.Admin.NoSuchUser")]
    NoSuchUser {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        suggestion: Option<String>,
    },
    #[error("no channel is called {name}; see `channels`")]
    #[serde(rename = "org.chatd.Admin.NoSuchChannel")]
    NoSuchChannel { name: String },
    #[error("\"{name}\" cannot be a name: {reason}")]
    #[serde(rename = "org.chatd.Admin.InvalidName")]
    InvalidName { name: String, reason: String },
    #[error("the text cannot be sent: {reason}")]
    #[serde(rename = "org.chatd.Admin.InvalidText")]
    InvalidText { reason: String },
    #[error("the delay cannot be used: {reason}")]
    #[serde(rename = "org.chatd.Admin.InvalidDelay")]
    InvalidDelay { reason: String },
    #[error("no shutdown is scheduled, so there is nothing to cancel")]
    #[serde(rename = "org.chatd.Admin.NothingScheduled")]
    NothingScheduled {},
    #[error("{message}")]
    #[serde(rename = "org.chatd.Admin.ConfigInvalid")]
    ConfigInvalid { message: String },
    #[error("no account is called {name}{}; see `account list`", hint(suggestion.as_deref()))]
    #[serde(rename = "org.chatd.Admin.NoSuchAccount")]
    NoSuchAccount {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        suggestion: Option<String>,
    },
    #[error("there is an account {name} already; `account password` sets its password")]
    #[serde(rename = "org.chatd.Admin.AccountExists")]
    AccountExists { name: String },
    #[error("the account {name} is not suspended")]
    #[serde(rename = "org.chatd.Admin.NotSuspended")]
    NotSuspended { name: String },
    #[error("the password cannot be used: {reason}")]
    #[serde(rename = "org.chatd.Admin.InvalidPassword")]
    InvalidPassword { reason: String },
    #[error("\"{target}\" cannot be banned: {reason}")]
    #[serde(rename = "org.chatd.Admin.InvalidTarget")]
    InvalidTarget { target: String, reason: String },
    #[error("{target} would keep out everybody, or nearly; if that is meant, --force does it")]
    #[serde(rename = "org.chatd.Admin.TooBroad")]
    TooBroad { target: String },
    #[error("nobody is banned as {target}; see `bans`")]
    #[serde(rename = "org.chatd.Admin.NoSuchBan")]
    NoSuchBan { target: String },
    #[error("there are {limit} bans, which is all that there may be; lift some first")]
    #[serde(rename = "org.chatd.Admin.TooManyBans")]
    TooManyBans { limit: u64 },
    #[error("it cannot be done: {reason}")]
    #[serde(rename = "org.chatd.Admin.CannotBeDone")]
    CannotBeDone { reason: String },
    #[error("no message has the id {id}, or it was taken back already; `history export` tells the ids")]
    #[serde(rename = "org.chatd.Admin.NoSuchMessage")]
    NoSuchMessage { id: String },
    #[error("permission denied")]
    #[serde(rename = "org.chatd.Admin.PermissionDenied")]
    PermissionDenied {
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    #[error("{limit} administrators are connected already; close one of their consoles first")]
    #[serde(rename = "org.chatd.Admin.TooManyConnections")]
    TooManyConnections { limit: u64 },
    #[error("chatd cannot do it now: {reason}; try again")]
    #[serde(rename = "org.chatd.Admin.Unavailable")]
    Unavailable { reason: String },
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}
