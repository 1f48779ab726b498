//! The core's thread: takes what has come in, advances the chat by it, and hands the outcome to commit.

use std::time::{Duration, Instant};

use chatd_core::{ConnId, Core, Input, Output};

use crate::clock::Clock;
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
    clock: Clock,
) -> Result<(), JournalFailed> {
    let mut inputs = Vec::with_capacity(INPUTS_MAX);
    let mut output = Output::default();
    let (mut stopped, mut stood_still) = (false, false);
    while !stopped {
        inbox.take(&mut inputs, None);
        let now = clock.now();
        if std::mem::take(&mut stood_still) {
            inputs.insert(0, Input::Resumed);
        }
        let closed = inputs.iter().filter_map(closed).collect();
        let began = Instant::now();
        core.step(now, &mut inputs, &mut output);
        metrics.stepped(core.state(), &output.events, began.elapsed());
        let group = group(&mut output, closed);
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

fn group(output: &mut Output, closed: Vec<ConnId>) -> Group {
    let events = std::mem::take(&mut output.events);
    let durable = events.iter().any(|(_, event)| event.is_durable());
    Group { events, durable, effects: std::mem::take(&mut output.effects), closed }
}
