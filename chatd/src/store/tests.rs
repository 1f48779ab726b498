use std::os::unix::fs::PermissionsExt;

use chat_proto::name::{Folded, Nick};
use chat_proto::sasl::ScramKeys;
use chatd_core::{
    AccountEvent, Administrator, Ban, BanEvent, BanTarget, Core, Credentials, Fingerprint, Input, Now,
    Origin, Output, Policy, ReadMark, Registrar, Timestamp, UserId, Who,
};

use super::*;

fn open(directory: &Path) -> Result<(Store, Kept), StoreError> {
    Store::open(directory, Durability::Full, Timestamp(1))
}

fn credentials(password: &str) -> Box<Credentials> {
    Box::new(Credentials { hash: password.into(), scram: ScramKeys::derive(password, b"salt", 4096) })
}

fn root() -> Administrator {
    Administrator { uid: 0, login: Some("root".into()) }
}

fn account(name: &str, event: AccountEvent) -> Event {
    Event::Account(name.parse().expect("a name"), event)
}

fn registered(password: Option<&str>) -> AccountEvent {
    let by = Registrar::Owner(Box::new(Origin::Unix { uid: 1000, pid: None, login: None }));
    AccountEvent::Registered {
        login: false,
        email: Some("a@b.example".into()),
        credentials: password.map(credentials),
        by,
    }
}

fn read_until(account: &str, target: &str, at: u64, forgotten: Option<&str>) -> Event {
    let nick: Nick = account.parse().expect("a name");
    let who = Who { user: UserId { slot: 0, generation: 1 }, nick: nick.clone() };
    let (target, forgotten) = (target.into(), forgotten.map(Folded::new));
    Event::Read(Box::new(ReadMark { who, account: Some(nick), target, at, forgotten }))
}

fn ban(target: &str, until: Option<u64>) -> Event {
    let target = BanTarget::parse(target).expect("a target");
    let ban = Ban { target, reason: Some("noise".into()), by: "root".into(), at: 5, until };
    Event::Ban(BanEvent::Set { ban: Box::new(ban), by: root() })
}

fn write(store: &mut Store, events: &[Event]) {
    store.write(events.iter().map(|event| (Timestamp(7), event))).unwrap();
}

/// Stores the events, opens the database again, and compares what it kept with what the core would know.
fn keeps(events: &[Event]) -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path()).unwrap();
    write(&mut store, events);
    drop(store);
    let (_, kept) = open(directory.path()).unwrap();
    let mut state = chatd_core::State::new(Policy::default(), Kept::default(), 0);
    for event in events {
        state.apply(Now { wall: Timestamp(7), ..Now::default() }, event);
    }
    assert_eq!(kept.accounts, state.accounts.iter().cloned().collect::<Vec<_>>());
    assert_eq!(kept.marks, state.marks);
    assert_eq!(kept.bans.len(), state.bans.len());
    for ban in &kept.bans {
        assert_eq!(state.bans.get(&ban.target), Some(ban));
    }
    kept
}

#[test]
fn accounts_come_back_as_they_were() {
    let fingerprint = Fingerprint([9; 32]);
    let suspended = AccountEvent::Suspended { by: root(), reason: Some("spam".into()) };
    let kept = keeps(&[
        account("Alice", registered(Some("one"))),
        account("bob", registered(None)),
        account("carol", registered(Some("x"))),
        account("alice", AccountEvent::CertificateAdded { fingerprint }),
        account(
            "alice",
            AccountEvent::PasswordSet {
                credentials: credentials("two"),
                by: Registrar::Administrator(root()),
            },
        ),
        account("bob", suspended.clone()),
        account("alice", suspended),
        account("alice", AccountEvent::Resumed { by: root() }),
        account("carol", AccountEvent::Removed { by: root() }),
    ]);
    assert_eq!(kept.accounts.len(), 2);
    assert_eq!(kept.accounts[0].certificates.len(), 1);
}

