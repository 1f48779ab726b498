//! How many connections there may be, in all and from one place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chatd_core::LimitKey;

use crate::config::Connections;
use crate::metrics::{Metrics, Transport};

#[derive(Debug)]
pub(crate) struct Gate {
    inner: Mutex<Inner>,
    /// What descriptors there are for; a configuration that asks for more doesn't get it.
    total_max: usize,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Inner {
    total: usize,
    by_origin: HashMap<LimitKey, usize>,
    total_max: usize,
    per_origin_max: usize,
    per_network_max: usize,
}

/// A place in the count; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    gate: Arc<Gate>,
    key: LimitKey,
    transport: Transport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("The server is full, try again later")]
    Server,
    #[error("Too many connections from your address")]
    Address,
    #[error("Too many connections from your network")]
    Network,
    #[error("Too many connections of your user")]
    User,
}

impl Gate {
    pub(crate) fn new(settings: &Connections, total_max: usize, metrics: Arc<Metrics>) -> Self {
        let inner =
            Inner { total: 0, by_origin: HashMap::new(), total_max, per_origin_max: 0, per_network_max: 0 };
        let gate = Self { inner: Mutex::new(inner), total_max, metrics };
        gate.set(settings);
        gate
    }

    /// Who is in stays in.
    pub(crate) fn set(&self, settings: &Connections) {
        if settings.total > self.total_max {
            tracing::warn!(
                "the host gives chatd file descriptors for {} connections, not for the {} of `connections` under [limits]; \
                 raise LimitNOFILE= of its unit (or `ulimit -n`), or lower that",
                self.total_max,
                settings.total
            );
        }
        let mut inner = self.lock();
        inner.total_max = settings.total.min(self.total_max);
        inner.per_origin_max = settings.per_address;
        inner.per_network_max = settings.per_network.max(settings.per_address);
    }

    pub(crate) fn enter(self: &Arc<Self>, key: LimitKey, transport: Transport) -> Result<Seat, Full> {
        let metrics = &self.metrics.connections;
        match self.count(&key) {
            Ok(()) => {
                metrics.accepted.by(transport).inc();
                metrics.open.by(transport).inc();
                Ok(Seat { gate: Arc::clone(self), key, transport })
            }
            Err(full) => {
                match full {
                    Full::Server => metrics.refused.server.inc(),
                    Full::Address => metrics.refused.address.inc(),
                    Full::Network => metrics.refused.network.inc(),
                    Full::User => metrics.refused.user.inc(),
                };
                Err(full)
            }
        }
    }

    fn count(&self, key: &LimitKey) -> Result<(), Full> {
        let mut inner = self.lock();
        if inner.total >= inner.total_max {
            return Err(Full::Server);
        }
        let counted = || key.network().into_iter().chain([key.clone()]);
        if let Some(full) = counted().find_map(|whom| inner.full(&whom)) {
            return Err(full);
        }
        for whom in counted() {
            *inner.by_origin.entry(whom).or_default() += 1;
        }
        inner.total += 1;
        Ok(())
    }

