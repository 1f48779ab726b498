//! The line that `systemctl status` shows.

use std::time::{Duration, Instant};

/// systemd isn't told more often, however much people come and go.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Status {
    listening: String,
    said: (u64, u64, Option<String>),
    /// Not before this; never again once the daemon is stopping.
    next: Option<Instant>,
}

impl Status {
    pub(super) fn new(listeners: &[String]) -> Self {
        Self { listening: listeners.join(", "), said: (0, 0, None), next: Some(Instant::now()) }
    }

    pub(super) fn text(&self, users: u64, channels: u64) -> String {
        let s = |count| if count == 1 { "" } else { "s" };
        let (u, c) = (s(users), s(channels));
        format!("{users} user{u}, {channels} channel{c}; listening on {}", self.listening)
    }

    /// The line, if it has changed and may be said.
    pub(super) fn news(
        &mut self,
        users: u64,
        channels: u64,
        stalled: Option<&str>,
        now: Instant,
    ) -> Option<String> {
        let news = (users, channels, stalled.map(str::to_owned));
        if self.said == news || self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.said = news;
        self.next = Some(now + EVERY);
        let text = self.text(users, channels);
        Some(stalled.map_or(text, |why| format!("Stands still, since nothing can be stored: {why}")))
    }

    /// There is no news from now on. Returns whether that was so before.
    pub(super) fn close(&mut self) -> bool {
        self.next.take().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_when_it_changes_but_not_too_often() {
        let mut status = Status::new(&["unix:/run/chat.sock".into(), "127.0.0.1:6667".into()]);
        let start = Instant::now();
        assert_eq!(status.news(0, 0, None, start), None);
        let said = status.news(1, 2, None, start).unwrap();
        assert_eq!(said, "1 user, 2 channels; listening on unix:/run/chat.sock, 127.0.0.1:6667");
        assert_eq!(status.news(2, 2, None, start + Duration::from_secs(1)), None);
        assert!(status.news(2, 2, None, start + EVERY).unwrap().starts_with("2 users, 2 channels;"));
        assert_eq!(status.news(2, 2, None, start + 3 * EVERY), None);
        let stalled = status.news(2, 2, Some("full"), start + 2 * EVERY).unwrap();
        assert_eq!(stalled, "Stands still, since nothing can be stored: full");
        assert!(!status.close() && status.close());
        assert_eq!(status.news(1, 1, None, start + 4 * EVERY), None);
    }
}
