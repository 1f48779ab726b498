//! What was said and has not come back from the server yet.
//!
//! A line leaves the outbox when the server echoes or refuses it. Few are on the way at once, so a long paste
//! doesn't trip the server's flood control.

use std::collections::VecDeque;

use crate::session::event::{How, What};

/// Lines that may wait; a paste of more is refused whole.
pub const WAITING_MAX: usize = 2000;
/// Lines on the way at once.
const WINDOW: usize = 8;

/// One line to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub label: String,
    pub to: String,
    pub text: String,
    pub how: How,
    sent: bool,
}

#[derive(Debug, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    counter: u64,
}

impl Outbox {
    /// Takes the pieces of one message, all or none.
    pub fn push(&mut self, to: &str, pieces: Vec<String>, how: How) -> bool {
        if self.entries.len() + pieces.len() > WAITING_MAX {
            return false;
        }
        for text in pieces {
            self.counter += 1;
            let label = format!("say{}", self.counter);
            self.entries.push_back(Entry { label, to: to.to_owned(), text, how, sent: false });
        }
        true
    }

    /// The entries that may go out now; they count as sent.
    pub fn ready(&mut self) -> Vec<Entry> {
        let ready = self.entries.iter_mut().take(WINDOW).filter(|entry| !entry.sent);
        ready.map(|entry| (entry.sent = true, entry.clone()).1).collect()
    }

    /// Takes out the entry with that label: the server has answered.
    pub fn settle(&mut self, label: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.label == label)?;
        self.entries.remove(at)
    }

    /// The connection broke: what was on the way may have been said, so it is not said again.
    pub fn lost(&mut self) -> Vec<What> {
        let (sent, waiting) = std::mem::take(&mut self.entries).into_iter().partition(|entry| entry.sent);
        self.entries = waiting;
        let sent: VecDeque<Entry> = sent;
        sent.into_iter().map(|entry| What::Unsure { to: entry.to, text: entry.text }).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.text.as_str()).collect()
    }

    fn filled(count: usize) -> Outbox {
        let mut outbox = Outbox::default();
        assert!(outbox.push("#c", (0..count).map(|n| n.to_string()).collect(), How::Text));
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
    fn after_a_break_what_was_sent_is_reported_and_the_rest_waits_in_order() {
        let mut outbox = filled(10);
        outbox.ready();
        assert_eq!(outbox.lost().len(), WINDOW);
        assert_eq!(texts(&outbox.ready()), ["8", "9"]);
    }

    #[test]
    fn too_much_at_once_is_refused_whole() {
        let mut outbox = filled(WAITING_MAX);
        assert!(!outbox.push("#c", vec!["x".into()], How::Text));
        assert_eq!(outbox.ready().len(), WINDOW);
    }
}
