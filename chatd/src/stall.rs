//! While nothing can be stored, the chat stands still: nothing is decided that couldn't be shown.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Whether the chat stands still, and why.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stall(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    why: Mutex<Option<String>>,
    over: Condvar,
    /// The daemon is to stop, so nobody waits any longer.
    hopeless: AtomicBool,
}

impl Stall {
    pub(crate) fn begin(&self, why: &str) {
        *self.lock() = Some(why.to_owned());
    }

    pub(crate) fn end(&self) {
        *self.lock() = None;
        self.0.over.notify_all();
    }

    pub(crate) fn why(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Blocks the thread until the chat goes on.
    pub(crate) fn wait(&self) {
        let mut why = self.lock();
        while why.is_some() {
            why = self.0.over.wait(why).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn give_up(&self) {
        self.0.hopeless.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_hopeless(&self) -> bool {
        self.0.hopeless.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.why.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
