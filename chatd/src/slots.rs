//! Gives out connection ids: small slots that are used again under a new generation.

use std::sync::{Mutex, PoisonError};

use chatd_core::ConnId;

#[derive(Debug, Default)]
pub(crate) struct Slots {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    free: Vec<ConnId>,
    used: u32,
}

impl Slots {
    pub(crate) fn take(&self) -> ConnId {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.free.pop().unwrap_or_else(|| {
            let slot = inner.used;
            inner.used += 1;
            ConnId { slot, generation: 1 }
        })
    }

    /// Only once nothing that knows the id is left.
    pub(crate) fn give_back(&self, conn: ConnId) {
        // Zero is never given out: it marks a vacant slot.
        let generation = conn.generation.checked_add(1).unwrap_or(1);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.free.push(ConnId { generation, ..conn });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_again_under_another_generation() {
        let slots = Slots::default();
        let (first, second) = (slots.take(), slots.take());
        assert_ne!(first.slot, second.slot);
        slots.give_back(first);
        let again = slots.take();
        assert_eq!(again.slot, first.slot);
        assert_ne!(again.generation, first.generation);
    }
}
