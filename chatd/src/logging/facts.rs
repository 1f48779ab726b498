//! The core's facts as entries of the log.

use chat_proto::name::Nick;
use chat_proto::sasl::Mechanism;
use chatd_core::{
    Administrator, Attempt, Bar, ConnEvent, Ending, Event, Now, Origin, ServerEvent, Talk, TalkDeed,
    UserEvent, Who,
};

use super::accounts;
use super::event::{EventKind, Fields, Place, Quoted};
use super::pace::Pace;

/// Logs those of the facts that administrators care about.
pub(crate) fn log(events: &[(Now, Event)]) {
    for (now, event) in events {
        match event {
            Event::Conn(_, ConnEvent::PasswordGiven { from, right: false }) => {
                let fields = Fields::from(&**from);
                login_failed(from, "server-password", &fields, format_args!("wrong server password"));
            }
            Event::Conn(_, ConnEvent::LoginFailed { from, name, mechanism }) => {
                let fields = Fields { account: Some(name), ..Fields::from(&**from) };
                let what = format_args!("{} does not prove account {}", mechanism.name(), Quoted(name));
                login_failed(from, method(*mechanism), &fields, what);
            }
            Event::Conn(_, ConnEvent::LoginRefused { from, account, mechanism, bar }) => {
                login_refused(from, account, *mechanism, *bar);
            }
            Event::Conn(_, ConnEvent::Delayed { from, attempt }) => delayed(from, *attempt),
            Event::Conn(_, ConnEvent::Closed { from, ending }) => ended(from, *ending, None),
            Event::User(who, event) => user(who, event),
            Event::Account(name, event) => accounts::account(name, event),
            Event::Ban(event) => accounts::ban(event),
            Event::Server(event) => server(*now, event),
            Event::Talk(talk) => conversation(talk),
            Event::Conn(..) | Event::Channel(..) | Event::Said(_) | Event::Redacted(_) | Event::Read(_) => {}
        }
    }
}

/// Every way of logging in that can fail ends here; fail2ban reads what it logs.
fn login_failed(from: &Origin, method: &str, fields: &Fields<'_>, what: std::fmt::Arguments<'_>) {
    let fields = Fields { method: Some(method), ..*fields };
    EventKind::LoginFailed.log(&fields, format_args!("login failed from {}: {what}", Place(from)));
}

/// No guess, so fail2ban doesn't read it.
fn login_refused(from: &Origin, account: &Nick, mechanism: Mechanism, bar: Bar) {
    let reason = match bar {
        Bar::Suspended => "suspended",
        Bar::Banned => "banned",
    };
    let (account, method) = (Some(account.as_str()), Some(method(mechanism)));
    let fields = Fields { account, method, reason: Some(reason), ..Fields::from(from) };
    let account = account.unwrap_or_default();
    EventKind::LoginRefused
        .log(&fields, format_args!("login refused from {}: account {account} is {reason}", Place(from)));
}

fn delayed(from: &Origin, attempt: Attempt) {
    static PACE: Pace = Pace::new();
    let Some(more) = PACE.turn() else { return };
    let what = match attempt {
        Attempt::Login => "login",
        Attempt::Registration => "registration",
    };
    let fields = Fields { method: Some(what), ..Fields::from(from) };
    let message = format_args!("too many attempts from {}: {what}{more}", Place(from));
    EventKind::AttemptsDelayed.log(&fields, message);
}

fn method(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::External => "sasl-external",
        Mechanism::Plain => "sasl-plain",
        Mechanism::ScramSha256 => "sasl-scram-sha-256",
    }
}

fn user(who: &Who, event: &UserEvent) {
    let nick = who.nick.as_str();
    match event {
        UserEvent::Arrived { from, account, .. } => {
            let account = account.as_ref().map(Nick::as_str);
            let fields = Fields { user: Some(nick), account, ..Fields::from(&**from) };
            EventKind::Connected.log(&fields, format_args!("connected from {}: {nick}", Place(from)));
        }
        UserEvent::SessionAdded { from, .. } => {
            let fields = Fields { user: Some(nick), ..Fields::from(&**from) };
            EventKind::Connected.log(&fields, format_args!("connected again from {}: {nick}", Place(from)));
        }
        UserEvent::SessionRemoved { from, ending, .. } | UserEvent::Left { from, ending, .. } => {
            ended(from, *ending, Some(nick));
        }
        UserEvent::BecameOperator { from, name } => {
            let fields = Fields { user: Some(nick), account: Some(name), ..Fields::from(&**from) };
            let message = format_args!("operator from {}: {nick}, as {}", Place(from), Quoted(name));
            EventKind::BecameOperator.log(&fields, message);
        }
        UserEvent::OperatorRefused { from, name } => {
            let fields = Fields { user: Some(nick), account: name.as_deref(), ..Fields::from(&**from) };
            match name {
                Some(name) => {
                    let what = format_args!("wrong password of operator {}, given by {nick}", Quoted(name));
                    login_failed(from, "operator", &fields, what);
                }
                None => login_failed(
                    from,
                    "operator",
                    &fields,
                    format_args!("no such operator, asked for by {nick}"),
                ),
            }
        }
        UserEvent::Kicked { by, uid, reason } => {
            let fields = Fields {
                user: Some(nick),
                by: Some(by),
                uid: *uid,
                reason: Some(reason),
                ..Fields::default()
            };
            EventKind::Kicked.log(&fields, format_args!("kicked: {nick}, by {by}: {}", Quoted(reason)));
        }
        UserEvent::NickChanged { .. }
        | UserEvent::Acted { .. }
        | UserEvent::AwaySaid { .. }
        | UserEvent::AwaySet { .. }
        | UserEvent::Returned
        | UserEvent::AccountChanged { .. }
        | UserEvent::RealnameSet { .. }
        | UserEvent::ModesSet { .. } => {}
    }
}

