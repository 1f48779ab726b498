//! What was missed in a place, as far as it has been fetched.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::session::event::{Event, Unread, What, is_channel};
use crate::session::trace::{Point, Traces};

/// Lines that are shown of a channel that we come to, those that are unread among them.
const SHOWN: usize = 50;
/// Lines that are shown in any case before those that are unread.
const CONTEXT: usize = 3;
/// Of more than that many that were missed in a place, only the newest are shown.
pub(super) const MISSED_MAX: usize = 500;
/// As many lines are seen at a glance.
pub(super) const GLANCE: usize = 15;

#[derive(Debug)]
pub(super) struct Page {
    pub place: String,
    /// What we had seen before the connection broke; without, all of it is old.
    pub from: Option<Point>,
    /// When we came to the place.
    pub came: Option<Timestamp>,
    pub lines: Vec<Event>,
    /// There is more than was fetched.
    pub more: bool,
}

impl Page {
    pub fn new(place: &str, from: Option<Point>) -> Self {
        Self { place: place.to_owned(), from, came: None, lines: Vec::new(), more: false }
    }

    pub fn oldest(&self) -> Option<Point> {
        self.lines.first().map(Point::of)
    }

    /// Channels come first, the lobby before the others, so that private words are next to the prompt.
    pub fn rank(&self, lobby: &str) -> u8 {
        if self.place.eq_ignore_ascii_case(lobby) { 0 } else { 1 + u8::from(!is_channel(&self.place)) }
    }

    pub fn last(&self) -> Option<Timestamp> {
        self.lines.last().and_then(|event| event.at).filter(|_| !is_channel(&self.place))
    }

    /// Puts older lines, or such as came unasked, in their place.
    pub fn add(&mut self, mut lines: Vec<Event>) {
        lines.append(&mut self.lines);
        let mut known = BTreeSet::new();
        lines.retain(|event| event.id.as_ref().is_none_or(|id| known.insert(id.clone())));
        lines.sort_by_key(|event| event.at);
        self.lines = lines;
    }

    /// What is to be shown: lines that are known, how many are unread if any are, and those.
    pub fn told(
        self,
        traces: &Traces,
        me: &str,
        read: Option<Timestamp>,
    ) -> (Vec<Event>, Option<Unread>, Vec<Event>) {
        let since = read.max(self.from.as_ref().and_then(|from| from.at));
        let mut lines: Vec<Event> = self.lines.into_iter().filter(|event| traces.is_new(event)).collect();
        let is_known = since.is_some() || !is_channel(&self.place) || lines.iter().any(Event::is_own);
        let first = if is_known { first_unread(&lines, since) } else { lines.len() };
        let count = lines.len() - first;
        // All that was missed while we were here is shown; of what was before, what gives the rest its meaning.
        let context = match self.from {
            Some(_) => first,
            None if is_channel(&self.place) => SHOWN.saturating_sub(count).max(CONTEXT),
            None if count == 0 => 0,
            None => CONTEXT,
        };
        let after = lines.split_off(first);
        let before = lines.split_off(lines.len().saturating_sub(context));
        let naming = after.iter().filter(|event| names(event, me)).count();
        // What was fetched may be the end of it, unless something that was read comes before.
        let more = self.more && first == 0;
        let since = after.first().and_then(|event| event.at).filter(|_| !more).or(since);
        let unread = Unread { place: self.place, count, naming, more, since };
        (before, Some(unread).filter(|unread| unread.count > 0), after)
    }
}

/// Whoever has said something has read what was said before.
fn first_unread(lines: &[Event], since: Option<Timestamp>) -> usize {
    let is_read =
        |event: &Event| event.is_own() || since.is_some_and(|since| event.at.is_some_and(|at| at <= since));
    lines.iter().rposition(is_read).map_or(0, |last| last + 1)
}

fn names(event: &Event, me: &str) -> bool {
    match &event.what {
        What::Said { text, to, .. } => is_channel(to) && crate::notify::mentions(text, me),
        _ => false,
    }
}
