//! A history that is a list, and is asked by looking through all of it.

use std::collections::BTreeMap;

use chat_proto::name::Folded;
use chatd_core::{
    AccountEvent, Deed, Entry, Event, HistoryAnswer, HistoryQuery, Place, Point, Range, SaidKind, Scope,
    Search, entries,
};

#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// In the order that everybody saw.
    pub entries: Vec<Entry>,
    /// The accounts that the messages with these numbers wait for.
    pub waiting: BTreeMap<u64, Folded>,
}

impl Archive {
    pub fn note(&mut self, at: u64, event: &Event) {
        self.entries.extend(entries(at, event));
        match event {
            Event::Redacted(redaction) => self.entries.retain(|entry| entry.id != Some(redaction.message)),
            Event::Said(said) => {
                self.waiting.extend(said.waits.as_ref().map(|account| (said.id.number, account.fold())));
            }
            Event::Account(name, AccountEvent::Delivered { upto, left }) => {
                let (name, all) = (name.fold(), *left == 0);
                self.waiting.retain(|number, account| *account != name || !all && *number > upto.number);
            }
            Event::Account(name, event) if event.changes_hands() => {
                let name = name.fold();
                self.waiting.retain(|_, account| *account != name);
            }
            _ => {}
        }
    }

    pub fn ask(&self, query: &HistoryQuery) -> HistoryAnswer {
        match query {
            HistoryQuery::Message(id) => {
                let found = self.entries.iter().filter(|entry| entry.id == Some(*id));
                HistoryAnswer::Entries(found.cloned().collect())
            }
            HistoryQuery::Page { place, range, limit, events, since } => {
                let all = self.seen().filter(|(_, entry)| entry.place == *place && entry.at >= *since);
                let all: Vec<_> = all.filter(|(_, entry)| *events || is_said(entry)).collect();
                HistoryAnswer::Entries(self.page(&all, *range, size(*limit)))
            }
            HistoryQuery::Targets { party, channels, after, before, limit, since } => {
                let is_theirs = |place: &Place| match place {
                    Place::Channel(channel) => channels.contains(channel),
                    Place::Pair(one, other) => one == party || other == party,
                };
                self.targets(is_theirs, (*after, *before), size(*limit), *since)
            }
            HistoryQuery::Undelivered { account, limit } => {
                let waits =
                    |entry: &&Entry| entry.id.is_some_and(|id| self.waiting.get(&id.number) == Some(account));
                HistoryAnswer::Entries(
                    self.entries.iter().filter(waits).take(size(*limit)).cloned().collect(),
                )
            }
            HistoryQuery::Search(search) => HistoryAnswer::Entries(self.search(search)),
        }
    }

    /// What all who were there have seen, each with its number in the order.
    fn seen(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let ranked =
            |entry: &Entry| matches!(&entry.deed, Deed::Said { to, .. } if to.starts_with(['@', '+']));
        self.entries.iter().enumerate().filter(move |(_, entry)| !ranked(entry))
    }

    fn page(&self, all: &[(usize, &Entry)], range: Range, limit: usize) -> Vec<Entry> {
        let until = |point| self.first_after(point);
        let from = |point| self.first_from(point);
        let within = |from: usize, until: usize| all.iter().filter(move |(n, _)| (from..until).contains(n));
        let oldest =
            |from, until, limit| within(from, until).take(limit).map(|(_, e)| (*e).clone()).collect();
        let newest = |from, until, limit: usize| -> Vec<Entry> {
            let found: Vec<Entry> = within(from, until).map(|(_, e)| (*e).clone()).collect();
            found[found.len().saturating_sub(limit)..].to_vec()
        };
        match range {
            Range::Latest(None) => newest(0, usize::MAX, limit),
            Range::Latest(Some(point)) => newest(until(point), usize::MAX, limit),
            Range::Before(point) => newest(0, from(point), limit),
            Range::After(point) => oldest(until(point), usize::MAX, limit),
            Range::Around(point) => {
                let mut around = newest(0, from(point), limit / 2);
                around.append(&mut oldest(from(point), usize::MAX, limit - limit / 2));
                around
            }
            Range::Between(a, b) if from(a) <= from(b) => oldest(until(a), from(b), limit),
            Range::Between(a, b) => newest(until(b), from(a), limit),
        }
    }

