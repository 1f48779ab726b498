//! Nothing is shown before it is stored: holds back what came of durable events until the journal has them.
//!
//! Groups are released in the order that they were submitted in. One without durable events is released at once
//! unless an earlier one is still held.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use chatd_core::{ConnId, Effect, Event, Stamp};

use crate::logging::{EventKind, log_failure};
use crate::mailbox::Mailbox;
use crate::metrics::Histogram;
use crate::store::Store;

/// Groups that may be on their way to the disk; then the core waits.
const HELD_MAX: usize = 256;

/// The outcome of one step.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) stamp: Stamp,
    pub(crate) events: Vec<Event>,
    /// Whether any of the events must be on disk before anybody sees an effect.
    pub(crate) durable: bool,
    pub(crate) effects: Vec<Effect>,
    /// Connections that the core was told are gone: nothing more will be sent to them.
    pub(crate) closed: Vec<ConnId>,
}

/// Where durable events go.
pub(crate) trait Journal: Send {
    /// Returns once the durable events of all these groups are on disk.
    fn store(&mut self, groups: &[Group]) -> io::Result<()>;
}

impl Journal for Store {
    fn store(&mut self, groups: &[Group]) -> io::Result<()> {
        let durable = groups.iter().filter(|group| group.durable);
        self.write(durable.flat_map(|group| group.events.iter().map(|event| (group.stamp, event))))
    }
}

/// Where groups go.
pub(crate) trait Release: Send + Sync + 'static {
    fn release(&self, group: Group);
}

/// The journal failed, so nothing more may be shown.
#[derive(Debug, thiserror::Error)]
#[error("what is said cannot be stored any more")]
pub(crate) struct JournalFailed;

#[derive(Debug)]
pub(crate) struct Commit<R> {
    release: Arc<R>,
    writer: Writer,
}

#[derive(Debug)]
struct Writer {
    /// Nothing, after the last group.
    held: Arc<Mailbox<Option<Group>>>,
    /// How many were submitted to the writer and are not released.
    outstanding: Arc<AtomicUsize>,
    thread: thread::JoinHandle<Result<(), JournalFailed>>,
}

impl<R: Release> Commit<R> {
    /// `latency` gets how long each write of the journal takes.
    pub(crate) fn new(release: Arc<R>, journal: Box<dyn Journal>, latency: &Histogram) -> io::Result<Self> {
        let writer = Writer::start(journal, Arc::clone(&release), latency.clone())?;
        Ok(Self { release, writer })
    }

    pub(crate) fn submit(&self, group: Group) -> Result<(), JournalFailed> {
        if self.writer.thread.is_finished() {
            return Err(JournalFailed);
        }
        if group.durable || self.writer.outstanding.load(Ordering::Acquire) > 0 {
            self.writer.outstanding.fetch_add(1, Ordering::AcqRel);
            self.writer.held.push_when_room(Some(group));
        } else {
            self.release.release(group);
        }
        Ok(())
    }

    /// Waits until all is stored and released, and lets the journal go.
    pub(crate) fn finish(self) -> Result<(), JournalFailed> {
        self.writer.held.push(None);
        self.writer.thread.join().unwrap_or(Err(JournalFailed))
    }
}

impl Writer {
    fn start<R: Release>(journal: Box<dyn Journal>, release: Arc<R>, latency: Histogram) -> io::Result<Self> {
        let held = Arc::new(Mailbox::new(HELD_MAX));
        let outstanding = Arc::new(AtomicUsize::new(0));
        let (inbox, count) = (Arc::clone(&held), Arc::clone(&outstanding));
        let thread = thread::Builder::new()
            .name("commit".into())
            .spawn(move || write_all(journal, &inbox, &count, &*release, &latency))?;
        Ok(Self { held, outstanding, thread })
    }
}

