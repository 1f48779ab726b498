//! The interactive program: waits for the server, the user, the clock and signals, and lets the client act.

mod login;
mod outage;

use std::io::IsTerminal as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::address::Address;
use crate::alive::{Act, Alive};
use crate::backoff::Backoff;
use crate::client::{Client, Manner};
use crate::engine::outage::Outage;
use crate::errors;
use crate::failure::Failure;
use crate::link::{Access, Link};
use crate::places::Places;
use crate::scripts;
use crate::session::What;
use crate::settings::Settings;
use crate::theme::Palette;
use crate::ui::{self, Feel, Screen, Typed};
use crate::words::Words;

/// How long the server may take to let us in, and an attempt to reach it.
const ANSWER: Duration = Duration::from_secs(30);
/// How long the answer to a JOIN or PART may hold up the next prompt.
const MOVING: Duration = Duration::from_secs(3);
/// How long the server may take to say goodbye, and be silent while it takes what a pipe wanted to say.
const GOODBYE: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_secs(30);

/// Talks until the user leaves.
///
/// # Errors
/// There is no server, or it doesn't let us in, or it throws us out.
pub async fn run(settings: Settings) -> Result<(), Failure> {
    let slow = |address: &Address| {
        if settings.terminal {
            eprintln!("{}", errors::wrapped(&format!("connecting to {address} …"), errors::columns()));
        }
    };
    let link = Link::introduce(&settings.access, ANSWER, slow).await?;
    let words = Arc::new(Mutex::new(Words::default()));
    let (sender, typed) = mpsc::channel(16);
    let feel = Feel {
        terminal: settings.terminal,
        palette: if settings.terminal { settings.palette } else { Palette::None },
        history: settings.history.clone(),
    };
    let end = ui::start(feel, Arc::clone(&words), sender)?;
    let mut engine = Engine::new(settings, end.screen(), words, typed)?;
    engine.up(link);
    let result = engine.run().await;
    let result = match result {
        Ok(()) => engine.say_goodbye().await,
        Err(failure) => {
            engine.wait_for_editor().await;
            Err(failure)
        }
    };
    engine.flush();
    result
}

struct Engine {
    settings: Settings,
    client: Client,
    screen: Screen,
    words: Arc<Mutex<Words>>,
    typed: mpsc::Receiver<Typed>,
    signals: [Signal; 5],
    link: Option<Link>,
    alive: Alive,
    connecting: Option<Connecting>,
    failed: Option<Failure>,
    backoff: Backoff,
    outage: Option<Outage>,
    /// When to try to connect, while there is no connection.
    due: Instant,
    /// The server takes no attempt to log in before.
    not_before: Option<Instant>,
    /// The user waits for the next prompt, until then at most.
    prompt_due: Option<Instant>,
    /// The input has ended; waits for what is still under way, until then at most.
    ending: Option<Instant>,
}

