//! What a server process uses: processor time to the nanosecond, threads that ended included, and memory.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// The processor time of one process, user and system, all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuClock(ClockId);

impl CpuClock {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let pid = Pid::from_raw(i32::try_from(pid)?);
        Ok(Self(clock_getcpuclockid(pid).context("the server's processor clock cannot be read")?))
    }

    pub(crate) fn now(self) -> Result<Duration> {
        Ok(self.0.now().context("the server has ended")?.into())
    }
}

/// Resident memory in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    status_field(pid, "VmRSS:")
}

/// The highest resident memory so far, in bytes.
pub(crate) fn peak_resident(pid: u32) -> Result<u64> {
    status_field(pid, "VmHWM:")
}

fn status_field(pid: u32, field: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the server has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no memory figure")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
