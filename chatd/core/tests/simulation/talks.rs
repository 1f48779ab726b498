//! What should be heard of conversations, worked out from the facts alone, against what was heard.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chatd_core::{ConnEvent, ConnId, Event, ServerEvent, Talk, TalkDeed, UserEvent, UserId};

/// What was done, and, where a conversation is led in that session or another one, in which.
type Told = (&'static str, Option<bool>);

#[derive(Debug, Default)]
pub struct Talks {
    sessions: BTreeMap<UserId, BTreeSet<ConnId>>,
    caps: BTreeMap<ConnId, Caps>,
    expected: BTreeMap<ConnId, Vec<Told>>,
    /// Who came since the last time was told what waits already.
    new: BTreeSet<ConnId>,
    stopping: bool,
    /// How many conversations there were.
    pub count: u64,
}

impl Talks {
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Conn(conn, ConnEvent::CapsSet { caps }) => drop(self.caps.insert(*conn, *caps)),
            Event::User(who, UserEvent::Arrived { conn, .. } | UserEvent::SessionAdded { conn, .. }) => {
                self.sessions.entry(who.user).or_default().insert(*conn);
                self.new.insert(*conn);
            }
            Event::User(who, UserEvent::SessionRemoved { conn, .. }) => {
                self.sessions.entry(who.user).or_default().remove(conn);
            }
            Event::User(who, UserEvent::Left { .. }) => drop(self.sessions.remove(&who.user)),
            Event::Server(ServerEvent::Stopping { .. }) => self.stopping = true,
            Event::Talk(talk) if !self.stopping => self.expect(talk),
            _ => {}
        }
    }

    fn expect(&mut self, talk: &Talk) {
        let (by, with) = (talk.by.user, talk.with.user);
        let (what, by_at, with_at) = match talk.deed {
            TalkDeed::Requested { .. } => ("REQUEST", None, None),
            TalkDeed::Accepted { conn, asked_in } => ("ACCEPT", Some(conn), Some(asked_in)),
            TalkDeed::Moved { conn } => return self.expect_of(by, "ACCEPT", Some(conn)),
            TalkDeed::Declined { .. } => ("DECLINE", None, None),
            TalkDeed::Cancelled { .. } => ("CANCEL", None, None),
            TalkDeed::TimedOut => ("TIMEOUT", None, None),
            TalkDeed::Ended { .. } => ("END", None, None),
        };
        self.count += u64::from(what == "ACCEPT");
        self.expect_of(by, what, by_at);
        self.expect_of(with, what, with_at);
    }

    fn expect_of(&mut self, user: UserId, what: &'static str, at: Option<ConnId>) {
        for conn in self.sessions.get(&user).into_iter().flatten() {
            if self.caps.get(conn).is_some_and(|caps| caps.contains(Caps::TALK)) {
                self.expected.entry(*conn).or_default().push((what, at.map(|at| at == *conn)));
            }
        }
    }

    /// Compares what was heard since the last time with what should have been.
    pub fn compare(&mut self, sent: &BTreeMap<ConnId, String>) {
        let mut expected = std::mem::take(&mut self.expected);
        let new = std::mem::take(&mut self.new);
        for (conn, text) in sent {
            let lines = text.split_terminator("\r\n").filter_map(|line| told(&Message::parse(line).ok()?));
            let heard: Vec<Told> = lines.collect();
            let wanted = expected.remove(conn).unwrap_or_default();
            assert!(
                heard == wanted || new.contains(conn),
                "{conn:?} heard {heard:?}, and should have {wanted:?}"
            );
        }
        assert!(expected.is_empty(), "nobody was told {expected:?}");
    }
}

fn told(message: &Message) -> Option<Told> {
    const DEEDS: [&str; 6] = ["REQUEST", "ACCEPT", "DECLINE", "CANCEL", "TIMEOUT", "END"];
    let what = message.param(0).filter(|_| message.command() == "TALK")?;
    let what = DEEDS.into_iter().find(|deed| *deed == what)?;
    Some((what, (what == "ACCEPT").then(|| message.param(2) == Some("here"))))
}
