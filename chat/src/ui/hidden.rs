//! What is typed without being seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustyline::{KeyCode, KeyEvent, Modifiers};

use crate::secret::Secret;

/// What is typed without being seen. rustyline knows nothing of it: neither its line nor its ring of deleted words.
#[derive(Default)]
pub(super) struct Hidden {
    on: AtomicBool,
    secret: Mutex<Secret>,
}

impl Hidden {
    pub(super) fn begin(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
        self.take();
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) -> Secret {
        std::mem::take(&mut self.secret.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn press(&self, key: KeyEvent) {
        let mut secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        match key {
            KeyEvent(KeyCode::Char(character), Modifiers::NONE | Modifiers::SHIFT) => secret.push(character),
            KeyEvent(KeyCode::Backspace, _) => secret.pop(),
            KeyEvent(KeyCode::Char('U' | 'W'), Modifiers::CTRL) => *secret = Secret::default(),
            _ => {}
        }
    }
}
