//! `chat send`: says something; success means that the server has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Read as _};

use chat_proto::name::{ChannelName, Nick};
use chat_proto::numeric::ERR_CANNOTSENDTOCHAN;
use chat_proto::text::SafeText;

use crate::failure::Failure;
use crate::scripts::Talk;
use crate::session::{Event, How, What};
use crate::settings::Settings;

/// More than this is no message.
const INPUT_MAX: u64 = 1 << 20;

/// Says the text to everyone in `to`, or in the lobby.
///
/// # Errors
/// There is nothing to say, the server can't be reached, or it refuses some of it.
pub async fn send(settings: &Settings, to: &[String], text: &[String]) -> Result<(), Failure> {
    to.iter().try_for_each(|name| checked(name))?;
    let text = text_of(text)?;
    let mut talk = Talk::errand(settings).await?;
    let to = match (to, talk.session.lobby()) {
        ([], Some(lobby)) => vec![lobby.to_owned()],
        ([], None) => {
            return Err(Failure::Usage("this server has no lobby; say to whom with --to".to_owned()));
        }
        (to, _) => to.to_vec(),
    };
    let mut refused = BTreeSet::new();
    for name in &to {
        let delivered = deliver(&mut talk, name, &text).await.map_err(|failure| unsure(failure, name))?;
        refused.extend(delivered.into_values());
    }
    talk.end().await;
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::Refused(refused.into_iter().collect::<Vec<_>>().join("; ")))
    }
}

/// It isn't said again: that could be for the second time.
fn unsure(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Unreachable(why) => Failure::Unreachable(format!("{why}; it may not have reached {name}")),
        other => other,
    }
}

/// What was refused: why, by the number of the answer.
type Refused = BTreeMap<Option<u16>, String>;

/// Says it. Where that isn't taken from outside, goes in for it and comes out again; what isn't there isn't made.
async fn deliver(talk: &mut Talk, to: &str, text: &str) -> Result<Refused, Failure> {
    let outside = to.starts_with('#') && !talk.session.is_in(to);
    let refused = say(talk, to, text).await?;
    if !(outside && refused.contains_key(&Some(ERR_CANNOTSENDTOCHAN.0))) {
        return Ok(refused);
    }
    talk.session.join(to, None);
    let refused = settle(talk).await?;
    if !refused.is_empty() {
        return Ok(refused);
    }
    let refused = say(talk, to, text).await?;
    talk.session.part(to, "");
    settle(talk).await?;
    Ok(refused)
}

async fn say(talk: &mut Talk, to: &str, text: &str) -> Result<Refused, Failure> {
    if !talk.session.say(to, text, How::Text) {
        return Err(Failure::Refused("nothing was sent: that is too much at once".to_owned()));
    }
    settle(talk).await
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

/// Waits until everything is answered.
async fn settle(talk: &mut Talk) -> Result<Refused, Failure> {
    talk.session.place_fence();
    talk.settled().await?;
    let refusal = |event: Event| match event.what {
        What::Refused { number, reason, .. } => Some((number, reason)),
        _ => None,
    };
    Ok(talk.events.drain(..).filter_map(refusal).collect())
}
