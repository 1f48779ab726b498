use chat_proto::name::{ChannelName, Folded, Nick};
use chatd_core::{
    AccountEvent, Administrator, Byline, ChannelEvent, ChannelId, ConnId, Deed, Ending, Entry, Event,
    Fingerprint, HistoryAnswer, HistoryQuery, MessageId, Origin, OwnerChange, Party, Place, Point, Range,
    Rank, Ranks, Redaction, Redactor, Registrar, Room, Said, SaidKind, Scope, Search, Target, Timestamp,
    UserEvent, UserId, Who,
};
use tempfile::TempDir;

use super::Cancelled;
use crate::config::Durability;
use crate::store::Store;

const START: u64 = 1000;
const LOBBY: Place = Place::Channel(ChannelId(1));

struct Bench {
    store: Store,
    directory: TempDir,
    said: u64,
}

fn who(nick: &str) -> Who {
    Who { user: UserId { slot: 0, generation: 1 }, nick: Nick::new(nick).expect("a nick") }
}

/// Who begins with a capital letter has an account.
fn byline(nick: &str) -> Byline {
    let account = nick.starts_with(char::is_uppercase).then(|| Nick::new(nick).expect("a nick"));
    Byline { source: format!("{nick}!user@host").into(), account }
}

fn room(id: u64) -> Room {
    Room { channel: ChannelId(id), name: ChannelName::new(&format!("#room{id}")).expect("a channel") }
}

