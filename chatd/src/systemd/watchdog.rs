//! systemd restarts a daemon whose pings it misses. They are sent by the runtime, and only while the threads that it
//! watches over get something done: one that hangs stops them, one that is merely busy doesn't.

use std::time::{Duration, Instant};

use crate::pulse::Pulse;

#[derive(Debug)]
pub(super) struct Watchdog {
    /// With the count at the last ping.
    pulses: Vec<(Pulse, u64)>,
    every: Duration,
    next: Instant,
}

impl Watchdog {
    /// Pings often enough for a thread to be allowed a round of half of `timeout`.
    pub(super) fn new(timeout: Duration, pulses: Vec<Pulse>) -> Self {
        let pulses = pulses.into_iter().map(|pulse| (pulse, 0)).collect();
        Self { pulses, every: timeout / 4, next: Instant::now() }
    }

    /// Whether to ping now: the time has come, and every thread has done something since the last time.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        if now < self.next || self.pulses.iter().any(|(pulse, seen)| pulse.count() == *seen) {
            return false;
        }
        for (pulse, seen) in &mut self.pulses {
            *seen = pulse.count();
        }
        self.next = now + self.every;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pings_only_while_every_thread_gets_something_done() {
        let (core, egress) = (Pulse::default(), Pulse::default());
        let every = Duration::from_secs(5);
        let mut watchdog = Watchdog::new(4 * every, vec![core.clone(), egress.clone()]);
        let mut now = Instant::now();
        assert!(!watchdog.is_due(now), "nothing has been done yet");
        core.beat();
        assert!(!watchdog.is_due(now), "one of two");
        egress.beat();
        assert!(watchdog.is_due(now));
        now += every;
        egress.beat();
        assert!(!watchdog.is_due(now), "the core hangs");
        now += every;
        core.beat();
        assert!(watchdog.is_due(now), "it was only busy");
        core.beat();
        egress.beat();
        assert!(!watchdog.is_due(now), "not so often");
    }
}
