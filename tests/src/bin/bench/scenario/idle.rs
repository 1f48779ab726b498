//! Thousands who are there and say nothing: what each costs in memory, and all of them in processor time.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::ledger::{mebibytes, microseconds};
use crate::clients::Fleet;
use crate::cpu::{self, CpuClock};
use crate::servers::Server;

pub(super) const COLUMNS: &[&str] =
    &["memory per connection", "RSS empty", "RSS full", "CPU per registration", "idle CPU", "disconnected"];

/// A first few clients make the server allocate what it needs only once.
const PIONEERS: usize = 20;

pub(super) fn run(count: usize, server: &Server, measured: Duration) -> Result<Vec<String>> {
    drop(Fleet::register(server, PIONEERS)?);
    let clock = CpuClock::of(server.pid())?;
    let (empty, before) = (cpu::resident(server.pid())?, clock.now()?);
    let mut fleet = Fleet::register(server, count)?;
    let registered = clock.now()?.saturating_sub(before);
    fleet.settle()?;
    let full = cpu::resident(server.pid())?;
    let (before, begun) = (clock.now()?, Instant::now());
    while begun.elapsed() < measured {
        fleet.turn(Duration::from_millis(100), |_, _, _| {})?;
    }
    let idle = clock.now()?.saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    Ok(vec![
        format!("{:.2} KiB", full.saturating_sub(empty) as f64 / 1024.0 / count as f64),
        mebibytes(empty),
        mebibytes(full),
        microseconds(registered, count as u64),
        format!("{:.2} %", idle * 100.0),
        fleet.closed().to_string(),
    ])
}
