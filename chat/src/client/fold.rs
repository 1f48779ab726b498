//! Joins and leaves, told one by one while they are few, and together when they are many.
//!
//! Lines that are printed stay as they are. So the first few are told at once, and those that follow soon wait a
//! moment for each other; whatever else is to be shown lets them go first, so that the order stays.

use std::collections::BTreeSet;
use std::mem;

use chat_proto::name::Folded;
use jiff::{SignedDuration, Timestamp};

use crate::client::{Client, view};
use crate::session::{Event, What};
use crate::ui::Show;

/// So many are told one by one within this time.
const AT_ONCE: usize = 3;
const WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// How long the first of those that wait does so, and how many wait at most.
const WAIT: SignedDuration = SignedDuration::from_secs(5);
const WAITING_MAX: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Fold {
    /// When the last ones were told.
    told: Vec<Timestamp>,
    waiting: Vec<Event>,
    due: Option<Timestamp>,
}

impl Fold {
    /// Gives it back if it is to be told at once.
    fn take(&mut self, event: Event, now: Timestamp) -> Option<Event> {
        self.told.retain(|at| now.duration_since(*at).abs() < WITHIN);
        if self.waiting.is_empty() && (!is_move(&event.what) || self.told.len() < AT_ONCE) {
            if is_move(&event.what) {
                self.told.push(now);
            }
            return Some(event);
        }
        self.due.get_or_insert(now + WAIT);
        if self.waiting.len() == WAITING_MAX {
            self.due = Some(now);
        }
        self.waiting.push(event);
        None
    }

    fn let_go(&mut self, now: Timestamp) -> Vec<Event> {
        self.due = None;
        // Those that go on coming wait again.
        if self.waiting.len() > 1 {
            self.told = vec![now; AT_ONCE];
        }
        mem::take(&mut self.waiting)
    }
}

impl Client {
    /// When something that waits is to be shown by [`Client::heard`].
    pub fn due(&self) -> Option<Timestamp> {
        self.fold.due
    }

    /// Shows it in its time.
    pub(super) fn tell(&mut self, event: Event, now: Timestamp) {
        if self.manner.fold && may_wait(&event.what) {
            if let Some(event) = self.fold.take(event, now) {
                self.show(&event, now);
            }
        } else {
            self.unfold(now);
            self.show(&event, now);
        }
    }

    pub(super) fn unfold_in_time(&mut self, now: Timestamp) {
        // A clock that was put back must not hold them for ever.
        if self.fold.due.is_some_and(|due| due <= now || due.duration_since(now) > WAIT) {
            self.unfold(now);
        }
    }

    pub(super) fn unfold(&mut self, now: Timestamp) {
        let events = self.fold.let_go(now);
        if events.len() < 2 {
            return events.iter().for_each(|event| self.show(event, now));
        }
        let (moves, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| is_move(&event.what));
        if let [only] = moves.as_slice() {
            self.show(only, now);
        } else {
            let view = view(&self.session, self.here.as_deref(), self.manner);
            let lines = self.renderer.moves(&moves, view, now);
            self.shows.extend(lines.into_iter().map(Show::Line));
        }
        // That somebody who just came is away is no news.
        let folded = |event: &Event| who(&event.what).map(Folded::new);
        let moved: BTreeSet<_> = moves.iter().filter_map(folded).collect();
        for event in others.iter().filter(|event| folded(event).is_some_and(|name| !moved.contains(&name))) {
            self.show(event, now);
        }
    }
}

/// Whether somebody comes or goes.
fn is_move(what: &What) -> bool {
    matches!(what, What::Joined { own: false, .. } | What::Left { own: false, .. } | What::Gone { .. })
}

/// Whether it can be told later than it happened, together with what else did.
fn may_wait(what: &What) -> bool {
    is_move(what) || matches!(what, What::Away { own: false, .. })
}

fn who(what: &What) -> Option<&str> {
    match what {
        What::Joined { name, .. }
        | What::Left { name, .. }
        | What::Gone { name, .. }
        | What::Away { name, .. } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn joined(name: &str) -> Event {
        Event::bare(What::Joined { name: name.into(), channel: "#c".into(), own: false })
    }

    #[test]
    fn few_are_told_at_once_and_more_wait_for_each_other() {
        let mut fold = Fold::default();
        let told: Vec<_> =
            "abcdef".chars().map(|name| fold.take(joined(&name.to_string()), at(0)).is_some()).collect();
        assert_eq!(told, [true, true, true, false, false, false]);
        assert_eq!((fold.due, fold.let_go(at(5)).len(), fold.due), (Some(at(5)), 3, None));
        assert!(fold.take(joined("g"), at(6)).is_none());
        fold.let_go(at(11));
        assert!(fold.take(joined("h"), at(30)).is_some());
    }

    #[test]
    fn so_many_do_not_wait() {
        let mut fold = Fold::default();
        for _ in 0..AT_ONCE + WAITING_MAX + 1 {
            fold.take(joined("a"), at(0));
        }
        assert_eq!(fold.due, Some(at(0)));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_told_twice_and_the_order_is_kept(steps in prop::collection::vec((0_i64..4, 0_u8..10), 0..60)) {
            let mut fold = Fold::default();
            let (mut now, mut told, mut all) = (0, Vec::new(), Vec::new());
            for (index, (pause, kind)) in steps.into_iter().enumerate() {
                now += pause;
                if fold.due.is_some_and(|due| due <= at(now)) {
                    told.extend(fold.let_go(at(now)));
                }
                let event = joined(&index.to_string());
                all.push(event.clone());
                match kind {
                    // Something that doesn't wait.
                    0 => told.extend(fold.let_go(at(now)).into_iter().chain([event])),
                    _ => told.extend(fold.take(event, at(now))),
                }
                prop_assert!(fold.waiting.is_empty() || fold.due.is_some_and(|due| due <= at(now) + WAIT));
            }
            told.extend(fold.let_go(at(now)));
            prop_assert_eq!(told, all);
        }
    }
}
