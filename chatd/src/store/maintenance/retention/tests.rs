use std::time::Duration;

use chat_proto::name::{ChannelName, Nick};
use chatd_core::{
    Byline, ChannelEvent, ChannelId, Event, LimitKey, MessageId, Origin, Place, Room, Said, SaidKind, Target,
    Timestamp, UserId, Who,
};

use super::Removed;
use crate::config::{Bounds, Durability};
use crate::metrics::Metrics;
use crate::store::maintenance::Maintenance;
use crate::store::{DiskSpace, Store};

/// Messages in channels, by users of any source.
struct Bench {
    directory: tempfile::TempDir,
    maintenance: Maintenance,
    said: u64,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let maintenance = Maintenance::of_new_store(directory.path(), &Metrics::new(0));
        Self { directory, maintenance, said: 0 }
    }

    fn write(&self, event: Event) {
        let at = Timestamp(self.said);
        let write = move |store: &mut Store| store.write([(at, &event)].into_iter());
        self.maintenance.chores.perform(write).unwrap().unwrap();
    }

    fn in_channel(&self, channel: u64, event: ChannelEvent) {
        self.write(Event::Channel(room(channel), event));
    }

    fn open(&self, channel: u64) {
        self.in_channel(channel, ChannelEvent::Created { lobby: channel == 1 });
    }

    fn say(&mut self, source: &str, channel: u64, text: &str) {
        self.said += 1;
        let nick: Nick = source.split('!').next().unwrap().parse().unwrap();
        let said = Said {
            id: MessageId { start: 1, number: self.said },
            from: Who { user: UserId { slot: 0, generation: 1 }, nick: nick.clone() },
            byline: Byline { source: source.into(), account: source.ends_with("!u@h").then_some(nick) },
            to: Target::Channel { room: room(channel), at_least: None },
            place: Place::Channel(ChannelId(channel)),
            kind: SaidKind::Privmsg,
            text: text.into(),
            tags: "".into(),
            client_id: None,
            waits: None,
        };
        self.write(Event::Said(Box::new(said)));
    }

    fn count(&self, sql: &str) -> u64 {
        self.maintenance.archive.reader().unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The shares are what the entries add up to.
    fn assert_shares_are_right(&self) {
        let sums = "SELECT share AS name, sum(bytes) AS bytes FROM entry GROUP BY share";
        let shares = "SELECT name, bytes FROM share";
        for (one, other) in [(sums, shares), (shares, sums)] {
            assert_eq!(self.count(&format!("SELECT count(*) FROM ({one} EXCEPT {other})")), 0, "{one}");
        }
    }
}

fn room(channel: u64) -> Room {
    Room { channel: ChannelId(channel), name: ChannelName::new(&format!("#room{channel}")).unwrap() }
}

#[test]
fn ended_guest_channels_lose_their_history() {
    let mut bench = Bench::new();
    for channel in 1..=4 {
        bench.open(channel);
        for number in 0..50 {
            bench.say("guest!~g@h", channel, &format!("{number}"));
        }
    }
    let from = LimitKey::from(&Origin::Unix { uid: 1, pid: None, login: None });
    bench.in_channel(3, ChannelEvent::Founded { account: "alice".parse().unwrap(), from });
    for channel in [2, 3] {
        bench.in_channel(channel, ChannelEvent::Ended);
    }
    let removed = Removed { of_ended_channels: 50, ..Removed::default() };
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap(), removed);
    assert_eq!(bench.count("SELECT count(*) FROM place WHERE channel = 2"), 0);
    assert_eq!(bench.count("SELECT count(*) FROM entry"), 150, "the others keep theirs");
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap(), Removed::default());
    let retention = Some(Duration::from_secs(3600));
    bench.maintenance.set_bounds(Bounds { retention, ..Bounds::default() });
    let removed = Removed { by_age: 150, ..Removed::default() };
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap(), removed, "they go by age");
    bench.assert_shares_are_right();
}

#[test]
fn restart_ends_guest_channels_with_their_history() {
    let mut bench = Bench::new();
    for channel in [1, 2] {
        bench.open(channel);
        bench.say("guest!~g@h", channel, "hello");
    }
    let Bench { directory, maintenance, .. } = bench;
    drop(maintenance);
    drop(Store::open(directory.path(), Durability::Off, Timestamp(9)).unwrap());
    let maintenance = Maintenance::of_new_store(directory.path(), &Metrics::new(0));
    let bench = Bench { directory, maintenance, said: 0 };
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap().of_ended_channels, 1);
    assert_eq!(bench.count("SELECT channel FROM place"), 1);
    assert_eq!(bench.count("SELECT count(*) FROM ended_channel"), 0);
}

