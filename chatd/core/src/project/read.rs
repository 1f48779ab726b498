//! How far somebody has read, for the own sessions.

use std::borrow::Cow;

use chat_proto::caps::Caps;

use crate::event::ReadMark;
use crate::id::ConnId;
use crate::time::Timestamp;

use super::line::server_line;
use super::{Scene, Show, TAGS};

impl Scene<'_> {
    /// The session that says so itself is answered.
    pub(super) fn read(&mut self, mark: &ReadMark) {
        let (server, time_tag) = (&self.state.policy.server_name, self.time_tag);
        let args = mark_args(&mark.target, Some(mark.at));
        let render = |caps: Caps, line: &mut String| {
            server_line(caps, line, time_tag, server, format_args!("{args}"));
        };
        let issuer = self.issuer.map(|(conn, _)| conn);
        let conns: Vec<ConnId> =
            self.readers(mark).into_iter().filter(|conn| Some(*conn) != issuer).collect();
        self.show_conns(conns, &Show { depends: TAGS, needs: Caps::READ_MARKER, render: &render });
    }

    /// All sessions that the mark is for. Several users may have one account where its name isn't the nick.
    fn readers(&self, mark: &ReadMark) -> Vec<ConnId> {
        let sharing = mark.account.as_ref().filter(|_| !self.state.policy.nick_equals_account);
        let Some(account) = sharing else { return self.sessions_of(mark.who.user).collect() };
        let users = self.state.users.values();
        let users =
            users.filter(|user| user.account.as_ref().is_some_and(|own| own.fold() == account.fold()));
        users.flat_map(|user| user.sessions.iter().copied()).collect()
    }
}

/// `MARKREAD target timestamp=…`, or `*` where nothing was read yet.
pub fn mark_args(target: &str, at: Option<u64>) -> String {
    let time = at.map_or(Cow::Borrowed("*"), |at| format!("timestamp={}", Timestamp(at)).into());
    format!("MARKREAD {target} {time}")
}
