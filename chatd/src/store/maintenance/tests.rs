use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chat_proto::admin::{HistoryEntry, HistoryKind};
use chat_proto::name::{ChannelName, Nick};
use chatd_core::{
    Byline, ChannelId, Entry, Event, HistoryAnswer, HistoryQuery, MessageId, Party, Place, Point, Range,
    Room, Said, SaidKind, Target, Timestamp, UserId, Who,
};
use tempfile::TempDir;

use super::*;
use crate::clock;
use crate::config::Durability;
use crate::metrics::Metrics;
use crate::store::{Cancelled, Carrier, FILE, Store, Watcher, copy};

const DAY: u64 = 24 * 60 * 60 * 1000;

struct Bench {
    directory: TempDir,
    store: Arc<Mutex<Store>>,
    maintenance: Maintenance,
    metrics: Metrics,
    said: u64,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(directory.path(), Durability::Off, Timestamp(1)).unwrap();
        let (archive, clock, disk_space) = (store.archive(), store.clock(), store.disk_space());
        let store = Arc::new(Mutex::new(store));
        let written = Arc::clone(&store);
        let chores = Chores::new(move |chore| chore(&mut written.lock().unwrap()));
        let metrics = Metrics::new(0);
        let maintenance =
            Maintenance::new(archive, chores, clock, disk_space, Bounds::default(), metrics.history.clone());
        let bench = Self { directory, store, maintenance, metrics, said: 0 };
        let sql = "INSERT INTO channel (id, folded, name, created_at, lobby, modes) VALUES (1, '#lobby', '#Lobby', 1, 1, '')";
        bench.store.lock().unwrap().connection.execute(sql, []).unwrap();
        bench
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(FILE)
    }

    fn say(&mut self, at: u64, nick: &str, to: &str, text: &str) {
        self.said += 1;
        let nick_of = |name: &str| Nick::new(name).unwrap();
        let party = |name: &str| Party::Account(nick_of(name).fold());
        let who = |name: &str| Who { user: UserId { slot: 0, generation: 1 }, nick: nick_of(name) };
        let (to, place) = if to.starts_with('#') {
            let room = Room { channel: ChannelId(1), name: ChannelName::new(to).unwrap() };
            (Target::Channel { room, at_least: None }, Place::Channel(ChannelId(1)))
        } else {
            (Target::User(who(to)), Place::pair(party(nick), party(to)))
        };
        let account = nick.starts_with(char::is_uppercase).then(|| nick_of(nick));
        let byline = Byline { source: format!("{nick}!u@h").into(), account };
        let id = MessageId { start: 1, number: self.said };
        let (kind, tags) = (SaidKind::Privmsg, "".into());
        let said = Said {
            id,
            from: who(nick),
            byline,
            to,
            place,
            kind,
            text: text.into(),
            tags,
            client_id: None,
            waits: None,
        };
        self.store
            .lock()
            .unwrap()
            .write([(Timestamp(at), &Event::Said(Box::new(said)))].into_iter())
            .unwrap();
    }

    fn exported(&self, of: Of) -> Vec<HistoryEntry> {
        let mut all = Vec::new();
        let take = |mut entries: Vec<HistoryEntry>| {
            all.append(&mut entries);
            true
        };
        self.maintenance.export(&Selection { of, since: None, until: None }, take).unwrap();
        all
    }

    fn texts(&self, of: Of) -> Vec<String> {
        self.exported(of).into_iter().filter_map(|entry| entry.text).collect()
    }

    /// Whether the text is in any of the files, deleted or not.
    fn is_on_disk(&self, text: &str) -> bool {
        is_on_disk(self.directory.path(), text)
    }
}

fn is_on_disk(directory: &Path, text: &str) -> bool {
    fs::read_dir(directory).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
    })
}

fn line(at: u64, from: &str, text: &str) -> Line {
    Line { at, from: from.into(), kind: LineKind::Message, text: text.into() }
}

/// Takes a backup into memory.
#[derive(Default)]
struct Taken(Vec<u8>);

impl Watcher for Taken {
    fn copied(&mut self, _: u64, _: u64) -> bool {
        true
    }
}

impl Carrier for Taken {
    fn carry(&mut self, bytes: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        true
    }
}

