//! Waiting at a shut door for the user's password.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::session::Locked;

impl Engine {
    /// There is no use in the connection while the user is asked.
    pub(super) fn wait_for_login(&mut self, locked: &Locked) -> Result<(), Failure> {
        if !self.settings.can_ask {
            return Err(Failure::Refused(locked.in_a_line()));
        }
        let now = Instant::now();
        self.link = None;
        self.client.session.lost();
        self.not_before = locked.wait.map(|seconds| now + Duration::from_secs(seconds));
        if self.client.takes_entry() {
            self.come_in();
        } else {
            self.prompt_due = self.prompt_due.map(|_| now);
        }
        Ok(())
    }

    /// The user has said how to come in.
    pub(super) fn come_in(&mut self) {
        self.due = self.not_before.take().map_or_else(Instant::now, |due| due.max(Instant::now()));
        if self.due > Instant::now() {
            self.client.remark("waiting until the server takes another attempt …");
        }
    }
}
