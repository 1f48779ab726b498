//! The answers of the history.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::Folded;
use jiff::{SignedDuration, Timestamp};

use crate::session::Session;
use crate::session::batch::Gathered;
use crate::session::event::{Event, What, is_channel};
use crate::session::past::Ask;
use crate::session::past::ask::{Earlier, FOUND_MAX, Sought};
use crate::session::past::page::{MISSED_MAX, Page};
use crate::session::trace::Point;

/// What a search takes.
const TOO_MUCH: &str =
    "that can't be looked for: at most 16 words, and two of them may end in *, behind three letters or more";

impl Session {
    /// A batch of history has ended.
    pub(in crate::session) fn on_past(&mut self, label: Option<&str>, gathered: Gathered) {
        match (label.and_then(|label| self.past.asked.remove(label)), gathered) {
            (Some(Ask::Missed(place)), Gathered::Lines(_, lines)) => self.on_missed(&place, lines),
            (Some(Ask::Targets), Gathered::Targets(targets)) => self.on_targets(targets),
            (Some(Ask::History(earlier)), Gathered::Lines(_, lines)) => self.on_earlier(*earlier, lines),
            (Some(Ask::Search(sought)), Gathered::Lines(_, lines)) => self.on_found(*sought, lines),
            (None, Gathered::Lines(Some(place), lines)) => self.on_told_unasked(&place, lines),
            (Some(ask), _) => self.past_failed(ask, None, "the server's answer makes no sense"),
            _ => {}
        }
        self.past_answered();
    }

    fn past_answered(&mut self) {
        self.ask_on();
        self.conclude();
    }

    fn on_missed(&mut self, place: &Folded, lines: Vec<Event>) {
        let full = lines.len() >= self.past.page_size();
        let read = self.traces.get(place.as_str()).and_then(|trace| trace.read);
        let Some(page) = self.past.pages.get_mut(place) else { return };
        let before = page.lines.len();
        page.add(lines);
        let oldest = page.lines.first().and_then(|event| event.at);
        let wanted = page.from.is_some() || read.is_some_and(|read| oldest.is_some_and(|at| at > read));
        if !full || !wanted || page.lines.len() == before {
            return;
        }
        page.more = page.lines.len() >= MISSED_MAX;
        if !page.more {
            let place = page.place.clone();
            self.ask_missed(&place);
        }
    }

    /// Pages of all who have written in private since we last looked.
    fn on_targets(&mut self, targets: Vec<(String, Timestamp)>) {
        for (name, last) in targets.into_iter().filter(|(name, _)| !is_channel(name)) {
            let newest = self.traces.get(&name).and_then(|trace| trace.newest.clone());
            let again = self.past.returning.then(|| newest.unwrap_or(Point { id: None, at: self.broke }));
            if again.is_some() {
                self.expect(&name, Page::new(&name, again));
                self.ask_missed(&name);
            } else if self.caps.contains(Caps::READ_MARKER) {
                self.ask_read(&name, last);
            }
        }
    }

    fn on_earlier(&mut self, mut earlier: Earlier, mut lines: Vec<Event>) {
        let asked = self.past.page_size().min(earlier.count - earlier.lines.len());
        let mut whole = lines.len() < asked;
        let oldest = lines.first().map(Point::of);
        if let Some(since) = earlier.since {
            lines.retain(|event| event.at.is_none_or(|at| at >= since));
            whole |= lines.len() < asked;
        }
        lines.append(&mut earlier.lines);
        earlier.lines = lines;
        if !whole && earlier.lines.len() < earlier.count {
            return self.ask_earlier(earlier, oldest.as_ref());
        }
        if let Some(oldest) = earlier.lines.first() {
            self.traces.shown_before(&earlier.place, Some(oldest));
        }
        self.emit(What::History { place: earlier.place, lines: earlier.lines, whole });
    }

