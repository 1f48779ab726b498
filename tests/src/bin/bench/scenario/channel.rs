//! Few speak, many listen: fan-out into one channel, as fast as it goes or at a pace, some members asleep.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::ledger::{Ledger, Measurement, Used};
use crate::clients::{Fleet, Outbox, PATIENCE};
use crate::payload::{LONG, ORDINARY, Stamp};
use crate::servers::Server;

const NAME: &str = "#bench";
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) const STALLED_COLUMNS: &[&str] = &[
    "CPU per delivery",
    "deliveries/s",
    "p50",
    "p99",
    "p99.9",
    "max",
    "peak RSS",
    "lost",
    "out of order",
    "sleepers disconnected",
];

#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Each sender sends the next when everyone has the one that is this many before it.
    InFlight(u32),
    /// All senders together, whatever has arrived.
    PerSecond(u32),
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) members: usize,
    /// The first members are the senders.
    pub(super) senders: usize,
    /// The last members never read.
    pub(super) stalled: usize,
    pub(super) pace: Pace,
    pub(super) measured: Duration,
}

impl Channel {
    pub(super) fn run(&self, server: &Server) -> Result<Vec<String>> {
        let mut fleet = Fleet::register(server, self.members)?;
        fleet.join_all(NAME)?;
        let sleepers = self.members - self.stalled..self.members;
        for index in sleepers.clone() {
            fleet.stop_reading(index)?;
        }
        let mut traffic = Traffic::new(self)?;
        let used = traffic.drive(&mut fleet, server)?;
        let lost = traffic.drain(&mut fleet)?;
        let mut cells = traffic.ledger.cells(used, lost, server)?;
        if self.stalled > 0 {
            cells.push(format!("{} of {}", fleet.wake(sleepers)?, self.stalled));
        }
        Ok(cells)
    }
}

/// The state of a run.
#[derive(Debug)]
struct Traffic {
    pace: Pace,
    measured: Duration,
    /// Bytes of text per message.
    text: usize,
    /// Deliveries that complete a message.
    audience: u32,
    ledger: Ledger,
    senders: Vec<Sender>,
    stopped: bool,
}

/// One sender: how many of the audience have each of its messages.
#[derive(Debug, Default)]
struct Sender {
    received: Vec<u32>,
    completed: u32,
}

impl Traffic {
    fn new(channel: &Channel) -> Result<Self> {
        Ok(Self {
            pace: channel.pace,
            measured: channel.measured,
            // Long lines fill the buffers in front of a sleeper sooner.
            text: if channel.stalled > 0 { LONG } else { ORDINARY },
            audience: u32::try_from(channel.members - channel.stalled - 1)?,
            ledger: Ledger::new(channel.members, channel.senders)?,
            senders: (0..channel.senders).map(|_| Sender::default()).collect(),
            stopped: false,
        })
    }

    /// Warms up, measures, and stops sending.
    fn drive(&mut self, fleet: &mut Fleet, server: &Server) -> Result<Used> {
        let begun = Instant::now();
        let mut measurement: Option<Measurement> = None;
        let mut paced = 0;
        self.prime(&mut fleet.outbox);
        loop {
            let elapsed = begun.elapsed();
            match measurement {
                None if elapsed >= WARM_UP => measurement = Some(self.ledger.begin(server)?),
                Some(begin) if elapsed >= WARM_UP + self.measured => {
                    self.stopped = true;
                    return begin.end(&self.ledger);
                }
                _ => {}
            }
            let wait = self.send_what_is_due(elapsed, &mut paced, &mut fleet.outbox);
            self.receive(fleet, wait)?;
        }
    }

    /// Waits for what is still on its way; returns the deliveries that never came.
    fn drain(&mut self, fleet: &mut Fleet) -> Result<u64> {
        let sent: u64 = self.senders.iter().map(|sender| sender.received.len() as u64).sum();
        let expected = sent * u64::from(self.audience);
        let mut progress = Instant::now();
        while self.ledger.deliveries < expected && progress.elapsed() < PATIENCE / 3 {
            let before = self.ledger.deliveries;
            self.receive(fleet, Duration::from_millis(100))?;
            if self.ledger.deliveries > before {
                progress = Instant::now();
            }
        }
        Ok(expected.saturating_sub(self.ledger.deliveries))
    }

    fn receive(&mut self, fleet: &mut Fleet, wait: Duration) -> Result<()> {
        let mut now = self.ledger.nanoseconds();
        let mut last = usize::MAX;
        fleet.turn(wait, |receiver, line, outbox| {
            if receiver != last {
                (now, last) = (self.ledger.nanoseconds(), receiver);
            }
            if let Some(stamp) = Stamp::read(line) {
                self.note(receiver, stamp, now, outbox);
            }
        })
    }

    fn note(&mut self, receiver: usize, stamp: Stamp, now: u64, outbox: &mut Outbox) {
        self.ledger.note(receiver, stamp.sender as usize, stamp, now);
        let sender = &mut self.senders[stamp.sender as usize];
        sender.received[stamp.sequence as usize] += 1;
        if sender.received[stamp.sequence as usize] == self.audience {
            sender.completed += 1;
            if matches!(self.pace, Pace::InFlight(_)) && !self.stopped {
                self.send(stamp.sender, outbox);
            }
        }
    }

    fn prime(&mut self, outbox: &mut Outbox) {
        if let Pace::InFlight(window) = self.pace {
            for sender in 0..self.senders.len() {
                for _ in 0..window {
                    self.send(sender as u32, outbox);
                }
            }
        }
    }

    /// At a pace, sends what the time asks for; returns how long to wait for input at most.
    fn send_what_is_due(&mut self, elapsed: Duration, paced: &mut u32, outbox: &mut Outbox) -> Duration {
        let Pace::PerSecond(rate) = self.pace else { return Duration::from_millis(100) };
        let interval = Duration::from_secs(1) / rate;
        while interval * *paced <= elapsed {
            self.send(*paced % self.senders.len() as u32, outbox);
            *paced += 1;
        }
        (interval * *paced).saturating_sub(elapsed)
    }

    fn send(&mut self, sender: u32, outbox: &mut Outbox) {
        let nanoseconds = self.ledger.nanoseconds();
        let sequence = self.senders[sender as usize].received.len() as u32;
        self.senders[sender as usize].received.push(0);
        Stamp { sender, sequence, nanoseconds }.write_privmsg(NAME, self.text, outbox.queue(sender as usize));
    }
}
