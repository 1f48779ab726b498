//! What becomes of users.

use std::collections::BTreeSet;
use std::fmt;

use chat_proto::caps::Caps;
use chat_proto::name::{Folded, Nick};
use chat_proto::numeric::{Numeric, RPL_MONOFFLINE, RPL_MONONLINE};

use crate::event::{UserEvent, Who};
use crate::id::ConnId;
use crate::mode::UserModes;
use crate::output::Effect;
use crate::state::{Session, Status};

use super::{Author, PRESENCE_TAGS, Scene, Show, TAGS};

impl Scene<'_> {
    pub(super) fn user_event(&mut self, who: &Who, event: &UserEvent) {
        match event {
            UserEvent::Arrived { .. } => self.online(&who.nick, who),
            UserEvent::Left { conn, reason, .. } => {
                if self.state.user(who.user).is_some_and(|user| !user.channels.is_empty()) {
                    self.by_user(who, TAGS, Caps::empty(), |author, caps, line| {
                        author.line(caps, line, format_args!("QUIT :{reason}"));
                    });
                }
                self.watchers(&who.nick.fold(), Some(*conn), RPL_MONOFFLINE, format_args!("{}", who.nick));
            }
            UserEvent::NickChanged { nick, .. } => self.renamed(who, nick),
            UserEvent::AwaySet { .. } | UserEvent::Returned => self.away_set(who),
            UserEvent::RealnameSet { realname } => {
                self.watched(who, TAGS, Caps::SETNAME, |author, caps, line| {
                    author.line(caps, line, format_args!("SETNAME :{realname}"));
                });
            }
            UserEvent::ModesSet { modes } => self.modes_set(who, *modes),
            UserEvent::AccountChanged { account } => self.account_changed(who, account.as_ref()),
            UserEvent::Acted { .. }
            | UserEvent::AwaySaid { .. }
            | UserEvent::SessionAdded { .. }
            | UserEvent::SessionRemoved { .. }
            | UserEvent::BecameOperator { .. }
            | UserEvent::OperatorRefused { .. }
            | UserEvent::Kicked { .. } => {}
        }
    }

    /// Behind a conversation it isn't seen; it shows when that ends.
    fn away_set(&mut self, who: &Who) {
        let state = self.state;
        let presence = state.user(who.user).map(|user| state.presence(user, self.now));
        if presence.is_some_and(|presence| !matches!(presence.status, Status::Busy(_))) {
            self.presence_changed(who);
        }
    }

    /// away-notify: to all who see the user.
    pub(super) fn presence_changed(&mut self, who: &Who) {
        let state = self.state;
        let Some(presence) = state.user(who.user).map(|user| state.presence(user, self.now)) else { return };
        let render =
            |author: Author<'_>, caps: Caps, line: &mut String| author.presence(caps, line, presence);
        self.watched(who, PRESENCE_TAGS, Caps::AWAY_NOTIFY, render);
    }

    /// account-notify: to all who see the user; the user's own sessions are told like everybody.
    fn account_changed(&mut self, who: &Who, account: Option<&Nick>) {
        let account = account.map_or("*", Nick::as_str);
        self.watched(who, TAGS, Caps::ACCOUNT_NOTIFY, |author, caps, line| {
            author.line(caps, line, format_args!("ACCOUNT {account}"));
        });
    }

    /// To those who share a channel with the user, and to the user. `depends` as in [`Show`].
    fn by_user(
        &mut self,
        who: &Who,
        depends: Caps,
        needs: Caps,
        render: impl Fn(Author<'_>, Caps, &mut String),
    ) {
        let Some(user) = self.state.user(who.user) else { return };
        let author = Author { user, time_tag: self.time_tag };
        let render = |caps: Caps, line: &mut String| render(author, caps, line);
        self.show_neighbours(who.user, &Show { depends, needs, render: &render });
    }

    /// As [`Scene::by_user`], and to those who watch the user and asked for more than presence (extended-monitor).
    fn watched(
        &mut self,
        who: &Who,
        depends: Caps,
        needs: Caps,
        render: impl Fn(Author<'_>, Caps, &mut String),
    ) {
        self.by_user(who, depends, needs, &render);
        let extended: BTreeSet<ConnId> = self
            .state
            .watchers
            .get(&who.nick.fold())
            .into_iter()
            .flatten()
            .filter(|conn| self.has_extended_monitor(**conn))
            .copied()
            .collect();
        self.by_stranger(who, extended, depends, needs, render);
    }

    /// To those of the connections whose users share no channel with the user, and so aren't told by [`Scene::by_user`].
    fn by_stranger(
        &mut self,
        who: &Who,
        conns: BTreeSet<ConnId>,
        depends: Caps,
        needs: Caps,
        render: impl Fn(Author<'_>, Caps, &mut String),
    ) {
        let Some(user) = self.state.user(who.user).filter(|_| !conns.is_empty()) else { return };
        let author = Author { user, time_tag: self.time_tag };
        let others = conns.into_iter().filter(|conn| {
            let other = self.state.sessions.get(*conn).and_then(Session::user);
            other.is_some_and(|other| other != who.user && !self.state.share_a_channel(user, other))
        });
        let others: Vec<ConnId> = others.collect();
        let render = |caps: Caps, line: &mut String| render(author, caps, line);
        self.show_conns(others, &Show { depends, needs, render: &render });
    }

    fn has_extended_monitor(&self, conn: ConnId) -> bool {
        self.state.sessions.get(conn).is_some_and(|session| session.caps.contains(Caps::EXTENDED_MONITOR))
    }

    /// Who talks with the user, or waits for an answer, is told wherever it is: what it says next goes by the name.
    fn renamed(&mut self, who: &Who, nick: &Nick) {
        let render = |author: Author<'_>, caps: Caps, line: &mut String| {
            author.line(caps, line, format_args!("NICK {nick}"));
        };
        self.by_user(who, TAGS, Caps::empty(), render);
        let concerned =
            self.state.concerned_by_talks(who.user).flat_map(|user| self.sessions_of(user)).collect();
        self.by_stranger(who, concerned, TAGS, Caps::empty(), render);
        if nick.fold() != who.nick.fold() {
            self.watchers(&who.nick.fold(), None, RPL_MONOFFLINE, format_args!("{}", who.nick));
            self.online(nick, who);
        }
    }

    fn online(&mut self, nick: &Nick, who: &Who) {
        let Some(user) = self.state.user(who.user) else { return };
        let (ident, host) = (user.ident.clone(), user.host.clone());
        self.watchers(&nick.fold(), None, RPL_MONONLINE, format_args!("{nick}!{ident}@{host}"));
    }

    /// A numeric to each who watches a nick, `except` the one who leaves; each is addressed by its own name.
    fn watchers(
        &mut self,
        folded: &Folded,
        except: Option<ConnId>,
        numeric: Numeric,
        args: fmt::Arguments<'_>,
    ) {
        let server = &self.state.policy.server_name;
        let watchers = self.state.watchers.get(folded).into_iter().flatten();
        for &conn in watchers.filter(|conn| Some(**conn) != except) {
            let client = self.state.name_of(conn);
            let line = format!(":{server} {numeric} {client} :{args}");
            if self.issuer.is_some_and(|(issuer, _)| issuer == conn) {
                self.replies.line(|reply| reply.push_str(&line));
            } else {
                self.effects.push(Effect::Send { to: conn, frame: (line + "\r\n").into() });
            }
        }
    }

    /// To the user alone: what changed.
    fn modes_set(&mut self, who: &Who, modes: UserModes) {
        let Some(user) = self.state.user(who.user) else { return };
        let added: String = (modes - user.modes).letters().collect();
        let removed: String = (user.modes - modes).letters().collect();
        let plus = if added.is_empty() { "" } else { "+" };
        let minus = if removed.is_empty() { "" } else { "-" };
        let author = Author { user, time_tag: self.time_tag };
        let render = |caps: Caps, line: &mut String| {
            author.line(caps, line, format_args!("MODE {} {plus}{added}{minus}{removed}", who.nick));
        };
        let conns = self.sessions_of(who.user);
        self.show_conns(conns, &Show { depends: TAGS, needs: Caps::empty(), render: &render });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn who_watches_itself_and_leaves_is_shown_nothing_more() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "MONITOR + alice");
        assert_eq!(chat.say(alice, "QUIT"), ["ERROR :Closing link: Quit"]);
    }
}
