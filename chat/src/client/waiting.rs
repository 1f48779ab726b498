//! What is said and done in channels while two talk: it waits, and is counted.

use std::collections::{BTreeMap, VecDeque};

use chat_proto::name::{Folded, same};

use crate::notify;
use crate::session::{Event, Status, What, is_channel};

/// What is kept; of more, the oldest is left to the history, and only counted.
const EVENTS_MAX: usize = 500;
const BYTES_MAX: usize = 256 * 1024;
/// Channels that are counted; a server can't fill the memory with names.
const CHANNELS_MAX: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    events: VecDeque<Event>,
    bytes: usize,
    channels: BTreeMap<Folded, Channel>,
}

/// What waits of a channel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Channel {
    pub name: String,
    pub lines: usize,
    /// Lines that name us.
    pub naming: usize,
    /// Lines that were not kept, the oldest.
    pub lost: usize,
}

impl Waiting {
    /// Takes it. True if it is the first line of a channel that names us.
    pub fn add(&mut self, event: &Event, me: &str) -> bool {
        let named = match &event.what {
            What::Said { to, text, .. } => self.count(to, notify::mentions(text, me)),
            _ => false,
        };
        self.bytes += size(event);
        self.events.push_back(event.clone());
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            self.drop_oldest();
        }
        named
    }

    fn count(&mut self, channel: &str, names_us: bool) -> bool {
        let folded = Folded::new(channel);
        if self.channels.len() >= CHANNELS_MAX && !self.channels.contains_key(&folded) {
            return false;
        }
        let counted = self.channels.entry(folded).or_default();
        channel.clone_into(&mut counted.name);
        counted.lines += 1;
        counted.naming += usize::from(names_us);
        names_us && counted.naming == 1
    }

    /// Somebody is otherwise by now: what waits to be told of how they were is over. Whether there was something.
    pub fn forget_presence(&mut self, of: &str) -> bool {
        let is_over = |event: &Event| matches!(&event.what, What::Away { name, .. } if same(name, of));
        let before = self.events.len();
        self.events.retain(|event| !is_over(event));
        self.bytes = self.events.iter().map(size).sum();
        self.events.len() < before
    }

    fn drop_oldest(&mut self) {
        let Some(event) = self.events.pop_front() else { return };
        self.bytes -= size(&event);
        if let What::Said { to, .. } = &event.what
            && let Some(counted) = self.channels.get_mut(&Folded::new(to))
        {
            counted.lost += 1;
        }
    }

    /// Whether something said there waits.
    pub fn has(&self, channel: &str) -> bool {
        self.channels.contains_key(&Folded::new(channel))
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// What was kept, oldest first.
    pub fn into_events(self) -> impl Iterator<Item = Event> {
        self.events.into_iter()
    }

    /// The oldest line of a channel that was kept.
    pub fn oldest(&self, channel: &str) -> Option<&Event> {
        let is_there = |event: &&Event| matches!(&event.what, What::Said { to, .. } if same(to, channel));
        self.events.iter().find(is_there)
    }
}

/// Whether it waits while we talk with `partner`: what others do in channels, and who comes and goes. The administrator's words
/// don't.
pub(super) fn waits(what: &What, partner: &str, me: &str) -> bool {
    let is_other = |name: &str| !(same(name, partner) || same(name, me));
    match what {
        What::Said { to, own: false, .. } | What::Removed { to, .. } => is_channel(to),
        What::Joined { name, own: false, .. }
        | What::Left { name, own: false, .. }
        | What::Kicked { name, own: false, .. }
        | What::Gone { name, .. }
        | What::Topic { by: Some(name), .. } => is_other(name),
        // Only who writes to somebody is told that they are idle.
        What::Away { name, own: false, presence, .. } => is_other(name) && presence.status != Status::Idle,
        What::Renamed { from, to, .. } => is_other(from) && is_other(to),
        _ => false,
    }
}

/// About how much memory it takes.
fn size(event: &Event) -> usize {
    size_of::<Event>()
        + match &event.what {
            What::Said { from, to, text, .. } => from.len() + to.len() + text.len(),
            What::Topic { text, .. } => text.len(),
            What::Gone { reason, .. } | What::Left { reason, .. } | What::Kicked { reason, .. } => {
                reason.len()
            }
            What::Away { presence, .. } => presence.text.as_ref().map_or(0, String::len),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::How;

    fn said(to: &str, text: &str) -> Event {
        let (from, to, text) = ("bob".to_owned(), to.to_owned(), text.to_owned());
        Event::bare(What::Said { from, to, own: false, how: How::Text, text })
    }

    #[test]
    fn lines_are_counted_by_channel_and_those_that_name_us_among_them() {
        let mut waiting = Waiting::default();
        assert!(!waiting.add(&said("#lobby", "hi"), "alice"));
        assert!(waiting.add(&said("#Lobby", "alice?"), "alice"));
        assert!(!waiting.add(&said("#lobby", "Alice!"), "alice"));
        waiting.add(&said("#ops", "x"), "alice");
        let counts: Vec<_> = waiting.channels().map(|c| (c.name.as_str(), c.lines, c.naming)).collect();
        assert_eq!(counts, [("#lobby", 3, 2), ("#ops", 1, 0)]);
        assert!(waiting.has("#OPS") && !waiting.has("#x"));
    }

    #[test]
    fn of_too_many_the_newest_are_kept_and_all_are_counted() {
        let mut waiting = Waiting::default();
        for number in 0..EVENTS_MAX + 10 {
            waiting.add(&said("#lobby", &number.to_string()), "alice");
        }
        let channel = waiting.channels().next().unwrap();
        assert_eq!((channel.lines, channel.lost), (EVENTS_MAX + 10, 10));
        assert!(matches!(&waiting.oldest("#lobby").unwrap().what, What::Said { text, .. } if text == "10"));
        assert_eq!(waiting.into_events().count(), EVENTS_MAX);
        let mut waiting = Waiting::default();
        for _ in 0..10 {
            waiting.add(&said("#lobby", &"x".repeat(BYTES_MAX / 4)), "alice");
        }
        assert_eq!(waiting.channels().next().unwrap().lost, 7);
        assert_eq!(waiting.into_events().count(), 3);
    }
}
