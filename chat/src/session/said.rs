//! What was said, by us and others, now and before.

use chat_proto::message::Message;
use chat_proto::name::same;
use jiff::Timestamp;

use crate::session::event::{Event, How, What, is_channel};
use crate::session::outbox::CLIENT_ID_TAG;
use crate::session::{Session, Stage};

/// One message, as it came.
#[derive(Debug)]
pub struct Utterance {
    pub from: String,
    pub by_server: bool,
    pub to: String,
    pub how: How,
    pub text: String,
    pub at: Option<Timestamp>,
    pub id: Option<String>,
    /// The id that we gave it.
    pub client_id: Option<String>,
    /// Of several lines, the first has come.
    pub begun: bool,
}

impl Utterance {
    fn new(message: &Message, to: &str, text: &str, how: How) -> Option<Self> {
        Some(Self {
            from: message.source_nick()?.to_owned(),
            by_server: message.source().is_some_and(|source| !source.contains('!')),
            to: to.to_owned(),
            how,
            text: text.to_owned(),
            at: time_of(message),
            id: message.tag("msgid").map(String::from).filter(|id| !id.is_empty()),
            client_id: message.tag(CLIENT_ID_TAG).map(String::from),
            begun: false,
        })
    }

    /// What a PRIVMSG or NOTICE says.
    pub fn of_line(message: &Message) -> Option<Self> {
        let how = if message.command().eq_ignore_ascii_case("NOTICE") { How::Notice } else { How::Text };
        Self::new(message, message.param(0)?, message.param(1)?, how)
    }

    /// One whose lines are still to come.
    pub fn of_batch(message: &Message) -> Option<Self> {
        Self::new(message, message.param(2)?, "", How::Text)
    }
}

pub fn time_of(message: &Message) -> Option<Timestamp> {
    message.tag("time").and_then(|time| time.parse().ok())
}

impl Session {
    /// Something is said now.
    pub(super) fn on_said(&mut self, said: Utterance) {
        if same(&said.from, &self.nick) {
            self.settled();
        }
        let Some(event) = self.told(said, false) else { return };
        if let What::Said { from, to, own, .. } = &event.what {
            self.rooms.spoke(from);
            if !is_channel(to) {
                self.standings.meet(if *own { to } else { from });
            }
        }
        self.hand_out(event);
    }

    /// What it means for the user; nothing if it is no words.
    pub(super) fn told(&mut self, said: Utterance, past: bool) -> Option<Event> {
        let own = same(&said.from, &self.nick);
        if own && let Some(id) = &said.client_id {
            self.outbox.settle_id(id);
        }
        let Utterance { from, to, how, text, at, id, .. } = said;
        let what = if said.by_server && !own {
            self.announced(from, to, text, past)
        } else {
            let (text, how) = unwrap_ctcp(&text, how)?;
            What::Said { from, to, own, how, text: text.to_owned() }
        };
        Some(Event { at, id, past, what })
    }

    fn announced(&self, from: String, to: String, text: String, past: bool) -> What {
        if self.was_ready || past { What::Announcement { from, to, text } } else { What::Info { text } }
    }

    /// Something that was said is to be no more.
    pub(super) fn on_redact(&mut self, message: &Message) {
        let (Some(by), Some(to), Some(id)) = (message.source_nick(), message.param(0), message.param(1))
        else {
            return;
        };
        let what = What::Removed {
            by: by.to_owned(),
            from: self.traces.author(id).map(str::to_owned),
            to: to.to_owned(),
            reason: message.param(2).map(str::to_owned),
        };
        self.emit(what);
    }

    /// Shows it, unless it was shown before or something older is still to come.
    pub(super) fn hand_out(&mut self, event: Event) {
        if self.past.is_holding() && is_live(&event.what) {
            if !self.past.is_full() {
                return self.past.hold(event);
            }
            self.let_go();
        }
        if matches!(event.what, What::Closed { .. }) || self.stage == Stage::Offline {
            self.let_go();
        }
        if self.traces.is_new(&event) {
            self.traces.shown(&event);
            self.events.push(event);
        }
    }
}

/// What others do: it has its place behind what they did before. The rest answers us.
fn is_live(what: &What) -> bool {
    matches!(
        what,
        What::Said { .. }
            | What::Announcement { .. }
            | What::Removed { .. }
            | What::Joined { own: false, .. }
            | What::Left { own: false, .. }
            | What::Kicked { own: false, .. }
            | What::Gone { .. }
            | What::Renamed { own: false, .. }
            | What::Away { own: false, .. }
            | What::Topic { by: Some(_), .. }
    )
}

/// `ACTION` is shown; every other CTCP request is nobody's business, and is not answered.
fn unwrap_ctcp(text: &str, how: How) -> Option<(&str, How)> {
    let Some(inner) = text.strip_prefix('\x01') else { return Some((text, how)) };
    let inner = inner.strip_suffix('\x01').unwrap_or(inner);
    let action = inner.strip_prefix("ACTION")?;
    Some((action.strip_prefix(' ').unwrap_or(action), How::Action))
}
