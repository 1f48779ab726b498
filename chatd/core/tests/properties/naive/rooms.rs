//! What goes on in the naive chat's rooms.

use std::collections::{BTreeMap, BTreeSet};

use super::deed::Mode;
use super::{Naive, Seats, behind_colon, same};

#[derive(Debug, Clone)]
pub struct Room {
    pub name: &'static str,
    pub members: BTreeMap<usize, Ranks>,
    pub modes: BTreeSet<char>,
    pub key: Option<&'static str>,
    pub limit: Option<usize>,
    pub topic: &'static str,
    /// Nicks.
    pub bans: BTreeSet<&'static str>,
    pub invited: BTreeSet<usize>,
    /// Somebody with an account has been in it, so it stays when it is empty.
    pub founded: bool,
    /// What accounts are in it, whether they are there or not.
    pub standing: BTreeMap<&'static str, Ranks>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ranks {
    pub operator: bool,
    pub voice: bool,
}

impl Room {
    fn is_lobby(&self) -> bool {
        same(self.name, "#lobby")
    }

    fn remembers(&self, account: Option<&str>) -> Ranks {
        account.and_then(|account| self.standing.get(account)).copied().unwrap_or_default()
    }

    fn remember(&mut self, account: Option<&'static str>, ranks: Ranks) {
        let Some(account) = account else { return };
        if ranks == Ranks::default() {
            self.standing.remove(account);
        } else {
            self.standing.insert(account, ranks);
        }
    }

    /// What somebody is no more who isn't there.
    fn forget_from_afar(&mut self, mode: &Mode) {
        let (Mode::Operator(nick) | Mode::Voice(nick)) = mode else { return };
        let Some(account) = self.standing.keys().copied().find(|account| same(account, nick)) else { return };
        let mut ranks = self.standing[account];
        match mode {
            Mode::Operator(_) => ranks.operator = false,
            _ => ranks.voice = false,
        }
        self.remember(Some(account), ranks);
    }

    fn is_operator(&self, id: usize) -> bool {
        self.members.get(&id).is_some_and(|ranks| ranks.operator)
    }
}

impl Naive {
    pub(super) fn close_empty_rooms(&mut self) {
        self.rooms.retain(|room| room.is_lobby() || room.founded || !room.members.is_empty());
    }

    fn room(&self, name: &str) -> Option<usize> {
        self.rooms.iter().position(|room| same(room.name, name))
    }

    /// The room, if somebody is in it.
    fn room_of(&self, id: usize, name: &str) -> Option<usize> {
        self.room(name).filter(|room| self.rooms[*room].members.contains_key(&id))
    }

    fn seats_in(&self, room: usize) -> Seats {
        self.rooms[room].members.keys().flat_map(|id| self.people[id].seats.iter().copied()).collect()
    }

    fn is_banned(&self, room: usize, id: usize) -> bool {
        self.rooms[room].bans.iter().any(|nick| same(nick, self.people[&id].nick))
    }

    pub(super) fn try_join(&mut self, seat: usize, me: usize, name: &'static str, key: Option<&str>) {
        if let Some(index) = self.room(name) {
            let room = &self.rooms[index];
            let known = room.remembers(self.people[&me].account) != Ranks::default();
            let locked = !known && (room.key.is_some() && room.key != key || room.modes.contains(&'i'))
                || room.limit.is_some_and(|limit| room.members.len() >= limit)
                || self.is_banned(index, me);
            if room.members.contains_key(&me) || locked && !room.invited.contains(&me) {
                return;
            }
        }
        self.wake(me);
        self.join(seat, me, name);
    }

    pub(super) fn join(&mut self, seat: usize, me: usize, name: &'static str) {
        let index = self.room(name).unwrap_or_else(|| self.open_room(name));
        let account = self.people[&me].account;
        let room = &mut self.rooms[index];
        let mut ranks = room.remembers(account);
        let is_ruled = room.standing.values().any(|ranks| ranks.operator);
        if room.members.is_empty() && !room.is_lobby() && (!room.founded || account.is_some() && !is_ruled) {
            ranks.operator = true;
        }
        room.members.insert(me, ranks);
        room.invited.remove(&me);
        room.founded |= account.is_some();
        room.remember(account, ranks);
        let name = room.name;
        let witnesses = self.seats_in(index);
        self.tell_of_join(&witnesses, me, name);
        if let Some(away) = self.presence(me) {
            let others = self.able("away-notify", &witnesses - &Seats::from([seat]));
            self.tell(&others, me, &format!("AWAY :{away}"));
        }
    }

    fn open_room(&mut self, name: &'static str) -> usize {
        let modes = if same(name, "#lobby") { BTreeSet::from(['n']) } else { BTreeSet::from(['n', 't']) };
        self.rooms.push(Room {
            name,
            members: BTreeMap::new(),
            modes,
            key: None,
            limit: None,
            topic: "",
            bans: BTreeSet::new(),
            invited: BTreeSet::new(),
            founded: false,
            standing: BTreeMap::new(),
        });
        self.rooms.len() - 1
    }

    pub(super) fn part(&mut self, me: usize, name: &str, reason: Option<&str>) {
        let Some(room) = self.room_of(me, name) else { return };
        let what = format!("PART {}{}", self.rooms[room].name, behind_colon(reason));
        self.tell(&self.seats_in(room), me, &what);
        self.rooms[room].members.remove(&me);
        self.close_empty_rooms();
    }

