//! The core's thread: takes what has come in, advances the chat by it, and hands the outcome to commit.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chatd_core::{ConnId, Core, Event, Input, Output, Stamp};

use crate::commit::{Commit, Group, JournalFailed, Release};
use crate::mailbox::Mailbox;
use crate::metrics::CoreMetrics;
use crate::pulse::Pulse;

/// Inputs that may wait for the core; then connections aren't read any more.
pub(crate) const INPUTS_MAX: usize = 256;

/// After so long a wait for the disk, that nothing was heard of anybody says nothing.
const STANDSTILL: Duration = Duration::from_secs(2);

/// Runs until the chat has stopped.
///
/// # Errors
/// The journal failed.
pub(crate) fn run<R: Release>(
    mut core: Core,
    inbox: &Mailbox<Input>,
    commit: &Commit<R>,
    metrics: &CoreMetrics,
    pulse: &Pulse,
) -> Result<(), JournalFailed> {
    let mut inputs = Vec::with_capacity(INPUTS_MAX);
    let mut clock = Clock::default();
    let mut output = Output::default();
    let (mut stopped, mut stood_still) = (false, false);
    while !stopped {
        inbox.take(&mut inputs, None);
        let stamp = clock.now();
        if std::mem::take(&mut stood_still) {
            inputs.insert(0, Input::Resumed);
        }
        let closed = inputs.iter().filter_map(closed).collect();
        let began = Instant::now();
        core.step(stamp, &mut inputs, &mut output);
        metrics.stepped(core.state(), &output.events, began.elapsed());
        let group = group(stamp, &mut output, closed);
        stopped = group.effects.iter().any(|effect| matches!(effect, chatd_core::Effect::Stop));
        stood_still = commit.submit(group)? >= STANDSTILL;
        pulse.beat();
    }
    inbox.close();
    Ok(())
}

fn closed(input: &Input) -> Option<ConnId> {
    match input {
        Input::Closed { conn, .. } => Some(*conn),
        _ => None,
    }
}

fn group(stamp: Stamp, output: &mut Output, closed: Vec<ConnId>) -> Group {
    let events = std::mem::take(&mut output.events);
    let durable = events.iter().any(Event::is_durable);
    Group { stamp, events, durable, effects: std::mem::take(&mut output.effects), closed }
}

/// The host's time, which for the core never goes back.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Stamp,
}

impl Default for Clock {
    fn default() -> Self {
        Self { last: Stamp(0) }
    }
}

impl Clock {
    pub(crate) fn now(&mut self) -> Stamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Stamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        self.last = self.last.max(now);
        self.last
    }
}
