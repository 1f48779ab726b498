//! Whether the server is still there: when to ask, when to say that it is silent, when to give it up.

use std::time::Duration;

use tokio::time::Instant;

/// Silence after which it is asked.
const IDLE: Duration = Duration::from_secs(30);
/// It is asked sooner when something was sent to it.
const REPLY: Duration = Duration::from_secs(5);
/// How long after the question the user is told, and how long after it the connection counts as broken.
const WORRY: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Ask,
    /// Say that there has been no answer for so long.
    Worry(Duration),
    GiveUp,
}

/// Watches one connection. Time comes from outside.
#[derive(Debug)]
pub struct Alive {
    heard: Instant,
    sent: Option<Instant>,
    asked: Option<Instant>,
    worried: bool,
}

impl Alive {
    pub fn new(now: Instant) -> Self {
        Self { heard: now, sent: None, asked: None, worried: false }
    }

    pub fn heard(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    pub fn sent(&mut self, now: Instant) {
        self.sent.get_or_insert(now);
    }

    /// When [`Alive::act`] has something to say, unless something is heard or sent before.
    pub fn due(&self) -> Instant {
        let idle = self.heard + IDLE;
        match self.asked {
            None => self.sent.map_or(idle, |sent| idle.min(sent + REPLY)),
            Some(asked) if self.worried => asked + ANSWER,
            Some(asked) => asked + WORRY,
        }
    }

    /// What is due; after [`Act::Ask`] and [`Act::Worry`] it counts as done.
    pub fn act(&mut self, now: Instant) -> Option<Act> {
        if now < self.due() {
            return None;
        }
        if self.asked.is_none() {
            self.asked = Some(now);
            return Some(Act::Ask);
        }
        if std::mem::replace(&mut self.worried, true) {
            return Some(Act::GiveUp);
        }
        Some(Act::Worry(now - self.sent.unwrap_or(self.heard)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(alive: &mut Alive, count: usize) -> Vec<(u64, Act)> {
        let began = alive.heard;
        let mut act = || {
            let due = alive.due();
            (due.duration_since(began).as_secs(), alive.act(due).unwrap())
        };
        (0..count).map(|_| act()).collect()
    }

    #[test]
    fn a_silent_server_is_asked_then_worried_about_then_given_up() {
        let mut alive = Alive::new(Instant::now());
        let worry = Act::Worry(Duration::from_secs(35));
        assert_eq!(acts(&mut alive, 3), [(30, Act::Ask), (35, worry), (50, Act::GiveUp)]);
    }

    #[test]
    fn one_that_does_not_take_what_is_said_is_noticed_sooner() {
        let now = Instant::now();
        let mut alive = Alive::new(now);
        alive.sent(now);
        alive.sent(now + Duration::from_secs(3));
        let worry = Act::Worry(Duration::from_secs(10));
        assert_eq!(acts(&mut alive, 3), [(5, Act::Ask), (10, worry), (25, Act::GiveUp)]);
    }

    #[test]
    fn whatever_is_heard_begins_it_anew() {
        let now = Instant::now();
        let mut alive = Alive::new(now);
        alive.sent(now);
        acts(&mut alive, 2);
        let later = now + Duration::from_secs(12);
        alive.heard(later);
        assert_eq!(alive.act(later), None);
        assert_eq!(alive.due(), later + IDLE);
    }
}
