//! What administrators do: their requests, and the configuration that they put in force.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::clock;

use super::labelled::register_each;
use super::{register, register_in};

/// Requests on the admin socket by how they ended.
#[derive(Debug)]
pub(crate) struct AdminMetrics {
    pub(crate) done: Counter,
    /// Answered by an error.
    pub(crate) refused: Counter,
    /// Turned away before anything was read.
    pub(crate) denied: Counter,
}

#[derive(Debug)]
pub(crate) struct ConfigMetrics {
    successful: Gauge,
    /// Whole seconds since the Unix epoch.
    success_at: Gauge,
}

impl AdminMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let help = "Requests of administrators, by how they ended";
        let [done, refused, denied] =
            register_each(registry, "admin_requests", help, "outcome", ["done", "refused", "denied"]);
        Self { done, refused, denied }
    }
}

impl ConfigMetrics {
    /// The configuration was read for the first time at the start.
    pub(super) fn register(registry: &mut Registry, started_at: u64) -> Self {
        let help = "Whether the configuration was valid when it was last read";
        let successful = register(registry, "config_last_reload_successful", help, Gauge::default());
        let help = "When the configuration was last put in force, as Unix time";
        let name = "config_last_reload_success_timestamp";
        let success_at = register_in(registry, name, Unit::Seconds, help, Gauge::default());
        successful.set(1);
        success_at.set(i64::try_from(started_at / 1000).unwrap_or(i64::MAX));
        Self { successful, success_at }
    }

    /// After a reload.
    pub(crate) fn reloaded(&self, successful: bool) {
        self.successful.set(i64::from(successful));
        if successful {
            self.success_at.set(i64::try_from(clock::wall().0 / 1000).unwrap_or(i64::MAX));
        }
    }
}
