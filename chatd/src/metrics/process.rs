//! What the host tells of this process, under the names that all client libraries give it.

use std::fmt;
use std::fs;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::unistd::{SysconfVar, sysconf};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

const DESCRIPTORS: &str = "/proc/self/fd";

#[derive(Debug, Clone)]
pub(super) struct Process {
    page: u64,
    /// Milliseconds since the Unix epoch.
    started_at: u64,
}

/// In bytes; 0 where the host doesn't tell.
#[derive(Debug, Default)]
pub(super) struct Memory {
    virtual_: u64,
    pub(super) resident: u64,
}

impl Process {
    pub(super) fn new(started_at: u64) -> Self {
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        Self { page: page.and_then(|page| u64::try_from(page).ok()).unwrap_or(4096), started_at }
    }

    pub(super) fn memory(&self) -> Memory {
        let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let mut bytes = statm.split_whitespace().map(|pages| pages.parse().unwrap_or(0) * self.page);
        Memory { virtual_: bytes.next().unwrap_or(0), resident: bytes.next().unwrap_or(0) }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut put = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        let memory = self.memory();
        let cpu = ConstCounter::new(cpu().as_secs_f64());
        put("process_cpu_seconds", "Processor time, in user and system mode.", &cpu)?;
        let resident = ConstGauge::new(memory.resident);
        put("process_resident_memory_bytes", "Resident memory.", &resident)?;
        let virtual_ = ConstGauge::new(memory.virtual_);
        put("process_virtual_memory_bytes", "Virtual memory.", &virtual_)?;
        put("process_open_fds", "Open file descriptors.", &ConstGauge::new(open_descriptors()))?;
        let max = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
        put("process_max_fds", "The most file descriptors that may be open.", &ConstGauge::new(max))?;
        let started = ConstGauge::new(Duration::from_millis(self.started_at).as_secs_f64());
        put("process_start_time_seconds", "When the process started, as Unix time.", &started)
    }
}

fn cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    [usage.user_time(), usage.system_time()]
        .into_iter()
        .map(|time| {
            Duration::from_micros(
                u64::try_from(nix::sys::time::TimeValLike::num_microseconds(&time)).unwrap_or(0),
            )
        })
        .sum()
}

/// Linux tells it as the directory's size since 6.2; before that there is only counting.
fn open_descriptors() -> u64 {
    match fs::metadata(DESCRIPTORS) {
        Ok(found) if found.len() > 0 => found.len(),
        _ => fs::read_dir(DESCRIPTORS).map_or(0, |entries| entries.count() as u64),
    }
}