    fn leave(&self, key: &LimitKey) {
        let mut inner = self.lock();
        inner.total -= 1;
        for whom in key.network().into_iter().chain([key.clone()]) {
            if let Some(count) = inner.by_origin.get_mut(&whom) {
                *count -= 1;
                if *count == 0 {
                    inner.by_origin.remove(&whom);
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// What is full when there is no place left for one more of them.
    fn full(&self, key: &LimitKey) -> Option<Full> {
        let (max, full) = match key {
            LimitKey::Loopback => (self.per_origin_max.max(self.total_max.div_ceil(2)), Full::Address),
            LimitKey::Uid(_) => (self.per_origin_max, Full::User),
            LimitKey::Address(_) => (self.per_origin_max, Full::Address),
            LimitKey::Network(_) => (self.per_network_max, Full::Network),
            LimitKey::Account(_) => (usize::MAX, Full::User),
        };
        (self.by_origin.get(key).copied().unwrap_or_default() >= max).then_some(full)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.leave(&self.key);
        self.gate.metrics.connections.open.by(self.transport).dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Transport::{Tcp, Unix};

    fn gate(total: usize, per_address: usize) -> Arc<Gate> {
        let per_network = 3;
        let settings = Connections {
            total,
            per_address,
            per_network,
            send_queue: 0,
            send_queues: 0,
            messages_per_second: 0,
            burst: 1,
        };
        Arc::new(Gate::new(&settings, 100, Arc::new(Metrics::new(0))))
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let gate = gate(10, 2);
        let at = |address: &str| LimitKey::at(address.parse().unwrap());
        let seats = [gate.enter(at("192.0.2.1"), Tcp).unwrap(), gate.enter(at("192.0.2.1"), Tcp).unwrap()];
        assert_eq!(gate.enter(at("192.0.2.1"), Tcp).unwrap_err(), Full::Address);
        assert_eq!(gate.enter(at("::ffff:192.0.2.1"), Tcp).unwrap_err(), Full::Address);
        gate.enter(at("192.0.2.2"), Tcp).unwrap();
        drop(seats);
        gate.enter(at("192.0.2.1"), Tcp).unwrap();
    }

    #[test]
    fn addresses_of_one_ipv6_key_count_as_one() {
        let gate = gate(10, 1);
        let _seat = gate.enter(LimitKey::at("2001:db8::1".parse().unwrap()), Tcp).unwrap();
        assert!(gate.enter(LimitKey::at("2001:db8::2".parse().unwrap()), Tcp).is_err());
        assert!(gate.enter(LimitKey::at("2001:db8:0:1::1".parse().unwrap()), Tcp).is_ok());
    }

    #[test]
    fn one_network_cannot_take_all_places_either() {
        let gate = gate(20, 1);
        let enter = |address: String| gate.enter(LimitKey::at(address.parse().unwrap()), Tcp);
        let mut seats: Vec<_> = (1..=3).map(|last| enter(format!("192.0.2.{last}")).unwrap()).collect();
        assert_eq!(enter("192.0.2.4".into()).unwrap_err(), Full::Network);
        seats.push(enter("192.0.3.4".into()).unwrap());
        seats.extend((1..=3).map(|site| enter(format!("2001:db8:0:{site}::1")).unwrap()));
        assert_eq!(enter("2001:db8:0:4::1".into()).unwrap_err(), Full::Network);
        seats.push(enter("2001:db8:1::1".into()).unwrap());
        drop(seats);
        assert!(gate.lock().by_origin.is_empty());
        assert_eq!(gate.metrics.samples()["chatd_connections_refused_total{reason=\"network\"}"], 2.0);
    }

    #[test]
    fn users_of_loopback_share_half_of_all_places() {
        let gate = gate(6, 1);
        let enter = |address: &str| gate.enter(LimitKey::at(address.parse().unwrap()), Tcp);
        let _seats = [enter("127.0.0.1").unwrap(), enter("::1").unwrap(), enter("127.0.0.2").unwrap()];
        assert_eq!(enter("127.0.0.1").unwrap_err(), Full::Address);
        assert!(enter("192.0.2.1").is_ok());
    }

    #[test]
    fn a_full_server_takes_nobody_until_someone_leaves() {
        let gate = gate(1, 5);
        let seat = gate.enter(LimitKey::Uid(1), Unix).unwrap();
        assert_eq!(gate.enter(LimitKey::Uid(2), Unix).unwrap_err(), Full::Server);
        drop(seat);
        assert!(gate.enter(LimitKey::Uid(2), Unix).is_ok());
        assert!(gate.lock().by_origin.is_empty());
    }

    #[test]
    fn who_is_let_in_and_who_is_not_is_counted() {
        let gate = gate(2, 1);
        let _seat = gate.enter(LimitKey::Uid(1), Unix).unwrap();
        let other = gate.enter(LimitKey::at("192.0.2.1".parse().unwrap()), Tcp).unwrap();
        gate.enter(LimitKey::Uid(2), Unix).unwrap_err();
        drop(other);
        gate.enter(LimitKey::Uid(1), Unix).unwrap_err();
        let samples = gate.metrics.samples();
        for (sample, value) in [
            ("chatd_connections{listener=\"unix\"}", 1.0),
            ("chatd_connections{listener=\"tcp\"}", 0.0),
            ("chatd_connections_accepted_total{listener=\"tcp\"}", 1.0),
            ("chatd_connections_refused_total{reason=\"server\"}", 1.0),
            ("chatd_connections_refused_total{reason=\"user\"}", 1.0),
        ] {
            assert_eq!(samples[sample], value, "{sample}");
        }
    }
}
