//! Rate limits: so many at once, and then one in each interval.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Uptime;

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How often at once.
    pub burst: u32,
    /// Milliseconds from each further time to the next.
    pub interval: u64,
}

/// Recent actions, by key. A key that may do everything at once again is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(K, Uptime)>", into = "Vec<(K, Uptime)>")]
#[serde(bound(serialize = "K: Clone + Ord + Serialize", deserialize = "K: Ord + Deserialize<'de>"))]
pub struct RateLimiter<K: Clone + Ord> {
    /// When all that was done would have been done at one in each interval.
    paid_until: BTreeMap<K, Uptime>,
}

/// Keys remembered; each has some hundred bytes.
const KEYS_MAX: usize = 10_000;

impl<K: Clone + Ord> RateLimiter<K> {
    /// Returns how long it is until it may be done again, in milliseconds.
    pub fn delay(&self, key: &K, rate: Rate, now: Uptime) -> u64 {
        let Some(paid_until) = self.paid_until.get(key) else { return 0 };
        let burst = rate.interval.saturating_mul(u64::from(rate.burst.max(1)) - 1);
        paid_until.since(now.saturating_add(burst))
    }

    pub(crate) fn count(&mut self, key: K, rate: Rate, now: Uptime) {
        let paid_until = self.paid_until.entry(key).or_insert(now);
        *paid_until = (*paid_until).max(now).saturating_add(rate.interval);
        if self.paid_until.len() > KEYS_MAX {
            self.make_room(now);
        }
    }

    /// Forgets the half that did least. Many keys cannot make a busy one be forgotten.
    fn make_room(&mut self, now: Uptime) {
        self.paid_until.retain(|_, paid_until| *paid_until > now);
        if self.paid_until.len() > KEYS_MAX / 2 {
            let mut times: Vec<Uptime> = self.paid_until.values().copied().collect();
            let excess = times.len() - KEYS_MAX / 2;
            let (_, limit, _) = times.select_nth_unstable(excess - 1);
            let limit = *limit;
            self.paid_until.retain(|_, paid_until| *paid_until > limit);
        }
    }
}

impl<K: Clone + Ord> Default for RateLimiter<K> {
    fn default() -> Self {
        Self { paid_until: BTreeMap::new() }
    }
}

impl<K: Clone + Ord> From<Vec<(K, Uptime)>> for RateLimiter<K> {
    fn from(keys: Vec<(K, Uptime)>) -> Self {
        Self { paid_until: keys.into_iter().collect() }
    }
}

impl<K: Clone + Ord> From<RateLimiter<K>> for Vec<(K, Uptime)> {
    fn from(limiter: RateLimiter<K>) -> Self {
        limiter.paid_until.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, interval: 100 };

    #[test]
    fn burst_passes_and_then_one_in_each_interval() {
        let mut limiter = RateLimiter::default();
        let mut delays = Vec::new();
        for _ in 0..4 {
            delays.push(limiter.delay(&"a", RATE, Uptime(1000)));
            limiter.count("a", RATE, Uptime(1000));
        }
        assert_eq!(delays, [0, 0, 0, 100]);
        assert_eq!(
            (limiter.delay(&"a", RATE, Uptime(1150)), limiter.delay(&"b", RATE, Uptime(1000))),
            (50, 0)
        );
        assert_eq!(limiter.delay(&"a", RATE, Uptime(1250)), 0);
        assert_eq!(limiter.delay(&"a", RATE, Uptime(9000)), 0);
    }

    #[test]
    fn many_keys_do_not_make_a_busy_one_forgotten() {
        let mut limiter = RateLimiter::default();
        (0..5).for_each(|_| limiter.count(u32::MAX, RATE, Uptime(0)));
        (0..30_000).for_each(|key| limiter.count(key, RATE, Uptime(0)));
        assert!(limiter.delay(&u32::MAX, RATE, Uptime(0)) > 0);
        assert!(limiter.paid_until.len() <= KEYS_MAX);
    }
}
