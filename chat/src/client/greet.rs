//! What somebody is told who comes for the first time.

use std::mem;

use crate::client::Client;
use crate::line::{Line, Style};

impl Client {
    /// Tells that the user hasn't been here before.
    #[must_use]
    pub fn greeting(self, is_new: bool) -> Self {
        Self { is_new, ..self }
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
