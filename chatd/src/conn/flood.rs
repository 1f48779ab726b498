//! Flood control: who sends too fast is read more slowly.

use std::time::{Duration, Instant};

/// When all that was sent would have been sent at the allowed rate; absent until the first line.
#[derive(Debug, Default)]
pub(super) struct Flood {
    paid_until: Option<Instant>,
}

impl Flood {
    /// Counts lines, and says how long to wait before the next. A `rate` of 0 is without limit.
    pub(super) fn pause(&mut self, now: Instant, lines: usize, rate: u32, burst: u32) -> Option<Duration> {
        if rate == 0 {
            return None;
        }
        let cost = Duration::from_secs(1) / rate;
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        let paid_until = self.paid_until.map_or(now, |at| at.max(now)) + cost.saturating_mul(lines);
        self.paid_until = Some(paid_until);
        let ahead = paid_until - now;
        ahead.checked_sub(cost.saturating_mul(burst)).filter(|pause| !pause.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        assert_eq!(flood.pause(now, 10, 2, 10), None);
        assert_eq!(flood.pause(now, 1, 2, 10), Some(Duration::from_millis(500)));
        assert_eq!(flood.pause(now, 16, 2, 10), Some(Duration::from_millis(8500)));
    }

    #[test]
    fn silence_gives_the_burst_back() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        assert_eq!(flood.pause(now, 10, 2, 10), None);
        let later = now + Duration::from_secs(5);
        assert_eq!(flood.pause(later, 10, 2, 10), None);
        assert!(flood.pause(later, 1, 2, 10).is_some());
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert_eq!(Flood::default().pause(Instant::now(), 1_000_000, 0, 1), None);
    }
}
