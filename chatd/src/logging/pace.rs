//! What somebody can make happen as often as he likes, in the log: the first at once, then one entry a second at most. Who floods
//! chatd shall not flood the log.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last: Option<Instant>,
    left_out: u64,
}

/// How many entries were left out before this one, for its message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LeftOut(u64);

impl Pace {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Inner { last: None, left_out: 0 }))
    }

    /// `None` when this one is left out.
    pub(crate) fn turn(&self) -> Option<LeftOut> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turn(Instant::now())
    }
}

impl Inner {
    fn turn(&mut self, now: Instant) -> Option<LeftOut> {
        if self.last.is_some_and(|last| now.duration_since(last) < EVERY) {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(LeftOut(std::mem::take(&mut self.left_out)))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 { write!(f, " (and {} more before)", self.0) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_instead_of_logged() {
        let (mut pace, start) = (Inner::default(), Instant::now());
        assert_eq!(pace.turn(start), Some(LeftOut(0)));
        assert_eq!((pace.turn(start), pace.turn(start)), (None, None));
        assert_eq!(pace.turn(start + EVERY), Some(LeftOut(2)));
        assert_eq!(pace.turn(start + EVERY * 2), Some(LeftOut(0)));
        assert_eq!(LeftOut(2).to_string(), " (and 2 more before)");
    }
}
