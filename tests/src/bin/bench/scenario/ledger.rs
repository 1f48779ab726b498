//! What was received: order and loss, latencies, and the server's processor time meanwhile.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::cpu::{self, CpuClock};
use crate::payload::Stamp;
use crate::servers::Server;

pub(super) const COLUMNS: &[&str] =
    &["CPU per delivery", "deliveries/s", "p50", "p99", "p99.9", "max", "RSS", "lost", "out of order"];

/// Watches every receiver's next expected sequence number of every sender.
#[derive(Debug)]
pub(super) struct Ledger {
    expected: Vec<u32>,
    senders: usize,
    started: Instant,
    latencies: Histogram<u64>,
    pub(super) deliveries: u64,
    disordered: u64,
}

impl Ledger {
    pub(super) fn new(receivers: usize, senders: usize) -> Result<Self> {
        Ok(Self {
            expected: vec![0; receivers * senders],
            senders,
            started: Instant::now(),
            latencies: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
            deliveries: 0,
            disordered: 0,
        })
    }

    /// Nanoseconds since the beginning, for a stamp.
    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes a delivery; a message that comes early, late or twice is out of order.
    pub(super) fn note(&mut self, receiver: usize, slot: usize, stamp: Stamp, now: u64) {
        let expected = &mut self.expected[receiver * self.senders + slot];
        if *expected != stamp.sequence {
            self.disordered += 1;
        }
        *expected = stamp.sequence + 1;
        self.deliveries += 1;
        self.latencies.saturating_record(now.saturating_sub(stamp.nanoseconds).max(1));
    }

    /// Begins the measured part: forgets what the warm-up showed, except the order.
    pub(super) fn begin(&mut self, server: &Server) -> Result<Measurement> {
        self.latencies.reset();
        let clock = CpuClock::of(server.pid())?;
        Ok(Measurement { clock, cpu: clock.now()?, since: Instant::now(), deliveries: self.deliveries })
    }

    /// The cells of [`COLUMNS`], given how many deliveries never came.
    pub(super) fn cells(&self, used: Used, lost: u64, server: &Server) -> Result<Vec<String>> {
        let percentile = |quantile| milliseconds(self.latencies.value_at_quantile(quantile));
        Ok(vec![
            microseconds(used.cpu, used.deliveries),
            thousands(used.deliveries as f64 / used.wall.as_secs_f64()),
            percentile(0.5),
            percentile(0.99),
            percentile(0.999),
            milliseconds(self.latencies.max()),
            mebibytes(cpu::peak_resident(server.pid())?),
            lost.to_string(),
            self.disordered.to_string(),
        ])
    }
}

/// The figures when the measured part began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement {
    clock: CpuClock,
    cpu: Duration,
    since: Instant,
    deliveries: u64,
}

/// What the measured part took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    pub(super) deliveries: u64,
}

impl Measurement {
    pub(super) fn end(self, ledger: &Ledger) -> Result<Used> {
        Ok(Used {
            cpu: self.clock.now()?.saturating_sub(self.cpu),
            wall: self.since.elapsed(),
            deliveries: ledger.deliveries - self.deliveries,
        })
    }
}

pub(super) fn microseconds(cpu: Duration, count: u64) -> String {
    format!("{:.2} µs", cpu.as_secs_f64() * 1e6 / count.max(1) as f64)
}

pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.2} ms", nanoseconds as f64 / 1e6)
}

fn thousands(rate: f64) -> String {
    if rate < 1e6 { format!("{:.1} k", rate / 1e3) } else { format!("{:.2} M", rate / 1e6) }
}
