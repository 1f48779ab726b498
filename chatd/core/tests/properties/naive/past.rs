//! What is shown to those who come: the lobby's last lines, and what was said to them while they were not here.

use super::{Naive, same};
use crate::support::host::LOGINS;

/// Lines of the lobby that are shown.
const REPLAY: usize = 50;

/// A line that waits for somebody's return.
#[derive(Debug)]
pub struct Kept {
    account: &'static str,
    /// Who said it.
    from: String,
    line: String,
}

impl Naive {
    /// Keeps it for a login that is not here; `false` if there is no such login.
    pub(super) fn keep(&mut self, me: usize, to: &str, what: &str) -> bool {
        let Some(&account) = LOGINS.iter().find(|login| same(login, to)) else { return false };
        let from = self.people[&me].nick.to_ascii_lowercase();
        let line = self.line(me, what);
        self.kept.push(Kept { account, from, line });
        true
    }

    pub(super) fn log_of_lobby(&mut self, me: usize, what: &str) {
        let line = self.line(me, what);
        self.lobby_log.push(line);
    }

    fn line(&self, me: usize, what: &str) -> String {
        let person = &self.people[&me];
        format!(":{}!{} {what}", person.nick, person.from)
    }

    /// Somebody has come to the seat.
    pub(super) fn catch_up(&mut self, seat: usize) {
        let Some(me) = self.seats[seat].person else { return };
        let Some(account) = self.people[&me].account else { return };
        let in_lobby =
            self.rooms.iter().any(|room| same(room.name, "#lobby") && room.members.contains_key(&me));
        if in_lobby && self.seats[seat].caps.contains("server-time") {
            let first = self.lobby_log.len().saturating_sub(REPLAY);
            self.seats[seat].heard.extend_from_slice(&self.lobby_log[first..]);
        }
        let (mut mine, others): (Vec<Kept>, Vec<Kept>) =
            self.kept.drain(..).partition(|kept| kept.account == account);
        self.kept = others;
        // What one person said stands together.
        while let Some(first) = mine.first().map(|kept| kept.from.clone()) {
            let (of_first, rest) = mine.into_iter().partition(|kept| kept.from == first);
            mine = rest;
            let of_first: Vec<Kept> = of_first;
            self.seats[seat].heard.extend(of_first.into_iter().map(|kept| kept.line));
        }
    }
}
