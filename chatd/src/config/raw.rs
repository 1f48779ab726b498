//! What the file says, key by key, with the defaults of the keys that it leaves out. Every value checks itself while
//! it is read, so that an error points at it. It is written as it is read, for telling what a reload changed.

use std::time::Duration;

use chat_proto::admin::LogLevel;
use chat_proto::name::{CHANNEL_MAX, NICK_MAX};
use chatd_core::Policy;
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::bounds::{After, Reserve, Retention, Size};
use super::value::{
    Address, Bounded, Channel, File, Hash, LongPeriod, Mode, Motd, Path, Period, ServerName, Text,
    ThreeLines, Word,
};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) server: Server,
    pub(super) listen: Option<Spanned<Vec<Spanned<Listen>>>>,
    pub(super) admin: Admin,
    pub(super) lobby: Lobby,
    pub(super) channels: Channels,
    pub(super) accounts: Accounts,
    pub(super) history: History,
    pub(super) operator: Vec<Spanned<Operator>>,
    pub(super) limits: Limits,
    pub(super) keepalive: Keepalive,
    pub(super) presence: Presence,
    pub(super) metrics: Option<Spanned<Metrics>>,
    pub(super) log: Log,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[server]`")]
pub(super) struct Server {
    pub(super) name: ServerName,
    pub(super) description: Text<200>,
    pub(super) network: Word<64>,
    pub(super) motd: Motd,
    pub(super) admin: ThreeLines,
    pub(super) password_hash: Option<Hash>,
    pub(super) sts: Option<Spanned<LongPeriod>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a section, `[[listen]]`")]
pub(super) struct Listen {
    pub(super) unix: Option<Path>,
    pub(super) mode: Option<Mode>,
    pub(super) tcp: Option<Address>,
    pub(super) insecure: Option<bool>,
    pub(super) guests: Option<bool>,
    pub(super) tls: Option<Tls>,
    /// Whether there is `tls`, so that coming and going of it can be seen.
    #[serde(skip_deserializing)]
    pub(super) encrypted: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "{ certificate = FILE, key = FILE }")]
pub(super) struct Tls {
    pub(super) certificate: Spanned<File>,
    pub(super) key: Spanned<File>,
    /// What was found in the files, so that a change of it can be seen.
    #[serde(skip_deserializing)]
    pub(super) shows: String,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[admin]`")]