#[test]
fn a_backup_is_a_whole_database_and_nothing_is_left_behind() {
    let mut bench = Bench::new();
    bench.say(10, "Alice", "#Lobby", "hello");
    bench.say(20, "bob", "#Lobby", "hi");
    let mut taken = Taken::default();
    let holdings = bench.maintenance.backup(&mut taken).unwrap();
    assert_eq!((holdings.messages, holdings.channels), (2, 1));
    assert_eq!((holdings.first, holdings.last), (Some(10), Some(20)));
    assert_eq!(holdings.bytes, taken.0.len() as u64);
    let file = bench.directory.path().join("elsewhere");
    fs::write(&file, &taken.0).unwrap();
    assert_eq!(copy::check(&file).unwrap(), holdings);
    let names = || fs::read_dir(bench.directory.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(!names().any(|name| name.to_string_lossy().starts_with("backup-")));
}

#[test]
fn a_backup_that_nobody_waits_for_is_given_up_and_removed() {
    struct Gone;
    impl Watcher for Gone {
        fn copied(&mut self, _: u64, _: u64) -> bool {
            false
        }
    }
    impl Carrier for Gone {
        fn carry(&mut self, _: &[u8]) -> bool {
            unreachable!("nothing is copied")
        }
    }
    let bench = Bench::new();
    assert!(bench.maintenance.backup(&mut Gone).is_err());
    let left = fs::read_dir(bench.directory.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("backup-")));
}

#[test]
fn what_is_exported_is_of_channels_of_one_of_an_account_or_all() {
    let mut bench = Bench::new();
    bench.say(10, "Alice", "#Lobby", "one");
    bench.say(20, "Alice", "Carol", "two");
    bench.say(30, "bob", "#Lobby", "three");
    assert_eq!(bench.texts(Of::AllChannels), ["one", "three"]);
    assert_eq!(bench.texts(Of::Channel("#LOBBY".into())), ["one", "three"]);
    assert_eq!(bench.texts(Of::Account("alice".into())), ["one", "two"]);
    assert_eq!(bench.texts(Of::Account("bob".into())), [""; 0], "bob has no account");
    assert_eq!(bench.texts(Of::Everybody), ["one", "two", "three"]);
    let all = bench.exported(Of::Everybody);
    assert_eq!(
        (all[0].kind, all[0].channel.as_deref(), all[0].to.as_deref()),
        (HistoryKind::Message, Some("#Lobby"), None)
    );
    assert_eq!((all[1].channel.as_deref(), all[1].to.as_deref()), (None, Some("Carol")));
    let no_such = bench
        .maintenance
        .export(&Selection { of: Of::Channel("#x".into()), since: None, until: None }, |_| true);
    assert!(matches!(no_such, Err(MaintenanceError::NoSuchChannel(_))), "{no_such:?}");
}

#[test]
fn more_than_a_page_is_exported_once_and_in_order_between_two_times() {
    let mut bench = Bench::new();
    for number in 0..1200_u64 {
        bench.say(number / 2, "Alice", "#Lobby", &number.to_string());
    }
    let mut all = Vec::new();
    let selection = Selection { of: Of::AllChannels, since: Some(1), until: Some(599) };
    let take = |entries: Vec<HistoryEntry>| {
        all.extend(entries.into_iter().filter_map(|entry| entry.text?.parse::<u64>().ok()));
        true
    };
    bench.maintenance.export(&selection, take).unwrap();
    assert_eq!(all, (2..1198).collect::<Vec<_>>());
}

#[test]
fn what_is_erased_is_gone_from_the_disk_and_the_rest_is_there() {
    let mut bench = Bench::new();
    for number in 0..100 {
        bench.say(number, "Alice", "#Lobby", &format!("hushhush{number}"));
        bench.say(number, "Alice", "Carol", "hushhush private");
        bench.say(number, "Carol", "Alice", "carols answer");
    }
    assert!(bench.is_on_disk("hushhush"));
    bench.maintenance.import("#lobby", vec![line(5, "alice", "hushhush of old")]).unwrap();
    let traces = bench.maintenance.traces("ALICE").unwrap();
    assert_eq!((traces.account, traces.guest), (200, 1));
    assert_eq!(bench.maintenance.erase("alice", |_| ()).unwrap(), 201);
    assert_eq!(bench.maintenance.traces("alice").unwrap().account, 0);
    assert!(!bench.is_on_disk("hushhush"));
    assert_eq!(bench.texts(Of::Everybody), vec!["carols answer"; 100]);
    assert!(bench.metrics.samples().iter().any(|(name, value)| name.contains("erased") && *value == 201.0));
}

#[test]
fn what_is_imported_finds_its_place_among_what_is_there() {
    let mut bench = Bench::new();
    bench.say(1000, "Alice", "#Lobby", "first here");
    bench.say(3000, "Alice", "#Lobby", "last here");
    let lines = vec![
        line(500, "bob", "before"),
        line(2000, "bob", "between"),
        line(2000, "bob", "and then"),
        line(4000, "bob", "after"),
    ];
    let done = bench.maintenance.import("#lobby", lines.clone()).unwrap();
    assert_eq!((done.imported, done.present), (4, 0));
    bench.say(5000, "Alice", "#Lobby", "now");
    let order = ["before", "first here", "between", "and then", "last here", "after", "now"];
    assert_eq!(bench.texts(Of::AllChannels), order);
    let again = bench.maintenance.import("#lobby", lines).unwrap();
    assert_eq!((again.imported, again.present), (0, 4));
    assert_eq!(bench.texts(Of::AllChannels), order);
}

