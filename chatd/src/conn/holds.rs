//! Connections of which the core holds lines: they are read no further while it does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatd_core::ConnId;
use tokio::sync::Notify;

use crate::socket::{Socket, Stage};

/// How often a reader that waits checks whether its connection has ended.
const CHECK: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// So that readers need no lock while nothing is held.
    count: AtomicUsize,
    /// With what wakes the reader.
    conns: Mutex<HashMap<ConnId, Arc<Notify>>>,
}

impl Holds {
    pub(crate) fn set(&self, conn: ConnId, held: bool) {
        let mut conns = self.lock();
        if held {
            conns.entry(conn).or_default();
        } else if let Some(released) = conns.remove(&conn) {
            released.notify_one();
        }
        self.count.store(conns.len(), Ordering::Release);
    }

    pub(super) fn is_held(&self, conn: ConnId) -> bool {
        self.get(conn).is_some()
    }

    /// Waits until no line is held of the connection, or it has ended.
    pub(super) async fn released(&self, conn: ConnId, socket: &Socket) {
        while let Some(released) = self.get(conn)
            && socket.stage() == Stage::Open
        {
            // When the time is over the stage is looked at again.
            let _ = tokio::time::timeout(CHECK, released.notified()).await;
        }
    }

    fn get(&self, conn: ConnId) -> Option<Arc<Notify>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.lock().get(&conn).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnId, Arc<Notify>>> {
        self.conns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