    pub(super) fn kick(&mut self, me: usize, name: &str, nick: &str) {
        let Some(room) = self.room(name).filter(|room| self.rooms[*room].is_operator(me)) else { return };
        let Some(other) = self.called(nick).filter(|id| self.rooms[room].members.contains_key(id)) else {
            return;
        };
        let (mine, theirs) = (self.people[&me].nick, self.people[&other].nick);
        let what = format!("KICK {} {theirs} :{mine}", self.rooms[room].name);
        self.tell(&self.seats_in(room), me, &what);
        let account = self.people[&other].account;
        self.rooms[room].members.remove(&other);
        self.rooms[room].remember(account, Ranks::default());
        self.close_empty_rooms();
    }

    pub(super) fn topic(&mut self, me: usize, name: &str, text: &'static str) {
        let Some(index) = self.room_of(me, name) else { return };
        let room = &mut self.rooms[index];
        if !room.modes.contains(&'t') || room.is_operator(me) {
            room.topic = text;
            let what = format!("TOPIC {} :{text}", room.name);
            self.tell(&self.seats_in(index), me, &what);
        }
    }

    pub(super) fn invite(&mut self, me: usize, nick: &str, name: &str) {
        let (Some(room), Some(other)) = (self.room_of(me, name), self.called(nick)) else { return };
        let found = &mut self.rooms[room];
        let operator = found.is_operator(me);
        if found.modes.contains(&'i') && !operator || found.members.contains_key(&other) {
            return;
        }
        // Only an operator's invitation opens a channel.
        if operator {
            found.invited.insert(other);
        }
        let operators = found.members.keys().filter(|id| **id != me && found.is_operator(**id));
        let operators: Seats = operators.flat_map(|id| self.people[id].seats.iter().copied()).collect();
        let witnesses = &self.able("invite-notify", operators) | &self.people[&other].seats;
        let what = format!("INVITE {} {}", self.people[&other].nick, self.rooms[room].name);
        self.tell(&witnesses, me, &what);
    }

    pub(super) fn mode(&mut self, me: usize, name: &str, on: bool, mode: &Mode) {
        let Some(index) = self.room(name).filter(|room| self.rooms[*room].is_operator(me)) else { return };
        let target = match mode {
            Mode::Operator(nick) | Mode::Voice(nick) => self.called(nick),
            _ => None,
        };
        let account = target.and_then(|id| self.people[&id].account);
        let room = &mut self.rooms[index];
        if !on && target.is_none_or(|id| !room.members.contains_key(&id)) {
            room.forget_from_afar(mode);
        }
        let before = format!("{room:?}");
        match *mode {
            Mode::Flag(flag) if on => drop(room.modes.insert(flag)),
            Mode::Flag(flag) => drop(room.modes.remove(&flag)),
            Mode::Key(key) => room.key = on.then_some(key),
            Mode::Limit(limit) => room.limit = on.then_some(limit),
            Mode::Ban(nick) if on => drop(room.bans.insert(nick)),
            Mode::Ban(nick) => drop(room.bans.remove(nick)),
            Mode::Operator(_) | Mode::Voice(_) => {
                let Some(ranks) = target.and_then(|id| room.members.get_mut(&id)) else { return };
                let rank =
                    if matches!(mode, Mode::Voice(_)) { &mut ranks.voice } else { &mut ranks.operator };
                *rank = on;
                let ranks = *ranks;
                room.remember(account, ranks);
            }
        }
        if before != format!("{room:?}") {
            let nick = target.map(|id| self.people[&id].nick);
            let what = format!("MODE {} {}", self.rooms[index].name, mode.shown(on, nick));
            self.tell(&self.seats_in(index), me, &what);
        }
    }

    pub(super) fn say(&mut self, seat: usize, me: usize, command: &str, to: &str) {
        let room = self.room(to.trim_start_matches('@'));
        let (target, mut hearers) = match (room, self.called(to)) {
            (Some(room), _) if !self.may_speak(room, me) => return,
            (Some(room), _) if to.starts_with('@') => {
                let operators =
                    self.rooms[room].members.keys().filter(|id| self.rooms[room].is_operator(**id));
                let hearers =
                    operators.chain([&me]).flat_map(|id| self.people[id].seats.iter().copied()).collect();
                (format!("@{}", self.rooms[room].name), hearers)
            }
            (Some(room), _) => (self.rooms[room].name.to_owned(), self.seats_in(room)),
            (None, Some(other)) => {
                let echoes = self.able("echo-message", self.people[&me].seats.clone());
                (self.people[&other].nick.to_owned(), &echoes | &self.people[&other].seats)
            }
            (None, None) => {
                if !self.keep(me, to, &format!("{command} {to} :hello")) {
                    return;
                }
                (to.to_owned(), self.able("echo-message", self.people[&me].seats.clone()))
            }
        };
        hearers.remove(&seat);
        let what = format!("{command} {target} :hello");
        if target == "#lobby" {
            self.log_of_lobby(me, &what);
        }
        self.tell(&hearers, me, &what);
        // An echo, and the message itself.
        let copies = [self.seats[seat].caps.contains("echo-message"), self.called(to) == Some(me)];
        for _ in copies.into_iter().filter(|copy| *copy) {
            self.tell(&Seats::from([seat]), me, &what);
        }
    }

    fn may_speak(&self, index: usize, me: usize) -> bool {
        let room = &self.rooms[index];
        match room.members.get(&me) {
            Some(ranks) if ranks.operator || ranks.voice => true,
            None if room.modes.contains(&'n') => false,
            _ => !room.modes.contains(&'m') && !self.is_banned(index, me),
        }
    }
}
