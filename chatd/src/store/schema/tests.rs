use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chat_proto::name::Folded;
use chatd_core::{BanTarget, Kept, OwnerChange, Timestamp};
use tempfile::TempDir;

use crate::config::Durability;
use crate::store::restore::{RestoreError, Restored};
use crate::store::{FILE, Store, StoreError, open_backup};

/// A database as the first version of chatd left it: two accounts, a certificate, a suspension and three bans.
const V1: &[u8] = include_bytes!("../fixtures/v1.db");

fn open(directory: &Path) -> Result<(Store, Kept), StoreError> {
    Store::open(directory, Durability::Off, Timestamp(5))
}

fn restore(backup: &Path, directory: &Path) -> Result<Restored, RestoreError> {
    crate::store::restore(&open_backup(backup)?, directory)
}

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    fs::write(&path, V1).unwrap();
    (directory, path)
}

fn assert_is_all_there(kept: &Kept) {
    let names: Vec<&str> = kept.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["carol", "Dave"]);
    let [carol, dave] = &kept.accounts[..] else { panic!("two accounts") };
    assert_eq!(carol.email.as_deref(), Some("carol@example.org"));
    assert_eq!(carol.certificates.len(), 1);
    assert!(carol.credentials.is_some() && dave.credentials.is_some());
    assert_eq!(dave.suspended.as_ref().and_then(|found| found.reason.as_deref()), Some("holidays"));
    for target in ["mallory", "*!*@spam.example", "192.0.2.0/24"] {
        let target = BanTarget::parse(target).unwrap();
        assert!(kept.bans.iter().any(|ban| ban.target == target), "{target:?}");
    }
    assert_eq!(kept.bans.len(), 3);
}

#[test]
fn a_database_of_the_first_version_keeps_all_and_is_copied_first() {
    let (directory, path) = directory();
    let (_, kept) = open(directory.path()).unwrap();
    assert_is_all_there(&kept);
    let copy = path.with_extension("db.v1.bak");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let version: u32 = crate::store::copy::open(&copy)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
    fs::remove_file(&copy).unwrap();
    let (_, again) = open(directory.path()).unwrap();
    assert_is_all_there(&again);
    assert!(!copy.exists(), "there was nothing to change any more");
}

/// A database as the second version of chatd made it, with what `rows` inserts.
fn second_version(rows: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    for step in &super::STEPS[..2] {
        connection.execute_batch(step).unwrap();
    }
    connection.pragma_update(None, "user_version", 2).unwrap();
    connection.execute_batch(rows).unwrap();
    directory
}

#[test]
fn changes_of_owner_survive_the_step_from_version_2() {
    let directory = second_version("INSERT INTO handed_on (folded, at) VALUES ('alice', 7)");
    let (_, kept) = open(directory.path()).unwrap();
    let change = OwnerChange { at: 7, message: 0 };
    assert_eq!(kept.owner_changes.into_iter().collect::<Vec<_>>(), [(Folded::new("alice"), change)]);
    assert!(directory.path().join("chatd.db.v2.bak").exists());
}

#[test]
fn what_cannot_be_copied_is_not_changed() {
    let (directory, path) = directory();
    fs::create_dir(path.with_extension("db.v1.bak.unfinished")).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(matches!(refused, StoreError::NotCopied { .. }), "{refused}");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[test]
fn a_copy_of_another_database_is_kept_beside_the_first() {
    let (directory, path) = directory();
    let first = path.with_extension("db.v1.bak");
    fs::write(&first, "the only copy of something").unwrap();
    open(directory.path()).unwrap();
    assert_eq!(fs::read(&first).unwrap(), b"the only copy of something");
    let second = path.with_extension("db.v1.bak-2");
    let copied = fs::read(&second).unwrap();
    fs::write(&path, V1).unwrap();
    open(directory.path()).unwrap();
    assert_eq!(fs::read(&second).unwrap(), copied);
    assert!(!path.with_extension("db.v1.bak-3").exists(), "the same is copied once");
}

#[test]
fn a_backup_of_the_first_version_is_put_in_place_and_what_was_there_is_kept() {
    let (directory, path) = directory();
    let backup = directory.path().join("backup.db");
    fs::write(&backup, V1).unwrap();
    fs::write(&path, b"broken").unwrap();
    fs::write(path.with_extension("db-wal"), b"what belongs to it").unwrap();
    let restored = restore(&backup, directory.path()).unwrap();
    assert_eq!((restored.holdings.accounts, restored.holdings.messages), (2, 0));
    assert_eq!(fs::read(restored.replaced.unwrap()).unwrap(), b"broken");
    assert!(directory.path().join("chatd.db.replaced-wal").exists());
    let (_, kept) = open(directory.path()).unwrap();
    assert_is_all_there(&kept);
}

#[test]
fn what_is_no_backup_or_a_damaged_one_changes_nothing() {
    let (directory, path) = directory();
    let backup = directory.path().join("backup.db");
    let mut damaged = V1.to_vec();
    damaged[4096..].fill(0x5a);
    for bytes in [&b"no database at all"[..], b"", &damaged] {
        fs::write(&backup, bytes).unwrap();
        let refused = restore(&backup, directory.path()).unwrap_err();
        assert!(refused.to_string().ends_with("nothing was changed"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), V1);
        let names = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names, 2, "nothing is left behind");
    }
}

#[test]
fn a_database_of_a_newer_chatd_is_refused_and_not_copied() {
    let (directory, path) = directory();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = open(directory.path()).unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 99, .. }), "{refused}");
}

#[test]
fn step_from_version_2_sums_up_what_authors_store() {
    let entry = "INSERT INTO entry (id, place, at, number, kind, source, account, author, text) VALUES";
    let directory = second_version(&format!(
        "INSERT INTO run (one, start, count) VALUES (1, 1, 1); INSERT INTO place (id, channel) VALUES (1, 1);
         {entry} (1, 1, 1, 1, 0, 'Alice!u@h', 'Alice', 'alice', 'hello'), (2, 1, 1, 2, 0, 'bob!~b@h', NULL, 'bob', 'hi'),
         (3, 1, 1, NULL, 0, 'eve!eve@imported', NULL, 'eve', 'hey'), (4, 1, 1, 3, 0, 'Ally!u@h', 'Alice', 'alice', '')"
    ));
    let (store, _) = open(directory.path()).unwrap();
    let sql = "SELECT name, bytes FROM share ORDER BY name";
    let mut statement = store.connection.prepare(sql).unwrap();
    let shares = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let shares: Vec<(String, u64)> = shares.collect::<Result<_, _>>().unwrap();
    let expected = [("a:alice", 427), ("h:h", 212), ("i:eve", 222)];
    assert_eq!(shares, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
}
