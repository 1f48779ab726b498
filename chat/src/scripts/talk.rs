//! A session with its connection, for those who do one thing after another.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::time::Duration;

use chat_proto::message::Message;
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::backoff::Backoff;
use crate::failure::Failure;
use crate::link::{Access, Link, noticed};
use crate::scripts::door::Door;
use crate::scripts::{PATIENCE, note, note_to_terminal, session};
use crate::session::{Event, Locked, Session, What};
use crate::settings::Settings;

/// Silence after which the server is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(30);
/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// So long a server may take for a line: no flood control is slower.
const PER_LINE: Duration = Duration::from_secs(1);

/// A session with its connection, driven by asking for the next event.
pub(super) struct Talk {
    pub session: Session,
    link: Link,
    access: Access,
    /// How long the server may be silent while it is to answer.
    patience: Duration,
    /// When something was last received.
    pub heard: Instant,
    pub events: VecDeque<Event>,
    /// Why the server didn't let us in.
    locked: Option<Locked>,
}

impl Talk {
    /// Comes to stay, as everybody who reads what others say should be seen to do.
    pub async fn begin(settings: &Settings) -> Result<Self, Failure> {
        Self::with(session(settings), settings, PATIENCE).await
    }

    /// Comes to do something and go.
    pub async fn errand(settings: &Settings) -> Result<Self, Failure> {
        Self::errand_within(settings, PATIENCE).await
    }

    /// The same, while the server may take so long for each step.
    pub async fn errand_within(settings: &Settings, patience: Duration) -> Result<Self, Failure> {
        Self::with(session(settings).on_errand(), settings, patience).await
    }

    /// From now on the server may be silent for so long while it is to answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Connects and waits until the server has let us in, with what somebody at the terminal types if need be.
    async fn with(session: Session, settings: &Settings, patience: Duration) -> Result<Self, Failure> {
        let access = settings.access.clone();
        let link = Link::introduce(&access, patience, |_| ()).await?;
        let mut talk = Self {
            session,
            link,
            access,
            patience,
            heard: Instant::now(),
            events: VecDeque::new(),
            locked: None,
        };
        let mut door = Door::default();
        loop {
            let waiting = talk.access.silence();
            let entered = noticed(talk.enter(patience), || note_to_terminal(&format!("waiting: {waiting}")));
            let Err(failure) = entered.await else { return Ok(talk) };
            let locked = talk.locked.take().ok_or(failure)?;
            talk.session.lost();
            door.open(&mut talk.session, &locked)?;
            talk.link = Link::connect_within(&talk.access, patience).await?;
        }
    }

    /// Introduces us and waits until the server has let us in.
    async fn enter(&mut self, patience: Duration) -> Result<(), Failure> {
        self.events.clear();
        self.session.set_way(self.link.access().way());
        self.session.open();
        let deadline = Instant::now() + patience;
        // Others may speak as soon as they see us come, which is before we are told that we are in.
        let mut early = VecDeque::new();
        loop {
            let event = self.next(deadline).await?;
            match event.what {
                What::Welcome { .. } => break,
                What::Said { .. } | What::Announcement { .. } => early.push_back(event),
                _ => {}
            }
        }
        early.append(&mut self.events);
        self.events = early;
        Ok(())
    }

    /// Comes back after the connection was lost, and says so on standard error. Tries for as long as it takes.
    ///
    /// # Errors
    /// The server doesn't let us in any more.
    pub async fn come_back(&mut self, why: &Failure) -> Result<(), Failure> {
        let mut backoff = Backoff::new();
        let mut said = why.to_string();
        note(&format!("{said}; connecting again …"));
        loop {
            self.drop_link();
            sleep(backoff.next()).await;
            match Link::connect_within(&self.access, PATIENCE).await {
                Ok(link) => self.link = link,
                Err(Failure::Unreachable(_)) => continue,
                // Another certificate, for one: it may be put right.
                Err(failure) => {
                    if said != failure.to_string() {
                        said = failure.to_string();
                        note(&said);
                    }
                    continue;
                }
            }
            match self.enter(PATIENCE).await {
                Err(Failure::Unreachable(_)) => {}
                Err(refused) => return Err(refused),
                Ok(()) => {
                    note("connected again");
                    return Ok(());
                }
            }
        }
    }

    /// The same without a word, and for no longer than `outage` since it `began`.
    ///
    /// # Errors
    /// It takes too long, the server doesn't let us in any more, or something that was said can't be said again.
    pub async fn come_back_within(
        &mut self,
        outage: Duration,
        began: Instant,
        why: Failure,
    ) -> Result<(), Failure> {
        let mut backoff = Backoff::new();
        loop {
            if self.drop_link() {
                return Err(why);
            }
            let wait = backoff.next();
            if began.elapsed() + wait > outage {
                return Err(why);
            }
            sleep(wait).await;
            match Link::connect_within(&self.access, outage.saturating_sub(began.elapsed())).await {
                Ok(link) => self.link = link,
                Err(Failure::Unreachable(_)) => continue,
                Err(failure) => return Err(failure),
            }
            match self.enter(outage.saturating_sub(began.elapsed())).await {
                Err(Failure::Unreachable(_)) => {}
                result => return result,
            }
        }
    }

