//! Conversations, for both who are concerned: in lines of their own for those who understand them, in words for others.

use std::fmt;

use chat_proto::caps::Caps;
use chat_proto::name::Nick;

use crate::event::{Talk, TalkDeed, Who};
use crate::id::ConnId;
use crate::service::Service;
use crate::state::State;

use super::line::{Tags, byline_line, server_line};
use super::server::Span;
use super::{Scene, Show, TAGS};

impl Scene<'_> {
    /// To all sessions of both; where somebody goes on in another session, to its own.
    pub(super) fn talk(&mut self, talk: &Talk) {
        self.talk_side(talk, &talk.by);
        if !matches!(talk.deed, TalkDeed::Moved { .. }) {
            self.talk_side(talk, &talk.with);
        }
        if matches!(talk.deed, TalkDeed::Accepted { .. } | TalkDeed::Ended { .. }) {
            self.presence_changed(&talk.by);
            self.presence_changed(&talk.with);
        }
    }

    /// Others are told whom the partner of somebody talks with, and that has another name now.
    pub fn partner_renamed(&mut self, who: &Who) {
        let talk = self.state.user(who.user).and_then(|user| user.talk);
        if let Some(partner) = talk.and_then(|talk| self.state.who(talk.with)) {
            self.presence_changed(&partner);
        }
    }

    fn talk_side(&mut self, talk: &Talk, whose: &Who) {
        let (state, time_tag) = (self.state, self.time_tag);
        let Some(user) = state.user(whose.user) else { return };
        let at = user.talk.map(|talk| talk.at);
        let hears =
            |conn: &ConnId| state.sessions.get(*conn).is_some_and(|session| hears_of_talks(session.caps));
        let sessions = user.sessions.iter().copied().filter(hears);
        let (here, elsewhere): (Vec<ConnId>, Vec<ConnId>) = sessions.partition(|conn| Some(*conn) == at);
        for (here, conns) in [(true, here), (false, elsewhere)] {
            let view = TalkView { state, talk, to: &user.nick, here };
            let render = |caps: Caps, line: &mut String| view.write(caps, line, time_tag);
            self.show_conns(
                conns,
                &Show { depends: TAGS | Caps::TALK, needs: Caps::empty(), render: &render },
            );
        }
    }
}

/// A session that came for a moment, and doesn't know what a conversation is, is not told in words.
pub fn hears_of_talks(caps: Caps) -> bool {
    caps.contains(Caps::TALK) || !caps.contains(Caps::NO_AUTO_JOIN)
}

/// What one of the two is told.
#[derive(Debug, Clone, Copy)]
pub struct TalkView<'a> {
    pub state: &'a State,
    pub talk: &'a Talk,
    /// Whose session it is.
    pub to: &'a Nick,
    /// Whether the conversation is led in this session.
    pub here: bool,
}

impl TalkView<'_> {
    /// Writes one line without its line end.
    pub fn write(&self, caps: Caps, line: &mut String, time_tag: &str) {
        if caps.contains(Caps::TALK) {
            return self.write_line(caps, line, time_tag);
        }
        let mut tags = Tags::new(line);
        tags.server_tags(caps, time_tag, None);
        tags.end();
        let server = &self.state.policy.server_name;
        Service::TalkServ.notice(line, server, self.to.as_str(), format_args!("{}", self.words()));
    }

    fn write_line(&self, caps: Caps, line: &mut String, time_tag: &str) {
        let Talk { by, byline, with, deed } = self.talk;
        let (by, with) = (&by.nick, &with.nick);
        let mut of_user = |args: fmt::Arguments<'_>| byline_line(byline, caps, line, time_tag, args);
        match deed {
            TalkDeed::Requested { .. } => of_user(format_args!("TALK REQUEST {with}")),
            TalkDeed::Accepted { .. } | TalkDeed::Moved { .. } => {
                let place = if self.here { "here" } else { "elsewhere" };
                of_user(format_args!("TALK ACCEPT {with} {place}"));
            }
            TalkDeed::Declined { reason } => of_user(format_args!("TALK DECLINE {with}{}", Trailing(reason))),
            TalkDeed::Cancelled { reason } => of_user(format_args!("TALK CANCEL {with}{}", Trailing(reason))),
            TalkDeed::Ended { reason } => {
                let reason = reason.as_deref().unwrap_or("left the conversation");
                of_user(format_args!("TALK END {with} :{reason}"));
            }
            TalkDeed::TimedOut => {
                let server = &self.state.policy.server_name;
                server_line(caps, line, time_tag, server, format_args!("TALK TIMEOUT {by} {with}"));
            }
        }
    }

    fn words(&self) -> String {
        let Talk { by, with, deed, .. } = self.talk;
        let own = by.nick == *self.to;
        let other = if own { &with.nick } else { &by.nick };
        let because =
            |reason: &Option<Box<str>>| reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        match deed {
            TalkDeed::Requested { .. } if own => {
                let wait = Span(self.state.policy.presence.talk_request);
                format!(
                    "You have asked {other} to talk, and wait for at most {wait}. To take it back: /msg TalkServ cancel"
                )
            }
            // With the name: who answers means this one, whoever asks next.
            TalkDeed::Requested { .. } => {
                format!("{other} would like to talk. Answer yes or no: /msg TalkServ yes {other}")
            }
            TalkDeed::Accepted { .. } | TalkDeed::Moved { .. } if self.here => {
                format!("You are talking with {other} now: /query {other}. To end it: /msg TalkServ end")
            }
            TalkDeed::Accepted { .. } | TalkDeed::Moved { .. } => {
                format!("You are talking with {other}, in another session")
            }
            TalkDeed::Declined { reason } if own => format!("You don't talk with {other}{}", because(reason)),
            TalkDeed::Declined { reason } => format!("{other} doesn't talk with you{}", because(reason)),
            TalkDeed::Cancelled { reason } if own => {
                format!("You don't ask {other} to talk any more{}", because(reason))
            }
            TalkDeed::Cancelled { reason } => {
                format!("{other} doesn't ask to talk any more{}", because(reason))
            }
            TalkDeed::TimedOut if own => format!("{other} hasn't answered, and is not asked any more"),
            TalkDeed::TimedOut => {
                format!("{other} has waited for an answer, and doesn't ask to talk any more")
            }
            TalkDeed::Ended { reason: None } if own => format!("You have left the conversation with {other}"),
            TalkDeed::Ended { reason: None } => format!("{other} has left the conversation"),
            TalkDeed::Ended { reason } => format!("The conversation with {other} is over{}", because(reason)),
        }
    }
}

/// Writes itself as the last parameter of a line.
struct Trailing<'a>(&'a Option<Box<str>>);

impl fmt::Display for Trailing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, " :{text}"))
    }
}