/// That two talk, never what they say.
fn conversation(talk: &Talk) {
    let (by, with) = (talk.by.nick.as_str(), talk.with.nick.as_str());
    let fields = Fields { user: Some(by), target: Some(with), ..Fields::default() };
    match talk.deed {
        TalkDeed::Accepted { .. } => {
            EventKind::ConversationBegan.log(&fields, format_args!("conversation begins: {by} with {with}"));
        }
        TalkDeed::Ended { .. } => {
            EventKind::ConversationEnded.log(&fields, format_args!("conversation ends: {by} with {with}"));
        }
        TalkDeed::Requested { .. }
        | TalkDeed::Declined { .. }
        | TalkDeed::Cancelled { .. }
        | TalkDeed::TimedOut
        | TalkDeed::Moved { .. } => {}
    }
}

fn ended(from: &Origin, ending: Ending, user: Option<&str>) {
    let (kind, verb) = match ending {
        Ending::SendQueueFull | Ending::QueuesFull | Ending::TooManyLines => {
            (EventKind::Dropped, "dropped a connection")
        }
        _ => (EventKind::Disconnected, "disconnected"),
    };
    let why = told(ending);
    let fields = Fields { user, reason: Some(ending.as_str()), ..Fields::from(from) };
    match user {
        Some(nick) => kind.log(&fields, format_args!("{verb} from {}: {nick}, {why}", Place(from))),
        None => kind.log(&fields, format_args!("{verb} from {}: {why}", Place(from))),
    }
}

/// What people read.
fn told(ending: Ending) -> &'static str {
    match ending {
        Ending::Quit => "quit",
        Ending::Eof => "the other end closed it",
        Ending::Error => "the socket failed",
        Ending::SendQueueFull => "it didn't read what was sent to it (limits.send-queue)",
        Ending::QueuesFull => {
            "too much was waiting for all connections, and most of it for this one (limits.send-queues)"
        }
        Ending::NoAnswer => "no answer to a PING",
        Ending::NotRegistered => "it took too long to register",
        Ending::Refused => "it may not come in",
        Ending::TooManyLines => "too many lines while it had to wait (limits.held-lines)",
        Ending::Kicked => "kicked",
        Ending::Stopping => "chatd stops",
    }
}

fn server(now: Now, event: &ServerEvent) {
    match event {
        ServerEvent::ShutdownScheduled { by, at, reason } => {
            let at = i64::try_from(now.wall_at(*at).0).ok();
            let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            let at = at.map(|at| at.strftime("%FT%TZ").to_string()).unwrap_or_default();
            let fields = Fields { reason: reason.as_deref(), ..Fields::from(by) };
            EventKind::ShutdownScheduled
                .log(&fields, format_args!("shutdown scheduled for {at} by {}", name_of(by)));
        }
        ServerEvent::ShutdownCancelled { by } => {
            let fields = Fields::from(by);
            EventKind::ShutdownCancelled.log(&fields, format_args!("shutdown cancelled by {}", name_of(by)));
        }
        ServerEvent::Stopping { reason } => {
            let fields = Fields { reason: Some(reason), ..Fields::default() };
            EventKind::Stopping.log(&fields, format_args!("stopping: {}", Quoted(reason)));
        }
        ServerEvent::PolicySet { .. }
        | ServerEvent::Announced { .. }
        | ServerEvent::Wallops { .. }
        | ServerEvent::ShutdownWarned { .. } => {}
    }
}

pub(super) fn name_of(Administrator { uid, login }: &Administrator) -> String {
    login.as_ref().map_or_else(|| format!("uid {uid}"), |login| format!("{login} (uid {uid})"))
}
