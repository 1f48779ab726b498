//! `chat tail`: what is said, until interrupted.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::render::{Renderer, View};
use crate::scripts::{Talk, print_json};
use crate::session::{Event, What};
use crate::settings::Settings;

/// Messages that are remembered.
const SEEN: usize = 1000;
/// Silence after which the server is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(30);

/// Prints what is said in the channel, or in all of ours; comes back when the connection breaks.
///
/// # Errors
/// The server can't be reached at first, refuses us or the channel, or nobody takes the output.
pub async fn tail(settings: &Settings, channel: Option<&str>) -> Result<(), Failure> {
    let mut talk = Talk::begin(settings).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        result = follow(&mut talk, settings, channel) => return result,
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
    }
    talk.end().await;
    Ok(())
}

async fn follow(talk: &mut Talk, settings: &Settings, channel: Option<&str>) -> Result<(), Failure> {
    if let Some(channel) = channel.filter(|channel| !talk.session.is_in(channel)) {
        talk.session.join(channel, None);
    }
    let mut renderer = Renderer::new(TimeZone::system());
    let mut seen = Seen::default();
    loop {
        let event = match next(talk).await {
            Err(failure @ Failure::Unreachable(_)) => {
                talk.come_back(&failure).await?;
                continue;
            }
            event => event?,
        };
        if let What::Refused { reason, .. } = event.what {
            return Err(Failure::Refused(reason));
        }
        if is_wanted(&event.what, channel) && seen.is_new(&event) {
            let view = View { me: talk.session.nick(), here: channel, times: settings.times };
            print(&event, &mut renderer, view, settings)?;
        }
    }
}

/// The latest messages, by the server's ids: on coming back it may tell of them again.
#[derive(Default)]
struct Seen(VecDeque<String>);

impl Seen {
    fn is_new(&mut self, event: &Event) -> bool {
        let Some(id) = &event.id else { return true };
        if self.0.contains(id) {
            return false;
        }
        if self.0.len() == SEEN {
            self.0.pop_front();
        }
        self.0.push_back(id.clone());
        true
    }
}

async fn next(talk: &mut Talk) -> Result<Event, Failure> {
    loop {
        if let Ok(event) = timeout(IDLE, talk.wait()).await {
            return event;
        }
        talk.session.place_fence();
        talk.settled().await?;
    }
}

fn is_wanted(what: &What, channel: Option<&str>) -> bool {
    match (what, channel) {
        (What::Said { to, .. }, Some(channel)) => to.eq_ignore_ascii_case(channel),
        (What::Said { .. } | What::Announcement { .. }, _) => true,
        _ => false,
    }
}

fn print(event: &Event, renderer: &mut Renderer, view: View<'_>, settings: &Settings) -> Result<(), Failure> {
    if settings.json {
        let at = event.at.or_else(|| Some(Timestamp::now()));
        let event = Event { at, id: None, what: event.what.clone() };
        return print_json(&event);
    }
    let mut out = std::io::stdout().lock();
    for line in renderer.lines(event, view, Timestamp::now()) {
        writeln!(out, "{}", line.render(settings.color, None)).map_err(Failure::Output)?;
    }
    out.flush().map_err(Failure::Output)
}
