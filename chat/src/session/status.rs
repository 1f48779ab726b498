//! Who can be reached, and since when (`chatd.org/presence`); and what of it is worth a line.

use std::collections::{BTreeMap, VecDeque};

use chat_proto::message::Message;
use chat_proto::name::{Folded, same};
use chat_proto::tag;
use jiff::Timestamp;
use serde::Serialize;

/// People whose standing is remembered: a server must not fill the memory.
const PEOPLE_MAX: usize = 100_000;
/// People that we had to do with, who are remembered.
const CONTACTS_MAX: usize = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    #[default]
    Available,
    /// Says so, with a text.
    Away,
    /// Has done nothing for a while.
    Idle,
    /// Talks with somebody.
    Busy,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away => "away",
            Self::Idle => "idle",
            Self::Busy => "busy",
        }
    }
}

/// Whether somebody can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Presence {
    pub status: Status,
    /// What those are told who write to somebody away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// With whom somebody busy talks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::session::event::display")]
    pub since: Option<Timestamp>,
    /// The server has told all of it.
    #[serde(skip)]
    pub told: bool,
}

impl Presence {
    /// By the tags of a line, or the away text that it has: `None` for those who are here.
    pub fn of(message: &Message, text: Option<&str>) -> Self {
        let tag = |key: &str| message.tag(key).map(String::from);
        let said = tag(tag::PRESENCE);
        let status = match said.as_deref() {
            Some("available") => Status::Available,
            Some("idle") => Status::Idle,
            Some("busy") => Status::Busy,
            Some(_) => Status::Away,
            None => text.map_or(Status::Available, |_| Status::Away),
        };
        let text = tag(tag::TEXT).or(text.map(str::to_owned)).filter(|text| !text.is_empty());
        Self {
            status,
            text: text.filter(|_| status == Status::Away),
            with: tag(tag::WITH).filter(|_| status == Status::Busy),
            since: tag(tag::SINCE).and_then(|since| since.parse().ok()),
            told: said.is_some(),
        }
    }
}

/// How we know others to be; who isn't in it is available, or wasn't seen otherwise.
#[derive(Debug, Default)]
pub struct Standings {
    known: BTreeMap<Folded, Presence>,
    /// What was told about those that we wrote to.
    told: BTreeMap<Folded, Presence>,
    /// With whom we had to do in private, the latest last.
    contacts: VecDeque<Folded>,
}

impl Standings {
    /// We have to do with somebody in private.
    pub fn meet(&mut self, name: &str) {
        let folded = Folded::new(name);
        self.contacts.retain(|known| *known != folded);
        if self.contacts.len() == CONTACTS_MAX {
            self.contacts.pop_front();
        }
        self.contacts.push_back(folded);
    }

    /// With whom we had to do last.
    pub fn contact(&self) -> Option<&Folded> {
        self.contacts.back()
    }

    pub fn is_contact(&self, name: &str) -> bool {
        self.contacts.contains(&Folded::new(name))
    }

    pub fn note(&mut self, name: &str, presence: &Presence) {
        let folded = Folded::new(name);
        if presence.status == Status::Available {
            self.known.remove(&folded);
        } else if self.known.len() < PEOPLE_MAX || self.known.contains_key(&folded) {
            self.known.insert(folded, presence.clone());
        }
    }

    /// Somebody is otherwise from now on: whether that is worth a line. Who only stopped typing is not, of two who begin to talk
    /// one is enough, and who was away before they talked is not away anew.
    pub fn change(&mut self, name: &str, presence: &Presence) -> bool {
        let was = self.get(name).map(|before| before.status);
        self.note(name, presence);
        self.told.remove(&Folded::new(name));
        match (presence.status, was) {
            (Status::Idle, _) | (Status::Available, Some(Status::Idle)) => false,
            // Others than chatd don't tell who was idle.
            (Status::Available, None) => !presence.told,
            (Status::Busy, Some(Status::Busy)) => false,
            (Status::Busy, _) => {
                let partner = presence.with.as_deref().and_then(|with| self.get(with));
                !partner.and_then(|partner| partner.with.as_deref()).is_some_and(|with| same(with, name))
            }
            (Status::Away, Some(Status::Busy)) => false,
            _ => true,
        }
    }

    /// With whom somebody talked when they were last heard of.
    pub fn partner(&self, name: &str) -> Option<&str> {
        self.get(name)?.with.as_deref()
    }

    fn get(&self, name: &str) -> Option<&Presence> {
        self.known.get(&Folded::new(name))
    }

    /// Somebody was written to who is away: whether the writer hasn't been told yet.
    pub fn tell(&mut self, name: &str, presence: &Presence) -> bool {
        let folded = Folded::new(name);
        if self.told.len() >= PEOPLE_MAX {
            self.told.clear();
        }
        self.told.insert(folded, presence.clone()).as_ref() != Some(presence)
    }

    pub fn forget(&mut self, name: &str) {
        self.known.remove(&Folded::new(name));
        self.told.remove(&Folded::new(name));
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        for map in [&mut self.known, &mut self.told] {
            if let Some(presence) = map.remove(&Folded::new(from)) {
                map.insert(Folded::new(to), presence);
            }
        }
        let from = Folded::new(from);
        self.contacts.iter_mut().filter(|name| **name == from).for_each(|name| *name = Folded::new(to));
    }

    pub fn clear(&mut self) {
        self.known.clear();
        self.told.clear();
    }
}

#[cfg(test)]
mod tests;