#[test]
fn reused_channel_name_ends_the_guest_channel_of_before() {
    let mut bench = Bench::new();
    bench.open(2);
    bench.say("guest!~g@h", 2, "hello");
    let again = Room { channel: ChannelId(5), name: room(2).name };
    bench.write(Event::Channel(again, ChannelEvent::Created { lobby: false }));
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap().of_ended_channels, 1);
}

#[test]
fn flood_removes_the_past_of_its_author_only() {
    let mut bench = Bench::new();
    bench.open(1);
    for number in 0..20 {
        bench.say("alice!u@h", 1, &format!("alice {number}"));
        bench.say("bob!~b@elsewhere", 1, &format!("bob {number}"));
    }
    let long = "x".repeat(4000);
    for number in 0..4000 {
        // A guest is free to change the nick and the ident.
        bench.say(&format!("guest{number}!~g{number}@flood"), 1, &long);
    }
    bench.maintenance.set_bounds(Bounds { max_size: Some(12 << 20), ..Bounds::default() });
    let removed = bench.maintenance.remove_what_is_too_much().unwrap();
    assert!((500..2000).contains(&removed.by_size), "{removed:?}");
    assert_eq!(bench.count("SELECT count(*) FROM entry WHERE author IN ('alice', 'bob')"), 40);
    assert_eq!(bench.count("SELECT count(*) FROM entry WHERE author = 'guest0'"), 0, "the oldest goes first");
    assert_eq!(bench.count("SELECT count(*) FROM entry WHERE author = 'guest3999'"), 1);
    bench.assert_shares_are_right();
}

#[test]
fn nearly_full_disk_removes_the_past_of_whoever_stores_most() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.say("alice!u@h", 1, "hello");
    let long = "x".repeat(4000);
    for _ in 0..3000 {
        bench.say("guest!~g@flood", 1, &long);
    }
    let used = bench.count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    bench.maintenance.disk_space = DiskSpace::on_disk(100);
    bench.maintenance.set_bounds(Bounds { reserve: Some(4 << 20), ..Bounds::default() });
    bench.maintenance.disk_space.see(9);
    assert_eq!(bench.maintenance.remove_what_is_too_much().unwrap(), Removed::default());
    bench.maintenance.disk_space.see(6);
    bench.maintenance.watch_disk_space();
    let left = bench.count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    assert!(left < used, "{left} of {used}");
    let guests = bench.count("SELECT count(*) FROM entry WHERE author = 'guest'");
    assert!((1500..3000).contains(&guests), "{guests}");
    assert_eq!(bench.count("SELECT count(*) FROM entry WHERE author = 'alice'"), 1);
}

#[test]
fn small_database_keeps_its_history_on_a_full_disk() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.say("guest!~g@flood", 1, "hello");
    bench.maintenance.disk_space = DiskSpace::on_disk(100);
    bench.maintenance.disk_space.see(0);
    bench.maintenance.watch_disk_space();
    assert_eq!(bench.count("SELECT count(*) FROM entry"), 1);
}

#[test]
fn guests_share_what_they_store_by_origin() {
    let mut bench = Bench::new();
    bench.open(1);
    for source in ["alice!u@h", "a!~x@one", "b!~y@one", "c!root@local", "d!root@local", "e!bin@local"] {
        bench.say(source, 1, "hello");
    }
    let names = "SELECT group_concat(name, ' ') FROM (SELECT name FROM share ORDER BY name)";
    let names: String =
        bench.maintenance.archive.reader().unwrap().query_row(names, [], |row| row.get(0)).unwrap();
    assert_eq!(names, "a:alice h:bin@local h:one h:root@local");
}

#[test]
fn redaction_reduces_the_share() {
    let mut bench = Bench::new();
    bench.open(1);
    bench.say("alice!u@h", 1, &"x".repeat(1000));
    let sql = "UPDATE entry SET text = '', tags = NULL, redacted_at = 5 WHERE number = 1";
    bench.maintenance.chores.perform(move |store| store.connection.execute(sql, [])).unwrap().unwrap();
    assert!(bench.count("SELECT bytes FROM share") < 1000);
    bench.assert_shares_are_right();
}
