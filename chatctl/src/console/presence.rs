//! Whether it is still the same chatd.

use std::time::Duration;

use chat_proto::admin::{DaemonStatus, StatusRequest};

use crate::client::Connector;
use crate::output::time;

/// The command that follows has the patience to find out what is wrong.
const PATIENCE: Duration = Duration::from_millis(500);

/// Which chatd was last seen.
#[derive(Default)]
pub(super) struct Presence {
    seen: Option<(u32, u64)>,
}

impl Presence {
    /// What to tell when it is another process than before.
    pub(super) fn news(&mut self, connector: &Connector) -> Option<String> {
        let reply = connector.hurried(PATIENCE).call(&StatusRequest {}).ok()?;
        self.changed(&reply.status.daemon)
    }

    fn changed(&mut self, daemon: &DaemonStatus) -> Option<String> {
        let now = (daemon.pid, daemon.started_at);
        let before = self.seen.replace(now)?;
        let ago = time::since(daemon.started_at);
        (before != now)
            .then(|| format!("chatd {} was started anew {ago} ago, pid {}", daemon.version, daemon.pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_told_once() {
        let daemon = |pid| DaemonStatus { pid, version: "1.2.3".into(), ..DaemonStatus::default() };
        let mut presence = Presence::default();
        let told = [1, 1, 2, 2].map(|pid| presence.changed(&daemon(pid)).is_some());
        assert_eq!(told, [false, false, true, false]);
    }
}
