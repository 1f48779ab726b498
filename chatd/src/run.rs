//! The core's thread: takes what has come in, advances the chat by it, and hands the outcome to commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatd_core::{ConnId, Core, Effect, Input, Now, Output};

use crate::clock::Clock;
use crate::commit::{Commit, Group, JournalFailed, Release};
use crate::conn::Holds;
use crate::in_flight::InFlight;
use crate::mailbox::Mailbox;
use crate::metrics::CoreMetrics;
use crate::pulse::Pulse;

/// Inputs that may wait for the core; then connections aren't read any more.
pub(crate) const INPUTS_MAX: usize = 256;

/// After so long a wait for the disk, that nothing was heard of anybody says nothing.
const STANDSTILL: Duration = Duration::from_secs(2);

/// Inputs of one step. Its output is looked at before the next ones are taken.
const STEP_INPUTS: usize = 32;
/// Bytes for the sockets after which the outcome is handed on, whatever else has come in.
const GROUP_BYTES: usize = 4 << 20;
/// Bytes for the sockets that may be on their way to egress; then the core waits.
const IN_FLIGHT_MAX: usize = 32 << 20;

/// Runs until the chat has stopped.
///
/// # Errors
/// The journal failed.
pub(crate) fn run<R: Release>(
    core: Core,
    inbox: &Mailbox<Input>,
    commit: &Commit<R>,
    holds: &Holds,
    metrics: &CoreMetrics,
    pulse: &Pulse,
    clock: &Clock,
) -> Result<(), JournalFailed> {
    let mut inputs = Vec::with_capacity(INPUTS_MAX);
    let in_flight = Arc::new(InFlight::new(IN_FLIGHT_MAX));
    let mut stepper = Stepper { core, commit, holds, metrics, in_flight, output: Output::default() };
    let mut outcome = Outcome::default();
    while !outcome.stopped {
        inbox.take(&mut inputs, None);
        let now = clock.now();
        if std::mem::take(&mut outcome.stood_still) {
            inputs.insert(0, Input::Resumed);
        }
        stepper.step_all(now, &mut inputs, &mut outcome)?;
        pulse.beat();
    }
    inbox.close();
    Ok(())
}

/// The output of the steps that concerns the core's thread itself.
#[derive(Debug, Default)]
struct Outcome {
    stopped: bool,
    /// The journal kept it waiting.
    stood_still: bool,
}

struct Stepper<'a, R> {
    core: Core,
    commit: &'a Commit<R>,
    holds: &'a Holds,
    metrics: &'a CoreMetrics,
    in_flight: Arc<InFlight>,
    output: Output,
}

impl<R: Release> Stepper<'_, R> {
    /// Takes all inputs, in steps and groups that don't become large however much is answered.
    fn step_all(
        &mut self,
        now: Now,
        inputs: &mut Vec<Input>,
        outcome: &mut Outcome,
    ) -> Result<(), JournalFailed> {
        let mut waiting = inputs.drain(..);
        let mut step = Vec::with_capacity(STEP_INPUTS.min(waiting.len()));
        let (mut began, mut closed, mut bytes) = (Instant::now(), Vec::new(), 0);
        loop {
            step.extend(waiting.by_ref().take(STEP_INPUTS));
            closed.extend(step.iter().filter_map(closed_by));
            let is_last = step.len() < STEP_INPUTS;
            let from = self.output.effects.len();
            self.core.step(now, &mut step, &mut self.output);
            for (conn, held) in self.output.held.drain(..) {
                self.holds.set(conn, held);
            }
            bytes += self.output.effects[from..].iter().map(Effect::bytes).sum::<usize>();
            if is_last || bytes >= GROUP_BYTES {
                self.submit(began.elapsed(), std::mem::take(&mut closed), bytes, outcome)?;
                (began, bytes) = (Instant::now(), 0);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn submit(
        &mut self,
        took: Duration,
        closed: Vec<ConnId>,
        bytes: usize,
        outcome: &mut Outcome,
    ) -> Result<(), JournalFailed> {
        self.metrics.stepped(self.core.state(), &self.output.events, took);
        let events = std::mem::take(&mut self.output.events);
        let durable = events.iter().any(|(_, event)| event.is_durable());
        let effects = std::mem::take(&mut self.output.effects);
        outcome.stopped |= effects.iter().any(|effect| matches!(effect, Effect::Stop));
        let began = Instant::now();
        let in_flight = self.in_flight.enter(bytes);
        let waited =
            began.elapsed() + self.commit.submit(Group { events, durable, effects, closed, in_flight })?;
        outcome.stood_still |= waited >= STANDSTILL;
        Ok(())
    }
}

fn closed_by(input: &Input) -> Option<ConnId> {
    match input {
        Input::Closed { conn, .. } => Some(*conn),
        _ => None,
    }
}
