//! What is said of the other end: to the core, and by it to other users.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use chat_proto::name::Nick;
use chatd_core::{Origin, Peer};
use compact_str::{CompactString, format_compact};

const LOCAL: CompactString = CompactString::const_new("localhost");

/// Stands for addresses that other users needn't know. The same address looks the same until the daemon ends.
#[derive(Debug, Default)]
pub(crate) struct Cloak {
    key: RandomState,
}

impl Cloak {
    fn host(&self, address: IpAddr) -> CompactString {
        match address.to_canonical() {
            ip if ip.is_loopback() => LOCAL,
            IpAddr::V4(v4) => self.hidden(v4.octets(), "ip4"),
            // All that one subscriber has looks alike, so that it can be banned as one.
            IpAddr::V6(v6) => self.hidden(subnet(v6), "ip6"),
        }
    }

    fn hidden(&self, address: impl std::hash::Hash, kind: &str) -> CompactString {
        format_compact!("{:016x}.{kind}", self.key.hash_one(address))
    }
}

pub(super) fn unix(uid: u32, pid: Option<i32>, login: Option<Nick>, guests: bool) -> Peer {
    Peer { origin: Origin::Unix { uid, pid, login }, host: LOCAL, guests, secure: true }
}

pub(super) fn tcp(address: SocketAddr, guests: bool, cloak: &Cloak) -> Peer {
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    Peer { origin: Origin::Tcp { address }, host: cloak.host(address.ip()), guests, secure: false }
}

fn subnet(v6: Ipv6Addr) -> [u16; 4] {
    let [a, b, c, d, ..] = v6.segments();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(cloak: &Cloak, address: &str) -> CompactString {
        cloak.host(address.parse().unwrap())
    }

    #[test]
    fn users_of_the_host_are_seen_as_such() {
        let cloak = Cloak::default();
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(host(&cloak, local), LOCAL);
        }
    }

    #[test]
    fn an_address_is_hidden_but_can_be_told_from_others() {
        let cloak = Cloak::default();
        assert_eq!(host(&cloak, "192.0.2.1"), host(&cloak, "192.0.2.1"));
        assert_ne!(host(&cloak, "192.0.2.1"), host(&cloak, "192.0.2.2"));
        assert_eq!(host(&cloak, "2001:db8::1"), host(&cloak, "2001:db8::2"));
        assert_ne!(host(&cloak, "2001:db8::1"), host(&cloak, "2001:db8:0:1::1"));
        assert_ne!(host(&cloak, "192.0.2.1"), host(&Cloak::default(), "192.0.2.1"));
    }
}
