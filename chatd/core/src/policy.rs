//! What the configuration says to the core. Replaced whole at a reload.

use std::sync::Arc;

use chat_proto::line::LINE_MAX;
use chat_proto::name::ChannelName;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::limit_key::LimitKey;
use crate::rate::Rate;

/// Bytes of a user name.
pub const USER_LENGTH: usize = 32;
/// Bytes of the longest host that others see.
const HOST_MAX: usize = 63;

/// Settings, checked and resolved. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The server's name on the wire: no spaces, and a dot in it or not, but never a valid guest's nick.
    pub server_name: CompactString,
    pub description: String,
    pub network: CompactString,
    pub version: CompactString,
    /// Lines of the message of the day.
    pub motd: Vec<String>,
    /// Who runs this server, for ADMIN: a location, an organisation, an address for mail.
    pub admin_info: [String; 3],
    /// Argon2 hash of the password that every connection needs (PASS), except on the Unix socket.
    pub password_hash: Option<PasswordHash>,
    pub operators: Vec<Operator>,
    pub lobby: Lobby,
    /// How long a channel is kept while it is empty, if an account has been in it; not at all with 0.
    pub keep_channels: u64,
    /// Whether the names of this host's logins are reserved for them.
    pub reserve_logins: bool,
    /// Whether a login that comes under another uid is still the same person's.
    pub renumbered_logins: bool,
    /// Whether a user with an account goes by its name only.
    pub nick_equals_account: bool,
    pub registration: Registration,
    /// What clients that come over the network without TLS are told of it; nothing by default.
    pub sts: Option<Sts>,
    /// Logins that may fail before each further one has to wait: from one address or uid, and into one account.
    pub free_attempts: u32,
    pub history: History,
    pub limits: Limits,
    pub keepalive: Keepalive,
    #[serde(default)]
    pub presence: PresencePolicy,
}

/// For how long what was said can be said again, or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// How long a message is known by its author's own id.
    pub resend_window: u64,
    /// How long an author can take back a message.
    pub redaction_window: u64,
}

impl Default for History {
    fn default() -> Self {
        const DAY: u64 = 24 * 3_600_000;
        Self { resend_window: DAY, redaction_window: 7 * DAY }
    }
}

/// Who may make an account of his own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub open: bool,
    /// Before the connection is complete, too.
    pub before_connect: bool,
    pub email_required: bool,
    /// Accounts that may be made from one address within a quarter of an hour.
    pub per_address: u32,
}

impl Default for Registration {
    fn default() -> Self {
        Self { open: true, before_connect: true, email_required: false, per_address: 3 }
    }
}

/// [Strict transport security](https://ircv3.net/specs/extensions/sts): clients come with TLS only, and remember that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sts {
    /// Where TLS is spoken.
    pub port: u16,
    /// Seconds that clients remember it for from their last visit on; 0 has them forget it.
    pub duration: u64,
}

/// Who may become an operator with OPER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub name: CompactString,
    pub password_hash: PasswordHash,
}

/// An Argon2 hash of a password in PHC form. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash(pub Arc<str>);

impl From<&str> for PasswordHash {
    fn from(hash: &str) -> Self {
        Self(hash.into())
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The channel where everybody starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lobby {
    pub channel: ChannelName,
    /// Whether every session is put there.
    pub auto_join: bool,
    /// Stored lines that those are shown who arrive and cannot ask for them.
    pub replay: u32,
}

/// Bounds that the core holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a nick; at most [`chat_proto::name::NICK_MAX`].
    pub nick_length: usize,
    /// Bytes of a channel's name; at most [`chat_proto::name::CHANNEL_MAX`].
    pub channel_length: usize,
    pub topic_length: usize,
    pub away_length: usize,
    pub kick_length: usize,
    pub realname_length: usize,
    pub key_length: usize,
    /// Channels one user is in.
    pub channels_per_user: usize,
    /// Sessions of one user.
    pub sessions_per_user: usize,
    /// Channels that somebody is in.
    pub channels: usize,
    /// Channels that one account, or one origin, creates at once; in the long run as many an hour.
    pub channel_creations: u32,
    /// Channels that are kept although nobody is in them. One account, and one origin, has founded at most `channels_per_user` of them.
    pub kept_channels: usize,
    /// Masks in all the lists (b, e, I) of a channel.
    pub list_entries: usize,
    /// Names on one session's MONITOR list.
    pub monitor: usize,
    /// Targets of one PRIVMSG, JOIN, KICK and so on.
    pub targets: usize,
    /// Channels and nicks that one account's read markers are kept for.
    pub read_markers: usize,
    /// Bytes of a message of several lines, without the line ends between those that were split for their length.
    pub multiline_bytes: usize,
    /// Lines of such a message.
    pub multiline_lines: usize,
    /// Lines held for a session that waits for a job.
    pub held_lines: usize,
    /// Users remembered for WHOWAS.
    pub whowas: usize,
    /// Lines of history that can be asked for at once.
    pub history_page: u32,
    /// Messages that wait for an account that is not here; a tenth of them from one sender, a quarter from guests.
    pub undelivered: u32,
    /// Requests for conversations that one user has made, and as many that wait for one user.
    pub talk_requests: usize,
    /// Bytes of one answer about history.
    pub reply_bytes: usize,
    /// Comparisons of letters for WHO and LIST before others have their turn.
    pub scan_steps: usize,
    /// Lines by which one tick tells others who has become automatically away.
    pub idle_lines: usize,
    pub work: WorkLimits,
}

/// Work that one address, network, user of the host or account may cause, in milliseconds of processor time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkLimits {
    /// In the long run; without limit if it is 0.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

impl Limits {
    /// Bytes of answers that a connection gets before it must have taken them.
    pub fn answered_at_once(&self) -> usize {
        self.reply_bytes / 4
    }
}

/// When silence means that a connection is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keepalive {
    /// Silence after which a PING is sent.
    pub interval: u64,
    /// Silence after the PING that ends the connection.
    pub timeout: u64,
    /// How long a connection may take to register.
    pub registration: u64,
}

