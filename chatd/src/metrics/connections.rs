//! Connections by how they come in, and what is written to them.

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::labelled::register_each;
use super::{publish, register, register_in};

/// How a connection comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Unix,
    Tcp,
    Tls,
}

#[derive(Debug)]
pub(crate) struct ConnectionMetrics {
    pub(crate) open: ByTransport<Gauge>,
    pub(crate) accepted: ByTransport<Counter>,
    pub(crate) refused: Refused,
}

#[derive(Debug)]
pub(crate) struct ByTransport<M> {
    unix: M,
    tcp: M,
    tls: M,
}

/// Connections that there was no room for, by what was full.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) server: Counter,
    pub(crate) address: Counter,
    pub(crate) network: Counter,
    pub(crate) user: Counter,
    pub(crate) descriptors: Counter,
}

/// What the writing thread publishes after each round.
#[derive(Debug)]
pub(crate) struct EgressMetrics {
    deliveries: Counter,
    queued: Gauge,
    waiting: Gauge,
}

impl ConnectionMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let open = ByTransport::register(registry, "connections", "Connections, registered or not");
        let accepted =
            ByTransport::register(registry, "connections_accepted", "Connections that were let in");
        Self { open, accepted, refused: Refused::register(registry) }
    }
}

impl<M: EncodeMetric + std::fmt::Debug + Default + Clone + Send + Sync + 'static> ByTransport<M> {
    fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let [unix, tcp, tls] = register_each(registry, name, help, "listener", ["unix", "tcp", "tls"]);
        Self { unix, tcp, tls }
    }
}

impl<M> ByTransport<M> {
    pub(crate) fn by(&self, transport: Transport) -> &M {
        match transport {
            Transport::Unix => &self.unix,
            Transport::Tcp => &self.tcp,
            Transport::Tls => &self.tls,
        }
    }
}

impl Refused {
    fn register(registry: &mut Registry) -> Self {
        let help = "Connections that were turned away, by what was full";
        let reasons = ["server", "address", "network", "user", "descriptors"];
        let [server, address, network, user, descriptors] =
            register_each(registry, "connections_refused", help, "reason", reasons);
        Self { server, address, network, user, descriptors }
    }
}

impl EgressMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let deliveries =
            "Lines or batches of lines handed to connections: a message counts for each that gets it";
        let queued = "Bytes that wait for connections to take them";
        let waiting = "Connections that haven't taken all that was sent to them";
        Self {
            deliveries: register(registry, "deliveries", deliveries, Counter::default()),
            queued: register_in(registry, "send_queue", Unit::Bytes, queued, Gauge::default()),
            waiting: register(registry, "send_queue_connections", waiting, Gauge::default()),
        }
    }

    /// After writing: what was handed to connections since the last time, and what waits for how many of them.
    pub(crate) fn written(&self, deliveries: u64, queued: usize, waiting: usize) {
        if deliveries > 0 {
            self.deliveries.inc_by(deliveries);
        }
        publish(&self.queued, queued);
        publish(&self.waiting, waiting);
    }
}
