//! `chat send`: says something; success means that the server has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Read as _};
use std::time::Duration;

use chat_proto::name::{ChannelName, Nick};
use chat_proto::numeric::ERR_CANNOTSENDTOCHAN;
use chat_proto::text::SafeText;
use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::failure::Failure;
use crate::scripts::Talk;
use crate::session::{Event, How, What};
use crate::settings::Settings;

/// So often the connection may break.
const BREAKS_MAX: u32 = 10;
/// More than this is no message.
const INPUT_MAX: u64 = 1 << 20;

/// Says the text to everyone in `to`, or in the lobby.
///
/// # Errors
/// There is nothing to say, the server can't be reached, or it refuses some of it.
pub async fn send(
    settings: &Settings,
    to: &[String],
    text: &[String],
    outage: Duration,
) -> Result<(), Failure> {
    to.iter().try_for_each(|name| checked(name))?;
    let text = text_of(text)?;
    let mut talk = begin(settings, outage).await?;
    let to = match (to, talk.session.lobby()) {
        ([], Some(lobby)) => vec![lobby.to_owned()],
        ([], None) => {
            return Err(Failure::Usage("this server has no lobby; say to whom with --to".to_owned()));
        }
        (to, _) => to.to_vec(),
    };
    let mut refused = BTreeSet::new();
    for name in &to {
        let delivered =
            deliver(&mut talk, name, &text, outage).await.map_err(|failure| unsure(failure, name))?;
        refused.extend(delivered.into_values());
    }
    talk.end().await;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::Refused(refused.into_iter().collect::<Vec<_>>().join("; ")))
    }
}

/// What was on the way may have arrived all the same.
fn unsure(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Unreachable(why) => Failure::Unreachable(format!("{why}; it may not have reached {name}")),
        other => other,
    }
}

/// Comes in, though the server may just be restarting.
async fn begin(settings: &Settings, outage: Duration) -> Result<Talk, Failure> {
    let began = Instant::now();
    let mut backoff = Backoff::new();
    loop {
        let wait = backoff.next();
        match Talk::errand(settings).await {
            Err(Failure::Unreachable(_)) if began.elapsed() + wait <= outage => sleep(wait).await,
            result => return result,
        }
    }
}

/// What was refused: why, by the number of the answer.
type Refused = BTreeMap<Option<u16>, String>;

/// Says it. Where that isn't taken from outside, goes in for it and comes out again; what isn't there isn't made.
async fn deliver(talk: &mut Talk, to: &str, text: &str, outage: Duration) -> Result<Refused, Failure> {
    let outside = to.starts_with('#') && !talk.session.is_in(to);
    let refused = say(talk, to, text, outage).await?;
    if !(outside && refused.contains_key(&Some(ERR_CANNOTSENDTOCHAN.0))) {
        return Ok(refused);
    }
    talk.session.join(to, None);
    let refused = settle(talk, outage).await?;
    if !refused.is_empty() {
        return Ok(refused);
    }
    let refused = say(talk, to, text, outage).await?;
    talk.session.part(to, "");
    settle(talk, outage).await?;
    Ok(refused)
}

async fn say(talk: &mut Talk, to: &str, text: &str, outage: Duration) -> Result<Refused, Failure> {
    if !talk.session.say(to, text, How::Text) {
        return Err(Failure::Refused("nothing was sent: that is too much at once".to_owned()));
    }
    settle(talk, outage).await
}

/// Whether it can be somebody's or a channel's name; what can't would reach somebody else, or nobody.
fn checked(name: &str) -> Result<(), Failure> {
    let outcome =
        if name.starts_with('#') { ChannelName::new(name).map(drop) } else { Nick::new(name).map(drop) };
    outcome.map_err(|error| {
        Failure::Usage(format!("{} can't be the name of anybody: {error}", SafeText::name(name)))
    })
}

/// The words of the command line; `-` or none read standard input.
fn text_of(words: &[String]) -> Result<String, Failure> {
    let text = words.join(" ");
    let text =
        if text == "-" || (words.is_empty() && !std::io::stdin().is_terminal()) { read()? } else { text };
    if text.trim().is_empty() {
        return Err(Failure::Usage(
            "there is nothing to say: give the text, or - to read standard input".to_owned(),
        ));
    }
    Ok(text)
}

fn read() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(INPUT_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Refused(format!("cannot read standard input: {error}")))?;
    if text.len() as u64 > INPUT_MAX {
        return Err(Failure::Refused("nothing was sent: standard input is longer than 1 MiB".to_owned()));
    }
    Ok(text)
}

/// Waits until everything is answered, over outages too: what wasn't answered is sent again, if that can't be for the second
/// time.
async fn settle(talk: &mut Talk, outage: Duration) -> Result<Refused, Failure> {
    let mut breaks = 0;
    talk.session.place_fence();
    while let Err(failure) = talk.settled().await {
        breaks += 1;
        if breaks > BREAKS_MAX || !matches!(failure, Failure::Unreachable(_)) {
            return Err(failure);
        }
        talk.come_back_within(outage, failure).await?;
        talk.session.place_fence();
    }
    refusals(talk)
}

fn refusals(talk: &mut Talk) -> Result<Refused, Failure> {
    if talk.events.iter().any(|event| matches!(event.what, What::Unsure { .. })) {
        let why = "the connection broke, and this server doesn't know any more what it has";
        return Err(Failure::Unreachable(why.to_owned()));
    }
    let refusal = |event: Event| match event.what {
        What::Refused { number, reason, .. } => Some((number, reason)),
        _ => None,
    };
    Ok(talk.events.drain(..).filter_map(refusal).collect())
}
