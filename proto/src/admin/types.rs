//! What the admin API tells about users, channels and the daemon.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A nick and its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub nick: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub guest: bool,
    pub status: UserStatus,
    /// When that began; absent from what an older daemon tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_since: Option<u64>,
    /// The away message, when away as the user says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<String>,
    /// The partner of an accepted conversation, when busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talking_with: Option<String>,
    pub realname: String,
    /// User mode letters, without a sign.
    pub modes: String,
    pub channels: Vec<String>,
    /// When the oldest session came.
    pub connected_at: u64,
    /// When something was last done by hand in any of the sessions.
    pub last_active_at: u64,
    pub sessions: Vec<Session>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserStatus {
    Available,
    /// As the user says.
    Away,
    /// Automatically away.
    Idle,
    Busy,
    /// One that this program is too old to know.
    #[serde(other)]
    Other,
}

/// One registered connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub from: Peer,
    pub connected_at: u64,
    /// When something was last done by hand.
    pub last_active_at: u64,
    /// The IRCv3 capabilities that the client has enabled.
    pub capabilities: Vec<String>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Peer {
    /// A process of this host, as the kernel knows it. `login` is absent when the uid has no name.
    Unix {
        uid: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        login: Option<String>,
    },
    /// `address:port`, in clear text.
    Tcp { address: String },
    /// `address:port`, encrypted.
    Tls { address: String },
    /// Of a kind that this program is too old to know.
    #[serde(other)]
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic_at: Option<u64>,
    /// Channel mode letters and their parameters, without a sign.
    pub modes: String,
    pub created_at: u64,
    /// Since when nobody is in it; absent while somebody is, and for the lobby.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_since: Option<u64>,
    pub members: Vec<Member>,
    /// Accounts that are operators or voiced whenever they are there.
    pub remembered: Vec<Standing>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub account: String,
    pub operator: bool,
    pub voice: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub nick: String,
    pub operator: bool,
    pub voice: bool,
}

/// A person's lasting identity. A login of the host is an account without being listed, until it has a password, a certificate
/// or a suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub name: String,
    /// Absent of a login of the host of which nothing is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<u64>,
    /// Where its owner can be reached, as the owner says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether it is that of a login of the host.
    pub login: bool,
    /// Whether it can be logged in to by a password.
    pub password: bool,
    /// Fingerprints (SHA-256) of the certificates that log in to it.
    pub certificates: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
    /// How many sessions are logged in to it now.
    pub sessions: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspension {
    pub by: String,
    pub at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody who may not come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ban {
    pub target: String,
    pub kind: BanKind,
    pub by: String,
    pub at: u64,
    /// For ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BanKind {
    /// An account, a login of the host or a nick.
    Name,
    /// `nick!user@host` as users see it.
    Mask,
    /// An address or a prefix.
    Address,
    /// One that this program is too old to know.
    #[serde(other)]
    Other,
}

/// All that `chatctl status` shows: what the core counts and what the process knows of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    #[serde(flatten)]
    pub daemon: DaemonStatus,
    #[serde(flatten)]
    pub core: CoreStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonStatus {
    pub version: String,
    pub pid: u32,
    pub started_at: u64,
    /// The configuration file in use; absent on built-in defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// As a person writes them: `unix:/run/chatd/chat.sock`, `127.0.0.1:6667`, `[::]:6697 (TLS, certificate until 2027-01-03)`.
    pub listeners: Vec<String>,
    /// What the listeners that speak TLS show; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Where metrics are shown, written as `listeners` are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics_listeners: Vec<String>,
    /// Keys of the configuration whose change waits for a restart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart_needed: Vec<String>,
    /// What the administrator should see to: certificates that expire, files that everybody can read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Messages in the history.
    #[serde(default)]
    pub stored_messages: u64,
    /// The database and its log, in bytes.
    #[serde(default)]
    pub database_size: u64,
    /// Free space on the disk of the database, in bytes; absent where the file system does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free: Option<u64>,
    /// Free space, in bytes, below which the chat stands still.
    #[serde(default)]
    pub disk_reserve: u64,
    /// Resident memory in bytes.
    pub memory: u64,
    pub log_level: String,
    /// Absent while the clock is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockStatus>,
    /// What the metrics endpoint shows, by name and labels, without the buckets of histograms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
}

/// Why the clock of chatd's host is in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockStatus {
    pub state: ClockState,
    /// How far the clock is from the expected time.
    pub by_ms: u64,
    /// The time that chatd expects now.
    pub expected: u64,
    /// How long chatd has to run with this clock until it believes it.
    pub confirmed_in_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClockState {
    /// Nothing that is stored expires meanwhile.
    Ahead,
    Behind,
    /// One that this program is too old to know.
    #[serde(other)]
    Other,
}

/// The certificate that a listener shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Where it listens.
    pub listener: String,
    /// The file that it was read from.
    pub path: String,
    /// Until when it is valid.
    pub not_after: u64,
    /// The SHA-256 hash of the certificate, in pairs of hexadecimal digits with colons between them.
    pub fingerprint: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CoreStatus {
    pub users: u64,
    pub sessions: u64,
    /// Sockets, those that haven't registered included.
    pub connections: u64,
    pub channels: u64,
    /// Messages since the start.
    pub messages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<PendingShutdown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingShutdown {
    pub at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
