//! Nobody reads what is not theirs, whatever they ask for; and members read all that was said in their channels.

use std::collections::BTreeMap;

use chat_proto::message::Message;
use chat_proto::name::Nick;
use chatd_core::{ChannelId, ConnId, Event, Lost, Policy, Said, State, Target, UserId};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::host::{Host, guest, local};

const SEATS: [Option<&str>; 6] = [None, None, None, Some("ann"), Some("ann"), Some("ben")];
const CAPS: &str = "batch server-time message-tags draft/chathistory draft/event-playback soju.im/search";

#[derive(Debug, Clone)]
enum Act {
    Come { nick: &'static str, pages: bool },
    Go,
    Line(String),
    Say(&'static str),
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_reads_what_is_not_theirs(
        acts in prop::collection::vec((0..SEATS.len(), act(), 0..3_u64), 1..150),
    ) {
        let mut world = World::new();
        for (seat, act, milliseconds) in &acts {
            world.host.pass(*milliseconds);
            world.perform(*seat, act);
            world.check()?;
        }
        for seat in 0..SEATS.len() {
            world.members_read_all(seat)?;
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let nick = || select(&["ann", "ben", "cat", "dan"][..]);
    let target = || select(&["#tea", "#den", "#lobby", "ann", "ben", "cat", "dan"][..]);
    let room = || select(&["#tea", "#den", "#lobby"][..]);
    let page = (select(&["LATEST", "BEFORE", "AFTER", "AROUND"][..]), target(), any::<bool>());
    let command = (select(&["JOIN", "PART"][..]), room());
    let search = select(
        &[
            "SEARCH limit=50",
            "SEARCH from=cat",
            "SEARCH in=#tea",
            "SEARCH in=dan;limit=50",
            "SEARCH in=ann;text=said",
        ][..],
    );
    prop_oneof![
        6 => (nick(), prop::bool::weighted(0.8)).prop_map(|(nick, pages)| Act::Come { nick, pages }),
        3 => Just(Act::Go),
        2 => nick().prop_map(|nick| Act::Line(format!("NICK {nick}"))),
        8 => command.prop_map(|(command, room)| Act::Line(format!("{command} {room}"))),
        2 => (room(), nick()).prop_map(|(room, nick)| Act::Line(format!("KICK {room} {nick}"))),
        1 => room().prop_map(|room| Act::Line(format!("TOPIC {room} :news"))),
        20 => select(&["#tea", "#den", "#lobby", "@#tea", "ann", "ben", "cat", "dan"][..]).prop_map(Act::Say),
        12 => page.prop_map(|(subcommand, target, past)| {
            let point = match (subcommand, past) {
                ("LATEST", _) => "*",
                (_, true) => "timestamp=2020-01-01T00:00:00.000Z",
                (_, false) => "timestamp=2262-01-01T00:00:00.000Z",
            };
            Act::Line(format!("CHATHISTORY {subcommand} {target} {point} 100"))
        }),
        3 => Just(Act::Line(
            "CHATHISTORY TARGETS timestamp=2262-01-01T00:00:00.000Z timestamp=2020-01-01T00:00:00.000Z 50".into(),
        )),
        4 => search.prop_map(|search| Act::Line(search.into())),
    ]
}

/// Who said something, or was told it: an account, or a guest as long as it is here.
#[derive(Debug, Clone, PartialEq)]
enum Person {
    Account(Nick),
    Guest(UserId),
}

/// For whom something was said, and when.
#[derive(Debug)]
struct Meant {
    at: u64,
    channel: Option<(ChannelId, bool)>,
    people: Vec<Person>,
}

struct World {
    host: Host,
    seats: [Option<ConnId>; SEATS.len()],
    noted: usize,
    said: u64,
    /// By its text.
    meant: BTreeMap<String, Meant>,
}

impl World {
    fn new() -> Self {
        let host = Host::new(Policy::default());
        Self { host, seats: [None; SEATS.len()], noted: 0, said: 0, meant: BTreeMap::new() }
    }

    fn perform(&mut self, seat: usize, act: &Act) {
        let conn = self.seats[seat].filter(|conn| self.host.open.contains(conn));
        match (act, conn) {
            (Act::Come { nick, pages }, None) => {
                let conn = self.host.accept(SEATS[seat].map_or_else(guest, local));
                let caps = if *pages { CAPS } else { "batch server-time message-tags" };
                for line in [&format!("CAP REQ :{caps}"), &format!("NICK {nick}"), "USER u 0 * :r", "CAP END"]
                {
                    self.host.say(conn, line);
                }
                self.seats[seat] = Some(conn);
            }
            (Act::Go, Some(conn)) => self.host.lose(conn, Lost::Eof),
            (Act::Line(line), Some(conn)) => self.host.say(conn, line),
            (Act::Say(to), Some(conn)) => {
                self.said += 1;
                self.host.say(conn, &format!("PRIVMSG {to} :said {}", self.said));
            }
            _ => {}
        }
        self.host.settle();
        self.note();
    }

    fn note(&mut self) {
        for (at, event) in &self.host.events[self.noted..] {
            if let Event::Said(said) = event {
                self.meant
                    .insert(said.text.as_str().to_owned(), meant(self.host.core.state(), at.wall.0, said));
            }
        }
        self.noted = self.host.events.len();
    }

    /// What was just shown of the past was for those whom it was shown to.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for (conn, text) in self.host.heard() {
            let pings = text.split_terminator("\r\n").filter_map(|line| line.strip_prefix("PING :"));
            pings.for_each(|token| self.host.say(conn, &format!("PONG {token}")));
            for text in past(&text) {
                let meant = &self.meant[&text];
                prop_assert!(
                    may_read(self.host.core.state(), conn, meant),
                    "{:?} read {} {:?}",
                    conn,
                    text,
                    meant
                );
            }
        }
        Ok(())
    }

    fn members_read_all(&mut self, seat: usize) -> Result<(), TestCaseError> {
        let Some(conn) = self.seats[seat].filter(|conn| self.host.open.contains(conn)) else { return Ok(()) };
        let state = self.host.core.state();
        let Some((_, user)) = state.user_of(conn).filter(|(_, user)| user.account.is_some()) else {
            return Ok(());
        };
        let caps = state.sessions.get(conn).map(|session| session.caps).unwrap_or_default();
        if !caps.contains(chat_proto::caps::Caps::CHATHISTORY) {
            return Ok(());
        }
        let rooms: Vec<_> = user.channels.iter().filter_map(|id| state.room(*id)).collect();
        for room in rooms {
            self.host.say(conn, &format!("CHATHISTORY LATEST {} * 1000", room.name));
            self.host.settle();
            let mut all: Vec<(u64, &String)> = self
                .meant
                .iter()
                .filter(|(_, meant)| meant.channel == Some((room.channel, false)))
                .map(|(text, _)| (text.split(' ').next_back().unwrap().parse().unwrap(), text))
                .collect();
            all.sort_unstable();
            let all: Vec<String> = all.into_iter().map(|(_, text)| text.clone()).collect();
            let read = past(&self.host.heard().remove(&conn).unwrap_or_default());
            prop_assert_eq!(read, &all[all.len().saturating_sub(100)..]);
        }
        Ok(())
    }
}

fn meant(state: &State, at: u64, said: &Said) -> Meant {
    let person = |user: UserId| match state.user(user).and_then(|user| user.account.clone()) {
        Some(account) => Person::Account(account),
        None => Person::Guest(user),
    };
    let author = match &said.byline.account {
        Some(account) => Person::Account(account.clone()),
        None => Person::Guest(said.from.user),
    };
    let (channel, people) = match &said.to {
        Target::Channel { room, at_least } => (Some((room.channel, at_least.is_some())), Vec::new()),
        Target::User(who) => (None, vec![author, person(who.user)]),
        Target::Absent(account) => (None, vec![author, Person::Account(account.clone())]),
    };
    Meant { at, channel, people }
}

fn may_read(state: &State, conn: ConnId, meant: &Meant) -> bool {
    let Some((id, user)) = state.user_of(conn) else { return false };
    let me = user.account.clone().map_or(Person::Guest(id), Person::Account);
    let is_same = |person: &Person| match (person, &me) {
        (Person::Account(one), Person::Account(other)) => one.fold() == other.fold(),
        (one, other) => one == other,
    };
    match meant.channel {
        Some((_, true)) => false,
        Some((channel, false)) => {
            user.channels.contains(&channel) && (user.account.is_some() || meant.at >= user.since)
        }
        None => meant.people.iter().any(is_same),
    }
}

/// The texts of what was said before, among the lines.
fn past(lines: &str) -> Vec<String> {
    let messages = lines.split_terminator("\r\n").filter_map(|line| Message::parse(line).ok());
    let said = messages.filter(|message| message.command() == "PRIVMSG" && message.tag("batch").is_some());
    said.filter_map(|message| message.param(1).map(str::to_owned)).collect()
}
