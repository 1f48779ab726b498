//! What was said before: fetched when we come and when we come back, and when it is asked for.
//!
//! On arrival in a place, and after a broken connection, what others do is held back until what they did before has come, so
//! that everything is shown once and in its order.

mod answer;
mod ask;
mod page;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use chat_proto::caps::Caps;
use chat_proto::name::{Folded, same};
use jiff::{SignedDuration, Timestamp};

pub use ask::Search;

use crate::session::event::{Event, What};
use crate::session::{Session, Stage};
use page::Page;

/// Lines that a question asks for, if the server allows as many.
const PAGE: usize = 100;
/// Questions on the way at once.
const WINDOW: usize = 4;
/// Places whose past is fetched at once.
const PAGES_MAX: usize = 1000;
/// What others do while older things are awaited; more is shown at once.
const HELD_MAX: usize = 10_000;
/// How long older things are awaited before what is new is shown.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// How many have written to us in private, at most, whose words are fetched.
const PRIVATE_MAX: usize = 30;
/// Times before all and behind all messages.
const EVER: &str = "timestamp=9999-12-31T23:59:59.999Z";

/// What is asked, and is to be done with the answer.
#[derive(Debug)]
enum Ask {
    /// A page of what was missed in a place.
    Missed(Folded),
    /// How far we have read what somebody wrote in private, the last of it at that time.
    Read(Folded, Timestamp),
    /// Who has written in private.
    Targets,
    /// Stored lines for the user.
    History(Box<ask::Earlier>),
    Search(Box<ask::Sought>),
}

#[derive(Debug, Default)]
pub struct Past {
    /// Show what was said before we came.
    replays: bool,
    counter: u64,
    asked: BTreeMap<String, Ask>,
    waiting: VecDeque<(Ask, String)>,
    /// What the last search would go on with.
    sought: Option<ask::Sought>,
    pages: BTreeMap<Folded, Page>,
    /// The places are complete, or at least asked for.
    begun: bool,
    /// Older things are to come before what is new.
    holding: bool,
    /// We are back, and what was on the way may be in the history.
    returning: bool,
    held: Vec<Event>,
    /// When to stop waiting.
    until: Option<Timestamp>,
    /// Lines in an answer, by the server's word; 0: as many as asked for.
    page_max: usize,
}

impl Past {
    /// Whether what is new has to wait.
    pub fn is_holding(&self) -> bool {
        self.holding
    }

    /// Whether what was said and not answered may be found in the history.
    pub fn is_returning(&self) -> bool {
        self.returning
    }

    /// Whether nothing is asked.
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.waiting.is_empty()
    }

    /// Whether nothing more can wait.
    pub fn is_full(&self) -> bool {
        self.held.len() >= HELD_MAX
    }

    pub fn hold(&mut self, event: Event) {
        self.held.push(event);
    }

    pub fn set_page_max(&mut self, lines: usize) {
        self.page_max = lines;
    }

    fn page_size(&self) -> usize {
        if self.page_max == 0 { PAGE } else { self.page_max.min(PAGE) }
    }
}

impl Session {
    /// Wants to see what was said before we came; what was missed in between is shown in any case.
    #[must_use]
    pub fn with_replay(mut self) -> Self {
        self.past.replays = true;
        self
    }

    /// Whether the server tells what was said before.
    pub fn has_history(&self) -> bool {
        self.caps.contains(Caps::CHATHISTORY | Caps::BATCH | Caps::LABELED_RESPONSE)
    }

    /// Whether what was said before we came is kept from us, as from all guests of chatd, which alone has conversations.
    pub fn reads_as_guest(&self) -> bool {
        self.account.is_none() && self.has_history() && self.has_talk()
    }

    pub fn has_search(&self) -> bool {
        self.caps.contains(Caps::SEARCH | Caps::BATCH | Caps::LABELED_RESPONSE)
    }

    /// We are in a channel: what was said there is fetched, once the server has let us in.
    pub(super) fn past_of_channel(&mut self, channel: &str) {
        let again = self.traces.get(channel).is_some_and(|trace| trace.newest.is_some());
        if self.on_errand || !self.has_history() || !(again || self.past.replays) {
            return self.traces.arrived(channel, self.at);
        }
        let from = self.traces.get(channel).and_then(|trace| trace.newest.clone()).filter(|_| again);
        self.expect(channel, Page { came: self.at, ..Page::new(channel, from) });
        if self.past.begun {
            self.ask_missed(channel);
        }
    }

    fn expect(&mut self, place: &str, page: Page) {
        if self.past.pages.len() < PAGES_MAX {
            self.past.pages.entry(Folded::new(place)).or_insert(page);
            self.past.holding = true;
        }
    }