    fn first_from(&self, point: Point) -> usize {
        self.position(|entry| match point {
            Point::Message(id) => entry.id.is_some_and(|known| known.number >= id.number),
            Point::Time(at) => entry.at >= at,
        })
    }

    fn first_after(&self, point: Point) -> usize {
        match point {
            Point::Message(id) => {
                let is_before = |entry: &Entry| entry.id.is_some_and(|known| known.number <= id.number);
                self.entries.iter().rposition(is_before).map_or(0, |last| last + 1)
            }
            Point::Time(at) => self.position(|entry| entry.at > at),
        }
    }

    fn position(&self, is_it: impl Fn(&Entry) -> bool) -> usize {
        self.entries.iter().position(is_it).unwrap_or(self.entries.len())
    }

    fn targets(
        &self,
        is_theirs: impl Fn(&Place) -> bool,
        (after, before): (u64, u64),
        limit: usize,
        since: u64,
    ) -> HistoryAnswer {
        let mut last: BTreeMap<&Place, u64> = BTreeMap::new();
        for (_, entry) in self.seen().filter(|(_, entry)| is_said(entry) && is_theirs(&entry.place)) {
            last.insert(&entry.place, entry.at);
        }
        let (from, until) = (after.min(before), after.max(before));
        let mut found: Vec<(Place, u64)> = last
            .into_iter()
            .filter(|(_, at)| from < *at && *at < until && *at >= since)
            .map(|(place, at)| (place.clone(), at))
            .collect();
        found.sort_by_key(|(_, at)| *at);
        // Those of equal time are not parted.
        let times: Vec<u64> = found.iter().map(|(_, at)| *at).collect();
        let within = |at: u64| match after > before {
            true => times.iter().filter(|other| **other > at).count() < limit,
            false => times.iter().filter(|other| **other < at).count() < limit,
        };
        found.retain(|(_, at)| within(*at));
        HistoryAnswer::Targets(found)
    }

    fn search(&self, search: &Search) -> Vec<Entry> {
        let found: Vec<Entry> = self
            .seen()
            .map(|(_, entry)| entry)
            .filter(|entry| is_said(entry) && is_in(&search.scope, &entry.place) && fits(search, entry))
            .cloned()
            .collect();
        found[found.len().saturating_sub(size(search.limit))..].to_vec()
    }
}

fn is_in(scope: &Scope, place: &Place) -> bool {
    match (scope, place) {
        (Scope::Place(wanted), place) => wanted == place,
        (Scope::Everything { channels, .. }, Place::Channel(channel)) => channels.contains(channel),
        (Scope::Everything { party, .. }, Place::Pair(one, other)) => one == party || other == party,
    }
}

fn fits(search: &Search, entry: &Entry) -> bool {
    let Deed::Said { text, .. } = &entry.deed else { return false };
    let text = text.plain().to_lowercase();
    let has = |word: &String| match word.strip_suffix('*') {
        Some(beginning) => text.split_whitespace().any(|found| found.starts_with(&beginning.to_lowercase())),
        None => text.split_whitespace().any(|found| found == word.to_lowercase()),
    };
    let nick = Folded::new(entry.source.split('!').next().unwrap_or_default());
    let author = entry.account.as_ref().map_or(nick, chat_proto::name::Nick::fold);
    entry.at >= search.since
        && search.after.is_none_or(|after| entry.at > after)
        && search.before.is_none_or(|before| entry.at < before)
        && search.from.as_ref().is_none_or(|from| *from == author)
        && search.words.iter().all(has)
}

/// Whether a reader without event playback is shown it.
fn is_said(entry: &Entry) -> bool {
    matches!(&entry.deed, Deed::Said { kind: SaidKind::Privmsg | SaidKind::Notice, .. })
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
