//! Whether the host's clock is believed.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::register_in;

#[derive(Debug)]
pub(crate) struct ClockMetrics {
    deviation: Gauge,
}

impl ClockMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let help = "How far the clock is ahead of the expected time (negative: behind) while it is in doubt; 0 otherwise";
        Self { deviation: register_in(registry, "clock_deviation", Unit::Seconds, help, Gauge::default()) }
    }

    pub(crate) fn deviates(&self, seconds: i64) {
        self.deviation.set(seconds);
    }
}
