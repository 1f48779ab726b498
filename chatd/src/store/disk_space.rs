//! The free space on the database's file system, and how much of it the chat leaves.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::statvfs::statvfs;

use crate::logging::{EventKind, Fields};

const MIB: u64 = 1 << 20;
/// The reserve, unless it is configured: one part in so many of the file system, between these bounds.
const RESERVE_SHARE: u64 = 20;
const RESERVE_MIN: u64 = 64 * MIB;
const RESERVE_MAX: u64 = 1024 * MIB;
/// The reserve is at most one part in so many of what was free, so that chatd can begin on any disk.
const FREE_SHARE: u64 = 2;
/// History is removed for want of room only while it takes more than one part in so many of the file system: below that, something
/// else fills the disk.
const OWN_SHARE: u64 = 10;

/// A file system's size and free space, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) free: u64,
    pub(crate) all: u64,
}

/// The free space, as it was when it was last looked at, and the reserve.
#[derive(Debug, Clone)]
pub(crate) struct DiskSpace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Nothing where a file system doesn't tell.
    disk: Option<Disk>,
    /// The most that was ever free.
    most_free: u64,
    configured: Option<u64>,
    was_scarce: bool,
}

/// The chat would take from the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReserveReached {
    free: u64,
    reserve: u64,
}

impl Disk {
    /// The file system that the directory is on.
    pub(crate) fn of(directory: &Path) -> io::Result<Self> {
        let system = statvfs(directory)?;
        let bytes = |blocks: u64| blocks * system.fragment_size();
        Ok(Self { free: bytes(system.blocks_available()), all: bytes(system.blocks()) })
    }
}

impl DiskSpace {
    pub(super) fn new(directory: &Path) -> Self {
        let state = State { disk: None, most_free: 0, configured: None, was_scarce: false };
        let space = Self(Arc::new(Inner { directory: directory.to_owned(), state: Mutex::new(state) }));
        space.look();
        space
    }

    /// Looks at the file system again. May block. Where that fails, what was seen before holds.
    pub(super) fn look(&self) {
        if let Ok(disk) = Disk::of(&self.0.directory) {
            self.state().observe(disk);
        }
    }

    /// Looks again, and logs when free space becomes scarce.
    pub(super) fn watch(&self) {
        self.look();
        let mut state = self.state();
        let (free, reserve) = (state.free(), state.reserve());
        let begins = state.begins_to_be_scarce();
        drop(state);
        if begins {
            let message = format_args!(
                "only {} are free on the disk of the database; history is removed if it takes much of the disk, and the chat stands \
                 still when less than {} are free; make room",
                Size(free),
                Size(reserve)
            );
            EventKind::DiskShort.log(&Fields::default(), message);
        }
    }

    /// Sets the bytes to leave free; nothing for the default.
    pub(super) fn set_reserve(&self, configured: Option<u64>) {
        let mut state = self.state();
        state.configured = configured;
        let (wanted, reserve, free) = (state.wanted(), state.reserve(), state.free());
        drop(state);
        if reserve < wanted {
            let message = format_args!(
                "only {} are free on the disk of the database; the chat leaves {} instead of {}; make room",
                Size(free),
                Size(reserve),
                Size(wanted)
            );
            EventKind::DiskShort.log(&Fields::default(), message);
        }
    }

    /// Looks again, and returns an error if less than the reserve is free.
    pub(super) fn check(&self) -> Result<(), ReserveReached> {
        self.look();
        let state = self.state();
        let (free, reserve) = (state.free(), state.reserve());
        if free < reserve { Err(ReserveReached { free, reserve }) } else { Ok(()) }
    }

    /// Free bytes; nothing where the file system doesn't tell.
    pub(crate) fn free(&self) -> Option<u64> {
        self.state().disk.map(|disk| disk.free)
    }

    /// Bytes that the chat leaves free.
    pub(crate) fn reserve(&self) -> u64 {
        self.state().reserve()
    }

