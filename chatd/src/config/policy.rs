//! What the file says to the core.

use chatd_core::{
    History, Keepalive, Limits, Lobby, Operator, PasswordHash, Policy, PresencePolicy, Registration, Sts,
    WorkLimits,
};
use compact_str::CompactString;
use serde_spanned::Spanned;

use super::listener::Listener;
use chat_wording::Mistake;

use super::place::wrong;
use super::raw;
use super::value::LongPeriod;

const VERSION: &str = concat!("chatd-", env!("CARGO_PKG_VERSION"));

pub(super) fn resolve(raw: raw::Raw) -> Policy {
    let raw::Raw {
        server,
        lobby,
        channels,
        accounts,
        operator: operators,
        history,
        limits,
        keepalive,
        presence,
        ..
    } = raw;
    Policy {
        server_name: server.name.0,
        description: server.description.0,
        network: server.network.0.into(),
        version: CompactString::const_new(VERSION),
        motd: server.motd.0,
        admin_info: server.admin.0.map(|line| line.0),
        password_hash: server.password_hash.map(|hash| PasswordHash(hash.0.into())),
        operators: operators.into_iter().map(operator).collect(),
        lobby: Lobby { channel: lobby.channel.0, auto_join: lobby.auto_join, replay: lobby.replay.0 },
        keep_channels: millis(&channels.keep),
        reserve_logins: accounts.reserve_logins,
        renumbered_logins: accounts.renumbered_logins,
        nick_equals_account: accounts.nick_equals_account,
        limits: core_limits(&limits),
        history: History {
            resend_window: millis(&history.resend_window),
            redaction_window: millis(&history.redaction_window),
        },
        keepalive: Keepalive {
            interval: keepalive.interval.millis(),
            timeout: keepalive.timeout.millis(),
            registration: keepalive.registration.millis(),
        },
        presence: PresencePolicy {
            away_after: presence.away_after.millis(),
            talk_request: presence.talk_request.millis(),
        },
        registration: Registration {
            open: accounts.registration == raw::Registration::Open,
            before_connect: accounts.register_before_connect,
            email_required: accounts.require_email,
            per_address: limits.registrations_per_address.0,
        },
        sts: None,
        free_attempts: limits.login_attempts.0,
    }
}

fn millis(period: &LongPeriod) -> u64 {
    u64::try_from(period.0.as_millis()).unwrap_or(u64::MAX)
}

/// Clients are sent to the first listener that speaks TLS.
pub(super) fn sts(raw: Option<&Spanned<LongPeriod>>, listeners: &[Listener]) -> Result<Option<Sts>, Mistake> {
    let Some(period) = raw else { return Ok(None) };
    let port = listeners.iter().filter(|listener| listener.certificate.is_some()).find_map(Listener::port);
    let message = "no listener speaks TLS: expected a [[listen]] with `tls`, or no `sts`";
    let port = port.ok_or_else(|| wrong(period.span(), message))?;
    Ok(Some(Sts { port, duration: period.get_ref().0.as_secs() }))
}

fn operator(raw: Spanned<raw::Operator>) -> Operator {
    let raw::Operator { name, password_hash } = raw.into_inner();
    Operator { name: name.0.into(), password_hash: PasswordHash(password_hash.0.into()) }
}

fn core_limits(raw: &raw::Limits) -> Limits {
    Limits {
        nick_length: raw.nick_length.into(),
        channel_length: raw.channel_length.into(),
        topic_length: raw.topic_length.into(),
        away_length: raw.away_length.into(),
        kick_length: raw.kick_length.into(),
        realname_length: raw.realname_length.into(),
        key_length: raw.key_length.into(),
        channels_per_user: raw.channels_per_user.into(),
        sessions_per_user: raw.sessions_per_user.into(),
        channels: raw.channels.into(),
        channel_creations: raw.channel_creations.0,
        kept_channels: raw.kept_channels.into(),
        list_entries: raw.list_entries.into(),
        monitor: raw.monitor.into(),
        targets: raw.targets.into(),
        read_markers: raw.read_markers.into(),
        multiline_bytes: raw.multiline_bytes.into(),
        multiline_lines: raw.multiline_lines.into(),
        held_lines: raw.held_lines.into(),
        whowas: raw.whowas.into(),
        history_page: raw.history_page.0,
        undelivered: raw.undelivered.0,
        talk_requests: raw.talk_requests.into(),
        // Nobody is taken for somebody who doesn't read for what it asked for.
        reply_bytes: usize::from(raw.send_queue) / 2,
        scan_steps: Limits::default().scan_steps,
        idle_lines: Limits::default().idle_lines,
        work: WorkLimits { per_second: raw.work_per_second.0, burst: raw.work_burst.0 },
    }
}
