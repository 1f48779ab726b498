//! The database, as the thread that writes it sees it.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::Histogram;
use super::{publish, register, register_in};

#[derive(Debug, Clone)]
pub(crate) struct StoreMetrics {
    /// How long it takes to store a group of events.
    pub(crate) commit: Histogram,
    pub(crate) failures: Counter,
    stalled: Gauge,
    messages: Gauge,
    size: Gauge,
    disk_free: Gauge,
    disk_reserve: Gauge,
}

impl StoreMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let commit = "How long it takes to store a group of events; nothing of it is shown before";
        let failures = "Attempts to store a group of events that failed";
        let stalled = "Whether the chat stands still, since nothing can be stored";
        let size = "How large the database is, with what waits to be put in its place";
        let free = "Free space on the disk of the database; 0 where the file system does not report it";
        let reserve = "Free space on the disk of the database below which the chat stands still";
        Self {
            commit: register_in(registry, "commit", Unit::Seconds, commit, Histogram::default()),
            failures: register(registry, "commit_failures", failures, Counter::default()),
            stalled: register(registry, "store_stalled", stalled, Gauge::default()),
            messages: register(registry, "stored_messages", "Messages in the history", Gauge::default()),
            size: register_in(registry, "database_size", Unit::Bytes, size, Gauge::default()),
            disk_free: register_in(registry, "disk_free", Unit::Bytes, free, Gauge::default()),
            disk_reserve: register_in(registry, "disk_reserve", Unit::Bytes, reserve, Gauge::default()),
        }
    }

    pub(crate) fn stalled(&self, stalled: bool) {
        self.stalled.set(i64::from(stalled));
    }

    /// `size` in bytes.
    pub(crate) fn holds(&self, messages: u64, size: u64) {
        for (gauge, value) in [(&self.messages, messages), (&self.size, size)] {
            publish(gauge, usize::try_from(value).unwrap_or(usize::MAX));
        }
    }

    /// Bytes.
    pub(crate) fn has_space(&self, free: Option<u64>, reserve: u64) {
        for (gauge, value) in [(&self.disk_free, free.unwrap_or(0)), (&self.disk_reserve, reserve)] {
            publish(gauge, usize::try_from(value).unwrap_or(usize::MAX));
        }
    }

    /// Messages, and bytes.
    pub(crate) fn held(&self) -> (u64, u64) {
        let read = |gauge: &Gauge| u64::try_from(gauge.get()).unwrap_or(0);
        (read(&self.messages), read(&self.size))
    }
}
