//! An event becomes what its witnesses see: the only place that renders lines for others than the one who asked.
//!
//! A line is rendered once for each class of capabilities among its audience, never once for each recipient.

mod channel;
mod entry;
mod line;
mod message;
mod multiline;
mod presence;
mod read;
mod redact;
mod server;
mod talk;
mod user;
mod views;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use chat_proto::caps::Caps;
use smallvec::SmallVec;

use crate::event::Event;
use crate::id::{ChannelId, ConnId, UserId};
use crate::output::Effect;
use crate::reply::Replies;
use crate::state::State;
use crate::time::Now;

pub use channel::join_line;
pub use entry::Viewer;
pub use line::{Author, Tags};
pub use multiline::Multiline;
pub use presence::{PRESENCE_UNDERSTOOD, presence_tags};
pub use read::mark_args;
pub use talk::{TalkView, hears_of_talks};
pub use views::Views;

/// Capabilities that change what a line looks like, or whether it is sent.
const VISIBLE: Caps = Caps::MESSAGE_TAGS
    .union(Caps::SERVER_TIME)
    .union(Caps::ACCOUNT_TAG)
    .union(Caps::EXTENDED_JOIN)
    .union(Caps::AWAY_NOTIFY)
    .union(Caps::CHGHOST)
    .union(Caps::SETNAME)
    .union(Caps::INVITE_NOTIFY)
    .union(Caps::REDACTION)
    .union(Caps::PRESENCE)
    .union(MULTILINE)
    .union(Caps::ACCOUNT_NOTIFY);

/// Capabilities that add a tag to a user's line.
const TAGS: Caps = Caps::MESSAGE_TAGS.union(Caps::SERVER_TIME).union(Caps::ACCOUNT_TAG);

/// Capabilities that add a tag to a line about a user's presence.
const PRESENCE_TAGS: Caps = TAGS.union(Caps::PRESENCE);

/// Capabilities of those who take several lines as one message.
const MULTILINE: Caps = Caps::MULTILINE.union(Caps::BATCH);

/// What is needed to show an event: the state, and where frames go.
pub struct Scene<'a> {
    pub state: &'a State,
    pub views: &'a mut Views,
    pub effects: &'a mut Vec<Effect>,
    pub replies: &'a mut Replies,
    /// Room for the line that is being written.
    pub buffer: &'a mut String,
    /// The client whose command it was: its own copy is among its replies.
    pub issuer: Option<(ConnId, Caps)>,
    /// Milliseconds since the Unix epoch.
    pub now: Now,
    pub time_tag: &'a str,
}

/// Writes one line without its line end, for a client with these capabilities.
type Render<'r> = &'r dyn Fn(Caps, &mut String);

/// A line to show: what capabilities it depends on, and how it is written.
struct Show<'r> {
    /// Capabilities that `render` looks at.
    depends: Caps,
    /// Who lacks one of these isn't shown the line.
    needs: Caps,
    render: Render<'r>,
}

impl<'a> Scene<'a> {
    pub fn project(&mut self, event: &Event) {
        match event {
            Event::Conn(..) => {}
            Event::User(who, event) => self.user_event(who, event),
            Event::Channel(room, event) => self.channel_event(room, event),
            Event::Said(said) => self.said(said),
            Event::Redacted(redaction) => self.redacted(redaction),
            Event::Read(mark) => self.read(mark),
            Event::Talk(talk) => self.talk(talk),
            Event::Account(..) | Event::Ban(_) => {}
            Event::Server(event) => self.server_event(event),
        }
    }

    /// Shows a line to all sessions in a channel; to the issuer only if `to_issuer`.
    fn show_channel(&mut self, channel: ChannelId, to_issuer: bool, show: &Show<'_>) {
        let except = self.issuer.map(|(conn, _)| conn);
        let mut rendered = Rendered::new(self.buffer);
        for (caps, conns) in self.views.channel(self.state, channel) {
            if caps.contains(show.needs) {
                let frame = rendered.frame(*caps, show);
                self.effects.push(Effect::Fanout { to: Arc::clone(conns), except, frame });
            }
        }
        if to_issuer && self.issuer_is_in(channel) {
            self.show_issuer(show);
        }
    }

    fn issuer_is_in(&self, channel: ChannelId) -> bool {
        let user = self.issuer.and_then(|(conn, _)| self.state.sessions.get(conn)?.user());
        user.is_some_and(|user| {
            self.state.channel(channel).is_some_and(|channel| channel.members.contains_key(&user))
        })
    }

    /// Shows a line to these connections; the issuer, when among them, has it among its replies.
    fn show_conns(&mut self, conns: impl IntoIterator<Item = ConnId>, show: &Show<'_>) {
        let mut rendered = Rendered::new(self.buffer);
        let issuer = self.issuer.map(|(conn, _)| conn);
        let mut to_issuer = false;
        for conn in conns {
            let Some(session) = self.state.sessions.get(conn) else { continue };
            if Some(conn) == issuer {
                to_issuer = true;
            } else if session.caps.contains(show.needs) {
                let frame = rendered.frame(session.caps, show);
                self.effects.push(Effect::Send { to: conn, frame });
            }
        }
        if to_issuer {
            self.show_issuer(show);
        }
    }

    fn show_issuer(&mut self, show: &Show<'_>) {
        if let Some((_, caps)) = self.issuer
            && caps.contains(show.needs)
        {
            self.replies.line(|line| (show.render)(caps, line));
        }
    }

    /// All sessions of a user.
    fn sessions_of(&self, user: UserId) -> impl Iterator<Item = ConnId> + use<'a> {
        self.state.user(user).into_iter().flat_map(|user| user.sessions.iter().copied())
    }

    /// Shows a line to those who share a channel with a user, and to the user. Those of the largest channel, mostly nearly all of
    /// them, share frames as everywhere; nobody is looked at one by one but who isn't there.
    fn show_neighbours(&mut self, user: UserId, show: &Show<'_>) {
        let Some(found) = self.state.user(user) else { return };
        let state = self.state;
        let Some((largest, members)) = state
            .channels_of(found)
            .map(|(id, channel)| (id, &channel.members))
            .max_by_key(|(_, members)| members.len())
        else {
            return self.show_conns(found.sessions.iter().copied(), show);
        };
        self.show_channel(largest, true, show);
        let others = state.channels_of(found).flat_map(|(_, channel)| channel.members.keys());
        let others: BTreeSet<ConnId> = others
            .filter(|other| !members.contains_key(*other))
            .flat_map(|other| self.sessions_of(*other))
            .collect();
        self.show_conns(others, show);
    }
}

/// The frames of one line, by the capabilities that it depends on.
struct Rendered<'b> {
    frames: SmallVec<[(Caps, Bytes); 4]>,
    /// Where a line is written before it becomes a frame of just its size.
    buffer: &'b mut String,
}

impl<'b> Rendered<'b> {
    fn new(buffer: &'b mut String) -> Self {
        Self { frames: SmallVec::new(), buffer }
    }

    fn frame(&mut self, caps: Caps, show: &Show<'_>) -> Bytes {
        let class = caps & show.depends;
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| *known == class) {
            return frame.clone();
        }
        self.buffer.clear();
        (show.render)(class | show.needs, self.buffer);
        self.buffer.push_str("\r\n");
        let frame = Bytes::copy_from_slice(self.buffer.as_bytes());
        self.frames.push((class, frame.clone()));
        frame
    }
}
