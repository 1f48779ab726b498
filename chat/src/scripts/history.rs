//! `chat history`: what was said before.

use std::io::Write as _;

use jiff::Zoned;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::query;
use crate::render::{Renderer, View};
use crate::scripts::{PATIENCE, Talk, print_json};
use crate::session::{Event, What, is_channel};
use crate::settings::Settings;

/// Lines, unless it is said how many; with a time, as many as there can be.
const LINES: u32 = 50;
const LINES_MAX: u32 = 10_000;

/// Prints the last lines of the lobby, or of `to`, oldest first.
///
/// # Errors
/// The time or the name makes no sense, nobody has that name, the server can't be reached or doesn't tell, or nobody takes the output.
pub async fn history(
    settings: &Settings,
    to: Option<&str>,
    lines: Option<u32>,
    since: Option<&str>,
) -> Result<(), Failure> {
    to.map_or(Ok(()), super::checked)?;
    let since = since.map(|since| query::time(since, &Zoned::now())).transpose().map_err(Failure::Usage)?;
    let count = lines.unwrap_or(if since.is_some() { LINES_MAX } else { LINES }) as usize;
    let mut talk = Talk::errand(settings).await?;
    if !talk.session.has_history() {
        return Err(Failure::Refused("this server doesn't tell what was said before".to_owned()));
    }
    let Some(place) = to.map(str::to_owned).or_else(|| talk.session.lobby().map(str::to_owned)) else {
        return Err(Failure::Usage("this server has no lobby; say of what with --to".to_owned()));
    };
    let ask = |talk: &mut Talk| talk.session.ask_history(&place, count, since);
    ask(&mut talk);
    let mut told = answer(&mut talk).await;
    // Members alone may read; what isn't there isn't made, since only a known channel has a past.
    let outside = is_channel(&place) && !talk.session.is_in(&place);
    if outside && matches!(told, Err(Failure::Refused(_))) && enter(&mut talk, &place).await? {
        ask(&mut talk);
        told = answer(&mut talk).await;
        talk.session.part(&place, "");
    }
    if !is_channel(&place) && told.as_ref().is_ok_and(Vec::is_empty) {
        told = known(&mut talk, &place).await.map(|()| Vec::new());
    }
    let me = talk.session.nick().to_owned();
    talk.end().await;
    print(&told?, &me, settings)
}

async fn answer(talk: &mut Talk) -> Result<Vec<Event>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match talk.next(deadline).await?.what {
            What::History { lines, .. } => return Ok(lines),
            What::Refused { reason, .. } => return Err(Failure::Refused(reason)),
            _ => {}
        }
    }
}

/// Nothing is stored with somebody: it may be a slip of the pen.
async fn known(talk: &mut Talk, name: &str) -> Result<(), Failure> {
    talk.session.ask_person(name);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match talk.next(deadline).await?.what {
            What::Person(person) if person.presence.is_none() && person.left.is_none() => {
                let nobody = format!("nobody here is called {name}, and nothing is stored with that name");
                return Err(Failure::Refused(nobody));
            }
            What::Person(_) => return Ok(()),
            _ => {}
        }
    }
}

/// Goes to a channel that others are in. Whether we are there now.
async fn enter(talk: &mut Talk, channel: &str) -> Result<bool, Failure> {
    talk.session.ask_channels();
    let deadline = Instant::now() + PATIENCE;
    let listed = loop {
        if let What::Channels { channels } = talk.next(deadline).await?.what {
            break channels;
        }
    };
    if !listed.iter().any(|known| known.name.eq_ignore_ascii_case(channel)) {
        return Ok(false);
    }
    talk.session.join(channel, None);
    talk.session.place_fence();
    talk.settled().await?;
    for event in talk.events.drain(..) {
        if let What::Refused { reason, .. } = event.what {
            return Err(Failure::Refused(reason));
        }
    }
    Ok(talk.session.is_in(channel))
}

fn print(lines: &[Event], me: &str, settings: &Settings) -> Result<(), Failure> {
    if settings.json {
        return lines.iter().try_for_each(print_json);
    }
    let renderer = Renderer::new(jiff::tz::TimeZone::system());
    let view = View { me, here: None, times: settings.times, guest: false };
    let mut out = std::io::stdout().lock();
    for line in lines.iter().filter_map(|event| renderer.dated(event, view)) {
        writeln!(out, "{}", line.render(settings.printed_palette(), None)).map_err(Failure::Output)?;
    }
    out.flush().map_err(Failure::Output)
}
