//! What happens in a channel.

use std::collections::BTreeSet;

use chat_proto::caps::Caps;

use crate::event::{ChannelEvent, Ranks, Room, Who};
use crate::id::{ConnId, UserId};
use crate::mode::ModeChange;
use crate::state::{Session, User};

use super::line::server_line;
use super::{Author, PRESENCE_TAGS, Scene, Show, TAGS};

impl Scene<'_> {
    pub(super) fn channel_event(&mut self, room: &Room, event: &ChannelEvent) {
        let name = &room.name;
        match event {
            ChannelEvent::Created { .. }
            | ChannelEvent::Opened { .. }
            | ChannelEvent::Founded { .. }
            | ChannelEvent::RankKept { .. }
            | ChannelEvent::Emptied
            | ChannelEvent::Appointed { .. }
            | ChannelEvent::Ended => {}
            ChannelEvent::Joined { who, ranks, .. } => {
                self.joined(room, who);
                self.rank_returned(room, who, *ranks);
            }
            ChannelEvent::Parted { who, reason, .. } => {
                let reason = reason.as_deref().map(|reason| format!(" :{reason}")).unwrap_or_default();
                self.by_member(room, who, |author, caps, line| {
                    author.line(caps, line, format_args!("PART {name}{reason}"));
                });
            }
            ChannelEvent::Kicked { who, by, reason, .. } => self.by_member(room, by, |author, caps, line| {
                author.line(caps, line, format_args!("KICK {name} {} :{reason}", who.nick));
            }),
            ChannelEvent::TopicSet { id, by, topic, .. } => self.by_member(room, by, |author, caps, line| {
                author.begin(caps, line, Some(*id), "");
                line.extend(["TOPIC ", name.as_str(), " :", topic]);
            }),
            ChannelEvent::ModesChanged { by, changes, .. } => {
                let changes = ModeChange::written(changes);
                self.by_member(room, by, |author, caps, line| {
                    author.line(caps, line, format_args!("MODE {name} {changes}"));
                });
            }
            ChannelEvent::Invited { who, by, .. } => self.invited(room, who, by),
        }
    }

    fn by_member(&mut self, room: &Room, who: &Who, render: impl Fn(Author<'_>, Caps, &mut String)) {
        let Some(user) = self.state.user(who.user) else { return };
        let author = Author { user, time_tag: self.time_tag };
        let show =
            Show { depends: TAGS, needs: Caps::empty(), render: &|caps, line| render(author, caps, line) };
        let issuer_is_outside = !self.issuer_is_in(room.channel);
        self.show_channel(room.channel, true, &show);
        if issuer_is_outside && self.issuer.is_some_and(|(conn, _)| self.is_session_of(conn, who.user)) {
            self.show_issuer(&show);
        }
    }

    fn is_session_of(&self, conn: ConnId, user: UserId) -> bool {
        self.state.sessions.get(conn).and_then(Session::user) == Some(user)
    }

    fn joined(&mut self, room: &Room, who: &Who) {
        let Some(user) = self.state.user(who.user) else { return };
        let author = Author { user, time_tag: self.time_tag };
        let name = &room.name;
        let render = |caps: Caps, line: &mut String| join_line(author, name.as_str(), caps, line);
        let depends = TAGS | Caps::EXTENDED_JOIN;
        self.show_channel(room.channel, true, &Show { depends, needs: Caps::empty(), render: &render });
        let presence = self.state.presence(user, self.now);
        if !presence.status.is_here() {
            let render = |caps: Caps, line: &mut String| author.presence(caps, line, presence);
            let show = Show { depends: PRESENCE_TAGS, needs: Caps::AWAY_NOTIFY, render: &render };
            self.show_channel(room.channel, false, &show);
        }
    }

    /// Those who are there are told; who comes sees it among the names, as who is the first does.
    fn rank_returned(&mut self, room: &Room, who: &Who, ranks: Ranks) {
        let is_alone = self.state.channel(room.channel).is_none_or(|channel| channel.members.len() <= 1);
        if is_alone || ranks.is_empty() {
            return;
        }
        let (server, time_tag) = (&self.state.policy.server_name, self.time_tag);
        let (name, nick) = (&room.name, &who.nick);
        let change = match (ranks.contains(Ranks::OPERATOR), ranks.contains(Ranks::VOICE)) {
            (true, true) => format!("+ov {nick} {nick}"),
            (true, false) => format!("+o {nick}"),
            (false, _) => format!("+v {nick}"),
        };
        let render = |caps: Caps, line: &mut String| {
            server_line(caps, line, time_tag, server, format_args!("MODE {name} {change}"));
        };
        self.show_channel(
            room.channel,
            false,
            &Show { depends: TAGS, needs: Caps::empty(), render: &render },
        );
    }

    /// To the one who is invited, and to operators of the channel that asked for it (invite-notify).
    fn invited(&mut self, room: &Room, who: &Who, by: &Who) {
        let (Some(user), Some(channel)) = (self.state.user(by.user), self.state.channel(room.channel)) else {
            return;
        };
        let author = Author { user, time_tag: self.time_tag };
        let render = |caps: Caps, line: &mut String| {
            author.line(caps, line, format_args!("INVITE {} {}", who.nick, room.name));
        };
        let invited = self.sessions_of(who.user);
        self.show_conns(invited, &Show { depends: TAGS, needs: Caps::empty(), render: &render });
        let operators = channel.members.iter().filter(|(user, ranks)| {
            ranks.contains(Ranks::OPERATOR) && **user != by.user && **user != who.user
        });
        let operators: BTreeSet<ConnId> = operators.flat_map(|(user, _)| self.sessions_of(*user)).collect();
        self.show_conns(operators, &Show { depends: TAGS, needs: Caps::INVITE_NOTIFY, render: &render });
    }
}

/// The JOIN line, as extended-join has it where it is wanted.
pub fn join_line(author: Author<'_>, channel: &str, caps: Caps, line: &mut String) {
    let User { account, realname, .. } = author.user;
    if caps.contains(Caps::EXTENDED_JOIN) {
        let account = account.as_ref().map_or("*", |account| account.as_str());
        author.line(caps, line, format_args!("JOIN {channel} {account} :{realname}"));
    } else {
        author.line(caps, line, format_args!("JOIN {channel}"));
    }
}
