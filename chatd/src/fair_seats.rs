//! Places for slow work, shared fairly: whoever wants many of them waits behind the first of others' all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chatd_core::LimitKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(crate) struct FairSeats {
    all: Arc<Semaphore>,
    /// How many of one key have a place or stand in the queue for one; its further ones wait before that.
    share: usize,
    by_key: Mutex<HashMap<LimitKey, Arc<Semaphore>>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(crate) struct FairSeat {
    // In this order: others of the key come when the place is free.
    _seat: Option<OwnedSemaphorePermit>,
    _share: Option<OwnedSemaphorePermit>,
}

impl FairSeats {
    /// Nobody has more than half of them.
    pub(crate) fn new(count: usize) -> Self {
        let all = Arc::new(Semaphore::new(count));
        Self { all, share: count.div_ceil(2), by_key: Mutex::default() }
    }

    pub(crate) async fn acquire(&self, key: LimitKey) -> FairSeat {
        let own = self.of(key);
        // Neither is ever closed.
        let share = own.acquire_owned().await.ok();
        FairSeat { _seat: Arc::clone(&self.all).acquire_owned().await.ok(), _share: share }
    }

    fn of(&self, key: LimitKey) -> Arc<Semaphore> {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        by_key.retain(|_, own| Arc::strong_count(own) > 1);
        Arc::clone(by_key.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.share))))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// Takes a place, reports the key, and gives the place back.
    fn want(seats: &Arc<FairSeats>, key: LimitKey, seen: &mpsc::UnboundedSender<LimitKey>) {
        let (seats, seen) = (Arc::clone(seats), seen.clone());
        tokio::spawn(async move {
            let _seat = seats.acquire(key.clone()).await;
            seen.send(key).unwrap();
        });
    }

    #[tokio::test]
    async fn many_of_one_do_not_make_others_wait_for_all() {
        let seats = Arc::new(FairSeats::new(2));
        let (greedy, other) = (LimitKey::Uid(1), LimitKey::Uid(2));
        let taken = [seats.acquire(LimitKey::Uid(3)).await, seats.acquire(LimitKey::Uid(4)).await];
        let (seen, mut order) = mpsc::unbounded_channel();
        for _ in 0..10 {
            want(&seats, greedy.clone(), &seen);
        }
        want(&seats, other.clone(), &seen);
        tokio::task::yield_now().await;
        drop(taken);
        let first = [order.recv().await.unwrap(), order.recv().await.unwrap()];
        assert!(first.contains(&other), "{first:?}");
        for _ in 0..9 {
            assert_eq!(order.recv().await.unwrap(), greedy);
        }
    }

    #[tokio::test]
    async fn unused_keys_are_forgotten() {
        let seats = FairSeats::new(2);
        drop(seats.acquire(LimitKey::Uid(1)).await);
        let _seat = seats.acquire(LimitKey::Uid(2)).await;
        assert_eq!(seats.by_key.lock().unwrap().len(), 1);
    }
}