/// Writes whatever has gathered as one, until there is no more or writing fails.
fn write_all<R: Release>(
    mut journal: Box<dyn Journal>,
    held: &Mailbox<Option<Group>>,
    outstanding: &AtomicUsize,
    release: &R,
    latency: &Histogram,
) -> Result<(), JournalFailed> {
    let (mut taken, mut is_last) = (Vec::new(), false);
    while !is_last {
        held.take(&mut taken, None);
        is_last = taken.iter().any(Option::is_none);
        let groups: Vec<Group> = taken.drain(..).flatten().collect();
        if groups.iter().any(|group| group.durable) {
            let began = Instant::now();
            if let Err(error) = journal.store(&groups) {
                let what = "cannot store what was said; chatd stops, since nothing may be shown unstored";
                log_failure(EventKind::StoreFailed, what, &error);
                held.close();
                return Err(JournalFailed);
            }
            latency.observe(began.elapsed());
        }
        for group in groups {
            release.release(group);
            outstanding.fetch_sub(1, Ordering::AcqRel);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::metrics::Metrics;

    /// Tells when it is asked to store, and does so when it is let.
    struct Gated {
        asked: mpsc::Sender<Vec<u64>>,
        let_go: mpsc::Receiver<io::Result<()>>,
    }

    impl Journal for Gated {
        fn store(&mut self, groups: &[Group]) -> io::Result<()> {
            let durable = groups.iter().filter(|group| group.durable).map(|group| group.stamp.0);
            self.asked.send(durable.collect()).unwrap();
            self.let_go.recv().unwrap()
        }
    }

    struct Seen(mpsc::Sender<u64>);

    impl Release for Seen {
        fn release(&self, group: Group) {
            self.0.send(group.stamp.0).unwrap();
        }
    }

    struct Bench {
        metrics: Metrics,
        commit: Commit<Seen>,
        asked: mpsc::Receiver<Vec<u64>>,
        let_go: mpsc::Sender<io::Result<()>>,
        seen: mpsc::Receiver<u64>,
    }

    fn bench() -> Bench {
        let (asked_tx, asked) = mpsc::channel();
        let (let_go, let_go_rx) = mpsc::channel();
        let (seen_tx, seen) = mpsc::channel();
        let journal = Gated { asked: asked_tx, let_go: let_go_rx };
        let metrics = Metrics::new(0);
        let commit = Commit::new(Arc::new(Seen(seen_tx)), Box::new(journal), &metrics.commit).unwrap();
        Bench { metrics, commit, asked, let_go, seen }
    }

    fn group(number: u64, durable: bool) -> Group {
        Group { stamp: Stamp(number), events: Vec::new(), durable, effects: Vec::new(), closed: Vec::new() }
    }

    #[test]
    fn nothing_is_seen_before_it_is_stored_and_nothing_overtakes() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        assert_eq!(bench.asked.recv().unwrap(), [1]);
        bench.commit.submit(group(2, false)).unwrap();
        bench.commit.submit(group(3, true)).unwrap();
        bench.commit.submit(group(4, false)).unwrap();
        assert!(bench.seen.try_recv().is_err());
        bench.let_go.send(Ok(())).unwrap();
        assert_eq!(bench.seen.recv().unwrap(), 1);
        assert_eq!(bench.asked.recv().unwrap(), [3]);
        assert!(bench.seen.try_recv().is_err());
        bench.let_go.send(Ok(())).unwrap();
        assert_eq!(bench.seen.iter().take(3).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(bench.metrics.samples()["chatd_commit_seconds_count"], 2.0);
    }

    #[test]
    fn what_is_not_durable_is_released_at_once_when_nothing_is_held() {
        let bench = bench();
        bench.commit.submit(group(1, false)).unwrap();
        assert_eq!(bench.seen.try_recv().unwrap(), 1);
        assert!(bench.asked.try_recv().is_err());
    }

    #[test]
    fn at_the_end_all_is_stored_and_the_journal_let_go() {
        let Bench { commit, asked, let_go, seen, .. } = bench();
        commit.submit(group(1, true)).unwrap();
        let_go.send(Ok(())).unwrap();
        commit.finish().unwrap();
        assert_eq!(seen.recv().unwrap(), 1);
        assert_eq!(asked.iter().collect::<Vec<_>>(), [[1]], "the journal is gone");
    }

    #[test]
    fn after_a_failed_write_nothing_is_shown_any_more() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        bench.let_go.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        assert!(bench.commit.finish().is_err());
        assert!(bench.seen.try_recv().is_err());
    }

    #[test]
    fn submitting_after_a_failed_write_is_refused() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        bench.let_go.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        // The gate is dropped when the writer ends.
        while bench.asked.recv().is_ok() {}
        while !bench.commit.writer.thread.is_finished() {
            thread::yield_now();
        }
        assert!(bench.commit.submit(group(2, false)).is_err());
        assert!(bench.seen.try_recv().is_err());
    }
}
