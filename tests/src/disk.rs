//! A small file system of its own.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

use crate::outside::{lacks_root, skip};

/// A file system of a few mebibytes; unmounted when dropped.
#[derive(Debug)]
pub struct Disk(TempDir);

impl Disk {
    /// Returns nothing for an ordinary user, and in a container that lets root mount nothing; the skip is reported.
    pub fn new_or_skip(what: &str) -> Option<Self> {
        if lacks_root(what) {
            return None;
        }
        let place = tempfile::Builder::new().prefix("chatd-disk-").tempdir().expect("a directory");
        let is_mounted = mount(&["-t", "tmpfs", "-o", "size=4m,mode=0700", "none"], place.path());
        if !is_mounted {
            skip(what, "no file system can be mounted here");
        }
        is_mounted.then(|| Self(place))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn fill(&self) {
        let mut filler = File::create(self.path().join("filler")).expect("a file");
        while filler.write_all(&[0; 512]).is_ok() {}
    }

    /// Leaves so many bytes free.
    pub fn fill_but(&self, left: u64) {
        let system = statvfs(self.path()).expect("a file system");
        let free = system.blocks_available() * system.fragment_size();
        let filler = File::create(self.path().join("filler")).expect("a file");
        fallocate(&filler, FallocateFlags::empty(), 0, i64::try_from(free - left).expect("a small disk"))
            .expect("there is room");
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.path().join("filler")).expect("the disk was full");
    }

    pub fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro", "none"], self.path()), "it can be mounted read-only");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Before the directory is removed, even if a chatd still has files open in it.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let status = Command::new("mount").args(arguments).arg(place).status();
    status.expect("mount can be run").success()
}
