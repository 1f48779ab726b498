//! What was said and has not come back from the server yet.
//!
//! A message leaves the outbox when the server echoes or refuses it. Each has an id of its own: a server that knows such ids
//! takes a message once, however often it is sent, so after a break all that was not answered is sent again, in its order.
//! Few are on the way at once, so a long paste doesn't trip the server's flood control.

use std::collections::VecDeque;

use ring::rand::{SystemRandom, generate};

use crate::session::event::{How, What};
use crate::session::split::Piece;

/// Lines that may wait; a paste of more is refused whole.
pub const WAITING_MAX: usize = 2000;
/// Lines on the way at once.
pub const WINDOW: usize = 8;
/// The tag that carries a message's id.
pub const CLIENT_ID_TAG: &str = "chatd.org/client-id";

/// One message to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub label: String,
    /// Absent only if there is no randomness to be had.
    pub id: Option<String>,
    pub to: String,
    pub pieces: Vec<Piece>,
    pub how: How,
    sent: bool,
    /// It was sent to a connection that broke.
    doubtful: bool,
}

#[derive(Debug, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    counter: u64,
}

impl Entry {
    /// What was said, as it was typed.
    pub fn text(&self) -> String {
        Piece::joined(&self.pieces)
    }
}

impl Outbox {
    /// Takes messages of some lines each, all or none.
    pub fn push(&mut self, to: &str, messages: Vec<Vec<Piece>>, how: How) -> bool {
        let lines: usize = messages.iter().map(Vec::len).sum();
        if self.lines() + lines > WAITING_MAX {
            return false;
        }
        for pieces in messages {
            let entry = self.entry(to, pieces, how);
            self.entries.push_back(entry);
        }
        true
    }

    /// Lines that were not answered yet.
    pub fn lines(&self) -> usize {
        self.entries.iter().map(|entry| entry.pieces.len()).sum()
    }

    fn entry(&mut self, to: &str, pieces: Vec<Piece>, how: How) -> Entry {
        self.counter += 1;
        let label = format!("say{}", self.counter);
        Entry { label, id: new_id(), to: to.to_owned(), pieces, how, sent: false, doubtful: false }
    }

    /// For a server that knows no messages of several lines: each line is one of its own.
    pub fn divide(&mut self) {
        if self.entries.iter().all(|entry| entry.pieces.len() <= 1) {
            return;
        }
        for entry in std::mem::take(&mut self.entries) {
            if entry.sent || entry.pieces.len() == 1 {
                self.entries.push_back(entry);
                continue;
            }
            for piece in entry.pieces.into_iter().filter(|piece| !piece.text.trim().is_empty()) {
                let line = self.entry(&entry.to, vec![Piece { joined: false, ..piece }], entry.how);
                self.entries.push_back(line);
            }
        }
    }

    /// The messages that may go out now; they count as sent.
    pub fn ready(&mut self) -> Vec<Entry> {
        let mut lines = 0;
        let mut ready = Vec::new();
        for entry in &mut self.entries {
            if lines >= WINDOW {
                break;
            }
            lines += entry.pieces.len();
            if !std::mem::replace(&mut entry.sent, true) {
                ready.push(entry.clone());
            }
        }
        ready
    }

    /// Takes out the message with that label: the server has answered.
    pub fn settle(&mut self, label: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.label == label)?;
        self.entries.remove(at)
    }

    /// The same by the id that we gave it: the server has it, from an earlier connection perhaps.
    pub fn settle_id(&mut self, id: &str) {
        self.entries.retain(|entry| entry.id.as_deref() != Some(id));
    }

    /// The connection broke. What was on the way may have been said; with `ids` it can be sent again all the same.
    pub fn lost(&mut self, ids: bool) -> Vec<What> {
        for entry in &mut self.entries {
            let on_the_way = std::mem::replace(&mut entry.sent, false);
            entry.doubtful |= on_the_way;
        }
        if ids { Vec::new() } else { self.give_up() }
    }

    /// Takes out what may have been said and can't be sent again without saying it twice.
    pub fn give_up(&mut self) -> Vec<What> {
        let is_lost = |entry: &Entry| entry.doubtful && !entry.sent;
        let (lost, waiting) = std::mem::take(&mut self.entries).into_iter().partition(is_lost);
        self.entries = waiting;
        let lost: VecDeque<Entry> = lost;
        lost.into_iter().map(|entry| What::Unsure { text: entry.text(), to: entry.to }).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// 128 random bits, in hexadecimal.
pub fn new_id() -> Option<String> {
    use std::fmt::Write as _;
    let bytes: [u8; 16] = generate(&SystemRandom::new()).ok()?.expose();
    let mut id = String::with_capacity(32);
    bytes.iter().try_for_each(|byte| write!(id, "{byte:02x}")).ok()?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(Entry::text).collect()
    }

    fn line(text: &str) -> Vec<Piece> {
        vec![Piece { text: text.to_owned(), joined: false }]
    }

    fn filled(count: usize) -> Outbox {
        let mut outbox = Outbox::default();
        assert!(outbox.push("#c", (0..count).map(|n| line(&n.to_string())).collect(), How::Text));
        outbox
    }

    #[test]
    fn a_window_is_on_the_way_and_moves_with_each_answer() {
        let mut outbox = filled(10);
        let first = outbox.ready();
        assert_eq!(first.len(), WINDOW);
        assert!(outbox.ready().is_empty());
        assert!(outbox.settle(&first[0].label).is_some());
        assert_eq!(texts(&outbox.ready()), ["8"]);
    }

    #[test]
    fn after_a_break_what_was_sent_is_sent_again_first_under_its_old_id() {
        let mut outbox = filled(10);
        let first = outbox.ready();
        outbox.settle(&first[0].label);
        assert!(outbox.lost(true).is_empty());
        let again = outbox.ready();
        assert_eq!(texts(&again), ["1", "2", "3", "4", "5", "6", "7", "8"]);
        assert_eq!((&again[0].id, again[0].id.is_some()), (&first[1].id, true));
        assert!(again[6].id != again[5].id);
    }

    #[test]
    fn without_ids_what_was_sent_is_reported_and_the_rest_waits_in_order() {
        let mut outbox = filled(10);
        outbox.ready();
        assert_eq!(outbox.lost(false).len(), WINDOW);
        assert_eq!(texts(&outbox.ready()), ["8", "9"]);
    }

    #[test]
    fn a_server_that_has_forgotten_ids_is_sent_only_what_it_cannot_have() {
        let mut outbox = filled(10);
        outbox.ready();
        outbox.lost(true);
        outbox.settle_id("no such id");
        assert_eq!(outbox.give_up().len(), WINDOW);
        assert_eq!(texts(&outbox.ready()), ["8", "9"]);
    }

    #[test]
    fn too_much_at_once_is_refused_whole() {
        let mut outbox = filled(WAITING_MAX);
        assert!(!outbox.push("#c", vec![line("x")], How::Text));
        assert_eq!(outbox.ready().len(), WINDOW);
    }

    #[test]
    fn lines_that_cannot_go_as_one_message_go_as_several() {
        let mut outbox = Outbox::default();
        let pieces = [line("one"), line(""), line("two")].concat();
        assert!(outbox.push("#c", vec![pieces], How::Text));
        outbox.divide();
        assert_eq!(texts(&outbox.ready()), ["one", "two"]);
    }
}
