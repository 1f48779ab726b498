//! Pairs that talk: each answers what it is told, so that a pair always has one message on its way. And such who talk to
//! themselves, which shows how long a message takes from being sent to being seen.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::ledger::Ledger;
use crate::clients::{Fleet, Outbox, PATIENCE, nick};
use crate::payload::{ORDINARY, Stamp};
use crate::servers::Server;

const WARM_UP: Duration = Duration::from_secs(1);

pub(super) fn pairs(pairs: usize, server: &Server, measured: Duration) -> Result<Vec<String>> {
    run(pairs * 2, 1, server, measured)
}

pub(super) fn echoes(clients: usize, server: &Server, measured: Duration) -> Result<Vec<String>> {
    run(clients, 0, server, measured)
}

/// Who differs from a client in the bits `apart` is its partner.
fn run(clients: usize, apart: usize, server: &Server, measured: Duration) -> Result<Vec<String>> {
    let mut fleet = Fleet::register(server, clients)?;
    let mut talk = Talk { ledger: Ledger::new(clients, 1)?, sent: vec![0; clients], apart, stopped: false };
    for client in (0..clients).step_by(1 + apart) {
        talk.say(client, &mut fleet.outbox);
    }
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        talk.receive(&mut fleet)?;
    }
    let measurement = talk.ledger.begin(server)?;
    let begun = Instant::now();
    while begun.elapsed() < measured {
        talk.receive(&mut fleet)?;
    }
    let used = measurement.end(&talk.ledger)?;
    talk.stopped = true;
    let stopped = Instant::now();
    while talk.lost() > 0 && stopped.elapsed() < PATIENCE / 3 {
        talk.receive(&mut fleet)?;
    }
    talk.ledger.cells(used, talk.lost(), server)
}

#[derive(Debug)]
struct Talk {
    ledger: Ledger,
    /// Messages sent by each client.
    sent: Vec<u32>,
    apart: usize,
    stopped: bool,
}

impl Talk {
    fn receive(&mut self, fleet: &mut Fleet) -> Result<()> {
        fleet.turn(Duration::from_millis(10), |receiver, line, outbox| {
            let Some(stamp) = Stamp::read(line) else { return };
            self.ledger.note(receiver, 0, stamp, self.ledger.nanoseconds());
            if !self.stopped {
                self.say(receiver, outbox);
            }
        })
    }

    fn say(&mut self, from: usize, outbox: &mut Outbox) {
        let stamp =
            Stamp { sender: from as u32, sequence: self.sent[from], nanoseconds: self.ledger.nanoseconds() };
        self.sent[from] += 1;
        stamp.write_privmsg(&nick(from ^ self.apart), ORDINARY, outbox.queue(from));
    }

    fn lost(&self) -> u64 {
        let sent: u64 = self.sent.iter().map(|count| u64::from(*count)).sum();
        sent.saturating_sub(self.ledger.deliveries)
    }
}
