//! What goes out to the connections, each line of it checked: whole, within its limits, and no more than was
//! negotiated.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::caps::Caps;
use chat_proto::line::{LINE_MAX, SERVER_TAGS_MAX};
use chat_proto::message::Message;
use chat_proto::tag;
use chatd_core::{AdminAnswer, ConnEvent, ConnId, Effect, Event, Job, Output, RequestId};

/// The writing end of every connection.
#[derive(Debug, Default)]
pub struct Wire {
    caps: BTreeMap<ConnId, Caps>,
    closed: BTreeSet<ConnId>,
    sent: BTreeMap<ConnId, String>,
}

/// What an effect asks for besides writing.
#[derive(Debug)]
pub enum Errand {
    Job(ConnId, Job),
    Close(ConnId),
    Answer(RequestId, AdminAnswer),
    Stop,
}

impl Wire {
    /// Writes what a step had to say.
    pub fn take(&mut self, out: &mut Output) -> Vec<Errand> {
        let mut allowed = BTreeMap::new();
        for (_, event) in &out.events {
            if let Event::Conn(conn, ConnEvent::CapsSet { caps }) = event {
                let before = self.caps.insert(*conn, *caps).unwrap_or_default();
                *allowed.entry(*conn).or_insert(before) |= *caps;
            }
        }
        out.effects.drain(..).filter_map(|effect| self.obey(&allowed, effect)).collect()
    }

    /// What each connection was sent since this was last asked.
    pub fn drain(&mut self) -> BTreeMap<ConnId, String> {
        std::mem::take(&mut self.sent)
    }

    fn obey(&mut self, allowed: &BTreeMap<ConnId, Caps>, effect: Effect) -> Option<Errand> {
        match effect {
            Effect::Send { to, frame } => self.write(allowed, to, &frame),
            Effect::Fanout { to, except, frame } => {
                let distinct: BTreeSet<&ConnId> = to.iter().collect();
                assert_eq!(distinct.len(), to.len(), "somebody is twice in an audience: {to:?}");
                for &conn in to.iter().filter(|conn| Some(**conn) != except) {
                    self.write(allowed, conn, &frame);
                }
            }
            Effect::Close { conn } => {
                assert!(self.closed.insert(conn), "{conn:?} is closed twice");
                return Some(Errand::Close(conn));
            }
            Effect::Job { conn, job } => return Some(Errand::Job(conn, job)),
            Effect::Answer { request, answer } => return Some(Errand::Answer(request, answer)),
            Effect::Stop => return Some(Errand::Stop),
        }
        None
    }

    fn write(&mut self, allowed: &BTreeMap<ConnId, Caps>, to: ConnId, frame: &[u8]) {
        let text = std::str::from_utf8(frame).expect("a frame is UTF-8");
        assert!(!self.closed.contains(&to), "{to:?} is sent something after its end: {text}");
        let lines = text.strip_suffix("\r\n").expect("a frame is made of whole lines");
        let caps = allowed.get(&to).or(self.caps.get(&to)).copied().unwrap_or_default();
        for line in lines.split("\r\n") {
            check_line(line, caps);
        }
        self.sent.entry(to).or_default().push_str(text);
    }
}

fn check_line(line: &str, caps: Caps) {
    let tags = if line.starts_with('@') { line.find(' ').map_or(line.len(), |space| space + 1) } else { 0 };
    assert!(tags <= SERVER_TAGS_MAX, "too many tags: {line}");
    assert!(
        line.len() - tags + "\r\n".len() <= LINE_MAX,
        "too long by {}: {line}",
        line.len() - tags + 2 - LINE_MAX
    );
    // Parsing refuses CR, LF and NUL.
    let message = Message::parse(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    for (tag, _) in message.raw_tags() {
        assert!(caps.contains(needed_for_tag(tag)), "the tag {tag} was not negotiated: {line}");
    }
    assert!(caps.contains(needed_for(message.command())), "this was not negotiated: {line}");
}

fn needed_for_tag(tag: &str) -> Caps {
    match tag {
        "time" => Caps::SERVER_TIME,
        "account" => Caps::ACCOUNT_TAG,
        "batch" => Caps::BATCH,
        "label" => Caps::LABELED_RESPONSE | Caps::BATCH,
        "msgid" | "bot" => Caps::MESSAGE_TAGS,
        tag::CLIENT_ID => Caps::CLIENT_ID,
        tag::PRESENCE | tag::SINCE | tag::WITH | tag::TEXT => Caps::PRESENCE | Caps::MESSAGE_TAGS,
        tag::MULTILINE_CONCAT => Caps::MULTILINE,
        client if client.starts_with('+') => Caps::MESSAGE_TAGS,
        unknown => panic!("no tag is called {unknown}"),
    }
}

fn needed_for(command: &str) -> Caps {
    match command {
        "ACK" => Caps::LABELED_RESPONSE,
        "AWAY" => Caps::AWAY_NOTIFY,
        "BATCH" => Caps::BATCH,
        "REDACT" => Caps::REDACTION,
        "SETNAME" => Caps::SETNAME,
        "TAGMSG" => Caps::MESSAGE_TAGS,
        "TALK" => Caps::TALK,
        _ => Caps::empty(),
    }
}
