//! A naive chat, written to be obviously right: who is here, who is in which room, and what each hears of the others.
//! It knows no capability but those that decide who hears what, no limits and no tags.

mod deed;
mod past;
mod rooms;
mod talks;
mod test;

use std::collections::{BTreeMap, BTreeSet};

use deed::Deed;
use rooms::Room;

use crate::support::host::LOGINS;

/// Places from which somebody may be connected, and the login that sits there.
const SEATS: [Option<&str>; 6] = [None, None, None, Some("ann"), Some("ann"), Some("ben")];

type Seats = BTreeSet<usize>;

#[derive(Debug)]
pub struct Naive {
    seats: Vec<Seat>,
    people: BTreeMap<usize, Person>,
    /// The oldest first.
    rooms: Vec<Room>,
    arrivals: usize,
    /// What waits for logins that are not here.
    kept: Vec<past::Kept>,
    lobby_log: Vec<String>,
    /// The oldest first.
    requests: Vec<talks::Request>,
    talks: Vec<talks::Talk>,
}

#[derive(Debug, Default)]
struct Seat {
    login: Option<&'static str>,
    person: Option<usize>,
    caps: BTreeSet<&'static str>,
    heard: Vec<String>,
}

#[derive(Debug)]
struct Person {
    nick: &'static str,
    /// What stands behind the nick in its lines.
    from: String,
    account: Option<&'static str>,
    realname: &'static str,
    away: Option<&'static str>,
    /// The seats that said so; the latest last.
    said_away: Vec<(usize, &'static str)>,
    /// Away for doing nothing.
    idle: bool,
    seats: Seats,
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

impl Naive {
    fn new() -> Self {
        let seats = SEATS.map(|login| Seat { login, ..Seat::default() }).into();
        Self {
            seats,
            people: BTreeMap::new(),
            rooms: Vec::new(),
            arrivals: 0,
            kept: Vec::new(),
            lobby_log: Vec::new(),
            requests: Vec::new(),
            talks: Vec::new(),
        }
    }

    fn perform(&mut self, seat: usize, deed: &Deed) {
        match deed {
            Deed::Crash => return self.crash(),
            Deed::Silence => return self.silence(),
            _ => {}
        }
        let Some(me) = self.seats[seat].person else {
            if let Deed::Register { nick, own, caps } = *deed {
                self.seats[seat].caps.extend(caps.split_whitespace());
                self.register(seat, SEATS[seat].filter(|_| own).unwrap_or(nick));
                self.catch_up(seat);
            }
            return;
        };
        if shows_somebody(deed) {
            self.wake(me);
        }
        match *deed {
            Deed::Register { .. } => {}
            Deed::Nick(nick) => self.rename(me, nick),
            Deed::Join { room, key } => self.try_join(seat, me, room, key),
            Deed::Part { room, reason } => self.part(me, room, reason),
            Deed::Kick { room, nick } => self.kick(me, room, nick),
            Deed::Mode { room, on, ref mode } => self.mode(me, room, on, mode),
            Deed::Topic { room, text } => self.topic(me, room, text),
            Deed::Invite { nick, room } => self.invite(me, nick, room),
            Deed::Say { command, to } => self.say(seat, me, command, to),
            Deed::Away(text) => self.away(seat, me, text),
            Deed::Ask(nick) => self.ask_to_talk(seat, me, nick),
            Deed::Accept(nick) => self.accept(seat, me, nick),
            Deed::Decline(nick) => self.decline(me, nick),
            Deed::TakeBack(nick) => self.take_back(me, nick),
            Deed::EndTalk => self.end_talk(me, "left the conversation"),
            Deed::SetName(realname) => {
                self.person(me).realname = realname;
                let witnesses = self.able("setname", self.witnesses(me));
                self.tell(&witnesses, me, &format!("SETNAME :{realname}"));
            }
            Deed::Quit => self.leave(seat, me, "Quit: bye"),
            Deed::Lose => self.leave(seat, me, "Connection lost"),
            Deed::Silence | Deed::Crash => {}
        }
    }

    fn crash(&mut self) {
        for seat in &mut self.seats {
            (seat.person, seat.caps) = (None, BTreeSet::new());
        }
        self.people.clear();
        self.requests.clear();
        self.talks.clear();
        for room in &mut self.rooms {
            room.members.clear();
            room.invited.clear();
        }
        self.close_empty_rooms();
    }

    fn person(&mut self, id: usize) -> &mut Person {
        self.people.get_mut(&id).expect("whoever does something is here")
    }

    fn called(&self, nick: &str) -> Option<usize> {
        self.people.iter().find(|(_, person)| same(person.nick, nick)).map(|(id, _)| *id)
    }

    fn register(&mut self, seat: usize, nick: &'static str) {
        let login = self.seats[seat].login.filter(|login| same(login, nick));
        match self.called(nick) {
            Some(id) if login.is_some() && self.people[&id].account == login => self.add_seat(seat, id),
            Some(_) => {}
            None if login.is_none() && LOGINS.iter().any(|login| same(login, nick)) => {}
            None => self.arrive(seat, nick, login),
        }
    }

    fn add_seat(&mut self, seat: usize, id: usize) {
        self.seats[seat].person = Some(id);
        self.person(id).seats.insert(seat);
        let rooms: Vec<&str> =
            self.rooms.iter().filter(|room| room.members.contains_key(&id)).map(|room| room.name).collect();
        for room in rooms {
            self.tell_of_join(&Seats::from([seat]), id, room);
        }
        self.tell_of_talks(seat, id);
        if !self.people[&id].idle {
            self.sum_up_away(id);
        }
    }

    fn arrive(&mut self, seat: usize, nick: &'static str, account: Option<&'static str>) {
        let from = self.seats[seat]
            .login
            .map_or("~u@0123456789abcdef.ip4".into(), |login| format!("{login}@localhost"));
        let person = Person {
            nick,
            from,
            account,
            realname: "r",
            away: None,
            said_away: Vec::new(),
            idle: false,
            seats: Seats::from([seat]),
        };
        self.people.insert(self.arrivals, person);
        self.seats[seat].person = Some(self.arrivals);
        self.arrivals += 1;
        self.join(seat, self.arrivals - 1, "#lobby");
    }

    fn rename(&mut self, me: usize, nick: &'static str) {
        let person = &self.people[&me];
        let taken = self.called(nick).is_some_and(|id| id != me);
        let reserved = LOGINS.iter().any(|login| same(login, nick)) || person.account.is_some();
        if person.nick == nick || taken || reserved && !same(person.nick, nick) {
            return;
        }
        let concerned = self.concerned_by_talks(me);
        self.tell(&(&self.witnesses(me) | &concerned), me, &format!("NICK {nick}"));
        self.person(me).nick = nick;
        if let Some(partner) = self.partner(me) {
            self.show_presence(partner);
        }
    }

    fn away(&mut self, seat: usize, me: usize, text: Option<&'static str>) {
        let said = &mut self.person(me).said_away;
        said.retain(|(other, _)| *other != seat);
        said.extend(text.map(|text| (seat, text)));
        self.sum_up_away(me);
    }

    fn sum_up_away(&mut self, me: usize) {
        let person = &self.people[&me];
        let all = person.said_away.len() == person.seats.len();
        let text = person.said_away.last().filter(|_| all).map(|(_, text)| *text);
        let was_idle = std::mem::take(&mut self.person(me).idle);
        if self.people[&me].away == text && !was_idle {
            return;
        }
        self.person(me).away = text;
        if self.partner(me).is_none() {
            self.show_presence(me);
        }
    }

    /// Requests don't wait that long either.
    fn silence(&mut self) {
        self.requests.clear();
        let silent: Vec<usize> = self.people.keys().copied().collect();
        for me in silent {
            let is_busy = self.partner(me).is_some();
            let person = self.person(me);
            if !is_busy && person.away.is_none() && !std::mem::replace(&mut person.idle, true) {
                self.show_presence(me);
            }
        }
    }

    fn wake(&mut self, me: usize) {
        if std::mem::take(&mut self.person(me).idle) {
            self.show_presence(me);
        }
    }

    fn leave(&mut self, seat: usize, me: usize, reason: &str) {
        self.seats[seat].person = None;
        self.seats[seat].caps.clear();
        self.person(me).seats.remove(&seat);
        let gone = self.people[&me].seats.is_empty();
        if gone {
            self.tell(&self.witnesses(me), me, &format!("QUIT :{reason}"));
            for room in &mut self.rooms {
                room.members.remove(&me);
            }
        }
        self.talks_without(seat, me, gone, reason);
        self.person(me).said_away.retain(|(other, _)| *other != seat);
        let stays_silent = |person: &Person| person.idle && person.said_away.len() < person.seats.len();
        if !gone && !stays_silent(&self.people[&me]) {
            self.sum_up_away(me);
        }
        if gone {
            self.people.remove(&me);
            self.close_empty_rooms();
        }
    }

    /// The seats of those who share a room with somebody, and its own.
    fn witnesses(&self, id: usize) -> Seats {
        let shared = self.rooms.iter().filter(|room| room.members.contains_key(&id));
        let people = shared.flat_map(|room| room.members.keys());
        people.chain([&id]).flat_map(|id| self.people[id].seats.iter().copied()).collect()
    }

    fn able(&self, cap: &str, seats: Seats) -> Seats {
        seats.into_iter().filter(|seat| self.seats[*seat].caps.contains(cap)).collect()
    }

    fn tell(&mut self, seats: &Seats, by: usize, what: &str) {
        let Person { nick, from, .. } = &self.people[&by];
        for seat in seats {
            self.seats[*seat].heard.push(format!(":{nick}!{from} {what}"));
        }
    }

    fn tell_of_join(&mut self, seats: &Seats, id: usize, room: &str) {
        let extended = self.able("extended-join", seats.clone());
        let Person { account, realname, .. } = self.people[&id];
        self.tell(&extended, id, &format!("JOIN {room} {} :{realname}", account.unwrap_or("*")));
        self.tell(&(seats - &extended), id, &format!("JOIN {room}"));
    }
}

/// Whether somebody must be there who does it; of a JOIN, that is so only if it leads somewhere.
fn shows_somebody(deed: &Deed) -> bool {
    match deed {
        Deed::Nick(_)
        | Deed::Part { .. }
        | Deed::Kick { .. }
        | Deed::Topic { .. }
        | Deed::Invite { .. }
        | Deed::Say { .. }
        | Deed::Ask(_)
        | Deed::Accept(_)
        | Deed::Decline(_)
        | Deed::TakeBack(_)
        | Deed::EndTalk
        | Deed::SetName(_) => true,
        Deed::Register { .. }
        | Deed::Join { .. }
        | Deed::Mode { .. }
        | Deed::Away(_)
        | Deed::Quit
        | Deed::Lose
        | Deed::Silence
        | Deed::Crash => false,
    }
}

fn behind_colon(text: Option<&str>) -> String {
    text.map(|text| format!(" :{text}")).unwrap_or_default()
}
