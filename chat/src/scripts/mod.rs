//! For scripts: say something, list who is on, follow what is said; each with an exit status.

mod list;
mod send;
mod tail;

pub use list::list;
pub use send::send;
pub use tail::tail;

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};

use chat_proto::text::harmless_json;

use crate::failure::Failure;
use crate::link::{Access, Link};
use crate::session::{Event, Session, What};
use crate::settings::Settings;

/// The server has that long to let us in and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session that comes in as the settings say.
pub fn session(settings: &Settings) -> Session {
    let mut session = Session::new(&settings.name, &settings.login);
    session.enter_by(settings.entry.clone());
    if let Some(password) = &settings.server_password {
        session.give_server_password(password.clone());
    }
    session
}

/// A session with its connection, driven by asking for the next event.
struct Talk {
    session: Session,
    link: Link,
    events: VecDeque<Event>,
}

impl Talk {
    /// Comes to stay, as everybody who reads what others say should be seen to do.
    async fn begin(settings: &Settings) -> Result<Self, Failure> {
        Self::with(session(settings), settings).await
    }

    /// Comes to do something and go.
    async fn errand(settings: &Settings) -> Result<Self, Failure> {
        Self::with(session(settings).on_errand(), settings).await
    }

    /// Connects and waits until the server has let us in.
    async fn with(mut session: Session, settings: &Settings) -> Result<Self, Failure> {
        let link = Link::introduce(&settings.access).await?;
        session.set_way(link.access().way());
        session.open();
        let mut talk = Self { session, link, events: VecDeque::new() };
        let deadline = Instant::now() + PATIENCE;
        // Others may speak as soon as they see us come, which is before we are told that we are in.
        let mut early = VecDeque::new();
        loop {
            let event = talk.next(deadline).await?;
            match event.what {
                What::Welcome { .. } => break,
                What::Said { .. } | What::Announcement { .. } => early.push_back(event),
                _ => {}
            }
        }
        early.append(&mut talk.events);
        talk.events = early;
        Ok(talk)
    }

    /// The next event; an end of the connection is an error.
    async fn next(&mut self, deadline: Instant) -> Result<Event, Failure> {
        timeout_at(deadline, self.wait())
            .await
            .map_err(|_| Failure::Unreachable("the server doesn't answer".to_owned()))?
    }

    async fn wait(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return match event.what {
                    What::Closed { reason, .. } => Err(Failure::Refused(reason)),
                    What::Locked(locked) => Err(Failure::Refused(locked.in_a_line())),
                    _ => Ok(event),
                };
            }
            self.pump().await?;
        }
    }

    /// Waits until the server has answered everything; the events are kept.
    async fn settled(&mut self) -> Result<(), Failure> {
        while !self.session.is_settled() {
            let pumped = timeout(PATIENCE, self.pump()).await;
            pumped.map_err(|_| Failure::Unreachable("the server doesn't answer".to_owned()))??;
        }
        Ok(())
    }

    async fn pump(&mut self) -> Result<(), Failure> {
        let broken = |error| Failure::Unreachable(format!("the connection broke: {error}"));
        self.link.write(self.session.outgoing()).await.map_err(broken)?;
        match self.link.read().await.map_err(broken)? {
            Some(messages) => messages.iter().for_each(|message| self.session.receive(message)),
            None => return Err(self.closed()),
        }
        self.events.extend(self.session.events());
        match self.session.take_sts().and_then(|sts| self.link.heed(sts)) {
            Some(access) => self.move_to(&access).await,
            None => Ok(()),
        }
    }

    /// Begins anew where the server wants us.
    async fn move_to(&mut self, access: &Access) -> Result<(), Failure> {
        self.link = Link::introduce(access).await?;
        self.session.lost();
        self.session.set_way(access.way());
        self.session.open();
        Ok(())
    }

    fn closed(&self) -> Failure {
        let reason = self.events.iter().find_map(|event| match &event.what {
            What::Closed { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        reason.map_or_else(
            || Failure::Unreachable("the server closed the connection".to_owned()),
            Failure::Refused,
        )
    }

    /// Leaves. That the server may not wait for it to be read is no failure.
    async fn end(mut self) {
        self.session.quit(None);
        let _ = self.link.write(self.session.outgoing()).await;
        let goodbye = async { while let Ok(Some(_)) = self.link.read().await {} };
        let _ = timeout(Duration::from_secs(1), goodbye).await;
        self.link.close().await;
    }
}

/// Prints one object on a line of its own.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    use std::io::Write as _;
    let json = serde_json::to_string(value).map_err(|error| Failure::Refused(error.to_string()))?;
    writeln!(std::io::stdout(), "{}", harmless_json(&json)).map_err(Failure::Output)
}
