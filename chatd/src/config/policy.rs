//! What the file says to the core.

use chatd_core::{Keepalive, Limits, Lobby, Operator, PasswordHash, Policy};
use compact_str::CompactString;

use super::raw;
use super::value::{Period, ServerName};

const VERSION: &str = concat!("chatd-", env!("CARGO_PKG_VERSION"));

pub(super) fn resolve(
    server: raw::Server,
    lobby: raw::Lobby,
    accounts: &raw::Accounts,
    operators: Vec<raw::Operator>,
    raw_limits: &raw::Limits,
    raw_keepalive: &raw::Keepalive,
) -> Policy {
    let default = Policy::default();
    Policy {
        server_name: server.name.map_or_else(host_name, |name| name.0),
        description: server.description.map_or(default.description, |text| text.0),
        network: server.network.map_or(default.network, |word| word.0.into()),
        version: CompactString::const_new(VERSION),
        motd: server.motd.map_or(default.motd, |motd| motd.0),
        admin_info: server.admin.map_or(default.admin_info, |lines| lines.map(|line| line.0)),
        password_hash: server.password_hash.map(|hash| PasswordHash(hash.0.into())),
        operators: operators.into_iter().map(operator).collect(),
        lobby: Lobby {
            channel: lobby.channel.map_or(default.lobby.channel, |channel| channel.0),
            auto_join: lobby.auto_join.unwrap_or(default.lobby.auto_join),
        },
        reserve_logins: accounts.reserve_logins.unwrap_or(default.reserve_logins),
        nick_equals_account: accounts.nick_equals_account.unwrap_or(default.nick_equals_account),
        limits: limits(raw_limits),
        keepalive: keepalive(raw_keepalive),
    }
}

fn operator(raw: raw::Operator) -> Operator {
    Operator { name: raw.name.0.into(), password_hash: PasswordHash(raw.password_hash.0.into()) }
}

fn limits(raw: &raw::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        nick_length: raw.nick_length.or(default.nick_length),
        channel_length: raw.channel_length.or(default.channel_length),
        topic_length: raw.topic_length.or(default.topic_length),
        away_length: raw.away_length.or(default.away_length),
        kick_length: raw.kick_length.or(default.kick_length),
        realname_length: raw.realname_length.or(default.realname_length),
        key_length: raw.key_length.or(default.key_length),
        channels_per_user: raw.channels_per_user.or(default.channels_per_user),
        sessions_per_user: raw.sessions_per_user.or(default.sessions_per_user),
        channels: raw.channels.or(default.channels),
        list_entries: raw.list_entries.or(default.list_entries),
        monitor: raw.monitor.or(default.monitor),
        targets: raw.targets.or(default.targets),
        held_lines: raw.held_lines.or(default.held_lines),
        whowas: raw.whowas.or(default.whowas),
    }
}

fn keepalive(raw: &raw::Keepalive) -> Keepalive {
    let default = Keepalive::default();
    let or = |period: &Option<Period>, default| period.as_ref().map_or(default, Period::millis);
    Keepalive {
        interval: or(&raw.interval, default.interval),
        timeout: or(&raw.timeout, default.timeout),
        registration: or(&raw.registration, default.registration),
    }
}

/// The host's name; one without a domain gets `.local`, since a server's name has a dot where a nick has none.
fn host_name() -> CompactString {
    let host = nix::unistd::gethostname().unwrap_or_default();
    let host = host.to_string_lossy();
    ServerName::new(&host)
        .or_else(|| ServerName::new(&format!("{host}.local")))
        .map_or_else(|| Policy::default().server_name, |name| name.0)
}
