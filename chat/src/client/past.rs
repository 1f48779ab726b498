//! What was said before: looked at, searched, and marked as read.

use chat_proto::name::ChannelName;
use jiff::{SignedDuration, Timestamp};

use crate::client::Client;
use crate::query;
use crate::session::is_channel;
use crate::ui::Show;

/// Lines that `<history>` shows, unless it is told how many, and the most.
const LINES: usize = 20;
const LINES_MAX: usize = 500;
/// Other sessions are told no more often what has been read.
const MARK_EVERY: SignedDuration = SignedDuration::from_secs(3);

impl Client {
    pub(super) fn history(&mut self, first: Option<&str>, second: Option<&str>) {
        let is_count = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
        let (place, count) = match (first, second) {
            (Some(first), None) if is_count(&first) => (None, Some(first)),
            other => other,
        };
        let count = match count.map(str::parse::<usize>) {
            None => LINES,
            Some(Ok(count @ 1..=LINES_MAX)) => count,
            Some(_) => {
                return self.complain(&format!("how many lines? 1 to {LINES_MAX}, as in <history> 50"));
            }
        };
        if !self.session.has_history() {
            return self.complain("this server doesn't tell what was said before");
        }
        match place {
            Some(place) if self.is_place(place) => self.session.ask_history(place, count, None),
            Some(_) => {}
            None => self.in_place(|client, here| client.session.ask_history(here, count, None)),
        }
    }

    /// Looks for the words, or without any goes on where the last search ended.
    pub(super) fn search(&mut self, words: &str) {
        if !self.session.has_search() {
            return self.complain("this server doesn't search in what was said before");
        }
        if words.is_empty() {
            return self.session.ask_search_on();
        }
        match query::parse(words, &Timestamp::now().to_zoned(self.renderer.zone().clone())) {
            Err(wrong) => self.complain(&wrong),
            Ok(search) => {
                if !self.session.ask_search(search, words) {
                    self.complain("that is too much to look for; take fewer words");
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.session.forget_shown();
        self.shows.push(Show::Clear);
    }

    /// Who types or leaves has seen what is shown; who is just connected may be anywhere.
    pub(super) fn mark_seen(&mut self, now: Timestamp) {
        let is_due = self.marked.is_none_or(|marked| now.duration_since(marked).abs() >= MARK_EVERY);
        if self.seen && is_due && self.session.is_ready() {
            self.seen = false;
            self.marked = Some(now);
            self.mark_now();
        }
    }

    /// Tells what has been shown, but for what waits until the end of a conversation.
    pub(super) fn mark_now(&mut self) {
        let unshown: Vec<String> =
            self.session.channels().filter(|name| !self.is_shown(name)).map(str::to_owned).collect();
        self.session.mark_read(&unshown);
    }

    /// The user has had a look.
    pub fn saw(&mut self) {
        self.seen = self.manner.prompt;
    }

    /// The last chance to tell what has been seen.
    pub fn mark_last(&mut self) {
        if self.seen || (self.manner.prompt && self.leaving) {
            self.mark_now();
        }
    }

    fn is_place(&mut self, place: &str) -> bool {
        if !is_channel(place) {
            return self.is_name(place);
        }
        match ChannelName::new(place) {
            Ok(_) => true,
            Err(error) => {
                self.complain(&format!("{place} can't be a channel: {error}"));
                false
            }
        }
    }
}
