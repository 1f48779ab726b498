//! Slow work, off the core's thread. A connection has at most one job under way, which bounds how many wait here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chat_proto::name::Nick;
use chatd_core::{
    AccountChecked, ConnId, Credentials, HistoryAnswer, HistoryQuery, Input, Job, JobDone, LimitKey, Made,
    OldPassword, Secret,
};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;

use crate::auth::hashing::Hashing;
use crate::auth::login::{self, Login};
use crate::auth::{credentials, password};
use crate::egress::Order;
use crate::fair_seats::FairSeats;
use crate::mailbox::Mailbox;
use crate::store::{Archive, Cancelled};

/// Look-ups at once; a remote user database answers them in its own time.
const LOOKUPS_MAX: usize = 8;
/// Readers of the history at once.
const READERS_MAX: usize = 4;
/// Searches at once, which may take long; they keep nobody from reading.
const SEARCHES_MAX: usize = 2;

#[derive(Debug)]
pub(crate) struct Jobs {
    runtime: Handle,
    core: Arc<Mailbox<Input>>,
    workers: Arc<Workers>,
    /// What is under way or waits for its turn.
    started: Arc<Mutex<Started>>,
}

#[derive(Debug)]
struct Workers {
    egress: Arc<Mailbox<Order>>,
    core: Arc<Mailbox<Input>>,
    hashing: Arc<Hashing>,
    lookups: Arc<Semaphore>,
    readers: FairSeats,
    searches: FairSeats,
    archive: Arc<Archive>,
}

impl Jobs {
    pub(crate) fn new(
        runtime: Handle,
        core: Arc<Mailbox<Input>>,
        egress: Arc<Mailbox<Order>>,
        hashing: Arc<Hashing>,
        archive: Arc<Archive>,
    ) -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS_MAX));
        let (readers, searches) = (FairSeats::new(READERS_MAX), FairSeats::new(SEARCHES_MAX));
        let workers =
            Workers { egress, core: Arc::clone(&core), hashing, lookups, readers, searches, archive };
        Self { runtime, core, workers: Arc::new(workers), started: Arc::default() }
    }

    pub(crate) fn start(&self, conn: ConnId, job: Job) {
        let (core, started) = (Arc::clone(&self.core), Arc::clone(&self.started));
        let workers = Arc::clone(&self.workers);
        let cancelled = Cancelled::default();
        let under_way = cancelled.clone();
        // Held until it is entered, so that it cannot be over before.
        let mut entered = lock(&self.started);
        let task = self.runtime.spawn(async move {
            let done = workers.perform(conn, job, under_way).await;
            lock(&started).remove(&conn);
            core.push(Input::JobDone { conn, done });
        });
        entered.insert(conn, Task { handle: task.abort_handle(), cancelled });
    }

    /// The connection is gone, and with it who waits for the outcome: what has not begun never will,
    /// and the history is read no further.
    pub(crate) fn cancel(&self, conn: ConnId) {
        if let Some(task) = lock(&self.started).remove(&conn) {
            task.cancelled.set();
            task.handle.abort();
        }
    }
}

type Started = HashMap<ConnId, Task>;

#[derive(Debug)]
struct Task {
    handle: AbortHandle,
    cancelled: Cancelled,
}

