//! The core against the naive chat.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chatd_core::{ConnId, Flags, Input, Keepalive, Lost, Policy, Ranks, State};
use proptest::prelude::*;

use super::deed::{Deed, deed};
use super::rooms::Ranks as NaiveRanks;
use super::{Naive, SEATS};
use crate::kept::restarted;
use crate::support::host::{Host, guest, local};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn everybody_hears_what_the_naive_chat_says_and_both_end_the_same(
        deeds in prop::collection::vec((0..SEATS.len(), deed()), 1..100),
    ) {
        let mut naive = Naive::new();
        let mut real = Real::new();
        for (seat, deed) in &deeds {
            naive.perform(*seat, deed);
            real.perform(*seat, deed);
            let mut heard: Vec<Vec<String>> = naive.seats.iter_mut().map(|seat| std::mem::take(&mut seat.heard)).collect();
            let mut really = real.heard();
            if matches!(deed, Deed::Silence) {
                // Who of them falls asleep first is nobody's business.
                heard.iter_mut().chain(&mut really).for_each(|lines| lines.sort());
            }
            prop_assert_eq!(really, heard, "after {:?} from seat {}", deed, seat);
            prop_assert_eq!(shown(real.host.core.state()), naive.shown());
        }
    }
}

/// The real chat, with connections at the same seats.
struct Real {
    host: Host,
    seats: [Option<ConnId>; SEATS.len()],
}

impl Real {
    fn new() -> Self {
        let keepalive = Keepalive { interval: u64::MAX, timeout: u64::MAX, registration: u64::MAX };
        let mut policy = Policy { keepalive, ..Policy::default() };
        policy.limits.talk_requests = 2 * SEATS.len();
        Self { host: Host::new(policy), seats: [None; SEATS.len()] }
    }

    fn perform(&mut self, seat: usize, deed: &Deed) {
        let registered = self.seats[seat].is_some_and(|conn| self.host.core.state().user_of(conn).is_some());
        match (deed, deed.line(), self.seats[seat]) {
            (Deed::Crash, ..) => {
                self.host = restarted(&self.host);
                self.seats = [None; SEATS.len()];
            }
            (Deed::Silence, ..) => {
                self.host.pass(self.host.core.state().policy.presence.away_after);
                self.host.feed(Input::Tick);
            }
            (Deed::Register { nick, own, caps }, ..) if !registered => {
                self.register(seat, SEATS[seat].filter(|_| *own).unwrap_or(nick), caps);
            }
            (Deed::Lose, _, Some(conn)) if registered => {
                self.host.lose(conn, Lost::Eof);
                self.seats[seat] = None;
            }
            (_, Some(line), Some(conn)) if registered => self.host.say(conn, &line),
            _ => {}
        }
        self.host.settle();
        self.seats[seat] = self.seats[seat].filter(|conn| self.host.open.contains(conn));
    }

    fn register(&mut self, seat: usize, nick: &str, caps: &str) {
        let accept = |host: &mut Host| host.accept(SEATS[seat].map_or_else(guest, local));
        let conn = *self.seats[seat].get_or_insert_with(|| accept(&mut self.host));
        let lines =
            [format!("CAP REQ :{caps}"), format!("NICK {nick}"), "USER u 0 * r".into(), "CAP END".into()];
        for line in lines {
            self.host.say(conn, &line);
        }
    }

    /// What each seat heard of others and itself: the lines with a person's source, without tags. A service is nobody.
    fn heard(&mut self) -> Vec<Vec<String>> {
        let sent = self.host.heard();
        for (conn, text) in &sent {
            let pings = text.split_terminator("\r\n").filter_map(|line| line.strip_prefix("PING :"));
            pings.for_each(|token| self.host.say(*conn, &format!("PONG {token}")));
        }
        let of = |conn: ConnId| {
            let lines = sent.get(&conn).into_iter().flat_map(|text| text.split_terminator("\r\n"));
            let untagged = lines.map(|line| {
                if line.starts_with('@') { line.split_once(' ').map_or("", |l| l.1) } else { line }
            });
            untagged
                .filter(|line| {
                    let source = line.split(' ').next().unwrap_or_default();
                    source.contains('!') && !source.starts_with(":TalkServ!")
                })
                .map(str::to_owned)
        };
        self.seats.iter().map(|conn| conn.iter().flat_map(|conn| of(*conn)).collect()).collect()
    }
}

