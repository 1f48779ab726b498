//! Whether wall time can be believed: it must have gone on from where it was when chatd last ran.
//!
//! One start with a clock ahead must delete nothing. So time that passed while chatd was not running, or by a jump, is believed up to
//! a day; beyond that it is in doubt until it is set right, until chatd has run with it for a day, or until an administrator accepts it.

use chatd_core::{Timestamp, Uptime};

/// The longest time that is believed to have passed unseen, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// How far the clock may be behind, in milliseconds: small corrections are normal.
const BEHIND: u64 = 5 * 60 * 1000;
/// Milliseconds of running after which a doubtful clock is believed.
const CONFIRMED_AFTER: u64 = DAY;

/// The state that outlives a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Belief {
    /// The expected time.
    pub(crate) expected: Timestamp,
    /// The time that the clock showed.
    pub(crate) seen: Timestamp,
    /// Milliseconds of running with a doubtful clock.
    pub(crate) running: u64,
}

/// Which way the clock is wrong, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deviation {
    Ahead,
    Behind,
}

/// Why the clock is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) deviation: Deviation,
    /// Milliseconds.
    pub(crate) by: u64,
    pub(crate) expected: Timestamp,
    /// Milliseconds of running after which the clock is believed nevertheless.
    pub(crate) confirmed_in: u64,
}

impl Doubt {
    /// Seconds that the clock is ahead; negative when it is behind.
    pub(crate) fn seconds(self) -> i64 {
        let by = i64::try_from(self.by / 1000).unwrap_or(i64::MAX);
        if self.deviation == Deviation::Ahead { by } else { -by }
    }
}

#[derive(Debug)]
pub(super) struct Trust {
    belief: Belief,
    /// When that was observed.
    uptime: Uptime,
    deviation: Option<Deviation>,
    /// The state that was reported last.
    told: Option<Deviation>,
}

impl Trust {
    pub(super) fn new(belief: Option<Belief>, newest: Option<Timestamp>, wall: Timestamp) -> Self {
        let begun = Belief { expected: newest.unwrap_or(wall), seen: wall, running: 0 };
        let mut belief = belief.unwrap_or(begun);
        if !follows(belief.seen, 0, wall) {
            belief.running = 0;
        }
        let deviation = deviation(belief.expected, wall);
        Self { belief: Belief { seen: wall, ..belief }, uptime: Uptime(0), deviation, told: None }
    }

    /// Takes note of both clocks, and returns the time by which what is stored may expire.
    pub(super) fn observe(&mut self, wall: Timestamp, uptime: Uptime) -> Timestamp {
        let Belief { expected, seen, running } = self.belief;
        let elapsed = uptime.since(self.uptime);
        let expected = Timestamp(expected.0.saturating_add(elapsed));
        let deviation = deviation(expected, wall);
        let goes_on = deviation == self.deviation && follows(seen, elapsed, wall);
        let running = if goes_on { running.saturating_add(elapsed) } else { 0 };
        self.belief = Belief { expected, seen: wall, running };
        (self.uptime, self.deviation) = (uptime, deviation);
        if deviation.is_none() || running >= CONFIRMED_AFTER {
            self.accept();
        }
        match self.deviation {
            Some(Deviation::Ahead) => self.belief.expected,
            Some(Deviation::Behind) | None => wall,
        }
    }

    /// Believes the clock as it was observed last, and returns whether it was in doubt.
    pub(super) fn accept(&mut self) -> bool {
        self.belief = Belief { expected: self.belief.seen, running: 0, ..self.belief };
        self.deviation.take().is_some()
    }

    pub(super) fn belief(&self) -> Belief {
        self.belief
    }

    pub(super) fn doubt(&self) -> Option<Doubt> {
        let Belief { expected, seen, running } = self.belief;
        let confirmed_in = CONFIRMED_AFTER.saturating_sub(running);
        self.deviation.map(|deviation| Doubt {
            deviation,
            by: seen.0.abs_diff(expected.0),
            expected,
            confirmed_in,
        })
    }

    /// Returns a change to report: a doubt, or its end.
    pub(super) fn change(&mut self) -> Option<Option<Doubt>> {
        let before = std::mem::replace(&mut self.told, self.deviation);
        (before != self.deviation).then(|| self.doubt())
    }
}

fn deviation(expected: Timestamp, wall: Timestamp) -> Option<Deviation> {
    if wall.0 > expected.0.saturating_add(DAY) {
        Some(Deviation::Ahead)
    } else if wall.0 < expected.0.saturating_sub(BEHIND) {
        Some(Deviation::Behind)
    } else {
        None
    }
}