    /// We are in, for the first time or again.
    pub(super) fn begin_past(&mut self, again: bool) {
        self.past.begun = true;
        if self.on_errand || !self.has_history() {
            return self.let_go();
        }
        (self.past.returning, self.past.holding) = (again, true);
        let places: Vec<String> = self.past.pages.values().map(|page| page.place.clone()).collect();
        for place in places {
            self.ask_missed(&place);
        }
        if again || self.past.replays {
            self.ask_targets(again);
        }
        self.conclude();
    }

    /// Time has come so far: a server that doesn't answer doesn't keep back what is new.
    pub fn tick(&mut self, now: Timestamp) {
        if !self.past.is_holding() {
            self.past.until = None;
        } else if *self.past.until.get_or_insert(now + PATIENCE) <= now {
            let missed = |ask: &Ask| matches!(ask, Ask::Missed(_) | Ask::Targets | Ask::Read(..));
            self.past.asked.retain(|_, ask| !missed(ask));
            self.past.waiting.retain(|(ask, _)| !missed(ask));
            self.let_go();
        }
    }

    /// The connection is gone, and the answers with it: what is still missing will be asked for again, and what has been said
    /// since with it.
    pub(super) fn lose_past(&mut self) {
        if self.has_history() && self.past.holding {
            self.past.pages.clear();
            self.past.held.retain(|event| !matches!(event.what, What::Said { .. }));
        }
        self.let_go();
        for ask in std::mem::take(&mut self.past.asked).into_values() {
            self.past_failed(ask, None, "the connection broke; try again when it is back");
        }
        self.past.waiting.clear();
        self.past.begun = false;
    }

    /// Shows what has come so far, and stops waiting for more.
    pub(super) fn let_go(&mut self) {
        let pages = std::mem::take(&mut self.past.pages);
        let held = std::mem::take(&mut self.past.held);
        (self.past.until, self.past.returning, self.past.holding) = (None, false, false);
        self.show_pages(pages.into_values().collect());
        held.into_iter().for_each(|event| self.hand_out(event));
    }

    /// If all that was missed has come, shows it, and what has happened since.
    fn conclude(&mut self) {
        let is_missing = |ask: &Ask| matches!(ask, Ask::Missed(_) | Ask::Targets | Ask::Read(..));
        let missing =
            self.past.asked.values().chain(self.past.waiting.iter().map(|(ask, _)| ask)).any(is_missing);
        if !missing && self.past.begun {
            let returned = self.past.returning;
            self.let_go();
            if returned {
                self.say_again();
            }
        }
    }

    fn show_pages(&mut self, mut pages: Vec<Page>) {
        let lobby = self.lobby.clone().unwrap_or_default();
        pages.sort_by_cached_key(|page| (page.rank(&lobby), page.last(), page.place.clone()));
        let mut places = Vec::new();
        let mut rows = 0;
        for page in pages {
            self.traces.arrived(&page.place, page.came);
            let trace = self.traces.get(&page.place);
            let read = trace.and_then(|trace| trace.read);
            let (place, has_gap) = (page.place.clone(), page.more);
            let (before, unread, after) = page.told(&self.traces, &self.nick, read);
            rows += after.len();
            let oldest = before.first().or(after.first()).cloned().filter(|_| has_gap);
            before.into_iter().for_each(|event| self.show_past(event));
            if let Some(unread) = unread {
                self.events.push(Event::bare(What::Unread(unread.clone())));
                places.push(unread);
            }
            after.into_iter().for_each(|event| self.show_past(event));
            // Who looks further back shall find what is between these and what was shown before.
            if let Some(oldest) = oldest {
                self.traces.shown_before(&place, Some(&oldest));
            }
        }
        if places.len() > 1 || (rows > page::GLANCE && !places.is_empty()) {
            self.events.push(Event::bare(What::CaughtUp { places }));
        }
    }

    fn show_past(&mut self, event: Event) {
        self.traces.shown(&event);
        self.events.push(event);
    }

    /// Of a place nothing older is shown than this, or nothing at all: the history is asked for the rest.
    pub fn shown_from(&mut self, place: &str, oldest: Option<&Event>) {
        self.traces.shown_before(place, oldest);
    }

    /// What is shown has been seen, but for these places: all sessions of ours may know.
    pub fn mark_read(&mut self, unshown: &[String]) {
        if !self.caps.contains(Caps::READ_MARKER) || self.stage != Stage::Ready || self.on_errand {
            return;
        }
        let unmarked: Vec<_> = self
            .traces
            .iter()
            .filter(|trace| trace.line > trace.read && !unshown.iter().any(|name| same(name, &trace.name)))
            .filter(|trace| !super::event::is_channel(&trace.name) || self.rooms.contains(&trace.name))
            .filter_map(|trace| Some((trace.name.clone(), trace.line?)))
            .collect();
        for (place, line) in unmarked {
            self.send_mark(&place, line);
            self.traces.read(&place, line);
        }
    }
}
