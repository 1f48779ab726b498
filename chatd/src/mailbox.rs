//! The queue between threads: many put in, one takes out all there is.
//!
//! Waking a thread costs more than most of what it is woken for. So [`Mailbox::send`] leaves waking to whoever
//! calls [`Mailbox::ring`] when there is nothing more to put in, and a thread that is awake isn't woken again.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// Items after which the taker is woken without waiting for [`Mailbox::ring`].
const RING_AT: usize = 64;

#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    filled: Condvar,
    emptied: Condvar,
    emptied_async: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    /// The taker sleeps and nobody has woken it yet.
    asleep: bool,
    /// Nobody takes any more; what is put in is dropped.
    closed: bool,
}

impl<T> Mailbox<T> {
    /// `capacity` bounds [`Mailbox::send`] and [`Mailbox::push_when_room`], not [`Mailbox::push`].
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { items: Vec::new(), asleep: false, closed: false }),
            capacity,
            filled: Condvar::new(),
            emptied: Condvar::new(),
            emptied_async: Notify::new(),
        }
    }

    /// Puts in at once, however full it is: for what is bounded otherwise and must not wait.
    pub(crate) fn push(&self, item: T) {
        self.put(self.lock(), item, 1);
    }

    /// As [`Mailbox::push`], and leaves the taker asleep: for what matters only once something else comes.
    pub(crate) fn push_quietly(&self, item: T) {
        self.put(self.lock(), item, usize::MAX);
    }

    /// Blocks the thread while it is full.
    pub(crate) fn push_when_room(&self, item: T) {
        let mut state = self.lock();
        while state.items.len() >= self.capacity && !state.closed {
            // It may be full of what was put in quietly.
            if std::mem::take(&mut state.asleep) {
                self.filled.notify_one();
            }
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.put(state, item, 1);
    }

    /// Puts in unless it is full; then the item comes back. The taker may sleep on until [`Mailbox::ring`].
    pub(crate) fn try_send(&self, item: T) -> Result<(), T> {
        let state = self.lock();
        if state.items.len() >= self.capacity && !state.closed {
            return Err(item);
        }
        self.put(state, item, RING_AT);
        Ok(())
    }

    /// As [`Mailbox::try_send`], but waits while it is full.
    pub(crate) async fn send(&self, mut item: T) {
        loop {
            let emptied = self.emptied_async.notified();
            item = match self.try_send(item) {
                Ok(()) => return,
                Err(item) => item,
            };
            // It must be emptied for us to go on, so it can't be left to the next ring.
            self.ring();
            emptied.await;
        }
    }

    /// Wakes the taker if there is anything to take.
    pub(crate) fn ring(&self) {
        let mut state = self.lock();
        if !state.items.is_empty() && std::mem::take(&mut state.asleep) {
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Takes all there is into the empty `into`, sleeping until there is something or `deadline` is over.
    pub(crate) fn take(&self, into: &mut Vec<T>, deadline: Option<Instant>) {
        let mut state = self.lock();
        while state.items.is_empty() && deadline.is_none_or(|at| Instant::now() < at) {
            state.asleep = true;
            state = self.sleep(state, deadline);
        }
        state.asleep = false;
        self.swap(state, into);
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.items = Vec::new();
        drop(state);
        self.emptied.notify_all();
        self.emptied_async.notify_waiters();
    }

    fn put(&self, mut state: MutexGuard<'_, State<T>>, item: T, ring_at: usize) {
        if state.closed {
            return;
        }
        state.items.push(item);
        if state.items.len() >= ring_at && std::mem::take(&mut state.asleep) {
            drop(state);
            self.filled.notify_one();
        }
    }

    fn sleep<'a>(
        &self,
        state: MutexGuard<'a, State<T>>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, State<T>> {
        let Some(deadline) = deadline else {
            return self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        self.filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }

    fn swap(&self, mut state: MutexGuard<'_, State<T>>, into: &mut Vec<T>) {
        debug_assert!(into.is_empty());
        let was_full = state.items.len() >= self.capacity;
        std::mem::swap(&mut state.items, into);
        drop(state);
        if was_full {
            self.emptied.notify_all();
            self.emptied_async.notify_waiters();
        }
    }

    /// A thread that panicked while holding the lock left the items as they were before or after its own one.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn taken(mailbox: &Mailbox<u32>) -> Vec<u32> {
        let mut items = Vec::new();
        mailbox.take(&mut items, None);
        items
    }

    #[test]
    fn items_come_out_in_the_order_they_were_put_in() {
        let mailbox = Mailbox::new(1);
        mailbox.push(1);
        mailbox.push_quietly(2);
        mailbox.push(3);
        assert_eq!(taken(&mailbox), [1, 2, 3]);
    }

    #[test]
    fn a_deadline_ends_the_sleep_with_nothing() {
        let mailbox = Mailbox::<u32>::new(1);
        let mut items = Vec::new();
        mailbox.take(&mut items, Some(Instant::now() + Duration::from_millis(1)));
        assert!(items.is_empty());
    }

    #[test]
    fn who_blocks_on_a_full_mailbox_goes_on_once_it_is_taken_from() {
        let mailbox = Arc::new(Mailbox::new(1));
        mailbox.push(1);
        let putting = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || mailbox.push_when_room(2))
        };
        let mut seen = taken(&mailbox);
        while seen.len() < 2 {
            seen.extend(taken(&mailbox));
        }
        putting.join().unwrap();
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn who_blocks_on_what_was_put_in_quietly_wakes_the_sleeping_taker() {
        let mailbox = Arc::new(Mailbox::new(1));
        let taking = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                while seen.len() < 2 {
                    seen.extend(taken(&mailbox));
                }
                seen
            })
        };
        while !mailbox.lock().asleep {
            std::thread::yield_now();
        }
        mailbox.push_quietly(1);
        mailbox.push_when_room(2);
        assert_eq!(taking.join().unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn who_awaits_room_wakes_the_sleeping_taker_and_goes_on() {
        let mailbox = Arc::new(Mailbox::new(1));
        let taking = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                while seen.len() < 3 {
                    seen.extend(taken(&mailbox));
                }
                seen
            })
        };
        for item in 1..=3 {
            mailbox.send(item).await;
        }
        mailbox.ring();
        assert_eq!(taking.join().unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_closed_mailbox_holds_nobody_up() {
        let mailbox = Mailbox::new(1);
        mailbox.push(1);
        mailbox.close();
        mailbox.send(2).await;
        mailbox.push_when_room(3);
        let mut items = Vec::new();
        mailbox.take(&mut items, Some(Instant::now()));
        assert!(items.is_empty());
    }
}
