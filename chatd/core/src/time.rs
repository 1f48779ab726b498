//! The two clocks: wall time is for people and the disk, running time is for deadlines.
//!
//! They are types of their own, so that the compiler keeps them apart. Wall time may jump in both directions, by any amount;
//! nothing that only has to happen *after a while* may depend on it. Running time never jumps, and means nothing after a restart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Wall time: milliseconds since the Unix epoch. It may jump in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub u64);

/// Monotonic time: milliseconds of running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uptime(pub u64);

/// The present, by both clocks, given from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Now {
    pub wall: Timestamp,
    pub uptime: Uptime,
    /// The time by which what is stored may expire: wall time as far as it is believed.
    pub expiry: Timestamp,
}

impl Uptime {
    pub fn saturating_add(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds since `earlier`; 0 if that is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Now {
    /// The wall time of a moment of this run, past or future, by the clock as it is set now: what people are shown stays right
    /// after the clock was set.
    pub fn wall_at(self, moment: Uptime) -> Timestamp {
        let (ago, ahead) = (self.uptime.since(moment), moment.since(self.uptime));
        Timestamp(self.wall.0.saturating_sub(ago).saturating_add(ahead))
    }
}

impl fmt::Display for Timestamp {
    /// Formats the time as server-time does: `2026-01-31T23:59:59.999Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_by_the_clock_as_it_is_now() {
        let uptime = Uptime(5000);
        for wall in [1_000_000, 3_000, 9_000_000] {
            let now = Now { wall: Timestamp(wall), uptime, ..Now::default() };
            assert_eq!(now.wall_at(Uptime(4000)), Timestamp(wall - 1000));
            assert_eq!(now.wall_at(Uptime(7000)), Timestamp(wall + 2000));
        }
        assert_eq!(Now { wall: Timestamp(7), uptime, ..Now::default() }.wall_at(Uptime(0)), Timestamp(0));
    }
}
