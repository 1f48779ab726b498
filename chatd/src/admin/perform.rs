//! Carries out a request and makes the bytes of its replies.

use std::sync::Arc;

use chat_proto::admin::{
    AccountShown, Announced, Banned, Cancelled, ClockAccepted, CoreStatus, DaemonStatus, Done, Error,
    HistoryCount, Kicked, LogLevelSet, PutOut, ServiceError, Shown, ShutdownScheduled, Status, StatusReply,
    VersionReply,
};
use chatd_core::{Actor, AdminAnswer, AdminCommand, Entry};
use serde::Serialize;

use super::call::{Refusal, Request};
use super::reply::{self, Listing};
use super::{Backend, accounts, history, service};

type Replies = Result<Vec<Vec<u8>>, Refusal>;

/// All replies of a call other than a watch, which goes on for ever.
pub(super) async fn perform<B: Backend>(backend: &B, actor: Actor, request: Request, more: bool) -> Replies {
    match request {
        Request::Core(command) => core(backend, actor, command, more).await,
        Request::Account { name, request } => {
            core(backend, actor, accounts::command(backend.hashing(), name, request).await?, more).await
        }
        Request::Redact { id, reason } => {
            let entry = Box::new(message(backend, id).await?);
            core(backend, actor, AdminCommand::Redact { entry, reason }, more).await
        }
        Request::Reload => one(backend.reload().await?),
        Request::Check => one(backend.check().await?),
        Request::SetLogLevel(level) => one(LogLevelSet { previous: backend.set_log_level(level) }),
        Request::AcceptClock => one(ClockAccepted { was_doubted: backend.accept_clock() }),
        Request::Version => one(VersionReply { version: backend.status().version }),
        Request::GetInfo => one(service::info(backend.status().version)),
        Request::Describe { interface } => one(service::describe(interface)?),
        Request::Count { name } => one(count(backend, name).await?),
        Request::Watch | Request::Work(_) => Err(ServiceError::ExpectedMore {}.into()),
    }
}

async fn core<B: Backend>(backend: &B, actor: Actor, command: AdminCommand, more: bool) -> Replies {
    let Some(answer) = backend.ask(actor, command).await else {
        return Err(Error::Unavailable { reason: "it is stopping".into() }.into());
    };
    match answer {
        AdminAnswer::Users(users) => listing("users", &users, more),
        AdminAnswer::User(user) => one(Shown { user: *user }),
        AdminAnswer::Channels(channels) => listing("channels", &channels, more),
        AdminAnswer::Accounts(accounts) => listing("accounts", &accounts, more),
        AdminAnswer::Account(account) => one(AccountShown { account: *account }),
        AdminAnswer::Banned { target, sessions } => one(Banned { target, sessions: sessions.into() }),
        AdminAnswer::Bans(bans) => listing("bans", &bans, more),
        AdminAnswer::PutOut { sessions } => one(PutOut { sessions: sessions.into() }),
        AdminAnswer::Done => one(Done {}),
        AdminAnswer::Announced { users } => one(Announced { users: users.into() }),
        AdminAnswer::Kicked { sessions } => one(Kicked { sessions: sessions.into() }),
        AdminAnswer::ShutdownAt { at } => one(ShutdownScheduled { at }),
        AdminAnswer::ShutdownCancelled => one(Cancelled {}),
        AdminAnswer::Status(core) => one(StatusReply { status: status(backend, core).await }),
        AdminAnswer::Refused(error) => Err(error.into()),
    }
}

async fn count<B: Backend>(backend: &B, name: String) -> Result<HistoryCount, Error> {
    let maintenance = Arc::clone(backend.maintenance());
    let counted = tokio::task::spawn_blocking(move || history::count(&maintenance, &name)).await;
    counted.unwrap_or_else(|_| Err(Error::Unavailable { reason: "the history could not be read".into() }))
}

async fn message<B: Backend>(backend: &B, id: String) -> Result<Entry, Error> {
    let maintenance = Arc::clone(backend.maintenance());
    let found = tokio::task::spawn_blocking(move || history::message(&maintenance, id)).await;
    found.unwrap_or_else(|_| Err(Error::Unavailable { reason: "the history could not be read".into() }))
}

async fn status<B: Backend>(backend: &B, core: CoreStatus) -> Status {
    let metrics = Arc::clone(backend.metrics());
    // The host is asked for things, so it isn't done by the thread that reads all connections.
    let metrics = tokio::task::spawn_blocking(move || metrics.samples()).await.unwrap_or_default();
    Status { daemon: DaemonStatus { metrics, ..backend.status() }, core }
}

fn one<P: Serialize>(parameters: P) -> Replies {
    Ok(vec![reply::last(parameters).map_err(|error| unwritable(&error))?])
}

fn listing<T: Serialize>(field: &'static str, items: &[T], more: bool) -> Replies {
    match reply::listing(field, items, more).map_err(|error| unwritable(&error))? {
        Listing::Replies(replies) => Ok(replies),
        Listing::TooLong => Err(ServiceError::ExpectedMore {}.into()),
    }
}

fn unwritable(error: &serde_json::Error) -> Error {
    tracing::error!("cannot write an admin reply: {error}");
    Error::Unavailable { reason: "its reply could not be written, which its log tells more about".into() }
}