fn lock(started: &Mutex<Started>) -> MutexGuard<'_, Started> {
    started.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workers {
    async fn perform(&self, conn: ConnId, job: Job, cancelled: Cancelled) -> JobDone {
        match job {
            Job::CheckPassword { hash, password } => {
                self.hash(move || JobDone::PasswordChecked {
                    matches: password::matches(&hash.0, &password.0),
                })
                .await
            }
            Job::CheckAccount { credentials, password } => self.hash(|| check(credentials, password)).await,
            Job::MakeCredentials { unless_login: Some(name), .. } if self.is_login(name.clone()).await => {
                JobDone::CredentialsMade { made: Made::IsLogin, old: None }
            }
            Job::MakeCredentials { password, old, .. } => {
                self.hash(move || {
                    let made = make(&password, old.as_deref());
                    JobDone::CredentialsMade { made, old: old.map(|old| Box::new(old.credentials)) }
                })
                .await
            }
            Job::GoOn { after } => {
                if after > 0 {
                    tokio::time::sleep(Duration::from_millis(after)).await;
                }
                self.room(conn).await;
                JobDone::GoOn
            }
            Job::LookUpLogin { name } => self.look_up(name).await,
            Job::History { query, by } => {
                self.room(conn).await;
                JobDone::History(self.read(conn, query, by, cancelled).await)
            }
        }
    }

    /// Who asks for much at once gets as much as it reads, and is not cut off for what it has asked for itself.
    async fn room(&self, conn: ConnId) {
        let (tell, told) = oneshot::channel();
        self.egress.push(Order::WhenRoom { conn, tell });
        // An error says that it is gone.
        let _ = told.await;
    }

    async fn hash(&self, work: impl FnOnce() -> JobDone + Send + 'static) -> JobDone {
        self.hashing.for_user(work).await.unwrap_or(JobDone::NotDone)
    }

    async fn read(
        &self,
        conn: ConnId,
        query: Box<HistoryQuery>,
        by: LimitKey,
        cancelled: Cancelled,
    ) -> HistoryAnswer {
        let is_search = matches!(*query, HistoryQuery::Search(_));
        let seats = if is_search { &self.searches } else { &self.readers };
        let seat = seats.acquire(by).await;
        let archive = Arc::clone(&self.archive);
        let core = Arc::clone(&self.core);
        let read = move || {
            let began = Instant::now();
            let answer = archive.ask(&query, &cancelled);
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            core.push_quietly(Input::Worked { conn, nanos });
            drop(seat);
            answer
        };
        tokio::task::spawn_blocking(read).await.unwrap_or(HistoryAnswer::Failed)
    }

    async fn look_up(&self, name: Nick) -> JobDone {
        let login = self.login(name).await;
        JobDone::LoginLookedUp { exists: login.is_some(), uid: login.and_then(|login| login.uid) }
    }

    async fn is_login(&self, name: Nick) -> bool {
        self.login(name).await.is_some()
    }

    /// If it cannot be found out the name counts as a login: nobody speaks under another's name.
    async fn login(&self, name: Nick) -> Option<Login> {
        let seat = Arc::clone(&self.lookups).acquire_owned().await;
        let look_up = move || {
            let found = login::by_name(&name);
            drop(seat);
            found
        };
        tokio::task::spawn_blocking(look_up).await.unwrap_or(Some(Login { uid: None }))
    }
}

fn check(against: Option<Box<Credentials>>, password: Secret) -> JobDone {
    let outcome = credentials::check(against.as_deref(), &password.0);
    let renewed = outcome.renewed.map(Box::new);
    JobDone::AccountChecked(Box::new(AccountChecked { matches: outcome.matches, renewed, against, password }))
}

fn make(password: &Secret, old: Option<&OldPassword>) -> Made {
    if old.is_some_and(|old| !credentials::check(Some(&old.credentials), &old.password.0).matches) {
        return Made::WrongOld;
    }
    credentials::make(&password.0).map_or(Made::Failed, |made| Made::Credentials(Box::new(made)))
}

#[cfg(test)]
mod tests {
    use chatd_core::{ChannelId, MessageId, PasswordHash, Place, Scope, Search};

    use super::*;

    fn jobs(core: &Arc<Mailbox<Input>>) -> Jobs {
        let nowhere = Arc::new(Archive::of_no_database());
        let (core, egress) = (Arc::clone(core), Arc::new(Mailbox::new(8)));
        Jobs::new(Handle::current(), core, egress, Arc::new(Hashing::start().unwrap()), nowhere)
    }

