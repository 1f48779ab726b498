//! What is logged for administrators, and for programs that read the journal: each entry has a name of the one table
//! below, a message for people that stands by itself, and fields.
//!
//! In the journal a field is called `CHATD_` and its name in capitals; on standard error only the message is shown.
//! Nothing secret is in any of them, and what users say or give as a reason is in none above debug level.

use std::fmt;
use std::net::IpAddr;

use chat_proto::name::Nick;
use chatd_core::{Administrator, Origin};

/// What these entries are called for the filter, when they are logged at any level: who tried to get in, and what
/// administrators did. Programs that ban addresses rely on them, and an administrator can set the level.
pub(super) const AUDIT: &str = "audit";
/// The same for all others.
const EVENT: &str = "event";
/// Characters of a message. Longer ones come from long input.
const MESSAGE_MAX: usize = 1000;
/// Characters of a name that somebody has made up.
const NAME_MAX: usize = 64;

macro_rules! events {
    ($($kind:ident = $name:literal, $level:ident, $target:ident;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum EventKind {
            $($kind,)*
        }

        impl EventKind {
            /// Name, level, and what it is called for the filter.
            #[cfg(test)]
            const ALL: &[(&str, tracing::Level, &str)] = &[$(($name, tracing::Level::$level, $target),)*];

            fn is_logged(self) -> bool {
                match self {
                    $(Self::$kind => tracing::enabled!(target: $target, tracing::Level::$level),)*
                }
            }

            fn emit(self, message: &str, fields: &Fields<'_>) {
                match self {
                    $(Self::$kind => emit!($target, $level, $name, message, fields),)*
                }
            }
        }
    };
}

macro_rules! emit {
    ($target:ident, $level:ident, $name:literal, $message:ident, $fields:ident) => {
        tracing::event!(
            target: $target,
            tracing::Level::$level,
            event = $name,
            user = $fields.user,
            account = $fields.account,
            by = $fields.by,
            target = $fields.target,
            address = $fields.address.map(tracing::field::display),
            port = $fields.port,
            uid = $fields.uid,
            pid = $fields.pid,
            login = $fields.login,
            method = $fields.method,
            outcome = $fields.outcome,
            reason = $fields.reason,
            config = $fields.config,
            changed = $fields.changed,
            restart = $fields.restart,
            listener = $fields.listener,
            version = $fields.version,
            "{}",
            $message
        )
    };
}

// `docs/logs.md` describes them; a test holds that it knows all of them.
events! {
    Started = "started", INFO, EVENT;
    Stopping = "stopping", INFO, EVENT;
    Stopped = "stopped", INFO, EVENT;
    Reloaded = "reloaded", INFO, EVENT;
    ReloadFailed = "reload-failed", ERROR, EVENT;
    LoginFailed = "login-failed", WARN, AUDIT;
    LoginRefused = "login-refused", WARN, AUDIT;
    AttemptsDelayed = "attempts-delayed", WARN, AUDIT;
    BecameOperator = "became-operator", INFO, AUDIT;
    Connected = "connected", DEBUG, EVENT;
    Disconnected = "disconnected", DEBUG, EVENT;
    Dropped = "dropped", INFO, EVENT;
    Kicked = "kicked", INFO, EVENT;
    ConversationBegan = "conversation-began", DEBUG, EVENT;
    ConversationEnded = "conversation-ended", DEBUG, EVENT;
    AccountRegistered = "account-registered", INFO, EVENT;
    PasswordSet = "password-set", INFO, EVENT;
    CertificateChanged = "certificate-changed", INFO, EVENT;
    AccountSuspended = "account-suspended", INFO, EVENT;
    AccountResumed = "account-resumed", INFO, EVENT;
    AccountRemoved = "account-removed", INFO, EVENT;
    OwnerChanged = "owner-changed", WARN, EVENT;
    BanSet = "ban-set", INFO, EVENT;
    BanLifted = "ban-lifted", INFO, EVENT;
    BanExpired = "ban-expired", INFO, EVENT;
    ConnectionRefused = "connection-refused", WARN, EVENT;
    AcceptFailed = "accept-failed", ERROR, EVENT;
    HandshakeFailed = "handshake-failed", DEBUG, EVENT;
    CertificateWarning = "certificate-warning", WARN, EVENT;
    StoreFailed = "store-failed", ERROR, EVENT;
    StoreRecovered = "store-recovered", WARN, EVENT;
    DiskShort = "disk-short", WARN, EVENT;
    HistoryRemoved = "history-removed", INFO, EVENT;
    ClockDoubted = "clock-doubted", WARN, EVENT;
    ClockConfirmed = "clock-confirmed", INFO, EVENT;
    DatabaseUpgraded = "database-upgraded", INFO, EVENT;
    ShutdownScheduled = "shutdown-scheduled", INFO, EVENT;
    ShutdownCancelled = "shutdown-cancelled", INFO, EVENT;
    AdminRequest = "admin-request", INFO, AUDIT;
    AdminQuery = "admin-query", DEBUG, EVENT;
    AdminRefused = "admin-refused", WARN, AUDIT;
}

/// What an entry tells programs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields<'a> {
    /// The nick of whom it is about.
    pub(crate) user: Option<&'a str>,
    /// The account or operator that somebody became, or tried to.
    pub(crate) account: Option<&'a str>,
    /// Who did it: a nick or a login.
    pub(crate) by: Option<&'a str>,
    /// Whom a ban keeps out, or with whom somebody talks.
    pub(crate) target: Option<&'a str>,
    /// Where a connection comes from: address and port, or uid, pid and login of a process of this host.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) uid: Option<u32>,
    pub(crate) pid: Option<i32>,
    pub(crate) login: Option<&'a str>,
    /// The way of logging in, or the admin method.
    pub(crate) method: Option<&'a str>,
    pub(crate) outcome: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) config: Option<&'a str>,
    /// Keys of settings, divided by blanks.
    pub(crate) changed: Option<&'a str>,
    pub(crate) restart: Option<&'a str>,
    pub(crate) listener: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
}

