//! A start on a full disk: chatd waits for space instead of failing at once.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use crate::logging::{EventKind, Fields, log_failure};
use crate::signals::Signal;
use crate::systemd;

/// Less than systemd's `TimeoutStartSec=`, which is 90 s by default.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(250);

/// The wait for space, shared by all steps of the start.
pub(crate) struct DiskFullWait<'a> {
    signals: &'a mut UnboundedReceiver<Signal>,
    deadline: Instant,
}

impl<'a> DiskFullWait<'a> {
    pub(crate) fn new(signals: &'a mut UnboundedReceiver<Signal>) -> Self {
        Self { signals, deadline: Instant::now() + PATIENCE }
    }

    /// Repeats the attempt while it fails for lack of space. Returns nothing if chatd is to stop meanwhile.
    ///
    /// # Errors
    /// The attempt failed for another reason, or there was no space until the deadline.
    pub(crate) fn run<T, E: Display>(
        &mut self,
        is_disk_full: impl Fn(&E) -> bool,
        attempt: impl Fn() -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let mut waits = false;
        loop {
            match attempt() {
                Err(error) if is_disk_full(&error) && Instant::now() < self.deadline => {
                    if !waits {
                        let seconds = PATIENCE.as_secs();
                        let what = format!("chatd waits up to {seconds} seconds for space on the disk");
                        log_failure(EventKind::StoreFailed, &what, &error);
                        systemd::waits_to_start(&format!("Waits for space on the disk: {error}"));
                        waits = true;
                    }
                }
                outcome => {
                    if waits && outcome.is_ok() {
                        let message = format_args!("there is space on the disk again; the start goes on");
                        EventKind::StoreRecovered.log(&Fields::default(), message);
                    }
                    return outcome.map(Some);
                }
            }
            if self.is_stopped() {
                return Ok(None);
            }
            thread::sleep(RETRY);
        }
    }

    fn is_stopped(&mut self) -> bool {
        std::iter::from_fn(|| self.signals.try_recv().ok()).any(|signal| signal == Signal::Stop)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::sync::mpsc;

    use super::*;

    fn run(
        wait: &mut DiskFullWait<'_>,
        attempt: impl Fn() -> Result<u32, &'static str>,
    ) -> Result<Option<u32>, &'static str> {
        wait.run(|error| *error == "full", attempt)
    }

    #[test]
    fn start_goes_on_once_there_is_space() {
        let (_signals, mut receiver) = mpsc::unbounded_channel();
        let attempts = Cell::new(0);
        let attempt = || {
            attempts.set(attempts.get() + 1);
            if attempts.get() < 3 { Err("full") } else { Ok(7) }
        };
        assert_eq!(run(&mut DiskFullWait::new(&mut receiver), attempt), Ok(Some(7)));
        assert_eq!(attempts.get(), 3);
    }

    #[test]
    fn only_a_full_disk_is_waited_for_and_not_beyond_the_deadline() {
        let (_signals, mut receiver) = mpsc::unbounded_channel();
        let mut wait = DiskFullWait::new(&mut receiver);
        assert_eq!(run(&mut wait, || Err("broken")), Err("broken"));
        wait.deadline = Instant::now();
        assert_eq!(run(&mut wait, || Err("full")), Err("full"));
    }

    #[test]
    fn shutdown_cancels_the_disk_full_wait() {
        let (signals, mut receiver) = mpsc::unbounded_channel();
        signals.send(Signal::Reload).unwrap();
        signals.send(Signal::Stop).unwrap();
        assert_eq!(run(&mut DiskFullWait::new(&mut receiver), || Err("full")), Ok(None));
    }
}
