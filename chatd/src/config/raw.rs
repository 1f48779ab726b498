//! What the file says, key by key. Every value checks itself while it is read, so that an error points at it.

use chat_proto::admin::LogLevel;
use chat_proto::name::{CHANNEL_MAX, NICK_MAX};
use serde::Deserialize;
use serde_spanned::Spanned;

use super::value::{Address, Bounded, Channel, Hash, Mode, Path, Period, ServerName, Text, Word};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Raw {
    pub(super) server: Server,
    pub(super) listen: Option<Spanned<Vec<Spanned<Listen>>>>,
    pub(super) admin: Admin,
    pub(super) lobby: Lobby,
    pub(super) accounts: Accounts,
    pub(super) operator: Vec<Operator>,
    pub(super) limits: Limits,
    pub(super) keepalive: Keepalive,
    pub(super) log: Log,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) name: Option<ServerName>,
    pub(super) description: Option<Text<200>>,
    pub(super) network: Option<Word<64>>,
    pub(super) motd: Option<super::value::Motd>,
    pub(super) admin: Option<[Text<200>; 3]>,
    pub(super) password_hash: Option<Hash>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) unix: Option<Path>,
    pub(super) mode: Option<Mode>,
    pub(super) tcp: Option<Address>,
    pub(super) insecure: Option<bool>,
    pub(super) guests: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Admin {
    pub(super) socket: Option<Path>,
    pub(super) group: Option<Word<32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Lobby {
    pub(super) channel: Option<Channel>,
    pub(super) auto_join: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Accounts {
    pub(super) nick_equals_account: Option<bool>,
    pub(super) reserve_logins: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Operator {
    pub(super) name: Word<64>,
    pub(super) password_hash: Hash,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) connections: Bounded<1, 1_000_000>,
    pub(super) connections_per_address: Bounded<1, 1_000_000>,
    pub(super) send_queue: Bounded<65_536, 1_073_741_824>,
    pub(super) messages_per_second: Bounded<0, 1_000_000>,
    pub(super) burst: Bounded<1, 1_000_000>,
    pub(super) nick_length: Bounded<1, { NICK_MAX as u64 }>,
    pub(super) channel_length: Bounded<2, { CHANNEL_MAX as u64 }>,
    pub(super) topic_length: Bounded<1, 390>,
    pub(super) away_length: Bounded<1, 390>,
    pub(super) kick_length: Bounded<1, 390>,
    pub(super) realname_length: Bounded<1, 390>,
    pub(super) key_length: Bounded<1, 64>,
    pub(super) channels_per_user: Bounded<1, 10_000>,
    pub(super) sessions_per_user: Bounded<1, 10_000>,
    pub(super) channels: Bounded<1, 1_000_000>,
    pub(super) list_entries: Bounded<1, 10_000>,
    pub(super) monitor: Bounded<1, 10_000>,
    pub(super) targets: Bounded<1, 100>,
    pub(super) held_lines: Bounded<1, 10_000>,
    pub(super) whowas: Bounded<0, 100_000>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Keepalive {
    pub(super) interval: Option<Period>,
    pub(super) timeout: Option<Period>,
    pub(super) registration: Option<Period>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info }
    }
}
