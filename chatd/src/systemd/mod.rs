//! Tells systemd how the daemon is. Without systemd nothing happens.

mod status;
mod watchdog;

use std::time::Instant;

use sd_notify::NotifyState;

use self::status::Status;
use self::watchdog::Watchdog;
use crate::metrics::CoreMetrics;
use crate::pulse::Pulse;

/// What systemd is told while the daemon runs.
#[derive(Debug)]
pub(crate) struct Supervision {
    status: Status,
    watchdog: Option<Watchdog>,
}

impl Supervision {
    /// Says that everything is there, and watches over the threads of these pulses from now on if systemd wants it.
    pub(crate) fn ready(listeners: &[String], pulses: Vec<Pulse>) -> Self {
        let status = Status::new(listeners);
        notify(&[NotifyState::Ready, NotifyState::Status(&status.text(0, 0))]);
        let timeout = sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero());
        Self { status, watchdog: timeout.map(|timeout| Watchdog::new(timeout, pulses)) }
    }

    /// Once a second.
    ///
    /// `stalled`: why nothing can be stored now.
    pub(crate) fn tick(&mut self, core: &CoreMetrics, stalled: Option<&str>) {
        let now = Instant::now();
        if self.watchdog.as_mut().is_some_and(|watchdog| watchdog.is_due(now)) {
            notify(&[NotifyState::Watchdog]);
        }
        if let Some(text) = self.status.news(core.users(), core.channels(), stalled, now) {
            notify(&[NotifyState::Status(&text)]);
        }
    }

    pub(crate) fn stopping(&mut self) {
        if !self.status.close() {
            notify(&[NotifyState::Stopping, NotifyState::Status("Telling users and closing connections")]);
        }
    }
}

/// Shows what the start waits for.
pub(crate) fn waits_to_start(text: &str) {
    notify(&[NotifyState::Status(text)]);
}

/// A reload that systemd was told of. It is over when this is dropped, even if nobody waited for the outcome.
#[derive(Debug)]
pub(crate) struct Reloading(());

pub(crate) fn reloading() -> Reloading {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
    Reloading(())
}

impl Drop for Reloading {
    fn drop(&mut self) {
        notify(&[NotifyState::Ready]);
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("cannot tell systemd how chatd is: {error}");
    }
}
