//! What each key alone can't tell: values that don't go together.

use serde_spanned::Spanned;

use super::listener::{Listener, Place};
use chat_wording::Mistake;

use super::place::wrong;
use super::raw::Raw;

/// For a complete file.
pub(super) fn check(raw: &Raw, listeners: &[Listener], metrics: &[Place]) -> Result<(), Mistake> {
    admin_socket(raw, listeners)?;
    metrics_places(raw, listeners, metrics)?;
    operators(raw)
}

fn admin_socket(raw: &Raw, listeners: &[Listener]) -> Result<(), Mistake> {
    let Some(socket) = &raw.admin.socket else { return Ok(()) };
    let clashes = |listener: &&Listener| match &listener.place {
        Place::Unix { path, .. } => *path == socket.get_ref().0,
        Place::Tcp { .. } => false,
    };
    match listeners.iter().find(clashes) {
        Some(Listener { place, .. }) => {
            let message =
                format!("users are listened to at {place}: expected another path for administrators");
            Err(wrong(socket.span(), message))
        }
        None => Ok(()),
    }
}

fn metrics_places(raw: &Raw, listeners: &[Listener], metrics: &[Place]) -> Result<(), Mistake> {
    let span = raw.metrics.as_ref().map(Spanned::span).unwrap_or_default();
    let socket = raw.admin.socket.as_ref().map(|socket| socket.get_ref().0.clone());
    let admin = socket.map(|path| Place::Unix { path, mode: 0 });
    let taken = listeners.iter().map(|listener| &listener.place).chain(&admin);
    for place in taken {
        if metrics.iter().any(|metrics| metrics.clashes(place)) {
            let message = format!("something else is at {place}: expected another place for metrics");
            return Err(wrong(span, message));
        }
    }
    Ok(())
}

fn operators(raw: &Raw) -> Result<(), Mistake> {
    for (index, operator) in raw.operator.iter().enumerate() {
        let name = &operator.get_ref().name.0;
        if raw.operator[..index].iter().any(|other| other.get_ref().name.0 == *name) {
            return Err(wrong(
                operator.span(),
                format!("a second operator {name:?}: expected each name once"),
            ));
        }
    }
    Ok(())
}
