//! Tells systemd how the daemon is. Without systemd nothing happens.

use sd_notify::NotifyState;

pub(crate) fn ready(listeners: &[String]) {
    notify(&[NotifyState::Ready, NotifyState::Status(&format!("Listening on {}", listeners.join(", ")))]);
}

pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

pub(crate) fn reloaded() {
    notify(&[NotifyState::Ready]);
}

pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("Telling users and closing connections")]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell systemd how chatd is");
    }
}
