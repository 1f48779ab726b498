//! What the user is told of an outage: that it began and why, each further reason once, and now and then that it lasts.

use std::time::Duration;

use jiff::Zoned;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::render::since_when;

/// When it is said again that there is no connection, and how often from then on.
const AGAIN: [Duration; 3] =
    [Duration::from_secs(60), Duration::from_secs(5 * 60), Duration::from_secs(15 * 60)];
const HOURLY: Duration = Duration::from_secs(60 * 60);
/// Reasons that are remembered; what a server says may be another each time.
const REASONS_MAX: usize = 8;

/// From the end of a connection until the server has let us in again.
#[derive(Debug)]
pub(super) struct Outage {
    began: Instant,
    since: Zoned,
    reasons: Vec<String>,
    reminders: u32,
}

impl Outage {
    fn new(began: Instant, since: Zoned) -> Self {
        Self { began, since, reasons: Vec::new(), reminders: 0 }
    }

    /// Whether the reason is to be told: it wasn't yet.
    fn is_news(&mut self, why: &str) -> bool {
        let is_news = self.reasons.len() < REASONS_MAX && !self.reasons.iter().any(|known| known == why);
        if is_news {
            self.reasons.push(why.to_owned());
        }
        is_news
    }

    /// Whether it is time to say that it lasts.
    fn is_to_remind(&mut self, now: Instant) -> bool {
        let lasts = now.duration_since(self.began);
        let passed = AGAIN.iter().filter(|&&at| at <= lasts).count();
        let hours = lasts.as_secs() / HOURLY.as_secs();
        let reminders = u32::try_from(passed as u64 + hours).unwrap_or(u32::MAX);
        std::mem::replace(&mut self.reminders, reminders) < reminders
    }
}

impl Engine {
    /// The connection has ended, or the server has not let us in: tries again after a while.
    pub(super) fn wait_to_connect(&mut self, why: Option<&str>) {
        let is_first = self.outage.is_none();
        if let Some(why) = why.filter(|why| self.outage().is_news(why)) {
            self.client.remark(why);
        }
        let wait = self.put_off();
        if is_first {
            self.outage();
            self.client.remark(&format!("connecting again in {} s …", seconds(wait)));
        } else {
            self.remind(wait);
        }
    }

    /// That nobody is there was said when the connection broke; what else is wrong is said once.
    pub(super) fn try_again(&mut self, failure: &Failure) {
        let why = failure.to_string();
        if !matches!(failure, Failure::Unreachable(_)) && self.outage().is_news(&why) {
            self.client.complain(&why);
        }
        let wait = self.put_off();
        self.remind(wait);
    }

    fn put_off(&mut self) -> Duration {
        let wait = self.backoff.next();
        self.due = Instant::now() + wait;
        wait
    }

    fn remind(&mut self, wait: Duration) {
        if self.outage().is_to_remind(Instant::now()) {
            let since = since_when(&self.outage().since, &Zoned::now());
            let text = format!("still no connection, since {since}; next try in {} s", seconds(wait));
            self.client.remark(&text);
        }
    }

    fn outage(&mut self) -> &mut Outage {
        self.outage.get_or_insert_with(|| Outage::new(Instant::now(), Zoned::now()))
    }
}

/// Rounded, and at least one.
fn seconds(wait: Duration) -> u64 {
    (wait.as_millis() as u64 + 500).max(1000) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRY: Duration = Duration::from_secs(25);

    #[test]
    fn a_reason_is_told_once_and_of_ever_new_ones_some() {
        let mut outage = Outage::new(Instant::now(), Zoned::now());
        let told = |outage: &mut Outage, reasons: &[&str]| {
            reasons.iter().map(|why| outage.is_news(why)).collect::<Vec<_>>()
        };
        let reasons = ["closed", "closed", "no answer", "closed", "no answer"];
        assert_eq!(told(&mut outage, &reasons), [true, false, true, false, false]);
        let new = (0..100).filter(|n| outage.is_news(&n.to_string())).count();
        assert_eq!(new, REASONS_MAX - 2);
    }

    #[test]
    fn that_it_lasts_is_said_after_1_5_and_15_minutes_and_each_hour() {
        let began = Instant::now();
        let mut outage = Outage::new(began, Zoned::now());
        let tries = (1..=4 * 60 * 60 / 25).map(|n| n * TRY);
        let minutes: Vec<_> =
            tries.filter(|&at| outage.is_to_remind(began + at)).map(|at| at.as_secs() / 60).collect();
        assert_eq!(minutes, [1, 5, 15, 60, 120, 180, 240]);
    }

    #[test]
    fn who_was_asleep_meanwhile_is_told_once() {
        let began = Instant::now();
        let mut outage = Outage::new(began, Zoned::now());
        let morning = began + 9 * HOURLY;
        assert!(outage.is_to_remind(morning));
        assert!(!outage.is_to_remind(morning + TRY));
    }
}