#[test]
fn a_certificate_proves_the_account_that_got_it_last() {
    let fingerprint = Fingerprint([9; 32]);
    let added = || AccountEvent::CertificateAdded { fingerprint };
    let kept = keeps(&[
        account("alice", registered(None)),
        account("bob", registered(None)),
        account("alice", added()),
        account("bob", added()),
        account("bob", AccountEvent::CertificateRemoved { fingerprint }),
    ]);
    assert!(kept.accounts.iter().all(|account| account.certificates.is_empty()));
}

#[test]
fn bans_come_back_as_they_were() {
    let lifted = |target: &str| {
        Event::Ban(BanEvent::Lifted { target: BanTarget::parse(target).expect("a target"), by: root() })
    };
    let kept = keeps(&[
        ban("bob", None),
        ban("*!*@evil", Some(10)),
        ban("192.0.2.0/24", Some(9)),
        ban("2001:db8::/32", None),
        ban("bob", Some(99)),
        lifted("2001:DB8::/32"),
    ]);
    assert_eq!(kept.bans.len(), 3);
}

#[test]
fn read_markers_come_back_as_they_were() {
    let kept = keeps(&[
        read_until("Alice", "#Room", 5, None),
        read_until("alice", "#room", 6, None),
        read_until("alice", "bob", 3, None),
        read_until("alice", "carol", 9, Some("bob")),
        read_until("bob", "#room", 1, None),
        read_until("carol", "#room", 1, None),
        account("bob", AccountEvent::Removed { by: root() }),
    ]);
    let marks = &kept.marks[&Folded::new("alice")];
    assert_eq!(
        marks.iter().map(|(target, at)| (target.as_str(), *at)).collect::<Vec<_>>(),
        [("#room", 6), ("carol", 9)]
    );
    assert_eq!(kept.marks.len(), 2);
}

#[test]
fn the_secret_stays_the_same_and_the_file_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let secret = open(directory.path()).unwrap().1.secret;
    assert_ne!(secret, ServerSecret::default());
    assert_eq!(open(directory.path()).unwrap().1.secret, secret);
    let mode = std::fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_database_of_a_newer_chatd_or_a_broken_one_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = open(directory.path()).unwrap();
    store.connection.pragma_update(None, "user_version", 9999).unwrap();
    drop(store);
    let refused = open(directory.path()).unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 9999, .. }), "{refused}");
    std::fs::write(directory.path().join(FILE), "this is no database at all, not even a little").unwrap();
    let refused = open(directory.path()).unwrap_err().to_string();
    assert!(refused.contains("it is not a database; restore it from a backup"), "{refused}");
}

#[test]
fn a_core_begins_with_what_was_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path()).unwrap();
    write(&mut store, &[account("alice", registered(Some("x"))), ban("bob", None)]);
    let (_, kept) = open(directory.path()).unwrap();
    let mut core = Core::new(Policy::default(), kept, Timestamp(8));
    core.step(Now { wall: Timestamp(8), ..Now::default() }, &mut vec![Input::Tick], &mut Output::default());
    assert!(core.state().accounts.named("ALICE").is_some());
    assert_eq!(core.state().bans.len(), 1);
}

/// A disk with room for so many pages.
fn limit(store: &Store, pages: u64) {
    store.connection.pragma_update(None, "max_page_count", pages).unwrap();
}

#[test]
fn what_found_no_room_is_stored_when_there_is_room_again() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path()).unwrap();
    limit(&store, 1);
    let events: Vec<Event> = (0..999).map(|number| ban(&format!("name{number}"), None)).collect();
    let refused = store.write(events.iter().map(|event| (Timestamp(7), event)));
    assert!(matches!(refused, Err(WriteError::ForNow(_))), "{refused:?}");
    limit(&store, 1 << 30);
    write(&mut store, &events);
    assert_eq!(open(directory.path()).unwrap().1.bans.len(), events.len());
}

#[test]
fn a_database_that_was_cut_short_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _) = open(directory.path()).unwrap();
    let events: Vec<Event> = (0..999).map(|number| ban(&format!("name{number}"), None)).collect();
    write(&mut store, &events);
    drop(store);
    let file = OpenOptions::new().write(true).open(directory.path().join(FILE)).unwrap();
    file.set_len(8192).unwrap();
    let refused = open(directory.path()).unwrap_err().to_string();
    assert!(refused.contains("restore it from a backup"), "{refused}");
}
