//! The admin API's server: Varlink on a Unix socket, for root, chatd's own user and the admin group.
//!
//! Whoever calls [`serve`] owns the rest of the daemon and shows it through [`Backend`].

mod access;
mod accounts;
mod audit;
mod call;
mod connection;
mod history;
mod observe;
mod perform;
mod reply;
mod service;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::admin::{Checked, DaemonStatus, Error, Event, LogLevel, Reloaded};
use chatd_core::{Actor, AdminAnswer, AdminCommand};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::hashing::Hashing;
use crate::metrics::Metrics;
use crate::store::Maintenance;

use self::connection::Connection;
pub(crate) use self::observe::observe;
use crate::logging::{EventKind, log_failure};

/// What the admin API needs of the daemon.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Has the core carry out a command. `None` when the core is gone.
    fn ask(&self, actor: Actor, command: AdminCommand) -> impl Future<Output = Option<AdminAnswer>> + Send;
    /// As SIGHUP does.
    fn reload(&self) -> impl Future<Output = Result<Reloaded, Error>> + Send;
    /// Validates the configuration file in use.
    fn check(&self) -> impl Future<Output = Result<Checked, Error>> + Send;
    /// Returns the level before.
    fn set_log_level(&self, level: LogLevel) -> String;
    /// Believes the clock as it is set. Returns whether it was in doubt.
    fn accept_clock(&self) -> bool;
    /// Without the metrics, which [`Backend::metrics`] has.
    fn status(&self) -> DaemonStatus;
    /// The group whose members may administer; asked at each connection, so that a reload can change it.
    fn admin_group(&self) -> Option<String>;
    /// What [`Watch`](chat_proto::admin::Watch) streams. Admin actions are sent into it from here. It is
    /// bounded: who reads too slowly is told how many events it missed.
    fn events(&self) -> &broadcast::Sender<Event>;
    fn metrics(&self) -> &Arc<Metrics>;
    fn hashing(&self) -> &Hashing;
    fn maintenance(&self) -> &Arc<Maintenance>;
}

/// Bounds and times; other than the default only in tests.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    /// How long one reply may take to be read by the other end.
    pub(crate) write: Duration,
    /// How long the daemon may take for one call.
    pub(crate) answer: Duration,
    /// Silence in a watch after which a heartbeat is sent.
    pub(crate) heartbeat: Duration,
    /// How long connections are still served once the daemon is stopping.
    pub(crate) linger: Duration,
    /// When they are given up.
    pub(crate) stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            write: Duration::from_secs(10),
            answer: Duration::from_secs(5),
            heartbeat: Duration::from_secs(15),
            linger: Duration::from_millis(300),
            stop: Duration::from_secs(2),
        }
    }
}

/// Serves administrators until `stopping`, then gives those who are connected a moment to read.
pub(crate) async fn serve<B: Backend>(
    listener: UnixListener,
    backend: Arc<B>,
    limits: Limits,
    stopping: CancellationToken,
) {
    let tasks = TaskTracker::new();
    tokio::select! {
        () = accept(listener, backend, &limits, &stopping, &tasks) => {}
        () = stopping.cancelled() => {}
    }
    tasks.close();
    if tokio::time::timeout(limits.stop, tasks.wait()).await.is_err() {
        tracing::warn!("gave up on {} admin connections that did not end", tasks.len());
    }
}

async fn accept<B: Backend>(
    listener: UnixListener,
    backend: Arc<B>,
    limits: &Limits,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) {
    let seats = Arc::new(Semaphore::new(limits.connections));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                let what = "cannot accept an admin connection, trying again in a second";
                log_failure(EventKind::AcceptFailed, what, &error);
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            turn_away(&stream, &Error::TooManyConnections { limit: limits.connections as u64 });
            continue;
        };
        let connection = Connection::new(Arc::clone(&backend), limits.clone(), stopping.clone());
        tasks.spawn(async move {
            connection.run(stream).await;
            drop(seat);
        });
    }
}

/// Says why, as far as the socket's empty buffer takes it at once, and leaves it to the drop to close.
fn turn_away(stream: &UnixStream, error: &Error) {
    match reply::error(error).map(|bytes| stream.try_write(&bytes)) {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!("an administrator left before being turned away: {error}"),
        Err(error) => tracing::error!("cannot write an admin error: {error}"),
    }
}
