//! How long to wait before the next attempt: longer each time, and never the same for everybody.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    random: RandomState,
    drawn: u64,
}

impl Backoff {
    pub fn new() -> Self {
        Self { next: FIRST, random: RandomState::new(), drawn: 0 }
    }

    /// Between half and the whole of a time that doubles up to 30 seconds.
    pub fn next(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        self.drawn += 1;
        let share = self.random.hash_one(self.drawn) % 1000;
        whole / 2 + whole.mul_f64(share as f64 / 2000.0)
    }

    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] <= FIRST);
        assert!(waits[19] >= LONGEST / 2 && waits[19] <= LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
