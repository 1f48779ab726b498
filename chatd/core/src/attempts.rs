//! How often somebody has tried lately, so that guessing gets slower with every failure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use chat_proto::name::Folded;
use serde::{Deserialize, Serialize};

use crate::input::Origin;
use crate::time::Uptime;

/// Who or what is tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attempted {
    /// From an address; all that one IPv6 subscriber (/64) has counts as one.
    Address(IpAddr),
    /// From an IPv6 site (/48), which may have many subscribers' prefixes.
    Site(IpAddr),
    /// By a user of this host.
    Uid(u32),
    /// To log in as an account.
    Account(Folded),
    /// To make an account, from there.
    Registration(Box<Attempted>),
}

/// What was tried lately. It forgets the oldest when there is too much to remember.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Attempted, Tries)>", into = "Vec<(Attempted, Tries)>")]
pub struct Attempts(BTreeMap<Attempted, Tries>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    pub count: u32,
    pub last: Uptime,
}

/// Entries remembered; each has some hundred bytes.
const ENTRIES_MAX: usize = 10_000;
/// The longest that anybody has to wait, and the silence after which everything is forgiven, in milliseconds.
const DELAY_MAX: u64 = 15 * 60 * 1000;
/// The longest that anybody has to wait for what others have tried.
const SHARED_MAX: u64 = 30 * 1000;

impl Attempted {
    /// All that a try from there counts for.
    pub fn all_of(origin: &Origin) -> impl Iterator<Item = Self> {
        let site = match origin {
            Origin::Tcp { address } | Origin::Tls { address } => site(address.ip()).map(Self::Site),
            Origin::Unix { .. } => None,
        };
        [Some(Self::from(origin)), site].into_iter().flatten()
    }

    /// Whether many different people may be behind it, so that one of them must not keep the others out for long.
    fn is_shared(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Site(_) | Self::Account(_) => true,
            Self::Uid(_) => false,
            Self::Registration(from) => from.is_shared(),
        }
    }

    pub fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Unix { uid, .. } => Self::Uid(*uid),
            Origin::Tcp { address } | Origin::Tls { address } => Self::Address(subscriber(address.ip())),
        }
    }
}

impl Attempts {
    /// How long it is until the next try is let, in milliseconds. The first `free` ones cost nothing, then the delay doubles from one
    /// second on. Of what many people share ten times as many are free, and the delay stays short.
    pub fn delay(&self, attempted: &Attempted, free: u32, now: Uptime) -> u64 {
        let Some(tries) = self.0.get(attempted) else { return 0 };
        let shared = attempted.is_shared();
        let (free, longest) = if shared { (free.saturating_mul(10), SHARED_MAX) } else { (free, DELAY_MAX) };
        let Some(over) = tries.count.checked_sub(free.max(1)) else { return 0 };
        let delay =
            1000_u64.checked_shl(over).filter(|_| over < 32).map_or(longest, |delay| delay.min(longest));
        tries.last.saturating_add(delay).since(now)
    }

    /// Returns whether nothing failed lately.
    pub fn is_clean(&self, attempted: &Attempted, now: Uptime) -> bool {
        self.0.get(attempted).is_none_or(|tries| tries.count == 0 || now.since(tries.last) > DELAY_MAX)
    }

    pub(crate) fn count(&mut self, attempted: Attempted, now: Uptime) {
        let tries = self.0.entry(attempted).or_default();
        if now.since(tries.last) > DELAY_MAX {
            tries.count = 0;
        }
        *tries = Tries { count: tries.count.saturating_add(1), last: now };
        if self.0.len() > ENTRIES_MAX {
            self.make_room();
        }
    }

    /// Takes back one try, which was no failure.
    pub(crate) fn take_back(&mut self, attempted: &Attempted) {
        if let Some(tries) = self.0.get_mut(attempted) {
            tries.count = tries.count.saturating_sub(1);
        }
    }

    /// Forgets half, so that it is seldom needed: what was tried least, and of that the oldest. Whoever tries many names in order to
    /// have those forgotten that he tries often gains nothing.
    fn make_room(&mut self) {
        let rank = |tries: &Tries| (tries.count, tries.last);
        let mut ranks: Vec<(u32, Uptime)> = self.0.values().map(rank).collect();
        let (_, median, _) = ranks.select_nth_unstable(ENTRIES_MAX / 2);
        let median = *median;
        self.0.retain(|_, tries| rank(tries) > median);
    }
}

fn site(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, ..] = v6.segments();
            Some(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into())
        }
        _ => None,
    }
}

fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

impl From<Vec<(Attempted, Tries)>> for Attempts {
    fn from(entries: Vec<(Attempted, Tries)>) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl From<Attempts> for Vec<(Attempted, Tries)> {
    fn from(attempts: Attempts) -> Self {
        attempts.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_makes_the_next_try_wait_longer_until_all_is_forgiven() {
        let (mut attempts, who) = (Attempts::default(), Attempted::Uid(1000));
        let mut delays = Vec::new();
        for _ in 0..6 {
            attempts.count(who.clone(), Uptime(50));
            delays.push(attempts.delay(&who, 3, Uptime(50)));
        }
        assert_eq!(delays, [0, 0, 1000, 2000, 4000, 8000]);
        assert_eq!(attempts.delay(&who, 3, Uptime(5050)), 3000);
        for _ in 0..100 {
            attempts.count(who.clone(), Uptime(60));
        }
        assert_eq!(attempts.delay(&who, 3, Uptime(60)), DELAY_MAX);
        attempts.count(who.clone(), Uptime(61 + DELAY_MAX));
        assert_eq!(attempts.delay(&who, 3, Uptime(61 + DELAY_MAX)), 0);
        assert!(!attempts.is_clean(&who, Uptime(61 + DELAY_MAX)));
        attempts.take_back(&who);
        assert!(attempts.is_clean(&who, Uptime(61 + DELAY_MAX)));
    }

    #[test]
    fn a_subscriber_with_many_addresses_is_one() {
        let at =
            |address: &str| Attempted::from(&Origin::Tcp { address: address.parse().expect("an address") });
        assert_eq!(at("[2001:db8::1]:1"), at("[2001:db8::2]:2"));
        assert_ne!(at("[2001:db8::1]:1"), at("[2001:db8:0:1::1]:1"));
        assert_eq!(at("[::ffff:192.0.2.1]:1"), at("192.0.2.1:2"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut attempts = Attempts::default();
        let victim = Attempted::Account(Folded::new("alice"));
        for _ in 0..10 {
            attempts.count(victim.clone(), Uptime(1));
        }
        for number in 0..30_000 {
            attempts.count(Attempted::Uid(number), Uptime(number.into()));
        }
        assert_eq!(attempts.0[&victim].count, 10);
        assert!(attempts.0.len() <= ENTRIES_MAX);
        assert!(attempts.0.contains_key(&Attempted::Uid(29_999)));
    }
}
