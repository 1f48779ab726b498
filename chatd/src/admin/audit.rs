//! Who asked for what and how it ended: in the log, and as events for those who watch.

use chat_proto::admin::{Error, Event, EventKind, LogLevel};
use chatd_core::{Actor, AdminCommand};

use super::Backend;
use super::access::Peer;
use super::call::{AccountRequest, Refusal, Request};
use super::history::Work;
use crate::clock;
use crate::logging::{EventKind as Entry, Fields, Quoted, bounded};
use crate::store::{Of, Selection};

/// Characters of a method's name that are logged. One that doesn't exist is whatever the caller wrote.
const MAX_METHOD: usize = 64;

/// A caller as the log names them.
#[derive(Debug, Clone)]
pub(super) struct Auditor {
    pub(super) peer: Peer,
    pub(super) actor: Actor,
}

/// Whether a request changes something, and on whom. Reading is logged at debug level and not watched:
/// a console that completes names would fill both.
#[derive(Debug)]
pub(super) struct Subject {
    changes: bool,
    whom: Whom,
    level: Option<LogLevel>,
}

#[derive(Debug)]
enum Whom {
    Nobody,
    User(String),
    Account(String),
    /// Whom a ban is against, the id of a message, a channel.
    Target(String),
}

impl Subject {
    pub(super) fn of(request: &Request) -> Self {
        let level = match request {
            Request::SetLogLevel(level) => Some(*level),
            _ => None,
        };
        Self { changes: changes(request), whom: Whom::of(request), level }
    }

    /// All of it is told: what leaves the host, and what is put in or taken out.
    pub(super) fn of_work(work: &Work) -> Self {
        let whom = match work {
            Work::Erase { name } => Whom::User(name.clone()),
            Work::Import { channel, .. } => Whom::Target(channel.clone()),
            Work::Export(Selection { of: Of::Channel(name), .. }) => Whom::Target(name.clone()),
            Work::Export(Selection { of: Of::Account(name), .. }) => Whom::Account(name.clone()),
            Work::Export(_) | Work::Backup => Whom::Nobody,
        };
        Self { changes: true, whom, level: None }
    }

    /// What follows the method's name.
    fn named(&self) -> String {
        let level = self.level.map(|level| format!(" {level}"));
        match &self.whom {
            Whom::Nobody => level.unwrap_or_default(),
            Whom::User(name) | Whom::Account(name) | Whom::Target(name) => format!(" {}", Quoted(name)),
        }
    }

    fn fields<'a>(&'a self, fields: Fields<'a>) -> Fields<'a> {
        match &self.whom {
            Whom::Nobody => fields,
            Whom::User(name) => Fields { user: Some(name), ..fields },
            Whom::Account(name) => Fields { account: Some(name), ..fields },
            Whom::Target(name) => Fields { target: Some(name), ..fields },
        }
    }
}

impl Whom {
    fn of(request: &Request) -> Self {
        match request {
            Request::Core(AdminCommand::Kick { name, .. }) => Self::User(name.clone()),
            Request::Account { name, .. } | Request::Core(AdminCommand::ResumeAccount { name }) => {
                Self::Account(name.clone())
            }
            Request::Core(AdminCommand::Ban { target, .. } | AdminCommand::Unban { target }) => {
                Self::Target(target.clone())
            }
            Request::Redact { id, .. } => Self::Target(id.clone()),
            _ => Self::Nobody,
        }
    }
}

fn changes(request: &Request) -> bool {
    match request {
        Request::Core(command) => !matches!(
            command,
            AdminCommand::List
                | AdminCommand::Show { .. }
                | AdminCommand::Channels
                | AdminCommand::Accounts
                | AdminCommand::Bans
                | AdminCommand::Status
        ),
        Request::Account { request, .. } => !matches!(request, AccountRequest::Show),
        Request::Redact { .. } | Request::Reload | Request::SetLogLevel(_) | Request::AcceptClock => true,
        _ => false,
    }
}

impl Auditor {
    pub(super) fn done<B: Backend>(&self, backend: &B, method: &str, subject: &Subject) {
        backend.metrics().admin.done.inc();
        let fields = subject.fields(self.fields(Some(method), "done"));
        let kind = if subject.changes { Entry::AdminRequest } else { Entry::AdminQuery };
        kind.log(&fields, format_args!("admin request by {}: {method}{}", self.who(), subject.named()));
        if subject.changes {
            self.tell(backend, method, "done", subject.level.map(LogLevel::as_str));
        }
    }

    /// The caller has gone before it was over, or chatd stops.
    pub(super) fn broken_off<B: Backend>(&self, backend: &B, method: &str, subject: &Subject) {
        let fields = subject.fields(self.fields(Some(method), "broken off"));
        let message = format_args!("admin request by {} broken off: {method}{}", self.who(), subject.named());
        Entry::AdminRequest.log(&fields, message);
        self.tell(backend, method, "broken off", None);
    }

    pub(super) fn refused<B: Backend>(&self, backend: &B, method: Option<&str>, refusal: &Refusal) {
        match refusal {
            Refusal::Admin(Error::PermissionDenied { .. }) => backend.metrics().admin.denied.inc(),
            _ => backend.metrics().admin.refused.inc(),
        };
        let (method, outcome) = (method.map(|method| bounded(method, MAX_METHOD)), refusal.name());
        let what = method.map(|method| format!(", asked for {}", Quoted(method))).unwrap_or_default();
        let message = format_args!("admin request by {} refused: {outcome}{what}", self.who());
        Entry::AdminRefused.log(&self.fields(method, &outcome), message);
        self.tell(backend, method.unwrap_or_default(), &outcome, None);
    }

    fn tell<B: Backend>(&self, backend: &B, method: &str, outcome: &str, text: Option<&str>) {
        // An error only means that nobody watches.
        let _ = backend.events().send(Event {
            by: self.actor.login.clone(),
            uid: Some(self.actor.uid),
            method: (!method.is_empty()).then(|| method.to_owned()),
            outcome: Some(outcome.to_owned()),
            text: text.map(str::to_owned),
            ..Event::new(clock::wall().0, EventKind::Admin)
        });
    }

    fn fields<'a>(&'a self, method: Option<&'a str>, outcome: &'a str) -> Fields<'a> {
        let login = self.actor.login.as_deref();
        let (uid, pid, outcome) = (Some(self.actor.uid), self.peer.pid, Some(outcome));
        Fields { uid, pid, login, method, outcome, ..Fields::default() }
    }

    fn who(&self) -> String {
        let uid = self.actor.uid;
        self.actor.login.as_ref().map_or_else(|| format!("uid {uid}"), |login| format!("{login} (uid {uid})"))
    }
}
