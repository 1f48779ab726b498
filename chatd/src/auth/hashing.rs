//! Threads that do nothing but hash passwords: so many and no more, whoever asks, since one hash takes a processor for tens of
//! milliseconds and 19 MiB.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Threads for those who log in: one for each processor, and at most so many, since each keeps its memory as long as it is busy.
const THREADS_MAX: usize = 8;
/// Those who may wait for their turn at once. With more nobody would be served in time.
const WAITING_MAX: usize = 2048;

/// Why a password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotHashed {
    #[error("too many passwords wait to be hashed")]
    TooMany,
    #[error("the password could not be hashed")]
    Failed,
}

#[derive(Debug)]
pub(crate) struct Hashing {
    /// Never absent before the end. It serves for its threads only: those that have nothing to do end, and with them goes their memory.
    threads: Option<Runtime>,
    users: Arc<Semaphore>,
    /// Administrators wait for each other, not behind all who are logging in.
    administrators: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Hashing {
    /// # Errors
    /// The system gives it nothing to wait with.
    pub(crate) fn start() -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        Self::with(processors, WAITING_MAX)
    }

    fn with(threads: usize, waiting: usize) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(threads + 1).thread_name("hashing").build()?;
        Ok(Self {
            threads: Some(runtime),
            users: Arc::new(Semaphore::new(threads)),
            administrators: Arc::new(Semaphore::new(1)),
            waiting: Semaphore::new(waiting),
        })
    }

    /// Does the work of somebody who logs in when its turn comes; if this is dropped before that, it never will.
    pub(crate) async fn for_user<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let _place = self.waiting.try_acquire().map_err(|_| NotHashed::TooMany)?;
        self.perform(Arc::clone(&self.users).acquire_owned().await.ok(), work).await
    }

    pub(crate) async fn for_administrator<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        self.perform(Arc::clone(&self.administrators).acquire_owned().await.ok(), work).await
    }

    async fn perform<T: Send + 'static>(
        &self,
        seat: Option<OwnedSemaphorePermit>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let threads = self.threads.as_ref().ok_or(NotHashed::Failed)?;
        // Whoever gives up waiting for the outcome has not made room for another.
        let done = threads.spawn_blocking(move || {
            let done = work();
            drop(seat);
            done
        });
        done.await.map_err(|_| NotHashed::Failed)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_refused_and_administrators_are_not() {
        let hashing = Arc::new(Hashing::with(1, 2).unwrap());
        let (release, released) = mpsc::channel::<()>();
        let busy = hashing.for_user(move || released.recv());
        let waits = hashing.for_user(|| 2);
        let attempts = async {
            assert_eq!(hashing.for_user(|| 3).await, Err(NotHashed::TooMany));
            assert_eq!(hashing.for_administrator(|| 4).await, Ok(4));
            release.send(()).unwrap();
        };
        let (busy, waited, ()) = tokio::join!(busy, waits, attempts);
        assert!(busy.is_ok());
        assert_eq!(waited, Ok(2));
        assert_eq!(hashing.for_user(|| 5).await, Ok(5));
    }

    #[tokio::test]
    async fn work_that_breaks_down_is_not_done_and_the_next_is() {
        let hashing = Hashing::with(1, 2).unwrap();
        assert_eq!(hashing.for_user(|| panic!("on purpose")).await, Err::<(), _>(NotHashed::Failed));
        assert_eq!(hashing.for_user(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn who_gives_up_leaves_no_second_one_beside_the_work_under_way() {
        let hashing = Hashing::with(1, 5).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        {
            let busy = hashing.for_user(move || {
                let _ = begun.send(());
                released.recv()
            });
            tokio::select! {
                _ = busy => panic!("it waits"),
                _ = begins => {}
            }
        }
        assert_eq!(hashing.users.available_permits(), 0);
        release.send(()).unwrap();
        assert_eq!(hashing.for_user(|| 1).await, Ok(1));
    }
}
