use std::fs;
use std::path::PathBuf;
use std::thread;

use chatd_core::{Administrator, Ban, BanEvent, BanTarget, Event, Kept, Timestamp};
use tempfile::TempDir;

use crate::config::Durability;
use crate::store::copy::{self, Patient};
use crate::store::{FILE, Store, StoreError, WriteError, open_backup, restore};

struct Bench {
    directory: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), Durability::Full, Timestamp(1)).unwrap().0;
        let mut bench = Self { directory, store };
        bench.ban("first").unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn ban(&mut self, name: &str) -> Result<(), WriteError> {
        let target = BanTarget::parse(name).unwrap();
        let ban = Ban { target, reason: None, by: "root".into(), at: 5, until: None };
        let by = Administrator { uid: 0, login: None };
        let event = Event::Ban(BanEvent::Set { ban: Box::new(ban), by });
        self.store.write([(Timestamp(7), &event)].into_iter())
    }

    fn backup(&self) -> PathBuf {
        let to = self.path("backup");
        copy::copy(&self.store.archive.reader().unwrap(), &to, &mut Patient).unwrap();
        to
    }

    /// Ends chatd and returns what the next one begins with.
    fn close_and_open(self) -> (TempDir, Result<Kept, StoreError>) {
        self.store.close();
        let kept = Store::open(self.directory.path(), Durability::Full, Timestamp(9)).map(|(_, kept)| kept);
        (self.directory, kept)
    }
}

fn bans(kept: Result<Kept, StoreError>) -> usize {
    kept.unwrap().bans.len()
}

#[test]
fn a_closed_database_is_one_file() {
    let bench = Bench::new();
    let reader = bench.store.archive.reader().unwrap();
    reader.query_row("SELECT count(*) FROM entry", [], |_| Ok(())).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (file, log) = (bench.path(FILE), bench.path("chatd.db-wal"));
    bench.store.close();
    assert_eq!(log.metadata().map_or(0, |log| log.len()), 0);
    fs::copy(&file, elsewhere.path().join(FILE)).unwrap();
    assert_eq!(bans(Store::open(elsewhere.path(), Durability::Full, Timestamp(9)).map(|(_, kept)| kept)), 1);
}

#[test]
fn closing_interrupts_readers() {
    let bench = Bench::new();
    let reader = bench.store.archive.reader().unwrap();
    let log = bench.path("chatd.db-wal");
    let endless =
        "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n FROM one) SELECT max(n) FROM one, ban";
    thread::scope(|scope| {
        let reading = scope.spawn(move || reader.query_row(endless, [], |_| Ok(())));
        bench.store.close();
        assert!(reading.join().unwrap().is_err());
    });
    assert_eq!(log.metadata().map_or(0, |log| log.len()), 0);
}

#[test]
fn a_deleted_database_is_saved_and_can_be_restored() {
    let mut bench = Bench::new();
    fs::remove_file(bench.path(FILE)).unwrap();
    assert!(matches!(bench.ban("second"), Err(WriteError::ForGood(_))));
    let (directory, refused) = bench.close_and_open();
    let refused = refused.unwrap_err().to_string();
    let saved = directory.path().join("chatd.db.rescued");
    assert!(refused.contains(&format!("chatd restore {}", saved.display())), "{refused}");
    assert!(!directory.path().join("chatd.db-wal").exists());
    restore(&open_backup(&saved).unwrap(), directory.path()).unwrap();
    assert_eq!(bans(Store::open(directory.path(), Durability::Full, Timestamp(9)).map(|(_, kept)| kept)), 2);
}

#[test]
fn a_database_that_was_put_back_is_written_once() {
    let mut bench = Bench::new();
    let (file, away) = (bench.path(FILE), bench.path("away"));
    fs::rename(&file, &away).unwrap();
    assert!(bench.store.check().is_err());
    assert!(matches!(bench.ban("second"), Err(WriteError::ForNow(_))));
    assert!(bench.store.archive.reader().is_err() && !file.exists(), "no other one is made");
    fs::rename(&away, &file).unwrap();
    bench.store.check().unwrap();
    bench.ban("second").unwrap();
    assert_eq!(bans(bench.close_and_open().1), 2);
}

#[test]
fn a_replacement_is_not_mixed_with_what_it_replaces() {
    for is_in_place in [false, true] {
        let mut bench = Bench::new();
        let backup = bench.backup();
        for number in 0..20 {
            bench.ban(&format!("later{number}")).unwrap();
        }
        if is_in_place {
            fs::copy(&backup, bench.path(FILE)).unwrap();
        } else {
            fs::rename(&backup, bench.path(FILE)).unwrap();
        }
        assert!(matches!(bench.store.check(), Err(WriteError::ForGood(_))));
        bench.store.close();
        // This process holds the old files open until it ends.
        let next = tempfile::tempdir().unwrap();
        for file in fs::read_dir(bench.directory.path()).unwrap().flatten() {
            fs::copy(file.path(), next.path().join(file.file_name())).unwrap();
        }
        assert!(!next.path().join("chatd.db-wal").exists());
        assert_eq!(bans(Store::open(next.path(), Durability::Full, Timestamp(9)).map(|(_, kept)| kept)), 1);
        assert_eq!(next.path().join("chatd.db.rescued").exists(), !is_in_place);
        assert_eq!(next.path().join("chatd.db.left-wal").exists(), is_in_place);
    }
}

#[test]
fn nothing_is_lost_with_a_deleted_log() {
    let mut bench = Bench::new();
    fs::remove_file(bench.path("chatd.db-wal")).unwrap();
    assert!(matches!(bench.ban("second"), Err(WriteError::ForGood(_))));
    assert_eq!(bans(bench.close_and_open().1), 2);
}