fn to_channel(id: u64) -> (Target, Place) {
    (Target::Channel { room: room(id), at_least: None }, Place::Channel(ChannelId(id)))
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(directory.path(), Durability::Off, Timestamp(START)).unwrap();
        Self { store, directory, said: 0 }
    }

    fn write(&mut self, at: u64, event: &Event) {
        self.store.write([(Timestamp(at), event)].into_iter()).unwrap();
    }

    fn say(&mut self, at: u64, nick: &str, (to, place): (Target, Place), text: &str) {
        self.said += 1;
        let id = MessageId { start: START, number: self.said };
        let (kind, tags) = (SaidKind::Privmsg, "+draft/reply=a;+a=b".into());
        let (from, byline) = (who(nick), byline(nick));
        let waits = match &to {
            Target::Absent(account) => Some(account.clone()),
            _ => None,
        };
        let (text, client_id) = (text.into(), Some("c1".into()));
        let said = Said { id, from, byline, to, place, kind, text, tags, client_id, waits };
        self.write(at, &Event::Said(Box::new(said)));
    }

    fn ask(&self, query: &HistoryQuery) -> Vec<Entry> {
        match self.store.archive().ask(query, &Cancelled::default()) {
            HistoryAnswer::Entries(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    fn page(&self, place: Place, range: Range, limit: u32) -> Vec<String> {
        texts(&self.ask(&HistoryQuery::Page { place, range, limit, events: false, since: 0 }))
    }
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| match &entry.deed {
        Deed::Said { text, .. } => text.as_str().to_owned(),
        other => format!("{other:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
    };
    entries.iter().map(text).collect()
}

fn number(number: u64) -> Point {
    Point::Message(MessageId { start: START, number })
}

/// Ten messages, 1 to 10 at 10 to 100, each followed by one elsewhere.
fn ten() -> Bench {
    let mut bench = Bench::new();
    for count in 1..=10 {
        bench.say(10 * count, "alice", to_channel(1), &count.to_string());
        bench.say(10 * count, "alice", to_channel(2), "elsewhere");
    }
    bench
}

#[test]
fn a_page_has_what_its_range_says_oldest_first() {
    let bench = ten();
    // The number of the message with that text is 2 * text - 1.
    let message = |text: u64| number(2 * text - 1);
    let time = |text: u64| Point::Time(10 * text);
    for point in [message, time] {
        for (range, limit, expected) in [
            (Range::Latest(None), 3, "8 9 10"),
            (Range::Latest(Some(point(7))), 2, "9 10"),
            (Range::Latest(Some(point(7))), 9, "8 9 10"),
            (Range::Before(point(4)), 2, "2 3"),
            (Range::Before(point(4)), 9, "1 2 3"),
            (Range::Before(point(1)), 9, ""),
            (Range::After(point(7)), 2, "8 9"),
            (Range::After(point(7)), 9, "8 9 10"),
            (Range::After(point(10)), 9, ""),
            (Range::Around(point(5)), 3, "4 5 6"),
            (Range::Around(point(5)), 1, "5"),
            (Range::Around(point(1)), 4, "1 2"),
            (Range::Around(point(10)), 4, "8 9 10"),
            (Range::Between(point(2), point(6)), 9, "3 4 5"),
            (Range::Between(point(2), point(6)), 2, "3 4"),
            (Range::Between(point(6), point(2)), 2, "4 5"),
            (Range::Between(point(6), point(2)), 9, "3 4 5"),
            (Range::Between(point(6), point(6)), 9, ""),
            (Range::Latest(None), 0, ""),
        ] {
            let expected: Vec<&str> = expected.split_whitespace().collect();
            assert_eq!(bench.page(LOBBY, range, limit), expected, "{range:?} {limit}");
        }
    }
}

#[test]
fn points_that_are_no_message_of_the_place_say_when_all_the_same() {
    let bench = ten();
    for (range, expected) in [
        (Range::Before(number(4)), "1 2"),
        (Range::After(number(18)), "10"),
        (Range::Before(Point::Time(25)), "1 2"),
        (Range::After(Point::Time(95)), "10"),
        (Range::Around(Point::Time(55)), "5 6"),
        (Range::Before(number(u64::MAX)), "9 10"),
        (Range::After(Point::Time(u64::MAX)), ""),
        (Range::Before(Point::Time(0)), ""),
    ] {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(bench.page(LOBBY, range, 2), expected, "{range:?}");
    }
    assert!(bench.page(Place::Channel(ChannelId(9)), Range::Latest(None), 2).is_empty());
}

#[test]
fn nothing_from_before_the_readers_time_is_told() {
    let bench = ten();
    for (range, expected) in
        [(Range::Latest(None), "9 10"), (Range::Around(number(1)), "9"), (Range::Before(number(18)), "9")]
    {
        let query = HistoryQuery::Page { place: LOBBY, range, limit: 9, events: false, since: 90 };
        let told = texts(&bench.ask(&query));
        assert!(!told.is_empty() && told.iter().all(|text| text == "9" || text == "10"), "{told:?}");
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert!(told.starts_with(&[expected[0].to_owned()]), "{range:?}: {told:?}");
    }
}

#[test]
fn an_entry_comes_back_as_it_was() {
    let mut bench = Bench::new();
    let pair = Place::pair(Party::Guest(Folded::new("bob")), Party::Account(Folded::new("Alice")));
    bench.say(5, "Alice", (Target::User(who("bob")), pair.clone()), "psst");
    let query = HistoryQuery::Page {
        place: pair.clone(),
        range: Range::Latest(None),
        limit: 1,
        events: true,
        since: 0,
    };
    let to = "bob".into();
    let deed = Deed::Said {
        kind: SaidKind::Privmsg,
        to,
        tags: "+draft/reply=a".into(),
        text: "psst".into(),
        client_id: Some("c1".into()),
    };
    let id = Some(MessageId { start: START, number: 1 });
    let Byline { source, account } = byline("Alice");
    assert_eq!(bench.ask(&query), [Entry { id, at: 5, place: pair, source, account, deed }]);
    assert!(
        bench
            .page(
                Place::pair(Party::Guest(Folded::new("bob")), Party::Guest(Folded::new("alice"))),
                Range::Latest(None),
                9
            )
            .is_empty()
    );
}

#[test]
fn what_happened_is_told_where_it_was_seen_to_those_who_ask_for_it() {
    let mut bench = Bench::new();
    let conn = ConnId { slot: 0, generation: 1 };
    let from = Box::new(Origin::Unix { uid: 1, pid: None, login: None });
    let channels = vec![ChannelId(1), ChannelId(2)];
    let topic = MessageId { start: START, number: 1000 };
    let alice = || byline("alice");
    let in_room = |event| Event::Channel(room(1), event);
    let events = [
        in_room(ChannelEvent::Joined { who: who("alice"), ranks: Ranks::OPERATOR, byline: alice() }),
        in_room(ChannelEvent::TopicSet { id: topic, by: who("alice"), topic: "tea".into(), byline: alice() }),
        Event::User(
            who("alice"),
            UserEvent::NickChanged {
                nick: Nick::new("ally").expect("a nick"),
                byline: alice(),
                channels: channels.clone(),
            },
        ),
        Event::User(
            who("ally"),
            UserEvent::Left {
                conn,
                from,
                ending: Ending::Quit,
                reason: "bye".into(),
                byline: alice(),
                channels,
            },
        ),
    ];
    for event in &events {
        assert!(event.is_durable());
        bench.write(7, event);
    }
    bench.say(8, "bob", to_channel(1), "gone");
    let page =
        |place| HistoryQuery::Page { place, range: Range::Latest(None), limit: 9, events: true, since: 0 };
    assert_eq!(texts(&bench.ask(&page(LOBBY))), ["Joined", "TopicSet", "NickChanged", "Left", "gone"]);
    let elsewhere = bench.ask(&page(Place::Channel(ChannelId(2))));
    assert_eq!(elsewhere[1].deed, Deed::Left { reason: "bye".into() });
    assert_eq!((elsewhere.len(), elsewhere[0].id), (2, None));
    assert_eq!(bench.page(LOBBY, Range::Latest(None), 9), ["gone"]);
}

#[test]
fn what_only_some_members_were_shown_is_kept_from_the_others() {
    let mut bench = Bench::new();
    let to = Target::Channel { room: room(1), at_least: Some(Rank::Operator) };
    bench.say(1, "alice", (to, LOBBY), "operators only");
    bench.say(2, "alice", to_channel(1), "all");
    assert_eq!(bench.page(LOBBY, Range::Latest(None), 9), ["all"]);
}

#[test]
fn ids_go_on_where_they_were_never_before() {
    let bench = ten();
    drop(bench.store);
    let (store, kept) = Store::open(bench.directory.path(), Durability::Full, Timestamp(2 * START)).unwrap();
    assert_eq!((kept.start, kept.run), (Some(START), 1));
    drop(store);
    let state = chatd_core::State::new(chatd_core::Policy::default(), kept, 2 * START);
    let next = state.next_message();
    assert!(next.start == START && next.number > bench.said && state.next_channel().0 > 2);
    let (_, kept) = Store::open(bench.directory.path(), Durability::Full, Timestamp(3 * START)).unwrap();
    let later = chatd_core::State::new(chatd_core::Policy::default(), kept, 3 * START);
    assert!(later.next_message() > next && later.next_channel() > state.next_channel());
}

#[test]
fn targets_are_the_places_of_the_reader_where_something_was_said_last_between_the_times() {
    let mut bench = Bench::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| Party::Guest(Folded::new(name)));
    let pair = |one: &Party, other: &Party| Place::pair(one.clone(), other.clone());
    let (with_bob, with_carol) = (pair(&alice, &bob), pair(&alice, &carol));
    bench.say(1, "alice", (Target::User(who("bob")), with_bob.clone()), "1");
    bench.say(2, "alice", to_channel(1), "2");
    bench.say(3, "alice", to_channel(2), "3");
    bench.say(4, "carol", (Target::User(who("alice")), with_carol.clone()), "4");
    bench.say(5, "carol", (Target::User(who("bob")), pair(&carol, &bob)), "5");
    let targets = |after, before, limit, since| {
        let channels = vec![ChannelId(1), ChannelId(7)];
        let query = HistoryQuery::Targets { party: alice.clone(), channels, after, before, limit, since };
        match bench.store.archive().ask(&query, &Cancelled::default()) {
            HistoryAnswer::Targets(targets) => targets,
            other => panic!("{other:?}"),
        }
    };
    let all = [(with_bob, 1), (LOBBY, 2), (with_carol, 4)];
    assert_eq!(targets(0, 9, 9, 0), all);
    assert_eq!(targets(0, 9, 2, 0), all[..2]);
    assert_eq!(targets(9, 0, 2, 0), all[1..]);
    assert_eq!(targets(1, 4, 9, 0), all[1..2]);
    assert_eq!(targets(0, 9, 9, 3), all[2..]);
}

fn search(bench: &Bench, change: impl FnOnce(&mut Search)) -> Vec<String> {
    let scope = Scope::Place(LOBBY);
    let mut search =
        Search { scope, words: Vec::new(), from: None, after: None, before: None, limit: 9, since: 0 };
    change(&mut search);
    texts(&bench.ask(&HistoryQuery::Search(Box::new(search))))
}

fn words(text: &str) -> impl FnOnce(&mut Search) {
    let words = text.split_whitespace().map(str::to_owned).collect();
    move |search| search.words = words
}

#[test]
fn all_words_must_occur_whatever_their_case_and_accents() {
    let mut bench = Bench::new();
    for (at, text) in ["The café is open", "the cafeteria is closed", "une CAFE-bar", "well-known\rness"]
        .into_iter()
        .enumerate()
    {
        bench.say(at as u64 + 1, "alice", to_channel(1), text);
    }
    for (query, found) in [
        ("cafe", &["The café is open", "une CAFE-bar"][..]),
        ("CAFÉ the", &["The café is open"]),
        ("caf*", &["The café is open", "the cafeteria is closed", "une CAFE-bar"]),
        ("cafe-bar", &["une CAFE-bar"]),
        ("bar-cafe", &[]),
        ("wellknown", &[]),
        ("knownness", &["well-known\rness"]),
        ("the absent", &[]),
        ("is :-)", &["The café is open", "the cafeteria is closed"]),
        (":-) *", &[]),
    ] {
        assert_eq!(search(&bench, words(query)), found, "{query}");
    }
}

#[test]
fn what_is_searched_for_has_no_meaning_but_its_own() {
    let mut bench = Bench::new();
    bench.say(1, "alice", to_channel(1), "harmless words");
    bench.say(2, "alice", to_channel(2), "secret words");
    for query in [
        "words\" OR \"secret",
        "words OR secret",
        "NOT secret",
        "NEAR(words secret)",
        "scope:p2",
        "text:words)",
        "\"",
        "\"\"",
        "*",
        "words^",
        "^words",
        "{scope}:p2",
        "-scope:p1",
        "+",
        "(",
        "a\0b",
        "words\")) OR (scope:p2",
    ] {
        assert!(search(&bench, words(query)).iter().all(|text| text == "harmless words"), "{query}");
        assert!(
            search(&bench, |search| search.words = vec![query.into()])
                .iter()
                .all(|text| text == "harmless words")
        );
    }
}

#[test]
fn a_search_finds_by_place_author_and_time_the_newest_first() {
    let mut bench = Bench::new();
    let [alice, bob] = ["alice", "bob"].map(|name| Party::Guest(Folded::new(name)));
    let pair = Place::pair(alice.clone(), bob);
    bench.say(1, "alice", to_channel(1), "one tea");
    bench.say(2, "Bob", to_channel(1), "two tea");
    bench.say(3, "alice", to_channel(2), "three tea");
    bench.say(4, "alice", (Target::User(who("bob")), pair), "four tea");
    bench.say(
        5,
        "carol",
        (
            Target::User(who("bob")),
            Place::pair(Party::Guest(Folded::new("carol")), Party::Guest(Folded::new("bob"))),
        ),
        "five tea",
    );
    bench.say(6, "alice", (Target::Channel { room: room(1), at_least: Some(Rank::Voice) }, LOBBY), "six tea");
    let everything = |channels: &[u64]| {
        let channels = channels.iter().copied().map(ChannelId).collect();
        Scope::Everything { party: alice.clone(), channels }
    };
    let tea = |change: &dyn Fn(&mut Search)| {
        search(&bench, |search| {
            search.words = vec!["tea".into()];
            change(search);
        })
    };
    assert_eq!(tea(&|_| {}), ["one tea", "two tea"]);
    assert_eq!(tea(&|search| search.scope = everything(&[1, 7])), ["one tea", "two tea", "four tea"]);
    assert_eq!(tea(&|search| search.scope = everything(&[])), ["four tea"]);
    assert_eq!(tea(&|search| search.limit = 1), ["two tea"]);
    assert_eq!(tea(&|search| search.from = Some(Folded::new("BOB"))), ["two tea"]);
    assert_eq!(tea(&|search| search.from = Some(Folded::new("bo"))), [""; 0]);
    assert_eq!(tea(&|search| search.after = Some(1)), ["two tea"]);
    assert_eq!(tea(&|search| search.before = Some(2)), ["one tea"]);
    assert_eq!(tea(&|search| search.since = 2), ["two tea"]);
    let without_words =
        |search: &mut Search| (search.scope, search.from) = (everything(&[1, 2]), Some(Folded::new("alice")));
    assert_eq!(search(&bench, without_words), ["one tea", "three tea", "four tea"]);
}

#[test]
fn a_message_is_found_by_its_id_until_it_is_taken_back() {
    let mut bench = ten();
    let pair = Place::pair(Party::Account(Folded::new("Alice")), Party::Guest(Folded::new("bob")));
    bench.say(200, "Alice", (Target::User(who("bob")), pair.clone()), "psst");
    let id = |number| MessageId { start: START, number };
    let found = bench.ask(&HistoryQuery::Message(id(21)));
    assert!(texts(&found) == ["psst"] && found[0].place == pair, "{found:?}");
    for by in [
        Redactor::User(byline("Alice")),
        Redactor::Administrator(Administrator { uid: 0, login: Some("root".into()) }),
    ] {
        let (to, reason) = ("bob".into(), Some("oops".into()));
        let redaction = Redaction { message: id(21), place: pair.clone(), to, by, reason };
        bench.write(300, &Event::Redacted(Box::new(redaction)));
    }
    assert_eq!(bench.ask(&HistoryQuery::Message(id(21))), []);
    assert!(bench.page(pair, Range::Latest(None), 9).is_empty());
    let kept = bench.store.connection.query_row(
        "SELECT text, tags, redacted_at, redacted_by, redaction_reason FROM entry WHERE number = 21",
        [],
        |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        },
    );
    let (text, tags, at, by, reason): (_, _, u64, String, String) = kept.unwrap();
    assert_eq!((&*text, tags, at, &*by, &*reason), ("", None, 300, "Alice!user@host", "oops"));
    for nowhere in
        [MessageId { start: 7, number: 1 }, id(99), id(u64::MAX), MessageId { start: 0, number: 1 }]
    {
        assert_eq!(bench.ask(&HistoryQuery::Message(nowhere)), []);
    }
}

#[test]
fn what_was_said_lately_is_known_by_the_authors_ids_after_a_restart_and_without_its_words_if_it_was_taken_back()
 {
    let mut bench = ten();
    let (to, by) = ("#room1".into(), Redactor::User(byline("alice")));
    let message = MessageId { start: START, number: 1 };
    let redaction = Redaction { message, place: LOBBY, to, by, reason: None };
    bench.write(300, &Event::Redacted(Box::new(redaction)));
    let (_, kept) = Store::open(bench.directory.path(), Durability::Off, Timestamp(START)).unwrap();
    let numbers: Vec<u64> = kept.receipts.iter().filter_map(|entry| entry.id).map(|id| id.number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(texts(&kept.receipts)[..3], ["", "elsewhere", "2"]);
}

#[test]
fn what_is_taken_back_or_deleted_is_gone_from_the_file() {
    let mut bench = Bench::new();
    bench.say(1, "alice", to_channel(1), "harmless zzsecret");
    bench.say(2, "alice", to_channel(1), "harmless qqsecret");
    bench.say(3, "alice", to_channel(1), "harmless");
    let sql = "UPDATE entry SET text = '', tags = NULL, redacted_at = 5 WHERE number = 1; DELETE FROM entry WHERE number = 2;";
    bench.store.connection.execute_batch(sql).unwrap();
    assert_eq!(bench.store.measure().unwrap().0, 2, "what was taken back leaves its place");
    let reader = rusqlite::Connection::open(bench.directory.path().join("chatd.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entry").unwrap();
    assert!(bench.store.tidy(), "somebody reads what was before");
    drop(reader);
    assert!(!bench.store.tidy());
    assert_eq!(search(&bench, words("harmless")), ["harmless"]);
    assert_eq!(search(&bench, words("zzsecret")), [""; 0]);
    assert_eq!(bench.page(LOBBY, Range::Latest(None), 9), ["harmless"]);
    bench
        .store
        .connection
        .execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)", [])
        .unwrap();
    for file in std::fs::read_dir(bench.directory.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        for word in [&b"zzsecret"[..], b"qqsecret"] {
            assert!(!content.windows(word.len()).any(|bytes| bytes == word));
        }
    }
}

#[test]
fn what_waits_for_an_account_waits_until_it_was_delivered_over_starts_too() {
    let mut bench = Bench::new();
    let bob: Nick = "Bob".parse().expect("a name");
    let party = |name: &str| Party::Account(Folded::new(name));
    let pair = || Place::pair(party("alice"), party("bob"));
    let to_bob = || (Target::Absent(bob.clone()), pair());
    for (at, text) in [(1, "one"), (2, "two"), (3, "three")] {
        bench.say(at, "alice", to_bob(), text);
    }
    bench.say(4, "alice", to_channel(1), "not for him alone");
    let waiting = HistoryQuery::Undelivered { account: bob.fold(), limit: 9 };
    assert_eq!(texts(&bench.ask(&waiting)), ["one", "two", "three"]);
    assert_eq!(bench.ask(&waiting)[0].place, pair());
    let upto = MessageId { start: START, number: 2 };
    bench.write(5, &Event::Account(bob.clone(), AccountEvent::Delivered { upto, left: 1 }));
    assert_eq!(texts(&bench.ask(&waiting)), ["three"]);
    assert_eq!(bench.page(pair(), Range::Latest(None), 9), ["one", "two", "three"]);
    let counted = |bench: &Bench| {
        let (_, kept) = Store::open(bench.directory.path(), Durability::Off, Timestamp(START)).unwrap();
        kept.undelivered.into_values().map(|mailbox| mailbox.count()).collect::<Vec<_>>()
    };
    assert_eq!(counted(&bench), [1]);
    bench.write(6, &Event::Account(bob, AccountEvent::Delivered { upto, left: 0 }));
    assert_eq!(counted(&bench), [0_u32; 0]);
}

#[test]
fn restart_restores_uids_and_changes_of_owner() {
    let mut bench = Bench::new();
    let bob: Nick = "Bob".parse().expect("a name");
    let kept = |bench: &Bench| {
        let (_, kept) = Store::open(bench.directory.path(), Durability::Off, Timestamp(START)).unwrap();
        (kept.owner_changes.into_iter().collect::<Vec<_>>(), kept.login_uids.into_iter().collect::<Vec<_>>())
    };
    bench.write(3, &Event::Account(bob.clone(), AccountEvent::LoginBound { uid: 1000 }));
    assert_eq!(kept(&bench), (vec![], vec![(bob.fold(), 1000)]));
    bench.say(4, "bob", to_channel(1), "one");
    let changed = AccountEvent::OwnerChanged { former_uid: 1000, uid: 1001 };
    bench.write(5, &Event::Account(bob.clone(), changed));
    let change = OwnerChange { at: 5, message: 1 };
    assert_eq!(kept(&bench), (vec![(bob.fold(), change)], vec![(bob.fold(), 1001)]));
    let by = Administrator { uid: 0, login: None };
    bench.write(6, &Event::Account(bob.clone(), AccountEvent::Removed { by }));
    assert_eq!(kept(&bench), (vec![(bob.fold(), OwnerChange { at: 6, message: 1 })], vec![]));
}

#[test]
fn owner_change_keeps_only_the_suspension() {
    let mut bench = Bench::new();
    let by = Administrator { uid: 0, login: None };
    for name in ["alice", "bob"] {
        let name: Nick = name.parse().expect("a name");
        let registered = AccountEvent::Registered {
            login: true,
            email: Some("somebody@example.org".into()),
            credentials: None,
            by: Registrar::Administrator(by.clone()),
        };
        bench.write(1, &Event::Account(name.clone(), registered));
        let fingerprint = Fingerprint([name.as_str().as_bytes()[0]; 32]);
        bench.write(2, &Event::Account(name, AccountEvent::CertificateAdded { fingerprint }));
    }
    let bob: Nick = "bob".parse().expect("a name");
    bench.write(3, &Event::Account(bob, AccountEvent::Suspended { by, reason: None }));
    for name in ["alice", "bob"] {
        let changed = AccountEvent::OwnerChanged { former_uid: 1000, uid: 1001 };
        bench.write(4, &Event::Account(name.parse().expect("a name"), changed));
    }
    let (_, kept) = Store::open(bench.directory.path(), Durability::Off, Timestamp(START)).unwrap();
    let [bob] = &kept.accounts[..] else { panic!("{:?}", kept.accounts) };
    assert!(bob.suspended.is_some() && bob.email.is_none() && bob.certificates.is_empty(), "{bob:?}");
    assert_eq!((bob.name.as_str(), bob.created_at), ("bob", 4));
}

#[test]
fn what_an_account_said_is_no_receipt_for_whoever_has_its_name_next() {
    let mut bench = Bench::new();
    bench.say(10, "Alice", to_channel(1), "hers");
    bench.say(20, "Bob", to_channel(1), "his");
    let root = Administrator { uid: 0, login: None };
    bench.write(30, &Event::Account("Alice".parse().expect("a name"), AccountEvent::Removed { by: root }));
    let (_, kept) = Store::open(bench.directory.path(), Durability::Off, Timestamp(START)).unwrap();
    assert_eq!(texts(&kept.receipts), ["his"]);
    assert_eq!(search(&bench, words("hers")), ["hers"]);
}

#[test]
fn the_log_is_emptied_as_soon_as_nobody_reads() {
    let mut bench = ten();
    let archive = bench.store.archive();
    let log = || std::fs::metadata(archive.files.path().with_extension("db-wal")).unwrap().len();
    let reader = rusqlite::Connection::open(archive.files.path()).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    reading.query_row("SELECT count(*) FROM entry", [], |_| Ok(())).unwrap();
    bench.say(300, "alice", to_channel(1), "more");
    assert!(!archive.empty_log().unwrap() && log() > 0);
    reading.finish().unwrap();
    assert!(archive.empty_log().unwrap());
    assert_eq!(log(), 0);
}
