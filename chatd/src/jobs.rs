//! Slow work, off the core's thread. A connection has at most one job under way, which bounds how many wait here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use chat_proto::name::Nick;
use chatd_core::{ConnId, Input, Job, JobDone, Made, OldPassword, Secret};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::auth::{credentials, login, password};
use crate::mailbox::Mailbox;

/// Look-ups at once; a remote user database answers them in its own time.
const LOOKUPS_MAX: usize = 8;

#[derive(Debug)]
pub(crate) struct Jobs {
    runtime: Handle,
    core: Arc<Mailbox<Input>>,
    /// One hash takes a processor and tens of mebibytes.
    hashing: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    /// What is under way or waits for its turn.
    started: Arc<Mutex<Started>>,
}

impl Jobs {
    pub(crate) fn new(runtime: Handle, core: Arc<Mailbox<Input>>) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            runtime,
            core,
            hashing: Arc::new(Semaphore::new(processors)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            started: Arc::default(),
        }
    }

    pub(crate) fn start(&self, conn: ConnId, job: Job) {
        let seats = match job {
            Job::CheckPassword { .. } | Job::CheckAccount { .. } | Job::MakeCredentials { .. } => {
                Arc::clone(&self.hashing)
            }
            Job::LookUpLogin { .. } => Arc::clone(&self.lookups),
        };
        let (core, started) = (Arc::clone(&self.core), Arc::clone(&self.started));
        // Held until it is entered, so that it cannot be over before.
        let mut entered = lock(&self.started);
        let task = self.runtime.spawn(async move {
            let _seat = seats.acquire_owned().await;
            let refusal = refusal(&job);
            let done = tokio::task::spawn_blocking(move || perform(&job)).await.unwrap_or(refusal);
            lock(&started).remove(&conn);
            core.push(Input::JobDone { conn, done });
        });
        entered.insert(conn, task.abort_handle());
    }

    /// The connection is gone, and with it who waits for the outcome: what has not begun never will.
    pub(crate) fn cancel(&self, conn: ConnId) {
        if let Some(task) = lock(&self.started).remove(&conn) {
            task.abort();
        }
    }
}

type Started = HashMap<ConnId, AbortHandle>;

fn lock(started: &Mutex<Started>) -> MutexGuard<'_, Started> {
    started.lock().unwrap_or_else(PoisonError::into_inner)
}

fn perform(job: &Job) -> JobDone {
    match job {
        Job::CheckPassword { hash, password } => {
            JobDone::PasswordChecked { matches: password::matches(&hash.0, &password.0) }
        }
        Job::CheckAccount { credentials, password } => {
            let outcome = credentials::check(credentials.as_deref(), &password.0);
            JobDone::AccountChecked { matches: outcome.matches, renewed: outcome.renewed.map(Box::new) }
        }
        Job::MakeCredentials { password, old, unless_login } => {
            JobDone::CredentialsMade(make(password, old.as_deref(), unless_login.as_ref()))
        }
        Job::LookUpLogin { name } => JobDone::LoginLookedUp { exists: login::exists(name) },
    }
}

fn make(password: &Secret, old: Option<&OldPassword>, unless_login: Option<&Nick>) -> Made {
    if unless_login.is_some_and(login::exists) {
        return Made::IsLogin;
    }
    if old.is_some_and(|old| !credentials::check(Some(&old.credentials), &old.password.0).matches) {
        return Made::WrongOld;
    }
    credentials::make(&password.0).map_or(Made::Failed, |made| Made::Credentials(Box::new(made)))
}

/// The outcome when the work itself broke down: nobody gets in by that.
fn refusal(job: &Job) -> JobDone {
    match job {
        Job::CheckPassword { .. } => JobDone::PasswordChecked { matches: false },
        Job::CheckAccount { .. } => JobDone::AccountChecked { matches: false, renewed: None },
        Job::MakeCredentials { .. } => JobDone::CredentialsMade(Made::Failed),
        Job::LookUpLogin { .. } => JobDone::LoginLookedUp { exists: true },
    }
}

#[cfg(test)]
mod tests {
    use chatd_core::PasswordHash;

    use super::*;

    async fn outcome(job: Job) -> JobDone {
        let core = Arc::new(Mailbox::new(8));
        Jobs::new(Handle::current(), Arc::clone(&core)).start(ConnId { slot: 0, generation: 1 }, job);
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
        assert_eq!(outcome(Job::LookUpLogin { name }).await, JobDone::LoginLookedUp { exists: true });
    }

    #[tokio::test]
    async fn what_a_closed_connection_waited_for_is_never_begun() {
        let core = Arc::new(Mailbox::new(8));
        let jobs = Jobs::new(Handle::current(), Arc::clone(&core));
        let seats = u32::try_from(jobs.lookups.available_permits()).unwrap();
        let taken = Arc::clone(&jobs.lookups).acquire_many_owned(seats).await.unwrap();
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
}
