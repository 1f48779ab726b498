//! What should be heard, worked out from the facts alone, against what was heard.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chatd_core::{ChannelEvent, ChannelId, ConnEvent, ConnId, Deed, Event, Said, Target, UserEvent, UserId};

use crate::support::archive::Archive;

/// A message as a member hears it: where, and what.
type Heard = (String, String);

#[derive(Debug, Default)]
pub struct Ledger {
    sessions: BTreeMap<UserId, BTreeSet<ConnId>>,
    members: BTreeMap<ChannelId, BTreeSet<UserId>>,
    caps: BTreeMap<ConnId, Caps>,
    expected: BTreeMap<ConnId, Vec<Heard>>,
    /// All that each connection was shown.
    shown: BTreeMap<ConnId, Vec<String>>,
    /// The id of each message, by its text.
    ids: BTreeMap<String, String>,
    /// How often anything was heard.
    pub count: u64,
}

/// The text of a message that tells which connection said it; each is said once.
pub fn text_of(conn: ConnId, number: u64) -> String {
    format!("{} {} {number}", conn.slot, conn.generation)
}

fn speaker(text: &str) -> ConnId {
    let mut numbers = text.split(' ').map(|number| number.parse().expect("a message tells who said it"));
    let mut next = || numbers.next().expect("a message tells who said it");
    ConnId { slot: next(), generation: next() }
}

impl Ledger {
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Conn(conn, ConnEvent::CapsSet { caps }) => drop(self.caps.insert(*conn, *caps)),
            Event::User(who, UserEvent::Arrived { conn, .. } | UserEvent::SessionAdded { conn, .. }) => {
                self.sessions.entry(who.user).or_default().insert(*conn);
            }
            Event::User(who, UserEvent::SessionRemoved { conn, .. }) => {
                self.sessions.entry(who.user).or_default().remove(conn);
            }
            Event::User(who, UserEvent::Left { .. }) => {
                self.sessions.remove(&who.user);
                for members in self.members.values_mut() {
                    members.remove(&who.user);
                }
            }
            Event::Channel(room, ChannelEvent::Joined { who, .. }) => {
                self.members.entry(room.channel).or_default().insert(who.user);
            }
            Event::Channel(room, ChannelEvent::Parted { who, .. } | ChannelEvent::Kicked { who, .. }) => {
                self.members.entry(room.channel).or_default().remove(&who.user);
            }
            Event::Said(said) => self.expect(said),
            _ => {}
        }
    }

    fn expect(&mut self, said: &Said) {
        let Target::Channel { room, at_least: None } = &said.to else { return };
        let from = speaker(said.text.as_str());
        let members = self.members.get(&room.channel).into_iter().flatten();
        let mut hearers: BTreeSet<ConnId> =
            members.filter_map(|user| self.sessions.get(user)).flatten().copied().collect();
        if self.caps.get(&from).is_some_and(|caps| caps.contains(Caps::ECHO_MESSAGE)) {
            hearers.insert(from);
        } else {
            hearers.remove(&from);
        }
        for conn in hearers {
            self.expected
                .entry(conn)
                .or_default()
                .push((room.name.to_string(), said.text.as_str().to_owned()));
        }
    }

    /// Compares what was heard since the last time with what should have been.
    pub fn compare(&mut self, sent: &BTreeMap<ConnId, String>) {
        let mut heard: BTreeMap<ConnId, Vec<Heard>> = BTreeMap::new();
        for (conn, text) in sent {
            for message in
                text.split_terminator("\r\n").map(|line| Message::parse(line).expect("a line is a message"))
            {
                if let Some(message) = self.message(&message) {
                    heard.entry(*conn).or_default().push(message);
                }
            }
        }
        assert_eq!(heard, std::mem::take(&mut self.expected), "heard, and should have been");
        for (conn, heard) in &heard {
            self.shown.entry(*conn).or_default().extend(heard.iter().map(|(_, text)| text.clone()));
        }
        self.count += heard.values().map(|heard| heard.len() as u64).sum::<u64>();
    }

    /// What anybody was shown is in the history, once, and in the order in which it was shown.
    pub fn compare_with_history(&self, archive: &Archive) {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, entry) in archive.entries.iter().enumerate() {
            if let Deed::Said { to, text, .. } = &entry.deed
                && to.starts_with('#')
            {
                assert_eq!(places.insert(text.as_str(), place), None, "{text:?} is twice in the history");
            }
        }
        for (conn, texts) in &self.shown {
            let found: Vec<Option<&usize>> = texts.iter().map(|text| places.get(text.as_str())).collect();
            assert!(found.iter().all(Option::is_some), "{conn:?} was shown what is not in the history");
            assert!(found.is_sorted(), "{conn:?} was shown it in another order");
        }
    }

    fn message(&mut self, message: &Message) -> Option<Heard> {
        let channel =
            message.param(0).filter(|target| target.starts_with('#') && message.command() == "PRIVMSG")?;
        let text = message.param(1)?.to_owned();
        if let Some(id) = message.tag("msgid") {
            let known = self.ids.entry(text.clone()).or_insert_with(|| id.to_string());
            assert_eq!(*known, id, "a message has one id for all");
        }
        Some((channel.to_owned(), text))
    }
}
