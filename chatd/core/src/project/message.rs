//! Messages.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chat_proto::caps::Caps;
use chat_proto::tag;

use crate::event::{Rank, Ranks, Room, Said, SaidKind, Target, Who};
use crate::id::ConnId;
use crate::output::Effect;

use super::{Author, MULTILINE, Multiline, Rendered, Scene, Show, TAGS};

impl Scene<'_> {
    pub(super) fn said(&mut self, said: &Said) {
        let Some(author) = self.state.user(said.from.user) else { return };
        let author = Author { user: author, time_tag: self.time_tag };
        let render_own = |caps: Caps, line: &mut String| render(author, said, caps, line);
        let render = |caps: Caps, line: &mut String| render(author, said, caps - Caps::CLIENT_ID, line);
        let needs = match said.kind {
            SaidKind::Tagmsg => Caps::MESSAGE_TAGS,
            SaidKind::Privmsg | SaidKind::Notice => Caps::empty(),
        };
        let depends = if said.text.is_multiline() { TAGS.union(MULTILINE) } else { TAGS };
        let show = Show { depends, needs, render: &render };
        match &said.to {
            Target::Channel { room, at_least: None } => {
                self.show_channel(room.channel, false, &show);
            }
            Target::Channel { room, at_least: Some(rank) } => self.show_ranked(room, *rank, said, &show),
            Target::User(to) => self.show_both(Some(to), said, &show),
            Target::Absent(_) => self.show_both(None, said, &show),
        }
        self.echo(said, &show, &Show { render: &render_own, ..show });
    }

    /// To members with a rank, and to the sender's other sessions.
    fn show_ranked(&mut self, room: &Room, at_least: Rank, said: &Said, show: &Show<'_>) {
        let Some(channel) = self.state.channel(room.channel) else { return };
        let wanted = match at_least {
            Rank::Voice => Ranks::all(),
            Rank::Operator => Ranks::OPERATOR,
        };
        let mut conns: BTreeSet<ConnId> = self.sessions_of(said.from.user).collect();
        for (member, _) in channel.members.iter().filter(|(_, ranks)| ranks.intersects(wanted)) {
            conns.extend(self.sessions_of(*member));
        }
        let issuer = self.issuer_conn();
        self.show_conns(conns.into_iter().filter(|conn| Some(*conn) != issuer), show);
    }

    /// To all sessions of the one it is for, and to those other sessions of the sender that understand an echo.
    fn show_both(&mut self, to: Option<&Who>, said: &Said, show: &Show<'_>) {
        let (state, issuer) = (self.state, self.issuer_conn());
        let to = to.map(|to| to.user);
        let understands = |conn: &ConnId| {
            state.sessions.get(*conn).is_some_and(|session| session.caps.contains(Caps::ECHO_MESSAGE))
        };
        let own = self.sessions_of(said.from.user).filter(|_| Some(said.from.user) != to).filter(understands);
        let theirs = to.map(|to| self.sessions_of(to)).into_iter().flatten();
        let conns = theirs.chain(own).filter(|conn| Some(*conn) != issuer);
        self.show_conns(conns, show);
    }

    fn issuer_conn(&self) -> Option<ConnId> {
        self.issuer.map(|(conn, _)| conn)
    }

    /// The sender's own copies: an echo if it asked for echoes, and the message itself if it wrote to itself. The
    /// latter is no answer to the command, so it has no label.
    fn echo(&mut self, said: &Said, show: &Show<'_>, own: &Show<'_>) {
        let Some((issuer, caps)) = self.issuer else { return };
        if matches!(&said.to, Target::User(to) if to.user == said.from.user) && caps.contains(show.needs) {
            let frame = Rendered::new(self.buffer).frame(caps, show);
            self.effects.push(Effect::Send { to: issuer, frame });
        }
        if caps.contains(Caps::ECHO_MESSAGE) {
            self.show_issuer(own);
        }
    }
}

fn render(author: Author<'_>, said: &Said, caps: Caps, line: &mut String) {
    let (sigil, name) = match &said.to {
        Target::Channel { room, at_least } => (sigil(*at_least), room.name.as_str()),
        Target::User(who) => ("", who.nick.as_str()),
        Target::Absent(account) => ("", account.as_str()),
    };
    let mut tags = Cow::Borrowed(&*said.tags);
    if let Some(id) = said.client_id.as_ref().filter(|_| caps.contains(Caps::CLIENT_ID)) {
        let separator = if tags.is_empty() { "" } else { ";" };
        tags.to_mut().extend([separator, tag::CLIENT_ID, "=", id]);
    }
    if said.text.is_multiline() {
        let target = &[sigil, name].concat();
        let begin = |line: &mut String, id| author.begin(caps, line, id, &tags);
        let words =
            Multiline { command: said.kind.command(), target, text: &said.text, id: said.id, within: None };
        return words.write(caps, line, author.user.source(), begin);
    }
    author.begin(caps, line, Some(said.id), &tags);
    line.extend([said.kind.command(), " ", sigil, name]);
    if said.kind != SaidKind::Tagmsg {
        line.extend([" :", said.text.as_str()]);
    }
}

fn sigil(rank: Option<Rank>) -> &'static str {
    match rank {
        None => "",
        Some(Rank::Voice) => "+",
        Some(Rank::Operator) => "@",
    }
}