pub(super) struct Admin {
    pub(super) socket: Option<Spanned<Path>>,
    pub(super) group: Option<Word<32>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[metrics]`")]
pub(super) struct Metrics {
    pub(super) unix: Option<Path>,
    pub(super) mode: Option<Mode>,
    pub(super) tcp: Option<Address>,
    pub(super) insecure: Option<bool>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[lobby]`")]
pub(super) struct Lobby {
    pub(super) channel: Channel,
    pub(super) auto_join: bool,
    pub(super) replay: Bounded<0, 1_000>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[channels]`")]
pub(super) struct Channels {
    pub(super) keep: LongPeriod,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[accounts]`")]
pub(super) struct Accounts {
    pub(super) registration: Registration,
    pub(super) register_before_connect: bool,
    pub(super) require_email: bool,
    pub(super) nick_equals_account: bool,
    pub(super) reserve_logins: bool,
    pub(super) renumbered_logins: bool,
}

/// Whether people make accounts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Registration {
    Open,
    Closed,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[history]`")]
pub(super) struct History {
    pub(super) sync: Durability,
    pub(super) retention: Retention,
    pub(super) max_size: Size,
    pub(super) reserve: Option<Reserve>,
    pub(super) resend_window: LongPeriod,
    pub(super) redaction_window: LongPeriod,
}

/// What survives of that which was shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Durability {
    /// All of it, whatever happens.
    #[default]
    Full,
    /// All of it, unless the host crashes.
    Normal,
    /// As `Normal`; and a crash of the host may break the database.
    Off,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a section, `[[operator]]`")]
pub(super) struct Operator {
    pub(super) name: Word<64>,
    pub(super) password_hash: Hash,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[limits]`")]
pub(super) struct Limits {
    pub(super) connections: Bounded<1, 1_000_000>,
    pub(super) connections_per_address: Bounded<1, 1_000_000>,
    pub(super) connections_per_network: Bounded<1, 1_000_000>,
    pub(super) send_queue: Bounded<65_536, 1_073_741_824>,
    pub(super) send_queues: Bounded<1_048_576, { u32::MAX }>,
    pub(super) messages_per_second: Bounded<0, 1_000_000>,
    pub(super) burst: Bounded<1, 1_000_000>,
    pub(super) work_per_second: Bounded<0, 1_000_000>,
    pub(super) work_burst: Bounded<1, 1_000_000>,
    pub(super) nick_length: Bounded<1, { NICK_MAX as u32 }>,
    pub(super) channel_length: Bounded<2, { CHANNEL_MAX as u32 }>,
    pub(super) topic_length: Bounded<1, 390>,
    pub(super) away_length: Bounded<1, 390>,
    pub(super) kick_length: Bounded<1, 390>,
    pub(super) realname_length: Bounded<1, 390>,
    pub(super) key_length: Bounded<1, 64>,
    pub(super) channels_per_user: Bounded<1, 10_000>,
    pub(super) sessions_per_user: Bounded<1, 10_000>,
    pub(super) channels: Bounded<1, 1_000_000>,
    pub(super) channel_creations: Bounded<1, 1_000_000>,
    pub(super) kept_channels: Bounded<0, 100_000>,
    pub(super) list_entries: Bounded<1, 10_000>,
    pub(super) monitor: Bounded<1, 10_000>,
    pub(super) targets: Bounded<1, 100>,
    pub(super) read_markers: Bounded<1, 100_000>,
    pub(super) multiline_bytes: Bounded<512, 65_536>,
    pub(super) multiline_lines: Bounded<2, 1_000>,
    pub(super) held_lines: Bounded<1, 10_000>,
    pub(super) whowas: Bounded<0, 100_000>,
    pub(super) history_page: Bounded<1, 1_000>,
    pub(super) undelivered: Bounded<0, 10_000>,
    pub(super) talk_requests: Bounded<1, 100>,
    pub(super) login_attempts: Bounded<1, 1_000>,
    pub(super) registrations_per_address: Bounded<1, 1_000_000>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[keepalive]`")]
pub(super) struct Keepalive {
    pub(super) interval: Period,
    pub(super) timeout: Period,
    pub(super) registration: Period,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[presence]`")]
pub(super) struct Presence {
    pub(super) away_after: After,
    pub(super) talk_request: Period,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a section, `[log]`")]
pub(super) struct Log {
    pub(super) level: LogLevel,
}

impl Default for Server {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            name: ServerName::of_host(),
            description: Text(policy.description),
            network: Word(policy.network.into()),
            motd: Motd(policy.motd),
            admin: ThreeLines(policy.admin_info.map(Text)),
            password_hash: None,
            sts: None,
        }
    }
}

impl Default for Lobby {
    fn default() -> Self {
        let lobby = Policy::default().lobby;
        Self { channel: Channel(lobby.channel), auto_join: lobby.auto_join, replay: Bounded(lobby.replay) }
    }
}

impl Default for Channels {
    fn default() -> Self {
        Self { keep: LongPeriod(Duration::from_millis(Policy::default().keep_channels)) }
    }
}

impl Default for History {
    fn default() -> Self {
        let history = Policy::default().history;
        Self {
            sync: Durability::default(),
            retention: Retention(Some(Duration::from_secs(365 * 24 * 60 * 60))),
            max_size: Size(Some(20 << 30)),
            reserve: None,
            resend_window: LongPeriod(Duration::from_millis(history.resend_window)),
            redaction_window: LongPeriod(Duration::from_millis(history.redaction_window)),
        }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        let policy = Policy::default();
        let registration = policy.registration;
        Self {
            registration: if registration.open { Registration::Open } else { Registration::Closed },
            register_before_connect: registration.before_connect,
            require_email: registration.email_required,
            nick_equals_account: policy.nick_equals_account,
            reserve_logins: policy.reserve_logins,
            renumbered_logins: policy.renumbered_logins,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let core = chatd_core::Limits::default();
        let policy = Policy::default();
        Self {
            connections: Bounded(32_768),
            connections_per_address: Bounded(256),
            connections_per_network: Bounded(1024),
            send_queue: Bounded(1 << 20),
            send_queues: Bounded(256 << 20),
            messages_per_second: Bounded(20),
            burst: Bounded(250),
            work_per_second: Bounded(core.work.per_second),
            work_burst: Bounded(core.work.burst),
            nick_length: core.nick_length.into(),
            channel_length: core.channel_length.into(),
            topic_length: core.topic_length.into(),
            away_length: core.away_length.into(),
            kick_length: core.kick_length.into(),
            realname_length: core.realname_length.into(),
            key_length: core.key_length.into(),
            channels_per_user: core.channels_per_user.into(),
            sessions_per_user: core.sessions_per_user.into(),
            channels: core.channels.into(),
            channel_creations: Bounded(core.channel_creations),
            kept_channels: core.kept_channels.into(),
            list_entries: core.list_entries.into(),
            monitor: core.monitor.into(),
            targets: core.targets.into(),
            read_markers: core.read_markers.into(),
            multiline_bytes: core.multiline_bytes.into(),
            multiline_lines: core.multiline_lines.into(),
            held_lines: core.held_lines.into(),
            whowas: core.whowas.into(),
            history_page: Bounded(core.history_page),
            undelivered: Bounded(core.undelivered),
            talk_requests: Bounded::from(core.talk_requests),
            login_attempts: Bounded(policy.free_attempts),
            registrations_per_address: Bounded(policy.registration.per_address),
        }
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        let core = chatd_core::Keepalive::default();
        Self {
            interval: Period::of_millis(core.interval),
            timeout: Period::of_millis(core.timeout),
            registration: Period::of_millis(core.registration),
        }
    }
}

impl Default for Presence {
    fn default() -> Self {
        let core = chatd_core::PresencePolicy::default();
        Self {
            away_after: After(Some(Period::of_millis(core.away_after))),
            talk_request: Period::of_millis(core.talk_request),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}
