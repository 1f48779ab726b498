//! Nothing is shown before it is stored: holds back what came of durable events until the journal has them.
//!
//! Groups are released in the order that they were submitted in. One without durable events is released at once
//! unless an earlier one is still held. Whatever has gathered while the disk was busy is stored as one, so that many
//! share the time that the disk takes.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatd_core::{ConnId, Effect, Event, Now};

use crate::in_flight::InFlightPermit;
use crate::logging::{EventKind, Fields, log_failure};
use crate::mailbox::Mailbox;
use crate::metrics::StoreMetrics;
use crate::pulse::Pulse;
use crate::stall::Stall;
use crate::store::{Chore, Chores, Store, WriteError};

/// Groups that may be on their way to the disk; then the core waits.
const HELD_MAX: usize = 256;
/// How often it is tried again to store what could not be stored.
const RETRY: Duration = Duration::from_millis(500);
/// How long that goes on.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether what was stored is still there, when nothing is to be stored.
const CHECK: Duration = Duration::from_millis(500);
/// How often the journal is looked after, at least, however much there is to store.
const REST: Duration = Duration::from_secs(1);

/// The outcome of one step.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) events: Vec<(Now, Event)>,
    /// Whether any of the events must be on disk before anybody sees an effect.
    pub(crate) durable: bool,
    pub(crate) effects: Vec<Effect>,
    /// Connections that the core was told are gone: nothing more will be sent to them.
    pub(crate) closed: Vec<ConnId>,
    /// For what it has for the sockets.
    pub(crate) in_flight: InFlightPermit,
}

/// Where durable events go.
pub(crate) trait Journal: Send {
    /// Returns once the durable events of all these groups are on disk.
    fn store(&mut self, groups: &[Group]) -> Result<(), WriteError>;

    /// Returns whether what was stored is where the next start will look for it.
    fn check(&mut self) -> Result<(), WriteError>;

    /// Looks after itself, for a few milliseconds, and returns whether to do so again in a second; called about once a
    /// second while there is something to store, and once after.
    fn rest(&mut self, metrics: &StoreMetrics) -> bool;
    /// Something else that is done where it is written.
    fn perform(&mut self, chore: Chore);

    /// Ends it in order, whether it has failed or not.
    fn close(self: Box<Self>);
}

impl Journal for Store {
    fn store(&mut self, groups: &[Group]) -> Result<(), WriteError> {
        let durable = groups.iter().filter(|group| group.durable);
        self.write(durable.flat_map(|group| group.events.iter().map(|(now, event)| (now.wall, event))))
    }

    fn check(&mut self) -> Result<(), WriteError> {
        self.check_lock()?;
        Self::check(self)
    }

    fn rest(&mut self, metrics: &StoreMetrics) -> bool {
        let again = self.tidy();
        if let Ok((messages, size)) = self.measure() {
            metrics.holds(messages, size);
        }
        again
    }

    fn perform(&mut self, chore: Chore) {
        chore(self);
    }

