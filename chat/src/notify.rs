//! What the user is called for: private messages, one's name, the administrator. And how.

mod ways;

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthChar as _;

use crate::line::Line;
use crate::session::{Deed, What};

pub use ways::Ways;

/// The user is called no more often.
const EVERY: SignedDuration = SignedDuration::from_secs(3);

/// Calls the user, by a bell or a notification on the desktop.
#[derive(Debug)]
pub struct Notifier {
    ways: Ways,
    /// tmux is in between, and hands on what it is told to.
    tmux: bool,
    last: Option<Timestamp>,
    last_request: Option<Timestamp>,
}

/// What makes a terminal call the user. It prints nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call(String);

impl Notifier {
    pub fn new(ways: Ways, tmux: bool) -> Self {
        Self { ways, tmux, last: None, last_request: None }
    }

    /// Calls the user for what this line says, unless that was done just now. Somebody waits for the answer to a request, so
    /// that only another request holds it back.
    pub fn call(&mut self, line: &Line, is_request: bool, now: Timestamp) -> Option<Call> {
        let before = if is_request { self.last_request } else { self.last };
        if self.ways.is_none() || before.is_some_and(|last| now.duration_since(last).abs() < EVERY) {
            return None;
        }
        self.last = Some(now);
        if is_request {
            self.last_request = Some(now);
        }
        Some(Call(self.ways.sequence(&line.plain(), self.tmux)))
    }
}

impl Call {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether to call the user for it.
pub fn is_urgent(what: &What, me: &str) -> bool {
    match what {
        What::Said { own: true, .. } => false,
        What::Said { to, text, .. } => !to.starts_with('#') || mentions(text, me),
        What::Invited { name, by, .. } => name.eq_ignore_ascii_case(me) && !by.eq_ignore_ascii_case(me),
        What::Announcement { .. } => true,
        What::Talk(talk) => match talk.deed {
            Deed::Request => !talk.own,
            Deed::Accept => !talk.own && talk.here,
            _ => false,
        },
        What::Closed { last, .. } => *last,
        _ => false,
    }
}

/// Whether somebody asks for a conversation, and waits for the answer.
pub fn is_request(what: &What) -> bool {
    matches!(what, What::Talk(talk) if talk.deed == Deed::Request && !talk.own)
}

/// Whether the name stands in the text as a word of its own.
pub fn mentions(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

/// Where the name stands in the text as a word of its own.
pub fn places(text: &str, name: &str) -> impl Iterator<Item = Range<usize>> {
    let text = text.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let begin = from + text.get(from..)?.find(&name).filter(|_| !name.is_empty())?;
            let end = begin + name.len();
            from = end;
            if !text[..begin].ends_with(is_part) && !text[end..].starts_with(is_part) {
                return Some(begin..end);
            }
        }
    })
}

/// Whether it goes on a word: letters, and marks that stand on one.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-') || c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_calls_at_once_there_is_one() {
        let mut notifier = Notifier::new(Ways { bell: true, ..Ways::NONE }, false);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let calls: Vec<_> = [0, 0, 1, 2, 3, 4, 9]
            .map(|second| notifier.call(&Line::new(), false, at(second)).is_some())
            .into();
        assert_eq!(calls, [true, false, false, false, true, false, true]);
        assert_eq!(Notifier::new(Ways::NONE, false).call(&Line::new(), false, at(0)), None);
    }

    #[test]
    fn a_request_is_held_back_by_no_message_but_by_another_request() {
        let mut notifier = Notifier::new(Ways { bell: true, ..Ways::NONE }, false);
        let steps = [(0, false), (1, true), (2, true), (2, false), (4, true)];
        let calls = steps.map(|(second, is_request)| {
            let at = Timestamp::from_second(second).unwrap();
            notifier.call(&Line::new(), is_request, at).is_some()
        });
        assert_eq!(calls, [true, true, false, false, true]);
    }

    #[test]
    fn a_name_counts_as_a_word_only() {
        for text in ["alice: hi", "hi Alice", "@alice!", "(ALICE)", "malice, alice"] {
            let found: Vec<_> = places(text, "alice").map(|at| text[at].to_ascii_lowercase()).collect();
            assert_eq!(found, ["alice"], "{text}");
        }
        for text in ["malice", "alices", "alice-b is here", "alice\u{301}", "hi"] {
            assert_eq!(places(text, "alice").count(), 0, "{text}");
        }
    }
}