    async fn outcome(job: Job) -> JobDone {
        let core = Arc::new(Mailbox::new(8));
        jobs(&core).start(ConnId { slot: 0, generation: 1 }, job);
        let taking = tokio::task::spawn_blocking(move || {
            let mut inputs = Vec::new();
            core.take(&mut inputs, None);
            inputs.pop()
        });
        let Some(Input::JobDone { done, .. }) = taking.await.unwrap() else { panic!("no outcome") };
        done
    }

    #[tokio::test]
    async fn a_password_is_checked_against_its_hash() {
        let hash = PasswordHash(password::hash("right", password::Cost::Low).unwrap().into());
        for (given, matches) in [("right", true), ("wrong", false)] {
            let job = Job::CheckPassword { hash: hash.clone(), password: given.into() };
            assert_eq!(outcome(job).await, JobDone::PasswordChecked { matches });
        }
    }

    #[tokio::test]
    async fn a_login_of_the_host_is_found() {
        let name = Nick::new("root").unwrap();
        assert_eq!(
            outcome(Job::LookUpLogin { name }).await,
            JobDone::LoginLookedUp { exists: true, uid: Some(0) }
        );
    }

    #[tokio::test]
    async fn what_a_closed_connection_waited_for_is_never_begun() {
        let core = Arc::new(Mailbox::new(8));
        let jobs = jobs(&core);
        let lookups = &jobs.workers.lookups;
        let seats = u32::try_from(lookups.available_permits()).unwrap();
        let taken = Arc::clone(lookups).acquire_many_owned(seats).await.unwrap();
        let look_up = || Job::LookUpLogin { name: Nick::new("root").unwrap() };
        let (gone, here) = (ConnId { slot: 0, generation: 1 }, ConnId { slot: 1, generation: 1 });
        jobs.start(gone, look_up());
        jobs.start(here, look_up());
        jobs.cancel(gone);
        drop(taken);
        let inputs = tokio::task::spawn_blocking(move || {
            let mut inputs = Vec::new();
            core.take(&mut inputs, None);
            inputs
        });
        let inputs = inputs.await.unwrap();
        assert!(matches!(inputs[..], [Input::JobDone { conn, .. }] if conn == here), "{inputs:?}");
        assert!(lock(&jobs.started).is_empty());
    }

    #[tokio::test]
    async fn whoever_searches_keeps_nobody_from_reading() {
        let core = Arc::new(Mailbox::new(8));
        let jobs = jobs(&core);
        let seat = |uid| jobs.workers.searches.acquire(LimitKey::Uid(uid));
        let searching = [seat(1).await, seat(2).await];
        let search = Search {
            scope: Scope::Place(Place::Channel(ChannelId(1))),
            words: Vec::new(),
            from: None,
            after: None,
            before: None,
            limit: 1,
            since: 0,
        };
        let (searcher, reader) = (ConnId { slot: 0, generation: 1 }, ConnId { slot: 1, generation: 1 });
        let ask = |query| Job::History { query: Box::new(query), by: LimitKey::Uid(3) };
        jobs.start(searcher, ask(HistoryQuery::Search(Box::new(search))));
        jobs.start(reader, ask(HistoryQuery::Message(MessageId { start: 1, number: 1 })));
        let egress = Arc::clone(&jobs.workers.egress);
        let inputs = tokio::task::spawn_blocking(move || {
            let (mut orders, mut inputs, mut taken) = (0, Vec::new(), Vec::new());
            while orders < 2 {
                let mut some = Vec::new();
                egress.take(&mut some, None);
                orders += some.len();
            }
            while !inputs.iter().any(|input| matches!(input, Input::JobDone { .. })) {
                core.take(&mut taken, None);
                inputs.append(&mut taken);
            }
            inputs
        });
        let inputs = inputs.await.unwrap();
        let are_the_readers = matches!(inputs[..], [Input::Worked { conn: one, .. }, Input::JobDone { conn: other, .. }]
                if one == reader && other == reader);
        assert!(are_the_readers, "{inputs:?}");
        drop(searching);
    }
}
