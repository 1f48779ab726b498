//! A crowd comes in at once: everyone must learn of everyone, by the list of names or by a JOIN, exactly once.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::ledger::{mebibytes, microseconds};
use crate::clients::{Fleet, PATIENCE, has_command};
use crate::cpu::{self, CpuClock};
use crate::servers::Server;

pub(super) const COLUMNS: &[&str] = &[
    "CPU",
    "CPU per JOIN delivered",
    "until all know all",
    "peak RSS",
    "clients that miss or repeat someone",
];

pub(super) fn run(crowd: usize, server: &Server) -> Result<Vec<String>> {
    let mut fleet = Fleet::register(server, crowd)?;
    let clock = CpuClock::of(server.pid())?;
    let (before, begun) = (clock.now()?, Instant::now());
    for index in 0..crowd {
        fleet.outbox.queue(index).extend_from_slice(b"JOIN #crowd\r\n");
    }
    let mut known = vec![Known::default(); crowd];
    let mut joins: u64 = 0;
    let mut waiting = crowd;
    while waiting > 0 && begun.elapsed() < PATIENCE {
        fleet.turn(Duration::from_millis(100), |index, line, _| {
            let known = &mut known[index];
            let before = known.members();
            joins += u64::from(known.learn(line));
            if before < crowd && known.members() >= crowd {
                waiting -= 1;
            }
        })?;
    }
    let wall = begun.elapsed();
    let cpu = clock.now()?.saturating_sub(before);
    fleet.settle()?;
    let wrong = known.iter().filter(|known| known.members() != crowd).count();
    Ok(vec![
        format!("{:.0} ms", cpu.as_secs_f64() * 1e3),
        microseconds(cpu, joins),
        format!("{:.0} ms", wall.as_secs_f64() * 1e3),
        mebibytes(cpu::peak_resident(server.pid())?),
        wrong.to_string(),
    ])
}

/// Whom one client has heard of.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    joined: bool,
    named: usize,
    came_later: usize,
}

impl Known {
    fn members(self) -> usize {
        if self.joined { self.named + self.came_later } else { 0 }
    }

    /// Whether the line was a JOIN.
    fn learn(&mut self, line: &[u8]) -> bool {
        if has_command(line, b"JOIN") {
            // The first is the client's own, and its own name is among the names.
            if self.joined {
                self.came_later += 1;
            }
            self.joined = true;
            return true;
        }
        if has_command(line, b"353") {
            let names = memchr::memmem::rfind(line, b" :").map_or(&b""[..], |at| &line[at + 2..]);
            self.named += names.split(|byte| *byte == b' ').filter(|name| !name.is_empty()).count();
        }
        false
    }
}
