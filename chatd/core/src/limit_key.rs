//! The keys that connections and their work are counted for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use chat_proto::name::Folded;
use serde::{Deserialize, Serialize};

use crate::id::ConnId;
use crate::input::Origin;
use crate::state::State;

/// A /64 is what one subscriber has.
const IPV6_SUBSCRIBER: u128 = !0 << 64;
/// A /48 is what one site has, which can be many subscribers.
const IPV6_NETWORK: u128 = !0 << 80;
const IPV4_NETWORK: u32 = !0 << 8;

/// A key that shares a limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LimitKey {
    /// A user of this host.
    Uid(u32),
    /// An address; all of an IPv6 /64 count as one.
    Address(IpAddr),
    /// All addresses of an IPv4 /24 or an IPv6 /48 together.
    Network(IpAddr),
    /// Everybody on this host, and proxies for others.
    Loopback,
    Account(Folded),
}

impl LimitKey {
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            local if local.is_loopback() => Self::Loopback,
            IpAddr::V6(v6) => Self::Address(Ipv6Addr::from_bits(v6.to_bits() & IPV6_SUBSCRIBER).into()),
            v4 @ IpAddr::V4(_) => Self::Address(v4),
        }
    }

    /// The account of a connection, or else where it comes from.
    pub fn of(state: &State, conn: ConnId) -> Option<Self> {
        let session = state.sessions.get(conn)?;
        let account = state.user_of(conn).and_then(|(_, user)| user.account.as_ref());
        Some(
            account.map_or_else(|| Self::from(&session.peer.origin), |account| Self::Account(account.fold())),
        )
    }

    /// The network that an address belongs to.
    pub fn network(&self) -> Option<Self> {
        let Self::Address(address) = self else { return None };
        Some(Self::Network(match address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & IPV4_NETWORK).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & IPV6_NETWORK).into(),
        }))
    }

    /// Whether many different people may be behind it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Loopback)
    }
}

impl From<&Origin> for LimitKey {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Unix { uid, .. } => Self::Uid(*uid),
            Origin::Tcp { address } | Origin::Tls { address } => Self::at(address.ip()),
        }
    }
}

/// A text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin;

const UID: &str = "uid ";
const LOOPBACK: &str = "loopback";

impl LimitKey {
    /// An origin as it is stored: `uid 1000`, `192.0.2.1`, `2001:db8::` or `loopback`; nothing of an account or a network.
    pub fn to_stored(&self) -> Option<String> {
        match self {
            Self::Uid(uid) => Some(format!("{UID}{uid}")),
            Self::Address(address) => Some(address.to_string()),
            Self::Loopback => Some(LOOPBACK.to_owned()),
            Self::Network(_) | Self::Account(_) => None,
        }
    }
}

impl FromStr for LimitKey {
    type Err = NotAnOrigin;

    /// Reads what [`LimitKey::to_stored`] wrote.
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        match text.strip_prefix(UID) {
            Some(uid) => uid.parse().map(Self::Uid).map_err(|_| NotAnOrigin),
            None if text == LOOPBACK => Ok(Self::Loopback),
            None => text.parse().map(Self::at).map_err(|_| NotAnOrigin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_read_as_it_was_stored() {
        let at = |address: &str| LimitKey::at(address.parse().expect("an address"));
        for key in [LimitKey::Uid(1000), at("192.0.2.1"), at("2001:db8::7"), at("::1")] {
            assert_eq!(key.to_stored().as_deref().map(str::parse), Some(Ok(key)));
        }
        for bad in ["", "uid", "uid x", "1000", "192.0.2", "alice"] {
            assert_eq!(bad.parse::<LimitKey>(), Err(NotAnOrigin), "{bad}");
        }
    }
}
