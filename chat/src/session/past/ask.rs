//! The questions to the history.

use std::collections::BTreeSet;

use chat_proto::message::{Writer, push_tag};
use chat_proto::name::Folded;
use jiff::{SignedDuration, Timestamp};

use crate::session::Session;
use crate::session::event::Event;
use crate::session::past::{Ask, EVER, PRIVATE_MAX, WINDOW};
use crate::session::trace::{Point, timestamp, wire_time};

/// How far back private messages are looked for on arrival.
const LATELY: SignedDuration = SignedDuration::from_hours(60 * 24);
/// The same on coming back, beyond the last that was heard.
const SLACK: SignedDuration = SignedDuration::from_secs(10);
/// The most that a search finds.
pub const FOUND_MAX: usize = 50;
/// The most bytes of what is searched for: it has to fit a line. Those of the time until which a search goes on are kept free.
const QUERY_MAX: usize = 384;
const BEFORE: usize = ";before=2026-11-30T14:05:00.000Z".len();

/// What is searched for, as it was typed and as it is asked.
#[derive(Debug)]
pub(super) struct Sought {
    pub words: String,
    pub search: Search,
    /// Those that were said at the end of the time that is asked for, and were found before.
    pub found: BTreeSet<String>,
}

/// Stored lines that the user wants to see, as far as they have come.
#[derive(Debug)]
pub(super) struct Earlier {
    pub place: String,
    pub count: usize,
    pub since: Option<Timestamp>,
    pub lines: Vec<Event>,
}

/// What is searched for; what is absent limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    pub text: String,
    pub from: Option<String>,
    pub place: Option<String>,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Session {
    /// Asks for stored lines of a place: the last ones before those that were shown, none from before `since`.
    pub fn ask_history(&mut self, place: &str, count: usize, since: Option<Timestamp>) {
        let earlier = Earlier { place: place.to_owned(), count, since, lines: Vec::new() };
        let before = self.traces.get(place).and_then(|trace| trace.oldest.clone());
        self.ask_earlier(earlier, before.as_ref());
    }

    pub(super) fn ask_earlier(&mut self, earlier: Earlier, before: Option<&Point>) {
        let limit = self.past.page_size().min(earlier.count - earlier.lines.len()).to_string();
        let words = match before.and_then(Point::reference) {
            Some(point) => ["BEFORE", &earlier.place, &point, &limit].join(" "),
            None => ["LATEST", &earlier.place, "*", &limit].join(" "),
        };
        self.ask(Ask::History(Box::new(earlier)), "CHATHISTORY", &words);
    }

    /// Asks for the newest lines that have all of it. False if that is too long for a question.
    #[must_use]
    pub fn ask_search(&mut self, search: Search, words: &str) -> bool {
        self.ask_sought(Sought { words: words.to_owned(), search, found: BTreeSet::new() })
    }

    /// Whether the last search may find more.
    pub fn can_search_on(&self) -> bool {
        self.past.sought.is_some()
    }

    /// Asks for what lies before the lines that the last search found, if there may be something.
    pub fn ask_search_on(&mut self) {
        if let Some(sought) = self.past.sought.take() {
            // It was short enough without the time, which is.
            self.ask_sought(sought);
        }
    }

    pub(super) fn ask_sought(&mut self, sought: Sought) -> bool {
        let search = &sought.search;
        let mut query = String::new();
        let after = search.after.map(wire_time);
        let before = search.before.map(wire_time);
        for (key, value) in [
            ("text", Some(&search.text).filter(|text| !text.is_empty())),
            ("from", search.from.as_ref()),
            ("in", search.place.as_ref()),
            ("after", after.as_ref()),
            ("before", before.as_ref()),
            ("limit", Some(&FOUND_MAX.to_string())),
        ] {
            if let Some(value) = value {
                push_tag(&mut query, key, value);
            }
        }
        if query.len() + if before.is_none() { BEFORE } else { 0 } > QUERY_MAX {
            return false;
        }
        self.ask(Ask::Search(Box::new(sought)), "SEARCH", query.trim_start_matches('@'));
        true
    }

    /// Asks for a page of what was missed: the newest lines, or those before what has come.
    pub(super) fn ask_missed(&mut self, place: &str) {
        let folded = Folded::new(place);
        let limit = self.past.page_size().to_string();
        let Some(page) = self.past.pages.get(&folded) else { return };
        let from = page.from.as_ref().and_then(Point::reference);
        let words = match (page.oldest().and_then(|oldest| oldest.reference()), from) {
            (Some(oldest), Some(from)) => ["BETWEEN", place, &oldest, &from, &limit].join(" "),
            (Some(oldest), None) => ["BEFORE", place, &oldest, &limit].join(" "),
            (None, Some(from)) => ["LATEST", place, &from, &limit].join(" "),
            (None, None) => ["LATEST", place, "*", &limit].join(" "),
        };
        self.ask(Ask::Missed(folded), "CHATHISTORY", &words);
    }

    /// Asks who has written in private since we were here, or lately.
    pub(super) fn ask_targets(&mut self, again: bool) {
        let back = if again { SLACK } else { LATELY };
        let here = if again { self.broke } else { self.heard };
        let after = here.and_then(|here| here.checked_sub(back).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        let words = ["TARGETS", EVER, &timestamp(after), &PRIVATE_MAX.to_string()].join(" ");
        self.ask(Ask::Targets, "CHATHISTORY", &words);
    }

    pub(super) fn ask_read(&mut self, place: &str, last: Timestamp) {
        self.ask(Ask::Read(Folded::new(place), last), "MARKREAD", place);
    }

    pub(super) fn send_mark(&mut self, place: &str, line: Timestamp) {
        self.send(Writer::new().command("MARKREAD").param(place).param(&timestamp(line)));
    }

    fn ask(&mut self, ask: Ask, command: &str, words: &str) {
        self.past.waiting.push_back((ask, format!("{command} {words}")));
        self.ask_on();
    }

    /// Sends as many questions as may be on the way.
    pub(super) fn ask_on(&mut self) {
        while self.past.asked.len() < WINDOW
            && let Some((ask, words)) = self.past.waiting.pop_front()
        {
            self.past.counter += 1;
            let label = format!("past{}", self.past.counter);
            let line = Writer::new().tag("label", &label);
            self.send(words.split(' ').enumerate().fold(line, |line, (index, word)| {
                if index == 0 { line.command(word) } else { line.param(word) }
            }));
            self.past.asked.insert(label, ask);
        }
    }
}
