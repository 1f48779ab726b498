//! Waiting at a shut door for the user's password.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::engine::Engine;
use crate::failure::Failure;
use crate::session::Locked;

/// How long the server may take to set a password, when we are about to leave.
const HASHING: Duration = Duration::from_secs(10);

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

    /// A password that is just being set: whoever leaves wants to know what has become of it, and the server drops what
    /// it does for those who are gone.
    pub(super) async fn await_password(&mut self) {
        if !self.client.session.awaits_password() || self.link.is_none() {
            return;
        }
        self.client.remark("waiting for the server's word on the password …");
        self.flush();
        let _ = timeout(HASHING, self.hear_of_password()).await;
        if self.client.session.awaits_password() {
            self.client.complain("no word from the server: whether the password counts will be seen");
        }
        self.flush();
    }

    async fn hear_of_password(&mut self) {
        while self.client.session.awaits_password()
            && let Some(link) = self.link.as_mut()
            && link.write(self.client.session.outgoing()).await.is_ok()
            && let Ok(Some(messages)) = link.read().await
        {
            messages.iter().for_each(|message| self.client.session.receive(message));
        }
    }

    /// The user has said how to come in.
    pub(super) fn come_in(&mut self) {
        self.due = self.not_before.take().map_or_else(Instant::now, |due| due.max(Instant::now()));
        if self.due > Instant::now() {
            self.client.remark("waiting until the server takes another attempt …");
        }
    }
}