#[test]
fn what_is_imported_is_read_by_members_page_by_page() {
    let mut bench = Bench::new();
    let lines = (0..10).map(|number| line(1000 + number, "bob", &format!("line {number}"))).collect();
    bench.maintenance.import("#lobby", lines).unwrap();
    bench.say(5000, "Alice", "#Lobby", "now");
    let page = |range| {
        let place = Place::Channel(ChannelId(1));
        let query = HistoryQuery::Page { place, range, limit: 3, events: false, since: 0 };
        let archive = bench.store.lock().unwrap().archive();
        let HistoryAnswer::Entries(entries) = archive.ask(&query, &Cancelled::default()) else {
            panic!("entries")
        };
        entries
    };
    let text = |entry: &Entry| format!("{:?}", entry.deed);
    let last = page(Range::Latest(None));
    assert!(text(&last[2]).contains("now") && text(&last[1]).contains("line 9"), "{last:?}");
    let before = page(Range::Before(Point::Message(last[0].id.unwrap())));
    assert!(text(&before[2]).contains("line 7") && text(&before[0]).contains("line 5"), "{before:?}");
    let written: MessageId = last[0].id.unwrap().to_string().parse().unwrap();
    assert_eq!(Some(written), last[0].id);
    let around = page(Range::After(Point::Time(1000)));
    assert!(text(&around[0]).contains("line 1"), "{around:?}");
}

#[test]
fn lines_that_cannot_be_kept_or_would_go_at_once_are_counted() {
    let bench = Bench::new();
    bench
        .maintenance
        .set_bounds(Bounds { retention: Some(Duration::from_millis(30 * DAY)), ..Bounds::default() });
    let now = clock::wall().0;
    let lines = vec![
        line(now - 31 * DAY, "bob", "too old"),
        line(now + DAY, "bob", "of tomorrow"),
        line(now - DAY, "bob", "two\nlines"),
        line(now - DAY, "bob smith", "no nick"),
        line(now - DAY, "", "nobody"),
        line(now - DAY, "bob", "good"),
    ];
    let done = bench.maintenance.import("#lobby", lines).unwrap();
    assert_eq!((done.imported, done.present, done.too_old, done.refused), (1, 0, 1, 4));
}

#[test]
fn nothing_is_too_old_while_the_clock_is_ahead() {
    let mut bench = Bench::new();
    bench.say(clock::wall().0 - 40 * DAY, "Alice", "#Lobby", "of old");
    let count = |bench: &Bench| bench.store.lock().unwrap().measure().unwrap().0;
    let kept_for = Bounds { retention: Some(Duration::from_millis(30 * DAY)), ..Bounds::default() };
    // A start 40 days after the last thing was stored.
    let clock = Clock::start(None, Some(Timestamp(clock::wall().0 - 40 * DAY)));
    bench.maintenance.clock = clock.clone();
    bench.maintenance.set_bounds(kept_for);
    bench.maintenance.keep_within_bounds();
    assert_eq!(count(&bench), 1);
    assert!(clock.accept());
    bench.maintenance.keep_within_bounds();
    assert_eq!(count(&bench), 0);
}

#[test]
fn what_is_too_old_goes_with_its_marks_and_places_and_the_file_shrinks() {
    let mut bench = Bench::new();
    let now = clock::wall().0;
    let long = "x".repeat(2000);
    for number in 0..2000 {
        bench.say(now - 40 * DAY + number, "Alice", "Carol", &format!("of old {long}"));
    }
    bench.say(now - DAY, "Alice", "#Lobby", "lately");
    let mark = "INSERT INTO read_marker (account, target, at) VALUES ('alice', 'carol', ?1), ('alice', '#lobby', ?2)";
    bench.store.lock().unwrap().connection.execute(mark, [now - 40 * DAY, now]).unwrap();
    bench
        .maintenance
        .set_bounds(Bounds { retention: Some(Duration::from_millis(30 * DAY)), ..Bounds::default() });
    let size = |path: &Path| path.metadata().unwrap().len();
    bench.maintenance.clear_away().unwrap();
    let before = size(&bench.path());
    bench.maintenance.keep_within_bounds();
    assert_eq!(bench.texts(Of::Everybody), ["lately"]);
    assert!(size(&bench.path()) < before / 2, "{} of {before}", size(&bench.path()));
    assert!(!bench.is_on_disk("of old"));
    let store = bench.store.lock().unwrap();
    let count = |table: &str| -> u64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("place"), count("read_marker"), count("channel")), (1, 1, 1));
}

