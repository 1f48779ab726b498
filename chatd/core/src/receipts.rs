//! What was said lately with an id of its author's own, so that a resend is known, and acknowledged again instead of said again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::history::{Deed, Entry, Party};
use crate::id::MessageId;

/// The ids that are remembered of one author. A client has fewer messages on the way.
const PER_AUTHOR: usize = 256;

/// What all that is remembered may take, by [`Receipts::cost`].
pub const RECEIPTS_BYTES: usize = 16 * 1024 * 1024;

/// What one takes besides its text.
const OVERHEAD: usize = 512;

/// Messages by author and by the author's own id. The oldest are forgotten, of an author who has too many, and, where it is too
/// much in all, of whom most is remembered: nobody can have others' forgotten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Receipts {
    by_author: BTreeMap<Party, Shelf>,
    /// The authors in the order of what they said, by the messages' numbers.
    order: BTreeMap<u64, Party>,
    /// What each author's take, with the number of the oldest of them; of two that take the same the older is the last.
    shares: BTreeSet<(usize, Reverse<u64>)>,
    cost: usize,
}

/// What is remembered of one author.
#[derive(Debug, Clone, Default, PartialEq)]
struct Shelf {
    by_id: BTreeMap<CompactString, Entry>,
    /// The oldest first.
    order: VecDeque<(u64, CompactString)>,
    cost: usize,
}

impl Receipts {
    /// What the author said under that id, not before `since`.
    pub fn get(&self, author: &Party, client_id: &str, since: u64) -> Option<&Entry> {
        self.by_author.get(author)?.by_id.get(client_id).filter(|entry| entry.at >= since)
    }

    /// What counts against [`RECEIPTS_BYTES`].
    pub fn cost(entry: &Entry) -> usize {
        let text = if let Deed::Said { text, tags, .. } = &entry.deed {
            text.as_str().len() + tags.len()
        } else {
            0
        };
        OVERHEAD + text
    }

    /// Remembers an entry, if it is of a message with an id of its author's.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let (Some((number, client_id)), author) = (key(&entry), entry.author()) else { return };
        let client_id = client_id.clone();
        self.change(&author, |receipts, shelf| {
            // What is said anew under an id takes its place.
            let known = shelf.order.iter().find(|(_, known)| *known == client_id).map(|(number, _)| *number);
            known.into_iter().for_each(|number| receipts.drop_from(shelf, number));
            shelf.cost += Self::cost(&entry);
            receipts.order.insert(number, author.clone());
            shelf.order.push_back((number, client_id.clone()));
            shelf.by_id.insert(client_id, entry);
        });
        if self.by_author.get(&author).is_some_and(|shelf| shelf.order.len() > PER_AUTHOR) {
            self.drop_oldest_of(&author);
        }
        while self.cost > RECEIPTS_BYTES {
            let most = self.shares.last().and_then(|(_, Reverse(number))| self.order.get(number));
            let Some(author) = most.cloned() else { break };
            self.drop_oldest_of(&author);
        }
    }

    /// Changes what is remembered of one author, and the sums with it.
    fn change(&mut self, author: &Party, change: impl FnOnce(&mut Self, &mut Shelf)) {
        let mut shelf = self.by_author.remove(author).unwrap_or_default();
        shelf.share().into_iter().for_each(|share| _ = self.shares.remove(&share));
        self.cost -= shelf.cost;
        change(self, &mut shelf);
        self.cost += shelf.cost;
        if let Some(share) = shelf.share() {
            self.shares.insert(share);
            self.by_author.insert(author.clone(), shelf);
        }
    }

    /// Forgets what was said before `since`.
    pub(crate) fn expire(&mut self, since: u64) {
        while let Some((number, author)) = self.order.first_key_value() {
            let author = author.clone();
            let oldest = self.by_author.get(&author).and_then(|shelf| shelf.find(*number));
            if oldest.is_some_and(|entry| entry.at >= since) {
                break;
            }
            self.drop_oldest_of(&author);
        }
    }

    /// The words are forgotten, and that it was said is not.
    pub(crate) fn redact(&mut self, id: MessageId) {
        let Some(author) = self.order.get(&id.number).cloned() else { return };
        self.change(&author, |_, shelf| {
            let known = shelf.order.iter().find(|(number, _)| *number == id.number);
            let Some(entry) = known.and_then(|(_, client_id)| shelf.by_id.get_mut(client_id)) else { return };
            shelf.cost -= Self::cost(entry);
            if let Deed::Said { text, tags, .. } = &mut entry.deed {
                (*text, *tags) = Default::default();
            }
            shelf.cost += Self::cost(entry);
        });
    }

    /// Whoever has that name from now on is somebody else.
    pub(crate) fn forget(&mut self, author: &Party) {
        while self.by_author.contains_key(author) {
            self.drop_oldest_of(author);
        }
    }

    fn drop_oldest_of(&mut self, author: &Party) {
        self.change(author, |receipts, shelf| {
            let oldest = shelf.order.front().map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| receipts.drop_from(shelf, number));
        });
    }

    fn drop_from(&mut self, shelf: &mut Shelf, number: u64) {
        let Some(at) = shelf.order.iter().position(|(known, _)| *known == number) else { return };
        let dropped = shelf.order.remove(at).and_then(|(_, client_id)| shelf.by_id.remove(&client_id));
        self.order.remove(&number);
        shelf.cost -= dropped.map_or(0, |entry| Self::cost(&entry));
    }
}

