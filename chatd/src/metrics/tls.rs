//! Encrypted connections and what listeners show.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{register, register_in};

#[derive(Debug)]
pub(crate) struct TlsMetrics {
    /// Connections that never became encrypted ones.
    pub(crate) failed: Counter,
    expiry: Family<Place, Gauge>,
}

/// Where a listener is, by the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    listener: String,
}

impl TlsMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let failed = "Connections to a listener with TLS that ended before they were encrypted";
        let expiry = "When the certificate that a listener shows ends to be valid";
        Self {
            failed: register(registry, "tls_handshakes_failed", failed, Counter::default()),
            expiry: register_in(
                registry,
                "tls_certificate_expiry_timestamp",
                Unit::Seconds,
                expiry,
                Family::default(),
            ),
        }
    }

    /// In seconds since the Unix epoch.
    pub(crate) fn shows(&self, listener: &str, until: i64) {
        self.expiry.get_or_create(&Place { listener: listener.to_owned() }).set(until);
    }
}
