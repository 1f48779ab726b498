//! Who may not come in at all.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use chat_proto::name::{Folded, Nick};
use compact_str::CompactString;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::input::Peer;
use crate::mask;

/// Whom a ban is against.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BanTarget {
    /// An account, a login of this host or a nick of that name, in whatever case.
    Name(Folded),
    /// `nick!user@host` with `*` and `?`, as other users see it.
    Mask(CompactString),
    /// An address or a prefix.
    Net(IpNet),
}

/// An administrator keeps somebody out. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    pub target: BanTarget,
    pub reason: Option<Box<str>>,
    /// Who did it: a login, or `uid` and a number.
    pub by: CompactString,
    pub at: u64,
    /// For ever if absent.
    pub until: Option<u64>,
}

/// All bans there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Ban>", into = "Vec<Ban>")]
pub struct Bans(BTreeMap<BanTarget, Ban>);

/// What a ban is compared with. What is not known yet fits nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Suspect<'a> {
    pub nick: Option<&'a str>,
    pub account: Option<&'a str>,
    pub login: Option<&'a str>,
    /// `nick!user@host`.
    pub source: Option<&'a str>,
    pub address: Option<IpAddr>,
}

/// Why a text names nobody who could be banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATarget;

/// Shorter prefixes are larger than what anybody has been given.
const IPV4_BROAD: u8 = 8;
const IPV6_BROAD: u8 = 16;

/// Bytes of a mask, completed.
const MASK_MAX: usize = 200;

impl<'a> Suspect<'a> {
    /// What is known of a connection from the start.
    pub fn of(peer: &'a Peer) -> Self {
        let address = peer.origin.address().map(|address| address.ip());
        Self { login: peer.login().map(Nick::as_str), address, ..Self::default() }
    }
}

impl BanTarget {
    /// Reads what an administrator wrote: an address or prefix, a mask, or a name.
    ///
    /// # Errors
    /// It is none of them.
    pub fn parse(text: &str) -> Result<Self, NotATarget> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Self::Net(canonical(net.trunc())));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Net(address.to_canonical().into()));
        }
        if text.contains(['!', '@', '*', '?']) {
            let bad = |c: char| c.is_control() || c.is_whitespace() || !c.is_ascii();
            let mask = mask::complete(text);
            let fits = mask.len() <= MASK_MAX && !text.chars().any(bad);
            return if fits { Ok(Self::Mask(mask.into())) } else { Err(NotATarget) };
        }
        // As a name, an address with a slip in it would be accepted and keep nobody out.
        if text.contains('.') && text.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err(NotATarget);
        }
        Nick::new(text).map(|name| Self::Name(name.fold())).map_err(|_| NotATarget)
    }

    /// Whether everybody is meant, or nearly.
    pub fn is_broad(&self) -> bool {
        match self {
            Self::Name(_) => false,
            // The idents of all who come over the network begin with `~`.
            Self::Mask(mask) => mask.chars().all(|c| matches!(c, '*' | '?' | '!' | '@' | '~')),
            Self::Net(IpNet::V4(net)) => net.prefix_len() < IPV4_BROAD,
            Self::Net(IpNet::V6(net)) => net.prefix_len() < IPV6_BROAD,
        }
    }

    pub fn fits(&self, suspect: &Suspect<'_>) -> bool {
        match self {
            Self::Name(name) => [suspect.nick, suspect.account, suspect.login]
                .into_iter()
                .flatten()
                .any(|known| Folded::new(known) == *name),
            Self::Mask(mask) => suspect.source.is_some_and(|source| mask::fits(mask, source)),
            Self::Net(net) => suspect.address.is_some_and(|address| net.contains(&address.to_canonical())),
        }
    }
}

impl Bans {
    /// The ban that keeps somebody out at that time.
    pub fn against(&self, suspect: &Suspect<'_>, now: u64) -> Option<&Ban> {
        self.0.values().find(|ban| !ban.is_over(now) && ban.target.fits(suspect))
    }

    pub fn get(&self, target: &BanTarget) -> Option<&Ban> {
        self.0.get(target)
    }

    /// Names first, then masks, then addresses.
    pub fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In place of one against the same.
    pub(crate) fn insert(&mut self, ban: Ban) {
        self.0.insert(ban.target.clone(), ban);
    }

    pub(crate) fn remove(&mut self, target: &BanTarget) {
        self.0.remove(target);
    }
}

impl Ban {
    pub fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// An IPv4 prefix written as IPv6 is meant as IPv4.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    mapped.and_then(|(v4, length)| IpNet::new(v4.into(), length).ok()).unwrap_or(net)
}

impl From<Vec<Ban>> for Bans {
    fn from(bans: Vec<Ban>) -> Self {
        Self(bans.into_iter().map(|ban| (ban.target.clone(), ban)).collect())
    }
}

impl From<Bans> for Vec<Ban> {
    fn from(bans: Bans) -> Self {
        bans.0.into_values().collect()
    }
}

impl fmt::Display for BanTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Mask(mask) => f.write_str(mask),
            Self::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(f),
            Self::Net(net) => net.fmt(f),
        }
    }
}

impl fmt::Display for NotATarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ban is against an account or nick, a mask such as *!*@host, or an address or prefix such as 192.0.2.0/24")
    }
}

impl std::error::Error for NotATarget {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_administrator_writes_is_understood() {
        for (text, shown) in [
            ("Bob", "bob"),
            ("bob!*@*", "bob!*@*"),
            ("*@evil.example", "*!*@evil.example"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(
                BanTarget::parse(text).map(|target| target.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
        let long = format!("{}@h", "x".repeat(198));
        for bad in
            [&long, "", "a b", "#lobby", "192.0.2.0/33", "300.1.2.3", "192.0.2", "x!y z@*", "*\u{202e}"]
        {
            assert_eq!(BanTarget::parse(bad), Err(NotATarget), "{bad:?}");
        }
    }

    #[test]
    fn what_keeps_out_everybody_is_recognised() {
        let is_broad = |text| BanTarget::parse(text).expect("a target").is_broad();
        for broad in ["*", "*!*@*", "?*!~*@*", "0.0.0.0/0", "1.2.3.4/7", "::/0", "2000::/3", "::ffff:0:0/96"]
        {
            assert!(is_broad(broad), "{broad}");
        }
        for narrow in ["bob", "b*", "*!*@h*", "10.0.0.0/8", "127.0.0.0/8", "2001::/16", "::1"] {
            assert!(!is_broad(narrow), "{narrow}");
        }
    }

    #[test]
    fn a_ban_fits_whoever_it_is_against_until_it_is_over() {
        let ban = |text| BanTarget::parse(text).expect("a target");
        let bob = Suspect {
            nick: Some("guest"),
            account: None,
            login: Some("Bob"),
            source: Some("guest!bob@localhost"),
            address: "::ffff:192.0.2.9".parse().ok(),
        };
        for fits in ["bob", "guest", "*!bob@*", "192.0.2.0/24", "192.0.2.9"] {
            assert!(ban(fits).fits(&bob), "{fits}");
        }
        for other in ["alice", "bo?!*@*", "192.0.3.0/24", "2001:db8::/32"] {
            assert!(!ban(other).fits(&bob), "{other}");
        }
        let mut bans = Bans::default();
        bans.insert(Ban { target: ban("bob"), reason: None, by: "root".into(), at: 1, until: Some(10) });
        assert!(bans.against(&bob, 9).is_some() && bans.against(&bob, 10).is_none());
    }
}
