//! A watch: events as they happen, heartbeats in between, until either side has enough.

use chat_proto::admin::{Event, Watched};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep;

use super::connection::{Calls, Connection, Ended, Replies};
use super::{Backend, reply};

/// Ends the stream, but not the connection, when the daemon stops. Returns when the watcher is gone.
pub(super) async fn run<B: Backend>(
    connection: &Connection<B>,
    calls: &mut Calls,
    replies: &mut Replies,
) -> Result<(), Ended> {
    let mut events = connection.backend.events().subscribe();
    // The watcher learns at once that it is heard.
    replies.send(&reply::continued(Watched::default())?).await?;
    loop {
        let received = tokio::select! {
            received = events.recv() => received,
            () = sleep(connection.limits.heartbeat) => {
                replies.send(&reply::continued(Watched::default())?).await?;
                continue;
            }
            call = calls.next() => return call?.map_or(Ok(()), |_| Err(Ended::CallWhileWatching)),
            () = connection.stopping.cancelled() => break,
        };
        match received {
            Ok(event) => replies.send(&reply::continued(happened(event))?).await?,
            Err(RecvError::Lagged(lost)) => replies.send(&reply::continued(missed(lost))?).await?,
            Err(RecvError::Closed) => break,
        }
    }
    send_rest(&mut events, replies).await
}

/// What happened up to the end, and the reply that ends the stream.
async fn send_rest(events: &mut Receiver<Event>, replies: &mut Replies) -> Result<(), Ended> {
    loop {
        match events.try_recv() {
            Ok(event) => replies.send(&reply::continued(happened(event))?).await?,
            Err(TryRecvError::Lagged(lost)) => replies.send(&reply::continued(missed(lost))?).await?,
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    replies.send(&reply::last(Watched::default())?).await
}

fn happened(event: Event) -> Watched {
    Watched { event: Some(event), lost: None }
}

fn missed(lost: u64) -> Watched {
    Watched { event: None, lost: Some(lost) }
}
