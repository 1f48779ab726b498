//! `chat send`: says something; success means that the server has it.

mod delivery;
mod input;
mod lines;

use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::scripts::{checked, note};
use crate::settings::Settings;
use delivery::Delivery;
use input::{Input, Piece};
use lines::{Changes, Lines};

/// So long after the first signal what was read before it may still be on its way.
const GRACE: Duration = Duration::from_secs(30);

/// Says the text, or standard input as it comes, to everyone in `to`, or in the lobby.
///
/// # Errors
/// There is nothing to say, the server can't be reached, it refuses some of it, or some of it could be sent in part only.
pub async fn send(
    settings: &Settings,
    to: &[String],
    words: &[String],
    outage: Duration,
) -> Result<(), Failure> {
    to.iter().try_for_each(|name| checked(name))?;
    let text = words.join(" ");
    let is_blank = text.trim().is_empty();
    if is_blank && (!words.is_empty() || std::io::stdin().is_terminal()) {
        return Err(nothing());
    }
    let mut delivery = Delivery::begin(settings, to, outage).await?;
    let said = match &*text {
        "" | "-" => follow(&mut delivery).await,
        text => say(&mut delivery, text).await,
    };
    let count = delivery.said();
    let all_took_it = match &said {
        // There is nobody to say goodbye to.
        Err(Failure::Unreachable(_)) => Ok(()),
        _ => delivery.end().await,
    };
    let changes = said?;
    all_took_it?;
    match changed(changes) {
        None if is_blank && count == 0 => Err(nothing()),
        None => Ok(()),
        Some(changed) => Err(Failure::Partial(changed)),
    }
}

fn nothing() -> Failure {
    Failure::Usage("there is nothing to say: give the text, or - to read standard input".to_owned())
}

async fn say(delivery: &mut Delivery, text: &str) -> Result<Changes, Failure> {
    let mut lines = Lines::new(delivery.bounds());
    lines.push(text.as_bytes());
    lines.finish();
    lines.remarks().iter().for_each(|remark| note(remark));
    while let Some((text, count)) = lines.take() {
        delivery.say(&text, count).await?;
    }
    Ok(lines.changes())
}

/// Says what comes on standard input until it ends or a signal does; a second signal doesn't wait for what is on its way.
async fn follow(delivery: &mut Delivery) -> Result<Changes, Failure> {
    let mut signals = Signals::new()?;
    let (mut input, end) = Input::start(delivery.bounds());
    tokio::select! {
        said = say_all(delivery, &mut input) => said?,
        () = signals.stop(&end) => {
            let why = "interrupted, and the server has not acknowledged everything that was read";
            return Err(Failure::Unreachable(why.to_owned()));
        }
    }
    input.outcome()
}

/// Nothing more is read while something is on its way: what comes meanwhile waits where it comes from, and goes together.
async fn say_all(delivery: &mut Delivery, input: &mut Input) -> Result<(), Failure> {
    while delivery.idle_until_line(input).await? {
        if let Some((text, count)) = input.gather().await {
            delivery.say(&text, count).await?;
        }
    }
    Ok(())
}

struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Result<Self, Failure> {
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        let [terminate, hangup, interrupt] = kinds.map(signal);
        Ok(Self([terminate?, hangup?, interrupt?]))
    }

    async fn next(&mut self) {
        let [terminate, hangup, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }

    /// Ends the input at the first signal; returns at the second, or when it has taken too long.
    async fn stop(&mut self, input: &mpsc::Sender<Piece>) {
        self.next().await;
        let input = input.clone();
        // What was read comes before it, and may have to wait for an outage to end; a second signal doesn't.
        tokio::spawn(async move { input.send(Piece::End).await });
        let _ = timeout(GRACE, self.next()).await;
    }
}

/// What is to be said of lines that didn't go as they came.
fn changed(changes: Changes) -> Option<String> {
    let Changes { cut, garbled, .. } = changes;
    let count = |count: u64, what: &str| {
        let lines = if count == 1 { "line was" } else { "lines were" };
        (count > 0).then(|| format!("{count} {lines} {what}"))
    };
    let said: Vec<_> = [count(cut, "cut"), count(garbled, "not UTF-8")].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("all was stored, but {}", said.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_lost_is_spoken_of_at_the_end() {
        let text = |cut, garbled, controls| changed(Changes { cut, garbled, controls });
        assert_eq!(text(0, 0, 7), None);
        assert_eq!(text(1, 0, 0).unwrap(), "all was stored, but 1 line was cut");
        assert_eq!(text(2, 3, 0).unwrap(), "all was stored, but 2 lines were cut, 3 lines were not UTF-8");
    }
}
