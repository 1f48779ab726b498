//! What is said of the other end: to the core, and by it to other users.

use std::net::{IpAddr, SocketAddr};

use chat_proto::name::Nick;
use chat_proto::sasl;
use chatd_core::{Fingerprint, Origin, Peer, ServerSecret};
use compact_str::{CompactString, format_compact};

const LOCAL: CompactString = CompactString::const_new("localhost");

/// Stands for addresses that other users needn't know. The same address looks the same as long as chatd keeps its secret.
#[derive(Debug)]
pub(crate) struct Cloak {
    secret: ServerSecret,
}

impl Cloak {
    pub(crate) fn new(secret: ServerSecret) -> Self {
        Self { secret }
    }

    fn host(&self, address: IpAddr) -> CompactString {
        match address.to_canonical() {
            ip if ip.is_loopback() => LOCAL,
            IpAddr::V4(v4) => self.hidden(&v4.octets(), "ip4"),
            // All that one subscriber has looks alike, so that it can be banned as one.
            IpAddr::V6(v6) => self.hidden(&v6.octets()[..8], "ip6"),
        }
    }

    fn hidden(&self, address: &[u8], kind: &str) -> CompactString {
        let token = sasl::token(&self.secret.0, &[b"cloak", address]);
        let letters = token.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
        format_compact!("{}.{kind}", letters.take(16).collect::<CompactString>())
    }
}

pub(super) fn unix(uid: u32, pid: Option<i32>, login: Option<Nick>, guests: bool) -> Peer {
    Peer { origin: Origin::Unix { uid, pid, login }, host: LOCAL, guests, secure: true, certificate: None }
}

pub(super) fn tcp(address: SocketAddr, guests: bool, cloak: &Cloak) -> Peer {
    Peer {
        origin: Origin::Tcp { address },
        host: cloak.host(address.ip()),
        guests,
        secure: false,
        certificate: None,
    }
}

pub(super) fn tls(
    address: SocketAddr,
    certificate: Option<Fingerprint>,
    guests: bool,
    cloak: &Cloak,
) -> Peer {
    Peer {
        origin: Origin::Tls { address },
        host: cloak.host(address.ip()),
        guests,
        secure: true,
        certificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(cloak: &Cloak, address: &str) -> CompactString {
        cloak.host(address.parse().unwrap())
    }

    #[test]
    fn users_of_the_host_are_seen_as_such() {
        let cloak = Cloak::new(ServerSecret([1; 32]));
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(host(&cloak, local), LOCAL);
        }
    }

    #[test]
    fn an_address_is_hidden_but_can_be_told_from_others() {
        let cloak = Cloak::new(ServerSecret([1; 32]));
        assert_eq!(host(&cloak, "192.0.2.1"), host(&cloak, "192.0.2.1"));
        assert_ne!(host(&cloak, "192.0.2.1"), host(&cloak, "192.0.2.2"));
        assert_eq!(host(&cloak, "2001:db8::1"), host(&cloak, "2001:db8::2"));
        assert_ne!(host(&cloak, "2001:db8::1"), host(&cloak, "2001:db8:0:1::1"));
        assert_ne!(host(&cloak, "192.0.2.1"), host(&Cloak::new(ServerSecret([2; 32])), "192.0.2.1"));
    }
}
