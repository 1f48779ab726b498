//! What the server says to everybody.

use std::collections::BTreeSet;
use std::fmt;

use chat_proto::caps::Caps;

use crate::event::ServerEvent;
use crate::id::ConnId;
use crate::mode::UserModes;

use super::line::server_line;
use super::{Author, Scene, Show, TAGS};

impl Scene<'_> {
    pub(super) fn server_event(&mut self, event: &ServerEvent) {
        match event {
            ServerEvent::Announced { text, .. } => self.announce(format_args!("{text}")),
            ServerEvent::Wallops { by, text } => {
                let Some(user) = self.state.user(by.user) else { return };
                let author = Author { user, time_tag: self.time_tag };
                let render =
                    |caps: Caps, line: &mut String| author.line(caps, line, format_args!("WALLOPS :{text}"));
                let listeners = self.state.users.values().filter(|u| u.modes.contains(UserModes::WALLOPS));
                let conns: BTreeSet<ConnId> =
                    listeners.flat_map(|user| user.sessions.iter().copied()).collect();
                self.show_conns(conns, &Show { depends: TAGS, needs: Caps::empty(), render: &render });
            }
            ServerEvent::ShutdownScheduled { at, reason, .. } => {
                let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                let remaining = at.since(self.now.uptime);
                self.announce(format_args!("The server shuts down in {}{reason}", Span(remaining)));
            }
            ServerEvent::ShutdownWarned { remaining } => {
                let shutdown = self.state.shutdown.as_ref();
                let reason = shutdown.and_then(|shutdown| shutdown.reason.as_deref());
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                self.announce(format_args!("The server shuts down in {}{reason}", Span(*remaining)));
            }
            ServerEvent::ShutdownCancelled { .. } => self.announce(format_args!("The shutdown is cancelled")),
            ServerEvent::Stopping { .. } | ServerEvent::PolicySet { .. } => {}
        }
    }

    /// A notice in the lobby for those who are there, and to everybody else by itself.
    fn announce(&mut self, text: fmt::Arguments<'_>) {
        let policy = &self.state.policy;
        let (server, time_tag) = (&policy.server_name, self.time_tag);
        let lobby = self.state.channel_named(policy.lobby.channel.as_str());
        if let Some((id, lobby)) = lobby {
            let render = |caps: Caps, line: &mut String| {
                server_line(caps, line, time_tag, server, format_args!("NOTICE {} :{text}", lobby.name));
            };
            let show = Show { depends: TAGS, needs: Caps::empty(), render: &render };
            self.show_channel(id, true, &show);
        }
        for (id, user) in self.state.users.iter() {
            if lobby.is_some_and(|(_, lobby)| lobby.members.contains_key(&id)) {
                continue;
            }
            let render = |caps: Caps, line: &mut String| {
                server_line(caps, line, time_tag, server, format_args!("NOTICE {} :{text}", user.nick));
            };
            let conns = self.sessions_of(id);
            self.show_conns(conns, &Show { depends: TAGS, needs: Caps::empty(), render: &render });
        }
    }
}

/// A time span in milliseconds, as a person says it: the largest unit that divides it well enough.
pub struct Span(pub u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_ceil(1000);
        let (amount, unit) = match seconds {
            0..120 => (seconds, "second"),
            120..7200 => (seconds.div_ceil(60), "minute"),
            _ => (seconds.div_ceil(3600), "hour"),
        };
        write!(f, "{amount} {unit}{}", if amount == 1 { "" } else { "s" })
    }
}