    /// How large a database of `size` bytes may be, for want of room; nothing while there is enough.
    pub(super) fn limit(&self, size: u64) -> Option<u64> {
        let state = self.state();
        let disk = state.disk.filter(|_| state.is_scarce())?;
        let leaves_twice = size.saturating_add(disk.free).saturating_sub(state.reserve() * 2);
        Some(leaves_twice.max(disk.all / OWN_SHARE))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn observe(&mut self, disk: Disk) {
        // Some file systems tell nothing, in zeros.
        self.disk = Some(disk).filter(|disk| disk.all > 0);
        self.most_free = self.most_free.max(self.disk.map_or(0, |disk| disk.free));
    }

    fn free(&self) -> u64 {
        self.disk.map_or(u64::MAX, |disk| disk.free)
    }

    /// The reserve, on a disk with enough free space for it.
    fn wanted(&self) -> u64 {
        let Some(disk) = self.disk else { return 0 };
        self.configured.unwrap_or((disk.all / RESERVE_SHARE).clamp(RESERVE_MIN, RESERVE_MAX))
    }

    fn reserve(&self) -> u64 {
        self.wanted().min(self.most_free / FREE_SHARE)
    }

    fn is_scarce(&self) -> bool {
        self.free() < self.reserve() * 2
    }

    /// Whether it has become scarce; once, until there is clearly more than that.
    fn begins_to_be_scarce(&mut self) -> bool {
        let is_scarce = self.is_scarce();
        let begins = is_scarce && !self.was_scarce;
        let is_over = self.free() / 3 >= self.reserve();
        self.was_scarce = is_scarce || (self.was_scarce && !is_over);
        begins
    }
}

impl std::error::Error for ReserveReached {}

impl fmt::Display for ReserveReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { free, reserve } = self;
        write!(
            f,
            "only {} are free on the disk, and the chat leaves {} (reserve in [history]); make room",
            Size(*free),
            Size(*reserve)
        )
    }
}

/// Bytes, as a person reads them.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes < MIB => write!(f, "{} KiB", bytes / 1024),
            bytes => write!(f, "{} MiB", bytes / MIB),
        }
    }
}

#[cfg(test)]
impl DiskSpace {
    /// On a disk of so many mebibytes, which are free at first.
    pub(super) fn on_disk(all: u64) -> Self {
        let space = Self::new(Path::new("/nonexistent"));
        space.state().observe(Disk { free: all * MIB, all: all * MIB });
        space
    }

    /// So many mebibytes are free from now on.
    pub(super) fn see(&self, free: u64) {
        let mut state = self.state();
        let all = state.disk.map_or(0, |disk| disk.all);
        state.observe(Disk { free: free * MIB, all });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(free: u64, all: u64) -> DiskSpace {
        let space = DiskSpace::on_disk(all);
        space.state().most_free = 0;
        space.see(free);
        space
    }

    #[test]
    fn reserve_is_a_share_of_the_disk_within_bounds() {
        for (all, reserve) in [(10_000, 500), (100_000, 1024), (1000, 64)] {
            assert_eq!(space(all, all).reserve(), reserve * MIB, "{all}");
        }
    }

    #[test]
    fn reserve_is_at_most_half_of_what_was_free() {
        let space = space(100, 10_000);
        assert_eq!(space.reserve(), 50 * MIB);
        space.see(60);
        assert_eq!(space.reserve(), 50 * MIB, "it does not shrink with the free space");
        space.see(5000);
        assert_eq!(space.reserve(), 500 * MIB, "it grows when there is room");
        space.set_reserve(Some(0));
        assert_eq!(space.reserve(), 0);
    }

    #[test]
    fn history_is_limited_from_twice_the_reserve_on() {
        let space = space(5000, 10_000);
        assert_eq!(space.limit(4000 * MIB), None);
        space.see(1000);
        assert_eq!(space.limit(4000 * MIB), None);
        space.see(900);
        assert_eq!(space.limit(4000 * MIB), Some(3900 * MIB));
        assert_eq!(space.limit(MIB), Some(1000 * MIB), "a small database does not fill the disk");
    }

    #[test]
    fn scarce_space_is_reported_once() {
        let space = space(5000, 10_000);
        let mut seen = Vec::new();
        for free in [900, 1100, 900, 1600, 900] {
            space.see(free);
            seen.push(space.state().begins_to_be_scarce());
        }
        assert_eq!(seen, [true, false, false, false, true]);
    }

    #[test]
    fn file_system_without_numbers_limits_nothing() {
        let space = space(0, 0);
        assert_eq!((space.free(), space.reserve(), space.limit(MIB)), (None, 0, None));
    }

    #[test]
    fn reserve_that_is_reached_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let space = DiskSpace::new(directory.path());
        space.set_reserve(Some(0));
        space.check().unwrap();
        space.set_reserve(Some(u64::MAX));
        // As if all the rest had been taken since the start.
        space.state().most_free = u64::MAX;
        let reached = space.check().unwrap_err().to_string();
        assert!(reached.starts_with("only ") && reached.contains("reserve in [history]"), "{reached}");
    }
}
