//! The host's clocks, which the core is given, and how far wall time is believed.

mod trust;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chatd_core::{Now, Timestamp, Uptime};

use self::trust::Trust;
pub(crate) use self::trust::{Belief, Deviation, Doubt};
use crate::logging::{EventKind, Fields};

/// Both clocks. Running time counts from when this was made.
///
/// It is `CLOCK_MONOTONIC`, which [`Instant`] and tokio's timers read too: it stands still while the host is suspended. So nobody is
/// timed out for the time that the host slept, and an hour of running is an hour in which chatd ran. `CLOCK_BOOTTIME` would end
/// every connection, talk and delay at once when a laptop wakes up.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    began: Instant,
    trust: Arc<Mutex<Trust>>,
}

impl Clock {
    /// Begins to count running time. `belief`: what an earlier run knew; without one the newest time that is stored is believed.
    pub(crate) fn start(belief: Option<Belief>, newest: Option<Timestamp>) -> Self {
        let trust = Trust::new(belief, newest, wall());
        Self { began: Instant::now(), trust: Arc::new(Mutex::new(trust)) }
    }

    pub(crate) fn now(&self) -> Now {
        let uptime = self.uptime();
        let wall = wall();
        let expiry = self.trust().observe(wall, uptime);
        Now { wall, uptime, expiry }
    }

    /// Why nothing that is stored may expire now; `None` while the clock is believed.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        let uptime = self.uptime();
        let mut trust = self.trust();
        trust.observe(wall(), uptime);
        trust.doubt()
    }

    /// Believes the clock as it is set now, and returns whether that was in doubt.
    pub(crate) fn accept(&self) -> bool {
        let uptime = self.uptime();
        let mut trust = self.trust();
        trust.observe(wall(), uptime);
        trust.accept()
    }

    /// The state that the next run needs.
    pub(crate) fn belief(&self) -> Belief {
        let uptime = self.uptime();
        let mut trust = self.trust();
        trust.observe(wall(), uptime);
        trust.belief()
    }

    /// Logs when the clock begins to be in doubt, and when that is over.
    pub(crate) fn log_change(&self) {
        let uptime = self.uptime();
        let mut trust = self.trust();
        trust.observe(wall(), uptime);
        let change = trust.change();
        drop(trust);
        match change {
            Some(Some(doubt)) => log_doubt(doubt),
            Some(None) => {
                EventKind::ClockConfirmed
                    .log(&Fields::default(), format_args!("the clock is right, or confirmed"));
            }
            None => {}
        }
    }

    fn uptime(&self) -> Uptime {
        Uptime(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn trust(&self) -> MutexGuard<'_, Trust> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs that the clock is in doubt, and what follows from that.
pub(crate) fn log_doubt(doubt: Doubt) {
    let what = match doubt.deviation {
        Deviation::Ahead => {
            "ahead of the expected time; nothing stored expires until chatd has run for 24 hours with this clock, \
             or until `chatctl clock accept`"
        }
        Deviation::Behind => "behind the expected time; set it, or confirm it with `chatctl clock accept`",
    };
    let (seconds, expected) = (doubt.by / 1000, doubt.expected);
    EventKind::ClockDoubted.log(
        &Fields::default(),
        format_args!("the clock is {seconds} seconds {what} (expected: {expected})"),
    );
}

/// Wall time, as the host has it now.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
