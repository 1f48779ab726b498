//! Services: nicks that are nobody's, and understand words.

use std::fmt;

use chat_proto::name::same;

use crate::lookalike::is_mistakable;
use crate::reserved::undecorated;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Accounts.
    NickServ,
    /// Conversations.
    TalkServ,
}

impl Service {
    const ALL: [Self; 2] = [Self::NickServ, Self::TalkServ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::NickServ => "NickServ",
            Self::TalkServ => "TalkServ",
        }
    }

    /// The one of that nick.
    pub fn named(nick: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| nick.eq_ignore_ascii_case(service.name()))
    }

    /// Whether a name could be taken for that of a service.
    pub fn is_like(name: &str) -> bool {
        let name = undecorated(name);
        let names = Self::ALL.map(Self::name);
        names.iter().any(|service| same(&name, service) || is_mistakable(&name, service))
    }

    /// Writes what it tells somebody.
    pub fn notice(self, line: &mut impl fmt::Write, server: &str, client: &str, text: fmt::Arguments<'_>) {
        let name = self.name();
        let _ = write!(line, ":{name}!{name}@{server} NOTICE {client} :{text}");
    }
}
