//! Records of skipped tests, for the summary at the end of `cargo test`: libtest hides what a passing test prints.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::programs;

/// The skips of one run of `cargo test`, in a file below the target directory.
#[derive(Debug)]
pub struct Record {
    directory: PathBuf,
    run: Process,
}

impl Record {
    /// The record of the run that this test belongs to.
    ///
    /// # Errors
    /// The target directory or `/proc` cannot be read.
    pub fn of_this_run() -> anyhow::Result<Self> {
        let profile = programs::profile_directory()?;
        let target = profile.parent().unwrap_or(&profile);
        Ok(Self { directory: target.join("skipped-tests"), run: Process::runner()? })
    }

    /// Adds a line. Tests in other threads and processes add theirs at the same time.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&self, line: &str) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let mut file = File::options().create(true).append(true).open(self.path())?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// Returns the lines of this run in order and removes them, and with them what runs that have ended left.
    ///
    /// # Errors
    /// The files cannot be read or removed.
    pub fn take(self) -> io::Result<Vec<String>> {
        let mut lines: Vec<_> = match fs::read_to_string(self.path()) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        lines.sort();
        lines.dedup();
        if !self.directory.exists() {
            return Ok(lines);
        }
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path == self.path() || !Process::of_record(&path).is_some_and(Process::runs) {
                fs::remove_file(path)?;
            }
        }
        Ok(lines)
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("{}-{}", self.run.pid, self.run.started))
    }
}

/// A process that no later one is taken for, although process ids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    /// In clock ticks since the host started.
    started: u64,
}

impl Process {
    /// The cargo that runs this test, or the parent if none does. Something may stand between the two, such as `sudo`.
    fn runner() -> anyhow::Result<Self> {
        let parent = std::os::unix::process::parent_id();
        let mut pid = parent;
        // Processes of other users may be hidden.
        while let Ok(stat) = Stat::of(pid) {
            if stat.program == "cargo" {
                return Ok(Self { pid, started: stat.started });
            }
            pid = stat.parent;
        }
        Ok(Self { pid: parent, started: Stat::of(parent)?.started })
    }

    /// The process whose record is at this path.
    fn of_record(path: &Path) -> Option<Self> {
        let (pid, started) = path.file_name()?.to_str()?.split_once('-')?;
        Some(Self { pid: pid.parse().ok()?, started: started.parse().ok()? })
    }

    fn runs(self) -> bool {
        Stat::of(self.pid).is_ok_and(|stat| stat.started == self.started)
    }
}

/// The part of `/proc/PID/stat` that matters here.
struct Stat {
    program: String,
    parent: u32,
    started: u64,
}

impl Stat {
    fn of(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text)
            .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not understood: {text}")))
    }

    fn parse(text: &str) -> Option<Self> {
        // The program's name may hold anything, parentheses included.
        let (before, after) = text.rsplit_once(')')?;
        let (_, program) = before.split_once('(')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let parent = fields.get(1)?.parse().ok()?;
        let started = fields.get(19)?.parse().ok()?;
        Some(Self { program: program.to_owned(), parent, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(directory: &Path, run: Process) -> Record {
        Record { directory: directory.to_owned(), run }
    }

    fn this_process() -> Process {
        let pid = std::process::id();
        Process { pid, started: Stat::of(pid).expect("/proc").started }
    }

    #[test]
    fn record_is_read_once() {
        let directory = tempfile::tempdir().expect("a directory");
        for line in ["b", "a", "b"] {
            record(directory.path(), this_process()).add(line).expect("written");
        }
        assert_eq!(record(directory.path(), this_process()).take().expect("read"), ["a", "b"]);
        assert!(record(directory.path(), this_process()).take().expect("read").is_empty());
    }

    #[test]
    fn take_removes_records_of_ended_runs_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let runs = Process::runner().expect("/proc");
        let ended = Process { started: runs.started + 1, ..runs };
        for run in [this_process(), runs, ended] {
            record(directory.path(), run).add("a").expect("written");
        }
        assert_eq!(record(directory.path(), this_process()).take().expect("read"), ["a"]);
        let left: Vec<_> = fs::read_dir(directory.path()).expect("read").flatten().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(Process::of_record(&left[0].path()), Some(runs));
    }

    #[test]
    fn program_names_may_hold_parentheses_and_blanks() {
        let text = format!("7 (a) b (c) S 3 {} 99 0", ["0"; 17].join(" "));
        let stat = Stat::parse(&text).expect("understood");
        assert_eq!((stat.program.as_str(), stat.parent, stat.started), ("a) b (c", 3, 99));
    }
}