    /// The connection is gone. Whether something was said that may or may not have arrived, and is given up.
    fn drop_link(&mut self) -> bool {
        self.session.lost();
        self.session.events().iter().any(|event| matches!(event.what, What::Unsure { .. }))
    }

    /// The next event; an end of the connection is an error.
    pub async fn next(&mut self, deadline: Instant) -> Result<Event, Failure> {
        timeout_at(deadline, self.wait()).await.map_err(|_| Failure::Unreachable(self.access.silence()))?
    }

    pub async fn wait(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return match event.what {
                    What::Closed { reason, last } => Err(ended(&reason, last)),
                    What::Locked(locked) => {
                        let refused = Failure::Refused(locked.in_a_line());
                        self.locked = Some(locked);
                        Err(refused)
                    }
                    _ => Ok(event),
                };
            }
            self.pump().await?;
        }
    }

    /// Waits until the server has answered everything; the events are kept.
    pub async fn settled(&mut self) -> Result<(), Failure> {
        while !self.session.is_settled() {
            let lines = u32::try_from(self.session.unanswered()).unwrap_or(u32::MAX);
            let pumped = timeout(self.patience + PER_LINE * lines, self.pump()).await;
            pumped.map_err(|_| Failure::Unreachable(self.access.silence()))??;
            self.closed().map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// Keeps the connection until `done` is; what others say meanwhile is dropped.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn idle_until<T>(&mut self, done: impl Future<Output = T>) -> Result<T, Failure> {
        let mut done = pin!(done);
        loop {
            self.write().await?;
            tokio::select! {
                biased;
                value = &mut done => return Ok(value),
                read = self.link.read() => self.take(read).await?,
                () = sleep(IDLE) => {
                    self.session.place_fence();
                    self.settled().await?;
                }
            }
            self.closed().map_or(Ok(()), Err)?;
            self.events.clear();
        }
    }

    async fn pump(&mut self) -> Result<(), Failure> {
        self.write().await?;
        let read = self.link.read().await;
        self.take(read).await
    }

    async fn write(&mut self) -> Result<(), Failure> {
        self.link.write(self.session.outgoing()).await.map_err(|error| broken(&error))
    }

    async fn take(&mut self, read: io::Result<Option<Vec<Message>>>) -> Result<(), Failure> {
        match read.map_err(|error| broken(&error))? {
            Some(messages) => {
                self.heard = Instant::now();
                messages.iter().for_each(|message| self.session.receive(message));
            }
            None => {
                let unknown = || Failure::Unreachable("the server closed the connection".to_owned());
                return Err(self.closed().unwrap_or_else(unknown));
            }
        }
        self.session.tick(Timestamp::now());
        self.events.extend(self.session.events());
        match self.session.take_sts().and_then(|sts| self.link.heed(sts)) {
            Some(access) => self.move_to(access).await,
            None => Ok(()),
        }
    }

    /// Begins anew where the server wants us.
    async fn move_to(&mut self, access: Access) -> Result<(), Failure> {
        self.link = Link::introduce(&access, self.patience, |_| ()).await?;
        self.access = access;
        self.session.lost();
        self.session.set_way(self.access.way());
        self.session.open();
        Ok(())
    }

    /// The server's own word for why, if it has said one.
    fn closed(&self) -> Option<Failure> {
        self.events.iter().find_map(|event| match &event.what {
            What::Closed { reason, last } => Some(ended(reason, *last)),
            _ => None,
        })
    }

    /// Leaves. That the server may not wait for it to be read is no failure.
    pub async fn end(mut self) {
        self.session.quit(None);
        let lines = self.session.outgoing();
        let goodbye = async {
            let _ = self.link.write(lines).await;
            while let Ok(Some(_)) = self.link.read().await {}
        };
        let _ = timeout(GOODBYE, goodbye).await;
        let _ = timeout(GOODBYE, self.link.close()).await;
    }
}

fn broken(error: &io::Error) -> Failure {
    Failure::Unreachable(format!("the connection broke: {error}"))
}

/// Why the server has ended the connection: it doesn't want us, or it is going away itself.
fn ended(reason: &str, last: bool) -> Failure {
    let going = reason.to_ascii_lowercase().contains("shutting down");
    if last && !going {
        Failure::Refused(reason.to_owned())
    } else {
        Failure::Unreachable(format!("disconnected: {reason}"))
    }
}