    /// The next page ends where this one begins; what has the same time may be on both.
    fn on_found(&mut self, mut sought: Sought, mut lines: Vec<Event>) {
        let more = lines.len() >= FOUND_MAX.min(self.past.page_size());
        let oldest = lines.first().and_then(|event| event.at);
        let words = sought.words.clone();
        lines.retain(|event| event.id.as_ref().is_none_or(|id| !sought.found.contains(id)));
        if lines.is_empty() && more {
            sought.search.before = oldest.and_then(|at| at.checked_sub(SignedDuration::from_millis(1)).ok());
            self.ask_sought(sought);
            return;
        }
        if sought.search.before != oldest {
            sought.found.clear();
        }
        sought
            .found
            .extend(lines.iter().filter(|event| event.at == oldest).filter_map(|event| event.id.clone()));
        sought.search.before = oldest;
        self.past.sought = Some(sought).filter(|_| more && oldest.is_some());
        self.emit(What::Found { words, lines, more });
    }

    /// What was kept for us while we were away.
    fn on_told_unasked(&mut self, place: &str, lines: Vec<Event>) {
        self.expect(place, Page::new(place, None));
        if let Some(page) = self.past.pages.get_mut(&Folded::new(place)) {
            page.add(lines);
        }
    }

    /// How far we have read, here or elsewhere.
    pub(in crate::session) fn on_read(&mut self, message: &Message) {
        let Some(place) = message.param(0) else { return };
        let read = message.param(1).and_then(|at| at.strip_prefix("timestamp="));
        let read = read.and_then(|at| at.parse().ok());
        if let Some(read) = read {
            self.traces.read(place, read);
        }
        let asked = self.label.as_ref().and_then(|label| self.past.asked.remove(label));
        if let Some(Ask::Read(folded, last)) = asked {
            if read.is_none_or(|read| read < last) {
                self.expect(place, Page::new(place, None));
                self.ask_missed(folded.as_str());
            }
            self.past_answered();
        }
    }

    /// Whether it was a question to the history that was refused; then it is dealt with.
    pub(in crate::session) fn on_past_refused(&mut self, code: Option<&str>, reason: &str) -> bool {
        let asked = self.label.as_ref().and_then(|label| self.past.asked.remove(label));
        let Some(ask) = asked else { return false };
        self.past_failed(ask, code, reason);
        self.past_answered();
        true
    }

    pub(super) fn past_failed(&mut self, ask: Ask, code: Option<&str>, reason: &str) {
        match ask {
            // It may be that the server doesn't know any more what we saw last: the time does as well.
            Ask::Missed(place) => {
                let from = self.past.pages.get_mut(&place).and_then(|page| page.from.as_mut());
                if from.is_some_and(|from| from.at.is_some() && from.id.take().is_some()) {
                    self.ask_missed(place.as_str());
                }
            }
            Ask::History(earlier) => {
                let place = &earlier.place;
                let reason = if code == Some("INVALID_TARGET") {
                    no_such_place(place)
                } else {
                    in_words(code, reason)
                };
                self.refuse_past(place, &reason);
            }
            Ask::Search(sought) => {
                let place = sought.search.place.as_deref().unwrap_or_default();
                let reason = match code {
                    Some("in") => no_such_place(place),
                    Some("text") => TOO_MUCH.to_owned(),
                    code => in_words(code, reason),
                };
                self.refuse_past(place, &reason);
            }
            Ask::Read(..) | Ask::Targets => {}
        }
    }

    fn refuse_past(&mut self, subject: &str, reason: &str) {
        let (subject, reason) = (subject.to_owned(), reason.to_owned());
        self.emit(What::Refused { number: None, subject, reason, unsaid: None });
    }
}

/// A server tells nobody whether there is a place that it doesn't show.
fn no_such_place(place: &str) -> String {
    if is_channel(place) {
        format!("{place} can't be read: there is no such channel, or you are not in it")
    } else {
        format!("what was written with {place} can't be read: nobody has that name")
    }
}

/// Why, when it isn't what was asked for that is wrong.
fn in_words(code: Option<&str>, reason: &str) -> String {
    match code {
        Some("MESSAGE_ERROR" | "INTERNAL_ERROR") => {
            "the server can't look up what was said before; try again later".to_owned()
        }
        _ => reason.to_owned(),
    }
}
