//! What somebody is told who comes for the first time, and what isn't told again.

use std::mem;

use chat_proto::name::same;

use crate::client::Client;
use crate::line::{Line, Style};
use crate::session::What;

impl Client {
    /// Tells that the user hasn't been here before.
    #[must_use]
    pub fn greeting(self, is_new: bool) -> Self {
        Self { is_new, ..self }
    }

    pub(super) fn note_break(&mut self) {
        self.is_returning |= self.session.was_ready() && !self.session.is_ready();
    }

    /// Whether it was told the first time, and is told again only because the connection broke.
    pub(super) fn is_known(&mut self, what: &What) -> bool {
        match what {
            What::Welcome { .. } => {
                self.is_returning = false;
                false
            }
            // The greeting says so as well.
            What::LoggedIn { account } => self.is_new && same(account, self.session.nick()),
            What::Info { .. }
            | What::Joined { own: true, .. }
            | What::Names { asked: false, .. }
            | What::Topic { by: None, .. } => self.is_returning,
            _ => false,
        }
    }

    /// Who one is, where one is, and how to get help; once.
    pub(super) fn greet(&mut self, name: &str) -> bool {
        if !mem::take(&mut self.is_new) {
            return false;
        }
        let who = if self.session.account().is_some() { "" } else { ", a guest" };
        // Behind the address may stand an option.
        let server = self.server.as_deref().and_then(|server| server.split(' ').next());
        self.print(
            Line::of(Style::Plain, "You are ")
                .name(name)
                .text(Style::Plain, &format!("{who} in the chat of {}.", server.unwrap_or("this host"))),
        );
        self.print(match self.here.as_deref() {
            Some(here) => Line::of(Style::Plain, "You are in ")
                .name(here)
                .text(Style::Plain, ": what you type is said to all who are there."),
            None => Line::of(
                Style::Plain,
                "You are in no channel yet: <channels> shows what there is, <join> #NAME goes there.",
            ),
        });
        self.print(Line::of(
            Style::Plain,
            "<help> shows the commands, <private> NAME writes to one person, <quit> leaves.",
        ));
        true
    }
}