/// Whether a clock that showed `seen` and then ran for `elapsed` milliseconds, or up to a day more, shows `wall` now.
fn follows(seen: Timestamp, elapsed: u64, wall: Timestamp) -> bool {
    wall.0.abs_diff(seen.0.saturating_add(elapsed)) <= DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_769_860_800_000;
    const HOUR: u64 = DAY / 24;

    fn begun(wall: u64, expected: u64) -> Trust {
        let belief = Belief { expected: Timestamp(expected), seen: Timestamp(expected), running: 0 };
        Trust::new(Some(belief), None, Timestamp(wall))
    }

    fn is_ahead(trust: &Trust) -> bool {
        trust.doubt().is_some_and(|doubt| doubt.deviation == Deviation::Ahead)
    }

    #[test]
    fn clock_within_a_day_of_the_last_run_is_believed() {
        let mut trust = begun(START + DAY, START);
        assert_eq!(trust.observe(Timestamp(START + DAY), Uptime(0)), Timestamp(START + DAY));
        assert_eq!(trust.doubt(), None);
        assert_eq!(trust.change(), None);
    }

    #[test]
    fn clock_ahead_expires_nothing_until_it_is_set_right() {
        let wall = START + 60 * DAY;
        let mut trust = begun(wall, START);
        assert_eq!(trust.observe(Timestamp(wall + HOUR), Uptime(HOUR)), Timestamp(START + HOUR));
        assert!(is_ahead(&trust));
        assert!(matches!(trust.change(), Some(Some(_))));
        assert_eq!(trust.change(), None);
        let right = Timestamp(START + 2 * HOUR);
        assert_eq!(trust.observe(right, Uptime(2 * HOUR)), right);
        assert_eq!((trust.doubt(), trust.change()), (None, Some(None)));
    }

    #[test]
    fn clock_ahead_is_confirmed_by_a_day_of_running_over_restarts() {
        let mut wall = START + 60 * DAY;
        let mut trust = begun(wall, START);
        trust.observe(Timestamp(wall + 23 * HOUR), Uptime(23 * HOUR));
        assert!(is_ahead(&trust));
        wall += 24 * HOUR;
        let mut trust = Trust::new(Some(trust.belief()), None, Timestamp(wall));
        trust.observe(Timestamp(wall), Uptime(0));
        assert!(is_ahead(&trust));
        let confirmed = Timestamp(wall + HOUR);
        assert_eq!(trust.observe(confirmed, Uptime(HOUR)), confirmed);
        assert_eq!(trust.doubt(), None);
    }

    #[test]
    fn another_jump_begins_the_confirmation_anew() {
        let wall = START + 60 * DAY;
        let mut trust = begun(wall, START);
        trust.observe(Timestamp(wall + 23 * HOUR), Uptime(23 * HOUR));
        trust.observe(Timestamp(wall + 300 * DAY), Uptime(24 * HOUR));
        assert_eq!(trust.doubt().map(|doubt| doubt.confirmed_in), Some(DAY));
        let mut trust = Trust::new(Some(trust.belief()), None, Timestamp(wall + 600 * DAY));
        trust.observe(Timestamp(wall + 600 * DAY + HOUR), Uptime(HOUR));
        assert_eq!(trust.doubt().map(|doubt| doubt.confirmed_in), Some(DAY - HOUR));
    }

    #[test]
    fn jump_while_running_is_doubted_and_can_be_accepted() {
        let mut trust = begun(START, START);
        trust.observe(Timestamp(START + 1000), Uptime(1000));
        let wall = Timestamp(START + 365 * DAY);
        assert_eq!(trust.observe(wall, Uptime(2000)), Timestamp(START + 2000));
        assert!(is_ahead(&trust));
        assert!(trust.accept());
        assert_eq!((trust.observe(wall, Uptime(2000)), trust.accept()), (wall, false));
    }

    #[test]
    fn clock_behind_is_told_and_harms_nothing_when_set_right() {
        let mut trust = begun(0, START);
        assert_eq!(trust.observe(Timestamp(HOUR), Uptime(HOUR)), Timestamp(HOUR));
        assert_eq!(trust.doubt().map(|doubt| doubt.deviation), Some(Deviation::Behind));
        let right = Timestamp(START + 2 * HOUR);
        assert_eq!(trust.observe(right, Uptime(2 * HOUR)), right);
        assert_eq!(trust.doubt(), None);
    }

    #[test]
    fn first_run_expects_the_newest_stored_time() {
        let trust = |newest| Trust::new(None, newest, Timestamp(START));
        assert_eq!(trust(None).doubt(), None);
        assert_eq!(trust(Some(Timestamp(START - DAY))).doubt(), None);
        assert!(is_ahead(&trust(Some(Timestamp(START - DAY - 1)))));
    }
}
