//! What was taken back.

use std::collections::BTreeSet;

use chat_proto::caps::Caps;

use crate::event::{Redaction, Redactor};
use crate::history::{Party, Place};
use crate::id::ConnId;

use super::line::{byline_line, server_line};
use super::{Scene, Show, TAGS};

impl Scene<'_> {
    /// To those who were told the message, as far as they understand that; and to the one who takes it back.
    pub(super) fn redacted(&mut self, redaction: &Redaction) {
        let (server, time_tag) = (&self.state.policy.server_name, self.time_tag);
        let Redaction { message, to, reason, .. } = redaction;
        let reason = reason.as_deref().map(|reason| format!(" :{reason}")).unwrap_or_default();
        let render = |caps: Caps, line: &mut String| match &redaction.by {
            Redactor::User(byline) => {
                byline_line(byline, caps, line, time_tag, format_args!("REDACT {to} {message}{reason}"));
            }
            Redactor::Administrator(_) => {
                server_line(caps, line, time_tag, server, format_args!("REDACT {to} {message}{reason}"));
            }
        };
        let show = Show { depends: TAGS, needs: Caps::REDACTION, render: &render };
        match &redaction.place {
            Place::Channel(channel) => {
                self.show_channel(*channel, false, &show);
                self.show_issuer(&show);
            }
            Place::Pair(one, other) => {
                let conns: BTreeSet<ConnId> = self.sessions_as(one).chain(self.sessions_as(other)).collect();
                self.show_conns(conns, &show);
            }
        }
    }

    /// The sessions of those who write as that one.
    fn sessions_as(&self, party: &Party) -> impl Iterator<Item = ConnId> {
        let (Party::Account(name) | Party::Guest(name)) = party;
        let alone = matches!(party, Party::Guest(_)) || self.state.policy.nick_equals_account;
        let named = self.state.user_id(name.as_str()).and_then(|id| self.state.user(id)).filter(|_| alone);
        let others = self.state.users.values().filter(move |_| !alone);
        let users = named.into_iter().chain(others).filter(move |user| user.party() == *party);
        users.flat_map(|user| user.sessions.iter().copied())
    }
}