/// What both chats have to show.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    people: BTreeSet<ShownPerson>,
    /// Who asks whom.
    requests: BTreeSet<(String, String)>,
    rooms: BTreeMap<String, ShownRoom>,
}

/// Nick, account, real name, away text as others see it, sessions.
type ShownPerson = (String, Option<String>, String, Option<String>, usize);

#[derive(Debug, PartialEq, Eq)]
struct ShownRoom {
    members: BTreeMap<String, (bool, bool)>,
    modes: String,
    key: Option<String>,
    limit: Option<usize>,
    topic: String,
    bans: BTreeSet<String>,
    invited: BTreeSet<String>,
    standing: BTreeMap<String, (bool, bool)>,
}

fn shown(state: &State) -> Shown {
    let people = state.users.values().map(|user| {
        let account = user.account.as_ref().map(ToString::to_string);
        let away = state.status(user).text().map(Cow::into_owned);
        (user.nick.to_string(), account, user.realname.to_string(), away, user.sessions.len())
    });
    let rooms = state.channels.iter().map(|(id, channel)| {
        let invited = state.users.values().filter(|user| user.invites.contains(id));
        let both = |ranks: &Ranks| (ranks.contains(Ranks::OPERATOR), ranks.contains(Ranks::VOICE));
        let members = channel
            .members
            .iter()
            .map(|(id, ranks)| (state.user(*id).expect("a member is there").nick.to_string(), both(ranks)));
        let standing =
            channel.standing.iter().map(|(account, ranks)| (account.as_str().to_owned(), both(ranks)));
        let room = ShownRoom {
            members: members.collect(),
            modes: Flags::letters(channel.flags).collect(),
            key: channel.key.as_ref().map(ToString::to_string),
            limit: channel.limit.map(|limit| limit as usize),
            topic: channel.topic.as_ref().map(|topic| topic.text.to_string()).unwrap_or_default(),
            bans: channel.bans.iter().map(|ban| ban.mask.to_string()).collect(),
            invited: invited.map(|user| user.nick.to_string()).collect(),
            standing: standing.collect(),
        };
        (channel.name.to_string(), room)
    });
    let nick = |id| state.user(id).expect("who asks is here, and so is who is asked").nick.to_string();
    let requests = state.talk_requests.iter().map(|request| (nick(request.from), nick(request.to))).collect();
    Shown { people: people.collect(), requests, rooms: rooms.collect() }
}

impl Naive {
    fn shown(&self) -> Shown {
        let people = self.people.iter().map(|(id, person)| {
            let (account, away) = (person.account.map(str::to_owned), self.presence(*id));
            (person.nick.to_owned(), account, person.realname.to_owned(), away, person.seats.len())
        });
        let rooms = self.rooms.iter().map(|room| {
            let both = |&NaiveRanks { operator, voice }: &NaiveRanks| (operator, voice);
            let members =
                room.members.iter().map(|(id, ranks)| (self.people[id].nick.to_owned(), both(ranks)));
            let standing = room.standing.iter().map(|(account, ranks)| ((*account).to_owned(), both(ranks)));
            let invited = room.invited.iter().filter_map(|id| self.people.get(id));
            let shown = ShownRoom {
                members: members.collect(),
                modes: room.modes.iter().collect(),
                key: room.key.map(str::to_owned),
                limit: room.limit,
                topic: room.topic.to_owned(),
                bans: room.bans.iter().map(|nick| format!("{nick}!*@*")).collect(),
                invited: invited.map(|person| person.nick.to_owned()).collect(),
                standing: standing.collect(),
            };
            (room.name.to_owned(), shown)
        });
        let nick = |id| self.people[&id].nick.to_owned();
        let requests =
            self.requests.iter().map(|request| (nick(request.asker), nick(request.asked))).collect();
        Shown { people: people.collect(), requests, rooms: rooms.collect() }
    }
}