#[test]
fn what_is_too_much_goes_oldest_first() {
    let mut bench = Bench::new();
    let long = "x".repeat(4000);
    for number in 0..4000 {
        bench.say(number, "Alice", "#Lobby", &format!("{number} {long}"));
    }
    let max = 12 << 20;
    bench.maintenance.set_bounds(Bounds { max_size: Some(max), ..Bounds::default() });
    bench.maintenance.keep_within_bounds();
    let left = bench.exported(Of::AllChannels);
    let last = left.last().and_then(|entry| entry.text.as_deref()).unwrap();
    assert!(last.starts_with("3999 "), "the newest stays");
    assert!((2000..3500).contains(&left.len()), "{}", left.len());
    assert!(bench.path().metadata().unwrap().len() < max + max / 4);
}

#[test]
fn a_long_line_that_is_imported_is_shown_in_lines_that_fit() {
    let bench = Bench::new();
    let (day, nick) = (clock::wall().0 - DAY, "\u{e9}".repeat(32));
    let long = "word \u{20ac}".repeat(700);
    let lines = vec![line(day, &nick, &long), line(day, &"\u{e9}".repeat(33), "too long a nick")];
    let done = bench.maintenance.import("#lobby", lines.clone()).unwrap();
    assert_eq!((done.imported, done.refused), (1, 1));
    assert_eq!(bench.maintenance.import("#lobby", lines).unwrap().present, 1, "it is the same");
    let sql = "SELECT source, text FROM entry";
    let reader = copy::open(&bench.directory.path().join("chatd.db")).unwrap();
    let (source, text): (String, String) =
        reader.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let text = chatd_core::SaidText::from(text);
    assert_eq!(text.plain(), long);
    for line in text.lines() {
        assert!(format!(":{source} PRIVMSG #Lobby :{}\r\n", line.text).len() <= 512);
    }
}

#[test]
fn one_backup_is_made_at_a_time() {
    let bench = Bench::new();
    let turn = bench.maintenance.backing_up.lock().unwrap();
    let refused = bench.maintenance.backup(&mut Taken::default());
    assert!(matches!(refused, Err(MaintenanceError::BackupUnderWay)));
    drop(turn);
    bench.maintenance.backup(&mut Taken::default()).unwrap();
}

#[test]
fn next_start_empties_the_log_of_a_killed_chatd() {
    let mut bench = Bench::new();
    bench.say(10, "Alice", "#Lobby", "hushhush");
    bench.store.lock().unwrap().tidy();
    let message = MessageId { start: 1, number: 1 };
    let redaction = chatd_core::Redaction {
        message,
        to: "#Lobby".into(),
        place: Place::Channel(ChannelId(1)),
        by: chatd_core::Redactor::Administrator(chatd_core::Administrator { uid: 0, login: None }),
        reason: None,
    };
    let event = Event::Redacted(Box::new(redaction));
    bench.store.lock().unwrap().write([(Timestamp(20), &event)].into_iter()).unwrap();
    let killed = tempfile::tempdir().unwrap();
    for name in [FILE, "chatd.db-wal"] {
        fs::copy(bench.directory.path().join(name), killed.path().join(name)).unwrap();
    }
    let was_on_disk = is_on_disk(killed.path(), "hushhush");
    drop(Store::open(killed.path(), Durability::Off, Timestamp(30)).unwrap());
    assert!(was_on_disk && !is_on_disk(killed.path(), "hushhush"));
}

/// Words that nobody else says, so that the index has many pages of them.
fn unique_words(count: usize) -> Vec<String> {
    let mut seed = 1_u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + u8::try_from((seed >> 33) % 26).unwrap())
    };
    (0..count).map(|_| (0..12).map(|_| letter()).collect()).collect()
}

#[test]
fn no_page_of_the_index_keeps_a_word_that_was_erased() {
    let mut bench = Bench::new();
    let words = unique_words(4000);
    for (number, pair) in (0..).zip(words.chunks(2)) {
        bench.say(number, "Alice", "#Lobby", &pair[0]);
        bench.say(number, "Carol", "#Lobby", &pair[1]);
    }
    bench.maintenance.erase("alice", |_| ()).unwrap();
    let erased: std::collections::HashSet<&[u8]> = words.iter().step_by(2).map(String::as_bytes).collect();
    let bytes = fs::read(bench.path()).unwrap();
    let left: Vec<_> = bytes.windows(12).filter(|window| erased.contains(window)).collect();
    assert!(left.is_empty(), "{} of {} words are left", left.len(), erased.len());
}
