//! The times of events. No two entries of the history have the same time, so that clients can page by time: an entry that comes in
//! the millisecond of the one before is given a later time.

use crate::event::Event;
use crate::history::has_entries;
use crate::time::Timestamp;

use super::State;

/// How far entries may run ahead of the clock, in milliseconds. With more than a thousand of them a second for longer than this, some
/// have equal times; after a clock was set back by more, times follow the clock at once.
pub const AHEAD_MAX: u64 = 2000;

impl State {
    /// The time of an event that has no entry: not before the newest entry, so that whoever arrives now comes after it.
    pub fn event_time(&self, wall: Timestamp) -> Timestamp {
        let newest = self.newest_entry;
        if newest.0 <= wall.0.saturating_add(AHEAD_MAX) { wall.max(newest) } else { wall }
    }

    /// The time of an event that is stored in the history: after the newest entry.
    pub fn entry_time(&self, wall: Timestamp) -> Timestamp {
        let (newest, latest) = (self.newest_entry.0, wall.0.saturating_add(AHEAD_MAX));
        if newest > latest { wall } else { Timestamp(wall.0.max(newest.saturating_add(1).min(latest))) }
    }

    /// Notes the time of an event that has an entry.
    pub(super) fn note_entry(&mut self, at: Timestamp, event: &Event) {
        if has_entries(event) {
            self.newest_entry = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Kept;
    use crate::policy::Policy;

    const WALL: Timestamp = Timestamp(1_769_860_800_000);

    fn after(newest: u64) -> State {
        let kept = Kept { newest_entry: Timestamp(newest), ..Kept::default() };
        State::new(Policy::default(), kept, WALL.0)
    }

    #[test]
    fn entry_follows_the_newest_one_while_that_is_little_ahead() {
        for (ahead, event, entry) in [
            (0, 0, 1),
            (1, 1, 2),
            (AHEAD_MAX - 1, AHEAD_MAX - 1, AHEAD_MAX),
            (AHEAD_MAX, AHEAD_MAX, AHEAD_MAX),
            (AHEAD_MAX + 1, 0, 0),
            (3_600_000, 0, 0),
        ] {
            let state = after(WALL.0 + ahead);
            assert_eq!(state.event_time(WALL).0 - WALL.0, event, "{ahead}");
            assert_eq!(state.entry_time(WALL).0 - WALL.0, entry, "{ahead}");
        }
    }

    #[test]
    fn entry_in_a_later_millisecond_has_the_time_of_the_clock() {
        assert_eq!(after(WALL.0 - 1).entry_time(WALL), WALL);
    }
}
