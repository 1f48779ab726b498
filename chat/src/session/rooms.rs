//! The channels that we are in and who is there, and who spoke lately: for completion and for coming back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chat_proto::name::Folded;

/// More than any honest server lets one be in, and more than fit in one channel: a server must not fill the memory.
const ROOMS_MAX: usize = 1000;
const MEMBERS_MAX: usize = 100_000;
/// Speakers that are remembered.
const RECENT: usize = 100;

#[derive(Debug, Default)]
pub struct Room {
    pub name: String,
    pub topic: String,
    pub members: BTreeMap<Folded, String>,
}

#[derive(Debug, Default)]
pub struct Rooms {
    rooms: BTreeMap<Folded, Room>,
    recent: VecDeque<String>,
}

impl Rooms {
    pub fn enter(&mut self, channel: &str) {
        let room = Room { name: channel.to_owned(), ..Room::default() };
        if self.rooms.len() < ROOMS_MAX {
            self.rooms.entry(Folded::new(channel)).or_insert(room);
        }
    }

    pub fn leave(&mut self, channel: &str) {
        self.rooms.remove(&Folded::new(channel));
    }

    /// The connection is gone; the names of the channels that we were in.
    pub fn abandon(&mut self) -> Vec<String> {
        std::mem::take(&mut self.rooms).into_values().map(|room| room.name).collect()
    }

    pub fn room(&mut self, channel: &str) -> Option<&mut Room> {
        self.rooms.get_mut(&Folded::new(channel))
    }

    pub fn contains(&self, channel: &str) -> bool {
        self.rooms.contains_key(&Folded::new(channel))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rooms.values().map(|room| room.name.as_str())
    }

    pub fn remove_everywhere(&mut self, nick: &str) {
        let folded = Folded::new(nick);
        for room in self.rooms.values_mut() {
            room.members.remove(&folded);
        }
        self.recent.retain(|name| Folded::new(name) != folded);
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        let folded = Folded::new(from);
        for room in self.rooms.values_mut() {
            if room.members.remove(&folded).is_some() {
                room.members.insert(Folded::new(to), to.to_owned());
            }
        }
        for name in self.recent.iter_mut().filter(|name| Folded::new(name) == folded) {
            to.clone_into(name);
        }
    }

    pub fn spoke(&mut self, nick: &str) {
        self.recent.retain(|name| !name.eq_ignore_ascii_case(nick));
        self.recent.push_front(nick.to_owned());
        self.recent.truncate(RECENT);
    }

    /// Everybody we know of, the latest speakers first.
    pub fn people(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let members = self.rooms.values().flat_map(|room| room.members.values());
        self.recent.iter().chain(members).filter(|name| seen.insert(Folded::new(name))).cloned().collect()
    }

    /// How somebody who is in a channel with us writes the name.
    pub fn spelling(&self, name: &Folded) -> Option<&str> {
        self.rooms.values().find_map(|room| room.members.get(name)).map(String::as_str)
    }
}

impl Room {
    pub fn add(&mut self, nick: &str) {
        if self.members.len() < MEMBERS_MAX {
            self.insert(nick);
        }
    }

    fn insert(&mut self, nick: &str) {
        self.members.insert(Folded::new(nick), nick.to_owned());
    }

    pub fn remove(&mut self, nick: &str) {
        self.members.remove(&Folded::new(nick));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_speakers_come_first_and_nobody_twice() {
        let mut rooms = Rooms::default();
        rooms.enter("#c");
        for nick in ["alice", "bob", "carol"] {
            rooms.room("#C").unwrap().add(nick);
        }
        rooms.spoke("carol");
        rooms.spoke("Bob");
        rooms.spoke("bob");
        assert_eq!(rooms.people(), ["bob", "carol", "alice"]);
        rooms.rename("bob", "robert");
        rooms.remove_everywhere("ALICE");
        assert_eq!(rooms.people(), ["robert", "carol"]);
    }
}