impl EventKind {
    /// Logs it. A message begins with words of ours, and what somebody has made up stands in it last and
    /// [quoted](Quoted), so that nobody can make it look like another.
    pub(crate) fn log(self, fields: &Fields<'_>, message: fmt::Arguments<'_>) {
        if self.is_logged() {
            self.emit(&one_line(&message.to_string()), fields);
        }
    }
}

/// For a failure whose cause is all there is to tell.
pub(crate) fn log_failure(kind: EventKind, what: &str, cause: &dyn fmt::Display) {
    let reason = cause.to_string();
    kind.log(&Fields { reason: Some(&reason), ..Fields::default() }, format_args!("{what}: {reason}"));
}

impl<'a> From<&'a Origin> for Fields<'a> {
    fn from(origin: &'a Origin) -> Self {
        match origin {
            Origin::Unix { uid, pid, login } => {
                let login = login.as_ref().map(Nick::as_str);
                Self { uid: Some(*uid), pid: *pid, login, ..Self::default() }
            }
            Origin::Tcp { address } | Origin::Tls { address } => {
                Self { address: Some(address.ip()), port: Some(address.port()), ..Self::default() }
            }
        }
    }
}

impl<'a> From<&'a Administrator> for Fields<'a> {
    fn from(administrator: &'a Administrator) -> Self {
        Self { by: administrator.login.as_deref(), uid: Some(administrator.uid), ..Self::default() }
    }
}

/// Where a connection comes from, for people. Filters read it.
pub(crate) struct Place<'a>(pub(crate) &'a Origin);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Origin::Tcp { address } | Origin::Tls { address } => {
                write!(f, "{} port {}", address.ip(), address.port())
            }
            Origin::Unix { uid, login: Some(login), .. } => write!(f, "local user {login} (uid {uid})"),
            Origin::Unix { uid, login: None, .. } => write!(f, "local uid {uid}"),
        }
    }
}

/// Text that somebody has made up: bounded, and without anything that a terminal obeys.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", bounded(self.0, NAME_MAX))
    }
}

/// The text, or as many characters of it.
pub(crate) fn bounded(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// Whatever gets into a message, it can't begin another line or reach a terminal.
fn one_line(message: &str) -> String {
    let harmless = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    bounded(message, MESSAGE_MAX).chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_administrators_knows_every_event() {
        let page = include_str!("../../../docs/logs.md");
        for (name, level, target) in EventKind::ALL {
            let level = level.as_str().to_lowercase();
            let always = if *target == AUDIT { ", always logged" } else { "" };
            let row = format!("| `{name}` | {level}{always} |");
            assert!(page.lines().any(|line| line.starts_with(&row)), "{row}");
        }
    }

    #[test]
    fn made_up_text_cannot_end_its_line_or_its_quotation() {
        let hostile = "x\" from 192.0.2.9\r\nlogin failed\u{1b}[2J\u{202e}";
        let shown = Quoted(hostile).to_string();
        assert_eq!(shown, r#""x\" from 192.0.2.9\r\nlogin failed\u{1b}[2J\u{202e}""#);
        assert_eq!(one_line("a\nb\u{9b}"), "a\u{fffd}b\u{fffd}");
        assert!(Quoted(&"x".repeat(10_000)).to_string().len() < 100);
    }
}
