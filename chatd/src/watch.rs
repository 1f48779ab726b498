//! What happens, as those who watch see it.

use chat_proto::admin;
use chatd_core::{Event, Now};
use tokio::sync::broadcast;

use crate::admin::observe;

/// Events that a slow watcher may be behind before it misses some.
const BEHIND_MAX: usize = 1024;

#[derive(Debug, Clone)]
pub(crate) struct Watch {
    events: broadcast::Sender<admin::Event>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { events: broadcast::Sender::new(BEHIND_MAX) }
    }

    pub(crate) fn events(&self) -> &broadcast::Sender<admin::Event> {
        &self.events
    }

    /// Costs nothing while nobody watches.
    pub(crate) fn tell(&self, events: &[(Now, Event)]) {
        if self.events.receiver_count() == 0 {
            return;
        }
        for event in events.iter().filter_map(|(now, event)| observe(*now, event)) {
            // The last watcher may just have left.
            let _ = self.events.send(event);
        }
    }
}