/// Whether users can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresencePolicy {
    /// How long somebody does nothing by hand before being away automatically; never with 0.
    pub away_after: u64,
    /// How long a request for a conversation waits for its answer.
    pub talk_request: u64,
}

impl Default for PresencePolicy {
    fn default() -> Self {
        Self { away_after: 30 * 60_000, talk_request: 60_000 }
    }
}

impl Policy {
    /// Bytes of a topic: as many as are allowed and as the line of any user in any channel has room for.
    pub fn topic_length(&self) -> usize {
        let Limits { nick_length, channel_length, topic_length, .. } = self.limits;
        let names = nick_length + channel_length;
        let source = ":!~@ TOPIC  :\r\n".len() + names + USER_LENGTH + HOST_MAX;
        let reply = ":   332  :\r\n".len() + names + self.server_name.len();
        topic_length.min(LINE_MAX.saturating_sub(source.max(reply)))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nick_length: 32,
            channel_length: 64,
            topic_length: 390,
            away_length: 200,
            kick_length: 255,
            realname_length: 128,
            key_length: 32,
            channels_per_user: 100,
            sessions_per_user: 20,
            channels: 10_000,
            channel_creations: 100,
            kept_channels: 1000,
            list_entries: 100,
            monitor: 128,
            targets: 20,
            read_markers: 1000,
            multiline_bytes: 16_384,
            multiline_lines: 100,
            held_lines: 512,
            whowas: 1000,
            history_page: 100,
            undelivered: 500,
            talk_requests: 8,
            reply_bytes: 512 * 1024,
            scan_steps: 200_000,
            idle_lines: 100_000,
            work: WorkLimits { per_second: 100, burst: 500 },
        }
    }
}

/// How many times the share of one person an origin has that many may be behind.
const SHARED_FACTOR: u32 = 10;
const HOUR: u64 = 3_600_000;

impl Limits {
    /// How often a holder may create a channel.
    pub fn creation_rate(&self, holder: &LimitKey) -> Rate {
        let factor = if holder.is_shared() { SHARED_FACTOR } else { 1 };
        let burst = self.channel_creations.saturating_mul(factor).max(1);
        Rate { burst, interval: HOUR / u64::from(burst) }
    }

    /// How many of the kept channels a holder may have founded.
    pub fn kept_share(&self, holder: &LimitKey) -> usize {
        let factor = if holder.is_shared() { SHARED_FACTOR as usize } else { 1 };
        self.channels_per_user.saturating_mul(factor)
    }

    /// How many channels a holder may have opened while so many are free: an eighth of those, everybody on this host as many. So
    /// however many holders open all they may, something is left for the next one.
    pub fn open_share(holder: &LimitKey, free: usize) -> usize {
        (if holder.is_shared() { free } else { free / 8 }).max(1)
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: 60_000, timeout: 20_000, registration: 30_000 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            server_name: CompactString::const_new("chat.local"),
            description: String::from("chatd"),
            network: CompactString::const_new("chatd"),
            version: CompactString::const_new("chatd"),
            motd: Vec::new(),
            admin_info: [const { String::new() }; 3],
            password_hash: None,
            operators: Vec::new(),
            lobby: Lobby {
                channel: ChannelName::new("#lobby").expect("a valid name"),
                auto_join: true,
                replay: 50,
            },
            keep_channels: 30 * 24 * 3600 * 1000,
            reserve_logins: true,
            renumbered_logins: false,
            nick_equals_account: true,
            registration: Registration::default(),
            sts: None,
            free_attempts: 5,
            history: History::default(),
            limits: Limits::default(),
            keepalive: Keepalive::default(),
            presence: PresencePolicy::default(),
        }
    }
}