impl Engine {
    fn new(
        settings: Settings,
        screen: Screen,
        words: Arc<Mutex<Words>>,
        typed: mpsc::Receiver<Typed>,
    ) -> Result<Self, Failure> {
        let manner = Manner {
            times: settings.times,
            notify: settings.notify,
            tmux: settings.tmux,
            fold: settings.fold && !settings.json,
            json: settings.json,
            prompt: settings.terminal,
        };
        let session = scripts::session(&settings);
        // A pipe wants to hear what is said now.
        let session = if settings.can_ask && !settings.json { session.with_replay() } else { session };
        let Access { address, plain, .. } = &settings.access;
        let path = settings.places.clone().filter(|_| settings.can_ask && !settings.json);
        let places = path.map(|path| Places::load(path, &address.to_string(), &settings.name));
        let channels = places.iter().flat_map(Places::channels).map(str::to_owned).collect();
        let session = session.returning_to(channels);
        let plain = if *plain { " --insecure-plain" } else { "" };
        let server = (!settings.access.is_local()).then(|| format!("{address}{plain}"));
        Ok(Self {
            client: Client::new(session, manner, jiff::tz::TimeZone::system())
                .at(server)
                .on(host_name())
                .showing(settings.access.shown())
                .greeting(settings.is_first_time())
                .remembering(places),
            settings,
            screen,
            words,
            typed,
            signals: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::quit())?,
                signal(SignalKind::from_raw(nix::sys::signal::SIGCONT as i32))?,
            ],
            link: None,
            alive: Alive::new(Instant::now()),
            connecting: None,
            failed: None,
            backoff: Backoff::new(),
            outage: None,
            due: Instant::now() + ANSWER,
            not_before: None,
            prompt_due: None,
            ending: None,
        })
    }

    async fn run(&mut self) -> Result<(), Failure> {
        loop {
            if self.client.is_leaving() {
                self.end_input();
            }
            self.advance().await?;
            if self.is_done() {
                return Ok(());
            }
            self.screen.room().await;
            let folded = self.folded_until();
            let [terminate, hangup, interrupt, quit, resume] = &mut self.signals;
            let due = match self.link {
                Some(_) => self.alive.due(),
                None if self.client.is_at_door() => Instant::now() + ANSWER,
                None => self.due,
            };
            let wake = [Some(due), self.prompt_due, self.ending, folded].into_iter().flatten().min();
            tokio::select! {
                read = read(self.link.as_mut()) => self.received(read),
                typed = self.typed.recv(), if self.ending.is_none() => self.did(typed.unwrap_or(Typed::End)),
                connected = connected(self.connecting.as_mut()) => self.connected(connected),
                () = sleep_until(wake.unwrap_or(due)) => self.timed().await,
                _ = terminate.recv() => return Ok(()),
                _ = hangup.recv() => return Ok(()),
                _ = interrupt.recv() => if self.screen.has_keyboard() { return Ok(()) },
                _ = resume.recv() => self.screen.resume(),
                _ = quit.recv() => if self.screen.has_keyboard() { return Ok(()) },
            }
        }
    }

    /// Who is writing in an editor isn't thrown out of it.
    async fn wait_for_editor(&mut self) {
        self.link = None;
        let [terminate, hangup, ..] = &mut self.signals;
        tokio::select! {
            () = self.screen.returned() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    /// Hands on what the last step brought about.
    async fn advance(&mut self) -> Result<(), Failure> {
        let locked = self.client.session.locked().cloned();
        let lines = self.client.session.outgoing();
        let sent = match self.link.as_mut() {
            Some(link) if !lines.is_empty() => {
                self.alive.sent(Instant::now());
                link.write(lines).await
            }
            _ => Ok(()),
        };
        if sent.is_err() {
            self.hear_the_rest().await;
        }
        let closed = self.client.session.closed().cloned();
        self.flush();
        if let Some(locked) = locked {
            self.wait_for_login(&locked)?;
        }
        if let Some(failure) = self.client.take_failure() {
            return Err(Failure::Refused(failure));
        }
        if let Some(What::Closed { reason, last: true }) = closed {
            return if self.client.is_leaving() {
                Ok(())
            } else {
                Err(Failure::Refused(format!("disconnected: {reason}")))
            };
        }
        if closed.is_some() && self.link.is_some() {
            self.down(None);
        } else if sent.is_err() {
            self.down(Some("the connection broke"));
        }
        self.let_type();
        self.failed.take().map_or(Ok(()), Err)
    }

    fn flush(&mut self) {
        self.client.heard(Timestamp::now());
        // Who sees a name can complete it.
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = self.client.words();
        self.screen.show(&self.client.shows());
    }

    fn received(&mut self, read: Read) {
        match read {
            Ok(Some(messages)) => {
                self.alive.heard(Instant::now());
                self.ending = self.ending.map(|_| Instant::now() + self.patience());
                for message in messages {
                    self.client.session.receive(&message);
                }
                if self.client.session.is_ready() {
                    self.backoff.reset();
                    self.outage = None;
                }
                self.heed_sts();
            }
            Ok(None) => self.down(Some("the server closed the connection")),
            Err(error) => self.down(Some(&format!("the connection broke: {error}"))),
        }
    }

    /// A program that was stopped, or slept with the machine, may find the time up and the answer there.
    async fn look_once_more(&mut self) {
        match timeout(GOODBYE, read(self.link.as_mut())).await {
            Ok(read) => self.received(read),
            Err(_) => self.down(Some(&self.settings.access.silence())),
        }
    }

    /// Takes what came before the end of a connection that takes nothing any more: what was said until then, and why we were
    /// let go.
    async fn hear_the_rest(&mut self) {
        let Some(link) = self.link.as_mut() else { return };
        let rest = async {
            while let Ok(Some(messages)) = link.read().await {
                messages.iter().for_each(|message| self.client.session.receive(message));
            }
        };
        let _ = timeout(GOODBYE, rest).await;
    }

    /// Goes where the server wants to be reached by TLS.
    fn heed_sts(&mut self) {
        let Some(sts) = self.client.session.take_sts() else { return };
        if let Some(access) = self.link.as_mut().and_then(|link| link.heed(sts)) {
            self.link = None;
            self.client.session.lost();
            self.settings.access = access;
            self.connect();
        }
    }

    fn did(&mut self, typed: Typed) {
        match typed {
            Typed::Line { text, prompt } => {
                self.client.fits(self.screen.columns());
                self.client.entered(&text, prompt);
                self.prompt_due = Some(Instant::now() + MOVING);
            }
            Typed::Secret(answer) => {
                self.client.whispered(answer);
                self.prompt_due = Some(Instant::now() + MOVING);
            }
            Typed::Interrupt { dropped } => {
                self.client.interrupted(dropped);
                self.prompt_due = Some(Instant::now());
            }
            Typed::End => {
                // A terminal that is gone was looked at by nobody.
                if std::io::stdin().is_terminal() {
                    self.client.saw();
                }
                self.end_input();
            }
            Typed::Unprintable(error) => self.failed = Some(Failure::Output(error)),
        }
        if self.client.takes_entry() {
            self.come_in();
        }
    }

    /// Nothing more will be said; what was said may still be under way.
    fn end_input(&mut self) {
        if self.ending.is_none() {
            self.client.session.place_fence();
            self.ending = Some(Instant::now() + self.patience());
        }
    }

    async fn timed(&mut self) {
        let now = Instant::now();
        if self.prompt_due.is_some_and(|due| due <= now) {
            self.client.stop_moving();
        }
        if self.link.is_some() {
            self.mind_the_silence(now).await;
        } else if now >= self.due && !self.client.is_at_door() {
            self.connect();
        }
    }

    async fn mind_the_silence(&mut self, now: Instant) {
        match self.alive.act(now) {
            Some(Act::Ask) => self.client.session.ping(),
            Some(Act::Worry(silence)) if self.outage.is_none() => {
                self.client.remark(&format!("no answer from the server for {} s …", silence.as_secs()));
            }
            Some(Act::GiveUp) => self.look_once_more().await,
            Some(Act::Worry(_)) | None => {}
        }
    }

    fn connect(&mut self) {
        let access = self.settings.access.clone();
        self.connecting = Some(Box::pin(async move { Link::connect(&access).await }));
        self.due = Instant::now() + ANSWER;
    }

    fn up(&mut self, link: Link) {
        self.client.session.set_way(link.access().way());
        self.link = Some(link);
        self.alive = Alive::new(Instant::now());
        self.client.session.open();
        // The first prompt comes when we are in.
        if !self.client.session.was_ready() {
            self.prompt_due = Some(Instant::now() + ANSWER);
        }
    }

    fn down(&mut self, why: Option<&str>) {
        if let Some(link) = self.link.take() {
            link.note_tls_only();
        }
        if self.client.is_leaving() {
            self.ending = Some(Instant::now());
            return;
        }
        self.client.session.lost();
        self.client.heard(Timestamp::now());
        if !self.client.session.was_ready() {
            let why = why.unwrap_or("the server doesn't let us in");
            self.failed = Some(Failure::Unreachable(why.to_owned()));
            return;
        }
        self.wait_to_connect(why);
    }

    fn connected(&mut self, result: Result<Link, Failure>) {
        self.connecting = None;
        match result {
            Ok(link) => self.up(link),
            Err(failure) if !self.client.session.was_ready() => self.failed = Some(failure),
            Err(failure) => self.try_again(&failure),
        }
    }

    /// Gives the next prompt once the last line is dealt with.
    fn let_type(&mut self) {
        let session = &self.client.session;
        let starting = !session.was_ready() && !self.client.is_at_door();
        let late = self.prompt_due.is_some_and(|due| due <= Instant::now());
        if self.prompt_due.is_some() && (late || !(starting || self.client.is_moving())) {
            self.prompt_due = None;
            self.screen.ask(self.client.prompt());
        } else if self.prompt_due.is_none()
            && let Some(prompt) = self.client.newer_prompt()
        {
            self.screen.renew(prompt);
        }
    }

    /// When those who came and went are told of.
    fn folded_until(&self) -> Option<Instant> {
        let wait = self.client.due()?.duration_since(Timestamp::now());
        Some(Instant::now() + wait.try_into().unwrap_or_default())
    }

    /// Whoever types sees what is still under way; a pipe wants all of it to arrive.
    fn patience(&self) -> Duration {
        if self.settings.terminal { Duration::ZERO } else { SETTLE }
    }

    fn is_done(&self) -> bool {
        self.ending.is_some_and(|until| self.client.session.is_settled() || until <= Instant::now())
    }

    /// Leaves properly, if there is a connection to leave.
    async fn say_goodbye(&mut self) -> Result<(), Failure> {
        self.await_password().await;
        let settled = self.settings.terminal || self.client.session.is_settled();
        let farewell = self.client.farewell().map(str::to_owned);
        self.client.mark_last();
        self.client.session.quit(farewell.as_deref());
        if let Some(link) = self.link.as_mut() {
            let goodbye = async {
                let _ = link.write(self.client.session.outgoing()).await;
                while let Ok(Some(messages)) = link.read().await {
                    messages.iter().for_each(|message| self.client.session.receive(message));
                }
            };
            let _ = timeout(GOODBYE, goodbye).await;
            link.close().await;
        }
        // The farewell to ourselves is no news.
        self.client.session.events();
        if settled {
            Ok(())
        } else {
            Err(Failure::Unreachable("the server has not taken everything".to_owned()))
        }
    }
}

/// What this host calls itself, if a command line may have it.
fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (!name.is_empty() && !name.starts_with('-') && name.chars().all(is_harmless)).then_some(name)
}

type Connecting = Pin<Box<dyn Future<Output = Result<Link, Failure>>>>;
type Read = std::io::Result<Option<Vec<chat_proto::message::Message>>>;

async fn read(link: Option<&mut Link>) -> Read {
    match link {
        Some(link) => link.read().await,
        None => std::future::pending().await,
    }
}

async fn connected(attempt: Option<&mut Connecting>) -> Result<Link, Failure> {
    match attempt {
        Some(attempt) => attempt.await,
        None => std::future::pending().await,
    }
}
