//! What was shown of each place: so that nothing is shown twice, and the history is asked for the rest.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chat_proto::name::Folded;
use jiff::Timestamp;

use crate::session::event::Event;

/// Ids of what was shown that are remembered.
const IDS_MAX: usize = 10_000;
/// Places that are remembered; a server can't fill the memory with names.
const PLACES_MAX: usize = 2000;

/// A point in the history of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Point {
    pub id: Option<String>,
    pub at: Option<Timestamp>,
}

/// What was shown of a place.
#[derive(Debug, Default)]
pub struct Trace {
    /// As it is to be written.
    pub name: String,
    /// Nothing older was shown, and nothing newer.
    pub oldest: Option<Point>,
    pub newest: Option<Point>,
    /// When the newest was said that was shown.
    pub line: Option<Timestamp>,
    /// How far we have read, by the server's word.
    pub read: Option<Timestamp>,
}

/// All places.
#[derive(Debug, Default)]
pub struct Traces {
    places: BTreeMap<Folded, Trace>,
    order: VecDeque<String>,
    authors: HashMap<String, String>,
}

impl Point {
    pub fn of(event: &Event) -> Self {
        Self { id: event.id.clone(), at: event.at }
    }

    /// As the history is asked for it.
    pub fn reference(&self) -> Option<String> {
        let id = self.id.as_ref().map(|id| format!("msgid={id}"));
        id.or_else(|| self.at.map(timestamp))
    }
}

/// A time as the history is asked for it.
pub fn timestamp(at: Timestamp) -> String {
    format!("timestamp={}", wire_time(at))
}

/// A time as servers write it.
pub fn wire_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Traces {
    pub fn get(&self, place: &str) -> Option<&Trace> {
        self.places.get(&Folded::new(place))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Trace> {
        self.places.values()
    }

    fn entry(&mut self, place: &str) -> Option<&mut Trace> {
        let folded = Folded::new(place);
        if self.places.len() >= PLACES_MAX && !self.places.contains_key(&folded) {
            return None;
        }
        let trace = self.places.entry(folded).or_default();
        if trace.name.is_empty() {
            place.clone_into(&mut trace.name);
        }
        Some(trace)
    }

    /// Whether the event may be shown: what was shown before is not shown again.
    pub fn is_new(&self, event: &Event) -> bool {
        event.id.as_ref().is_none_or(|id| !self.authors.contains_key(id))
    }

    /// The event is shown.
    pub fn shown(&mut self, event: &Event) {
        let Some((place, from)) = event.said_in() else { return };
        if let Some(id) = &event.id {
            self.remember(id, from);
        }
        if let Some(trace) = self.entry(place) {
            trace.newest = Some(Point::of(event));
            trace.oldest.get_or_insert_with(|| Point::of(event));
            trace.line = trace.line.max(event.at);
        }
    }

    fn remember(&mut self, id: &str, from: &str) {
        if self.order.len() >= IDS_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.authors.remove(&first);
        }
        if self.authors.insert(id.to_owned(), from.to_owned()).is_none() {
            self.order.push_back(id.to_owned());
        }
    }

    /// Who said it, if it was shown.
    pub fn author(&self, id: &str) -> Option<&str> {
        self.authors.get(id).map(String::as_str)
    }

    /// We have come to a place: what is said from now on will be shown.
    pub fn arrived(&mut self, place: &str, at: Option<Timestamp>) {
        if at.is_some()
            && let Some(trace) = self.entry(place)
        {
            trace.newest.get_or_insert(Point { id: None, at });
        }
    }

    /// Lines from before the oldest were shown, or none.
    pub fn shown_before(&mut self, place: &str, oldest: Option<&Event>) {
        if let Some(trace) = self.entry(place) {
            trace.oldest = oldest.map(Point::of);
        }
    }

    /// Nothing is to be seen any more.
    pub fn cleared(&mut self) {
        self.places.values_mut().for_each(|trace| trace.oldest = None);
    }

    /// The server says how far we have read; never back.
    pub fn read(&mut self, place: &str, upto: Timestamp) {
        if let Some(trace) = self.entry(place) {
            trace.read = trace.read.max(Some(upto));
        }
    }
}
