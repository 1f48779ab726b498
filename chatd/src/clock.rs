//! The host's clocks, which the core is given.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chatd_core::{Now, Timestamp, Uptime};

/// Both clocks. Running time counts from when this was made.
///
/// It is `CLOCK_MONOTONIC`, which [`Instant`] and tokio's timers read too: it stands still while the host is suspended. So nobody is
/// timed out for the time that the host slept, and an hour of running is an hour in which chatd ran. `CLOCK_BOOTTIME` would end
/// every connection, talk and delay at once when a laptop wakes up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now() }
    }

    pub(crate) fn now(self) -> Now {
        let uptime = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { wall: wall(), uptime: Uptime(uptime) }
    }
}

/// Wall time, as the host has it now.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
