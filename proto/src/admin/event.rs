//! What `chatctl watch` shows.

use serde::{Deserialize, Serialize};

use super::Peer;

/// Something that happened. Which fields are set depends on the kind. What users say is never in here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub at: u64,
    pub kind: EventKind,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Who did it, when that is not `user`: a nick, or an administrator's login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The administrator's uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Peer>,
    /// The new nick, whom a ban is against, or whom `user` talks with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The admin method called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// `done`, or why the admin method was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When a scheduled shutdown is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// The reason, topic, announcement, away message, mode change or log level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// A session registered.
    Connected,
    /// A session ended; `text` is the reason.
    Disconnected,
    Joined,
    Left,
    /// Out of `channel` by a user, or, without `channel`, off the server by an administrator.
    Kicked,
    Invited,
    Nick,
    Topic,
    Mode,
    Away,
    Back,
    /// `user` talks with `to` from now on: `to` has asked, and `user` has accepted.
    TalkBegan,
    /// `user` talks with `to` no more; `text` is the reason, if it is another than that `user` wants to.
    TalkEnded,
    /// Logged in to or out of an account.
    Account,
    LoginFailed,
    /// An account is new.
    Registered,
    PasswordSet,
    /// A certificate was added to an account, or removed.
    Certificate,
    Suspended,
    Resumed,
    Removed,
    /// The login of `account` has another uid on the host, so it is another person's; `uid` is the new one.
    OwnerChanged,
    /// `to` may not come in any more.
    Banned,
    Unbanned,
    Announced,
    ShutdownScheduled,
    ShutdownCancelled,
    Stopping,
    Reloaded,
    /// An admin method was called, or somebody was refused.
    Admin,
    /// One that this program is too old to know.
    #[default]
    #[serde(other)]
    Other,
}

impl Event {
    /// An event of which nothing but time and kind is known yet.
    pub fn new(at: u64, kind: EventKind) -> Self {
        Self { at, kind, ..Self::default() }
    }
}
