//! Connections that were turned away, in the log: the first at once, then one entry a second at most, however many
//! there are. Somebody who floods the listener shall not flood the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatd_core::Origin;

use super::gate::Full;
use crate::logging::{EventKind, Fields, Place};

const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Pace>);

#[derive(Debug, Default)]
struct Pace {
    last: Option<Instant>,
    left_out: u64,
}

impl Refusals {
    pub(super) fn log(&self, from: &Origin, full: Full) {
        let turn = self.0.lock().unwrap_or_else(PoisonError::into_inner).turn(Instant::now());
        let Some(left_out) = turn else { return };
        let reason = full.to_string();
        let fields = Fields { reason: Some(&reason), ..Fields::from(from) };
        let more = if left_out > 0 { format!(" (and {left_out} more before)") } else { String::new() };
        let message = format_args!("connection refused from {}: {reason}{more}", Place(from));
        EventKind::ConnectionRefused.log(&fields, message);
    }
}

impl Pace {
    /// How many were left out before this one; `None` when this one is left out, too.
    fn turn(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.duration_since(last) < EVERY) {
            self.left_out += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_instead_of_logged() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.turn(start), Some(0));
        assert_eq!((pace.turn(start), pace.turn(start)), (None, None));
        assert_eq!(pace.turn(start + EVERY), Some(2));
        assert_eq!(pace.turn(start + EVERY * 2), Some(0));
    }
}