impl Shelf {
    fn share(&self) -> Option<(usize, Reverse<u64>)> {
        self.order.front().map(|(number, _)| (self.cost, Reverse(*number)))
    }

    fn find(&self, number: u64) -> Option<&Entry> {
        let (_, client_id) = self.order.iter().find(|(known, _)| *known == number)?;
        self.by_id.get(client_id)
    }
}

fn key(entry: &Entry) -> Option<(u64, &CompactString)> {
    match &entry.deed {
        Deed::Said { client_id: Some(client_id), .. } => Some((entry.id?.number, client_id)),
        _ => None,
    }
}

impl From<Vec<Entry>> for Receipts {
    /// The oldest first.
    fn from(entries: Vec<Entry>) -> Self {
        let mut receipts = Self::default();
        for entry in entries {
            receipts.insert(entry);
        }
        receipts
    }
}

impl From<Receipts> for Vec<Entry> {
    fn from(mut receipts: Receipts) -> Self {
        let order = std::mem::take(&mut receipts.order);
        let oldest = |author| {
            let shelf: &mut Shelf = receipts.by_author.get_mut(&author)?;
            let (_, client_id) = shelf.order.pop_front()?;
            shelf.by_id.remove(&client_id)
        };
        order.into_values().filter_map(oldest).collect()
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::name::Folded;

    use super::*;
    use crate::event::SaidKind;
    use crate::history::Place;
    use crate::id::ChannelId;

    fn said(number: u64, account: &str, client_id: &str, text: &str) -> Entry {
        let (to, tags) = ("#room".into(), "".into());
        let (text, client_id) = (text.into(), Some(client_id.into()));
        Entry {
            id: Some(MessageId { start: 1, number }),
            at: number,
            place: Place::Channel(ChannelId(1)),
            source: format!("{account}!u@h").into(),
            account: Some(account.parse().expect("a name")),
            deed: Deed::Said { kind: SaidKind::Privmsg, to, tags, text, client_id },
        }
    }

    fn of(account: &str) -> Party {
        Party::Account(Folded::new(account))
    }

    fn number(receipts: &Receipts, account: &str, client_id: &str) -> Option<u64> {
        receipts.get(&of(account), client_id, 0).map(|entry| entry.at)
    }

    #[test]
    fn an_author_who_says_much_is_forgotten_first_and_nobody_elses_words_are() {
        let mut receipts = Receipts::default();
        receipts.insert(said(1, "alice", "a", "x"));
        for at in 2..1000 {
            receipts.insert(said(at, "Bob", &at.to_string(), "x"));
        }
        assert_eq!(number(&receipts, "alice", "a"), Some(1));
        assert_eq!(number(&receipts, "bob", "743"), None);
        assert_eq!(number(&receipts, "bob", "744"), Some(744));
        assert_eq!(receipts.order.len(), 1 + PER_AUTHOR);
    }

    #[test]
    fn there_is_a_limit_on_all_of_it() {
        let mut receipts = Receipts::default();
        let text = "x".repeat(RECEIPTS_BYTES / 8);
        for at in 1..20 {
            receipts.insert(said(at, &format!("user{at}"), "a", &text));
            assert!(receipts.cost <= RECEIPTS_BYTES);
        }
        let known: Vec<u64> = receipts.order.keys().copied().collect();
        assert_eq!(known, [13, 14, 15, 16, 17, 18, 19]);
    }

    #[test]
    fn what_many_say_at_length_makes_nobody_elses_short_words_forgotten() {
        let mut receipts = Receipts::default();
        receipts.insert(said(1, "alice", "a", "hello"));
        let text = "x".repeat(RECEIPTS_BYTES / 64);
        for at in 2..400 {
            receipts.insert(said(at, &format!("user{}", at % 100), &at.to_string(), &text));
            assert!(receipts.cost <= RECEIPTS_BYTES);
        }
        assert_eq!(number(&receipts, "alice", "a"), Some(1));
        assert_eq!(number(&receipts, "user99", "399"), Some(399));
    }

    #[test]
    fn what_is_said_anew_under_an_id_takes_its_place() {
        let mut receipts = Receipts::from(vec![said(1, "bob", "1", "x"), said(2, "bob", "1", "y")]);
        assert_eq!(number(&receipts, "bob", "1"), Some(2));
        receipts.forget(&of("bob"));
        assert_eq!(receipts, Receipts::default());
    }

    #[test]
    fn what_is_old_redacted_or_somebody_elses_is_not_told() {
        let mut receipts = Receipts::from(vec![
            said(1, "alice", "a", "secret"),
            said(2, "alice", "b", "x"),
            said(3, "bob", "a", "x"),
        ]);
        receipts.redact(MessageId { start: 1, number: 1 });
        assert!(!format!("{receipts:?}").contains("secret"));
        assert_eq!(number(&receipts, "alice", "a"), Some(1));
        assert_eq!(receipts.get(&of("alice"), "a", 2), None);
        receipts.expire(2);
        assert_eq!(number(&receipts, "alice", "a"), None);
        receipts.forget(&of("alice"));
        assert_eq!((number(&receipts, "alice", "b"), number(&receipts, "bob", "a")), (None, Some(3)));
        receipts.forget(&of("bob"));
        assert_eq!(receipts, Receipts::default());
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        let receipts = Receipts::from(vec![
            said(1, "alice", "a", "x"),
            said(2, "bob", "b", "x"),
            said(3, "alice", "c", "x"),
        ]);
        assert_eq!(Receipts::from(Vec::from(receipts.clone())), receipts);
    }
}
