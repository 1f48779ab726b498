//! Whether a thread gets anything done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the rounds of work that a thread has done.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