    fn close(self: Box<Self>) {
        Self::close(*self);
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

/// What the writer is handed.
enum Held {
    Group(Group),
    /// Waits until what has gathered for the chat is written.
    Chore(Chore),
    /// No more groups come.
    End,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::Chore(_) => f.write_str("Chore"),
            Self::End => f.write_str("End"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Commit<R> {
    release: Arc<R>,
    stall: Stall,
    writer: Writer,
}

#[derive(Debug)]
struct Writer {
    held: Arc<Mailbox<Held>>,
    /// How many were submitted to the writer and are not released.
    outstanding: Arc<AtomicUsize>,
    thread: thread::JoinHandle<Result<(), JournalFailed>>,
}

/// Who is told how it goes.
#[derive(Debug, Clone)]
pub(crate) struct Observers {
    pub(crate) metrics: StoreMetrics,
    /// The core may have to wait for the writer, which is alive for it then.
    pub(crate) pulse: Pulse,
    pub(crate) stall: Stall,
}

impl<R: Release> Commit<R> {
    pub(crate) fn new(release: Arc<R>, journal: Box<dyn Journal>, observers: Observers) -> io::Result<Self> {
        let stall = observers.stall.clone();
        let writer = Writer::start(journal, Arc::clone(&release), observers)?;
        Ok(Self { release, stall, writer })
    }

    /// Returns how long it had to wait.
    pub(crate) fn submit(&self, group: Group) -> Result<Duration, JournalFailed> {
        if self.writer.thread.is_finished() {
            return Err(JournalFailed);
        }
        if !group.durable && self.writer.outstanding.load(Ordering::Acquire) == 0 {
            self.release.release(group);
            return Ok(Duration::ZERO);
        }
        let began = Instant::now();
        self.stall.wait();
        self.writer.outstanding.fetch_add(1, Ordering::AcqRel);
        self.writer.held.push_when_room(Held::Group(group));
        Ok(began.elapsed())
    }

    /// Where other work for the journal is handed in. After the end it is dropped.
    pub(crate) fn chores(&self) -> Chores {
        let held = Arc::clone(&self.writer.held);
        Chores::new(move |chore| held.push(Held::Chore(chore)))
    }

    /// Waits until all is stored and released, and lets the journal go.
    pub(crate) fn finish(self) -> Result<(), JournalFailed> {
        self.writer.held.push(Held::End);
        self.writer.thread.join().unwrap_or(Err(JournalFailed))
    }
}

impl Writer {
    fn start<R: Release>(
        journal: Box<dyn Journal>,
        release: Arc<R>,
        observers: Observers,
    ) -> io::Result<Self> {
        let held = Arc::new(Mailbox::new(HELD_MAX));
        let outstanding = Arc::new(AtomicUsize::new(0));
        let mut work = Work { journal, observers, release, outstanding: Arc::clone(&outstanding) };
        let inbox = Arc::clone(&held);
        let thread = thread::Builder::new().name("commit".into()).spawn(move || {
            let outcome = work.write_all(&inbox);
            inbox.close();
            // Whoever waits finds that the thread is gone.
            work.observers.stall.end();
            work.journal.close();
            outcome
        })?;
        Ok(Self { held, outstanding, thread })
    }
}

/// What the writing thread works with.
struct Work<R> {
    journal: Box<dyn Journal>,
    observers: Observers,
    release: Arc<R>,
    outstanding: Arc<AtomicUsize>,
}

impl<R: Release> Work<R> {
    /// Writes whatever has gathered as one, until there is no more or writing fails.
    fn write_all(&mut self, held: &Mailbox<Held>) -> Result<(), JournalFailed> {
        let (mut taken, mut groups, mut chores) = (Vec::new(), Vec::new(), Vec::new());
        let mut is_last = false;
        // Nothing, while there is nothing new to look after.
        let mut rest_at = Some(Instant::now());
        let mut check_at = Instant::now() + CHECK;
        while !is_last {
            held.take(&mut taken, Some(rest_at.map_or(check_at, |at| at.min(check_at))));
            if check_at <= Instant::now() {
                self.until_done(|journal| journal.check())?;
                check_at = Instant::now() + CHECK;
            }
            for item in taken.drain(..) {
                match item {
                    Held::Group(group) => groups.push(group),
                    Held::Chore(chore) => chores.push(chore),
                    Held::End => is_last = true,
                }
            }
            if groups.iter().any(|group| group.durable) {
                self.store(&groups)?;
                let _ = rest_at.get_or_insert_with(|| Instant::now() + REST);
            }
            for group in groups.drain(..) {
                self.release.release(group);
                self.outstanding.fetch_sub(1, Ordering::AcqRel);
            }
            if !chores.is_empty() {
                let _ = rest_at.get_or_insert_with(|| Instant::now() + REST);
            }
            chores.drain(..).filter(|_| !is_last).for_each(|chore| self.journal.perform(chore));
            if rest_at.is_some_and(|at| at <= Instant::now()) {
                let again = self.journal.rest(&self.observers.metrics);
                rest_at = again.then(|| Instant::now() + REST);
            }
        }
        Ok(())
    }

    fn store(&mut self, groups: &[Group]) -> Result<(), JournalFailed> {
        let took = self.until_done(|journal| journal.store(groups))?;
        self.observers.metrics.commit.observe(took);
        Ok(())
    }

    /// Tries again while it fails for now, for two minutes; the chat stands still meanwhile. Returns how long it took.
    fn until_done(
        &mut self,
        attempt: impl Fn(&mut dyn Journal) -> Result<(), WriteError>,
    ) -> Result<Duration, JournalFailed> {
        let began = Instant::now();
        let mut outcome = attempt(&mut *self.journal);
        if let Err(WriteError::ForNow(error)) = &outcome {
            let what =
                "cannot store what was said; nothing more is shown, and chatd tries again for two minutes";
            log_failure(EventKind::StoreFailed, what, error);
            self.observers.metrics.stalled(true);
            self.observers.stall.begin(&error.to_string());
        }
        while matches!(outcome, Err(WriteError::ForNow(_)))
            && began.elapsed() < PATIENCE
            && !self.observers.stall.is_hopeless()
        {
            self.observers.metrics.failures.inc();
            self.observers.pulse.beat();
            thread::sleep(RETRY);
            outcome = attempt(&mut *self.journal);
        }
        self.stored(began, outcome)
    }

    fn stored(&self, began: Instant, outcome: Result<(), WriteError>) -> Result<Duration, JournalFailed> {
        let Observers { metrics, stall, .. } = &self.observers;
        if let Err(WriteError::ForNow(error) | WriteError::ForGood(error)) = outcome {
            let what = "cannot store what was said; chatd stops, since nothing may be shown unstored";
            log_failure(EventKind::StoreFailed, what, &error);
            return Err(JournalFailed);
        }
        if stall.why().is_some() {
            let seconds = began.elapsed().as_secs();
            let fields = Fields::default();
            EventKind::StoreRecovered.log(
                &fields,
                format_args!("what was said is stored, after {seconds} seconds of trying; the chat goes on"),
            );
            metrics.stalled(false);
            stall.end();
        }
        Ok(began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::metrics::Metrics;

    /// Tells when it is asked to store, and does so when it is let.
    struct Gated {
        asked: mpsc::Sender<Vec<u32>>,
        let_go: mpsc::Receiver<Result<(), WriteError>>,
    }

    impl Journal for Gated {
        fn store(&mut self, groups: &[Group]) -> Result<(), WriteError> {
            let durable = groups.iter().filter(|group| group.durable).map(number);
            self.asked.send(durable.collect()).unwrap();
            self.let_go.recv().unwrap()
        }

        fn check(&mut self) -> Result<(), WriteError> {
            Ok(())
        }

        fn rest(&mut self, _: &StoreMetrics) -> bool {
            false
        }

        fn close(self: Box<Self>) {}

        fn perform(&mut self, _: Chore) {
            self.asked.send(Vec::new()).unwrap();
        }
    }

    struct Seen(mpsc::Sender<u32>);

    impl Release for Seen {
        fn release(&self, group: Group) {
            self.0.send(number(&group)).unwrap();
        }
    }

    struct Bench {
        metrics: Metrics,
        observers: Observers,
        commit: Commit<Seen>,
        asked: mpsc::Receiver<Vec<u32>>,
        let_go: mpsc::Sender<Result<(), WriteError>>,
        seen: mpsc::Receiver<u32>,
    }

    fn bench() -> Bench {
        let (asked_tx, asked) = mpsc::channel();
        let (let_go, let_go_rx) = mpsc::channel();
        let (seen_tx, seen) = mpsc::channel();
        let journal = Gated { asked: asked_tx, let_go: let_go_rx };
        let metrics = Metrics::new(0);
        let (pulse, stall) = (Pulse::default(), Stall::default());
        let observers = Observers { metrics: metrics.store.clone(), pulse, stall };
        let commit = Commit::new(Arc::new(Seen(seen_tx)), Box::new(journal), observers.clone()).unwrap();
        Bench { metrics, observers, commit, asked, let_go, seen }
    }

    fn group(number: u32, durable: bool) -> Group {
        // The groups of these tests are told apart by it.
        let closed = vec![ConnId { slot: number, generation: 1 }];
        let (events, effects, in_flight) = (Vec::new(), Vec::new(), InFlightPermit::default());
        Group { events, durable, effects, closed, in_flight }
    }

    fn number(group: &Group) -> u32 {
        group.closed[0].slot
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
    fn a_chore_waits_for_what_the_chat_has_gathered_and_is_dropped_after_the_end() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        assert_eq!(bench.asked.recv().unwrap(), [1]);
        let chores = bench.commit.chores();
        chores.hand_in(Box::new(|_| ()));
        bench.commit.submit(group(2, true)).unwrap();
        bench.let_go.send(Ok(())).unwrap();
        assert_eq!(bench.asked.recv().unwrap(), [2]);
        bench.let_go.send(Ok(())).unwrap();
        assert!(bench.asked.recv().unwrap().is_empty(), "the chore comes last");
        bench.commit.finish().unwrap();
        let (dropped, told) = mpsc::channel::<()>();
        chores.hand_in(Box::new(move |_| drop(dropped)));
        assert!(told.recv().is_err());
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
        bench.let_go.send(Err(WriteError::ForGood(io::ErrorKind::InvalidData.into()))).unwrap();
        assert!(bench.commit.finish().is_err());
        assert!(bench.seen.try_recv().is_err());
    }

    #[test]
    fn submitting_after_a_failed_write_is_refused() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        bench.let_go.send(Err(WriteError::ForGood(io::ErrorKind::InvalidData.into()))).unwrap();
        // The gate is dropped when the writer ends.
        while bench.asked.recv().is_ok() {}
        while !bench.commit.writer.thread.is_finished() {
            thread::yield_now();
        }
        assert!(bench.commit.submit(group(2, false)).is_err());
        assert!(bench.seen.try_recv().is_err());
    }

    fn full() -> Result<(), WriteError> {
        Err(WriteError::ForNow(io::ErrorKind::StorageFull.into()))
    }

    #[test]
    fn while_the_disk_is_full_nothing_is_shown_and_the_core_waits_and_lives() {
        let bench = bench();
        bench.commit.submit(group(1, true)).unwrap();
        bench.let_go.send(full()).unwrap();
        bench.let_go.send(full()).unwrap();
        for _ in 0..3 {
            assert_eq!(bench.asked.recv().unwrap(), [1], "it is tried again");
        }
        let Observers { stall, pulse, metrics } = &bench.observers;
        assert!(stall.why().is_some() && pulse.count() > 0);
        assert_eq!(bench.metrics.samples()["chatd_store_stalled"], 1.0);
        assert_eq!(metrics.failures.get(), 2);
        assert!(bench.seen.try_recv().is_err());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| bench.commit.submit(group(2, false)));
            assert!(bench.seen.try_recv().is_err());
            bench.let_go.send(Ok(())).unwrap();
            waiting.join().unwrap().unwrap();
        });
        assert_eq!(bench.seen.iter().take(2).collect::<Vec<_>>(), [1, 2]);
        assert!(stall.why().is_none());
        assert_eq!(bench.metrics.samples()["chatd_store_stalled"], 0.0);
    }

    #[test]
    fn who_is_to_stop_waits_for_room_no_longer() {
        let Bench { observers, commit, asked, let_go, seen, .. } = bench();
        observers.stall.give_up();
        commit.submit(group(1, true)).unwrap();
        let_go.send(full()).unwrap();
        assert!(commit.finish().is_err());
        assert!(seen.try_recv().is_err() && asked.iter().count() == 1 && observers.stall.why().is_none());
    }
}
