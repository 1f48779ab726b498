//! What the daemon counts and measures of itself, named by Prometheus' conventions.
//!
//! Whoever counts holds a handle, and counting is one relaxed atomic operation. A label has a few values that are
//! written here, never what comes from a user.

mod admin;
mod clock;
mod connections;
mod core;
mod histogram;
mod history;
mod labelled;
mod process;
mod store;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus_client::encoding::text;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry, Unit};

use self::admin::{AdminMetrics, ConfigMetrics};
use self::clock::ClockMetrics;
use self::connections::ConnectionMetrics;
pub(crate) use self::connections::{EgressMetrics, Transport};
pub(crate) use self::core::CoreMetrics;
pub(crate) use self::history::HistoryMetrics;
use self::labelled::register_each;
use self::process::Process;
pub(crate) use self::store::StoreMetrics;
use self::tls::TlsMetrics;

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    process: Process,
    pub(crate) core: CoreMetrics,
    pub(crate) store: StoreMetrics,
    pub(crate) connections: ConnectionMetrics,
    pub(crate) egress: Arc<EgressMetrics>,
    pub(crate) admin: AdminMetrics,
    pub(crate) config: ConfigMetrics,
    pub(crate) history: HistoryMetrics,
    pub(crate) tls: TlsMetrics,
    pub(crate) clock: ClockMetrics,
}

impl Metrics {
    /// `started_at` in milliseconds since the Unix epoch.
    pub(crate) fn new(started_at: u64) -> Self {
        let mut registry = Registry::default();
        let process = Process::new(started_at);
        registry.register_collector(Box::new(process.clone()));
        let ours = registry.sub_registry_with_prefix("chatd");
        let version = [env!("CARGO_PKG_VERSION")];
        let [build]: [Gauge; 1] =
            register_each(ours, "build_info", "The version that runs", "version", version);
        // OpenMetrics has a type for it, which tools for Prometheus' own format don't take.
        build.set(1);
        Self {
            process,
            core: CoreMetrics::register(ours),
            store: StoreMetrics::register(ours),
            connections: ConnectionMetrics::register(ours),
            egress: Arc::new(EgressMetrics::register(ours)),
            admin: AdminMetrics::register(ours),
            config: ConfigMetrics::register(ours, started_at),
            history: HistoryMetrics::register(ours),
            tls: TlsMetrics::register(ours),
            clock: ClockMetrics::register(ours),
            registry,
        }
    }

    /// Everything in the OpenMetrics text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string doesn't fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// Every value by its name and labels as in the text, but for the buckets of histograms.
    pub(crate) fn samples(&self) -> BTreeMap<String, f64> {
        self.text().lines().filter_map(sample).collect()
    }

    /// Resident memory in bytes; 0 where the host doesn't tell.
    pub(crate) fn resident_memory(&self) -> u64 {
        self.process.memory().resident
    }
}

fn sample(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
    let is_bucket = name.split('{').next().is_some_and(|name| name.ends_with("_bucket"));
    Some((name.to_owned(), value.parse().ok()?)).filter(|_| !is_bucket)
}

/// Puts a metric into the registry and returns the handle to it.
fn register<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// The same for what has a unit, which becomes the end of the name.
fn register_in<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    unit: Unit,
    help: &str,
    metric: M,
) -> M {
    registry.register_with_unit(name, help, unit, metric.clone());
    metric
}

/// Mostly nothing has changed, and reading is cheaper than writing.
fn publish(gauge: &Gauge, value: usize) {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    if gauge.get() != value {
        gauge.set(value);
    }
}

#[cfg(test)]
mod tests;
