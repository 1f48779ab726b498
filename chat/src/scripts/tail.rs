//! `chat tail`: what is said, until interrupted.

use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::render::{Renderer, View};
use crate::scripts::{Talk, print_event};
use crate::session::{Event, What};
use crate::settings::Settings;

/// Silence after which the server is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(30);

/// Prints what is said in the channel, or in all of ours; comes back when the connection breaks, and tells what was missed.
///
/// # Errors
/// The server can't be reached at first, refuses us or the channel, or nobody takes the output.
pub async fn tail(settings: &Settings, channel: Option<&str>) -> Result<(), Failure> {
    let mut talk = Talk::begin(settings).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let result = tokio::select! {
        result = follow(&mut talk, settings, channel) => result,
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    talk.end().await;
    result
}

async fn follow(talk: &mut Talk, settings: &Settings, channel: Option<&str>) -> Result<(), Failure> {
    if let Some(channel) = channel.filter(|channel| !talk.session.is_in(channel)) {
        talk.session.join(channel, None);
    }
    let mut renderer = Renderer::new(TimeZone::system());
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
        if is_wanted(&event.what, channel) {
            let view = View { me: talk.session.nick(), here: channel, times: settings.times, guest: false };
            print(&event, &mut renderer, view, settings)?;
        }
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
        return print_event(event.clone());
    }
    let mut out = std::io::stdout().lock();
    for line in renderer.lines(event, view, Timestamp::now()) {
        writeln!(out, "{}", line.render(settings.printed_palette(), None)).map_err(Failure::Output)?;
    }
    out.flush().map_err(Failure::Output)
}
