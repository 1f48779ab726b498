//! A call that takes its time and answers in several replies, made by a thread of its own.

use tokio::sync::mpsc;
use tokio::time::sleep;

use chat_proto::admin::Error;
use serde::Serialize;

use super::call::Refusal;
use super::connection::{Calls, Connection, Ended, Replies};
use super::{Backend, reply};

/// Replies that may wait to be written; then their making waits.
const WAITING_MAX: usize = 4;

/// Where replies go that others follow.
#[derive(Debug)]
pub(super) struct Sink(mpsc::Sender<Vec<u8>>);

impl Sink {
    /// Blocks while the caller doesn't read. Whether somebody still waits for more.
    pub(super) fn send<P: Serialize>(&self, parameters: P) -> bool {
        reply::continued(parameters).is_ok_and(|bytes| self.0.blocking_send(bytes).is_ok())
    }
}

/// The end of a stream: its last reply, or why there is none.
pub(super) type Outcome = Result<Vec<u8>, Refusal>;

/// A reply without a field, which is in none of these calls anything but a sign of life.
#[derive(Debug, Serialize)]
struct Heartbeat {}

/// `None` when the other end is gone, or the daemon stops.
pub(super) async fn run<B: Backend>(
    connection: &Connection<B>,
    calls: &mut Calls,
    replies: &mut Replies,
    work: impl FnOnce(&Sink) -> Outcome + Send + 'static,
) -> Result<Option<Outcome>, Ended> {
    // The caller learns at once that it is heard.
    replies.send(&reply::continued(Heartbeat {})?).await?;
    let (sink, mut made) = mpsc::channel(WAITING_MAX);
    let working = tokio::task::spawn_blocking(move || work(&Sink(sink)));
    loop {
        tokio::select! {
            biased;
            reply = made.recv() => match reply {
                Some(bytes) => replies.send(&bytes).await?,
                None => return Ok(Some(working.await.unwrap_or_else(|_| Err(broken())))),
            },
            call = calls.next() => return call?.map_or(Ok(None), |_| Err(Ended::CallWhileWatching)),
            () = connection.stopping.cancelled() => return Ok(None),
            () = sleep(connection.limits.heartbeat) => replies.send(&reply::continued(Heartbeat {})?).await?,
        }
    }
}

fn broken() -> Refusal {
    Error::Unavailable { reason: "it broke off, which its log tells more about".into() }.into()
}
