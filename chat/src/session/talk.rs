//! Conversations (`chatd.org/talk`): who asks whom, who talks, and which of our sessions does.

use chat_proto::caps::Caps;
use chat_proto::message::{Message, Writer};
use chat_proto::name::same;
use serde::Serialize;

use crate::session::{Presence, Session, Stage, Status, What};

/// Requests that are remembered, each way; an honest server has fewer.
const REQUESTS_MAX: usize = 64;
/// What ends a conversation for the session that led it, when its own connection is gone.
pub const BROKEN: &str = "the connection broke";

/// What is done about a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    Request,
    Accept,
    Decline,
    /// Takes back the own request.
    Cancel,
    /// The request was not answered in time; it is by whoever asked.
    Timeout,
    End,
}

/// Something that was done about a conversation of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Talk {
    pub deed: Deed,
    pub by: String,
    /// The other one of us two.
    pub with: String,
    /// It was done by us, in whatever session.
    pub own: bool,
    /// This session is the one that talks.
    pub here: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Talk {
    /// Whether our request was declined because somebody talks with another.
    pub fn is_busy(&self) -> bool {
        self.deed == Deed::Decline
            && !self.own
            && self.reason.as_deref().is_some_and(|why| why.starts_with("busy"))
    }
}

/// As far as the server has told.
#[derive(Debug, Default)]
pub struct Talks {
    /// Who asks us, and whom we ask; in their order.
    asked_by: Vec<String>,
    asking: Vec<String>,
    /// With whom this session talks, or another of ours.
    partner: Option<String>,
    elsewhere: Option<String>,
    /// With whom this session talked when the connection broke.
    broken: Option<String>,
    /// We did something, and the server is still to say what has become of it.
    pub(super) awaits_answer: bool,
}

impl Session {
    /// Whether the server knows conversations.
    pub fn has_talk(&self) -> bool {
        self.caps.contains(Caps::TALK)
    }

    /// Who would like to talk and waits for our answer; who has waited longest comes first.
    pub fn asked_by(&self) -> &[String] {
        &self.talks.asked_by
    }

    /// Who was asked by us and hasn't answered.
    pub fn asking(&self) -> &[String] {
        &self.talks.asking
    }

    /// With whom we talk, whether in this session or in another.
    pub fn partner(&self) -> Option<&str> {
        self.talks.partner.as_deref().or(self.talks.elsewhere.as_deref())
    }

    pub fn ask_to_talk(&mut self, nick: &str) {
        self.standings.meet(nick);
        self.send_talk("REQUEST", Some(nick));
    }

    pub fn accept_talk(&mut self, nick: &str) {
        self.send_talk("ACCEPT", Some(nick));
    }

    pub fn decline_talk(&mut self, nick: &str) {
        self.send_talk("DECLINE", Some(nick));
    }

    /// Takes back one request, or all.
    pub fn cancel_talk(&mut self, nick: Option<&str>) {
        self.send_talk("CANCEL", nick);
    }

    pub fn end_talk(&mut self) {
        self.send_talk("END", None);
    }

    fn send_talk(&mut self, deed: &str, nick: Option<&str>) {
        self.talks.awaits_answer = true;
        let line = Writer::new().command("TALK").param(deed);
        self.send(nick.into_iter().fold(line, Writer::param));
    }

    pub(super) fn on_talk(&mut self, message: &Message) {
        self.talks.awaits_answer = false;
        let param = |index: usize| message.param(index).unwrap_or_default();
        let deed = match param(0).to_ascii_uppercase().as_str() {
            "REQUEST" => Deed::Request,
            "ACCEPT" => Deed::Accept,
            "DECLINE" => Deed::Decline,
            "CANCEL" => Deed::Cancel,
            "TIMEOUT" => Deed::Timeout,
            "END" => Deed::End,
            _ => return,
        };
        let (by, to, rest) = match deed {
            Deed::Timeout => (param(1), param(2), None),
            _ => (message.source_nick().unwrap_or_default(), param(1), message.param(2)),
        };
        let own = same(by, &self.nick);
        let with = if own { to } else { by };
        if with.is_empty() || same(with, &self.nick) || !(own || same(to, &self.nick)) {
            return;
        }
        let here = deed == Deed::Accept && rest == Some("here");
        let reason = rest.filter(|reason| deed != Deed::Accept && !reason.is_empty()).map(str::to_owned);
        let talk = Talk { deed, by: by.to_owned(), with: with.to_owned(), own, here, reason };
        if deed == Deed::Accept && self.is_still_led(&talk) {
            return self.ask_to_talk(&talk.with);
        }
        if talk.is_busy() {
            self.standings.note(&talk.with, &Presence { status: Status::Busy, ..Presence::default() });
        }
        self.standings.meet(&talk.with);
        self.note_talk(&talk);
        self.emit(What::Talk(talk));
    }

    /// Whether the server hasn't noticed yet that the connection broke over which we talked: we go on over the new one.
    fn is_still_led(&mut self, talk: &Talk) -> bool {
        let broken = self.talks.broken.take_if(|_| self.stage != Stage::Ready);
        !talk.here && broken.is_some_and(|broken| same(&broken, &talk.with))
    }

    fn note_talk(&mut self, talk: &Talk) {
        let Talk { deed, with, own, here, .. } = talk;
        let talks = &mut self.talks;
        let is_other = |name: &String| !same(name, with);
        match deed {
            Deed::Request => {
                let list = if *own { &mut talks.asking } else { &mut talks.asked_by };
                if list.len() < REQUESTS_MAX && list.iter().all(is_other) {
                    list.push(with.clone());
                }
                return;
            }
            Deed::Accept if *here => (talks.partner, talks.elsewhere) = (Some(with.clone()), None),
            Deed::Accept => (talks.partner, talks.elsewhere) = (None, Some(with.clone())),
            Deed::End => (talks.partner, talks.elsewhere) = (None, None),
            Deed::Decline | Deed::Cancel | Deed::Timeout => {}
        }
        // Whoever talks with somebody asks and is asked by them no more, whose request it may have been.
        let is_ours = match deed {
            Deed::Decline => Some(!own),
            Deed::Cancel | Deed::Timeout => Some(*own),
            Deed::Request | Deed::Accept | Deed::End => None,
        };
        if is_ours != Some(false) {
            talks.asking.retain(is_other);
        }
        if is_ours != Some(true) {
            talks.asked_by.retain(is_other);
        }
    }

    pub(super) fn rename_in_talks(&mut self, from: &str, to: &str) {
        let Talks { asked_by, asking, partner, elsewhere, .. } = &mut self.talks;
        let names = asked_by.iter_mut().chain(asking).chain(partner).chain(elsewhere);
        names.filter(|name| same(name, from)).for_each(|name| to.clone_into(name));
    }

    /// The connection is gone, and with it what was asked and led over it.
    pub(super) fn lose_talks(&mut self) {
        let Talks { asked_by, asking, partner, .. } = std::mem::take(&mut self.talks);
        self.talks.broken.clone_from(&partner);
        let asked_by = asked_by.into_iter().map(|with| (Deed::Cancel, false, with));
        let asking = asking.into_iter().map(|with| (Deed::Cancel, true, with));
        let ended = partner.into_iter().map(|with| (Deed::End, true, with));
        for (deed, own, with) in asked_by.chain(asking).chain(ended) {
            let by = if own { self.nick.clone() } else { with.clone() };
            let reason = Some(BROKEN.to_owned());
            self.emit(What::Talk(Talk { deed, by, with, own, here: false, reason }));
        }
    }
}

#[cfg(test)]
mod tests;
