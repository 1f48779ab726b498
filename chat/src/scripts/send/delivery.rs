//! One text after another to the same people, each acknowledged before the next.

use std::collections::BTreeMap;
use std::time::Duration;

use chat_proto::numeric::ERR_CANNOTSENDTOCHAN;
use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::failure::Failure;
use crate::scripts::send::input::Input;
use crate::scripts::send::lines::Bounds;
use crate::scripts::{PATIENCE, Talk, print_event};
use crate::session::{How, What};
use crate::settings::Settings;

/// So often the connection may break while a text is on its way.
const BREAKS_MAX: u32 = 10;

/// What was refused: why, by the number of the answer.
type Refused = BTreeMap<Option<u16>, String>;

pub(super) struct Delivery {
    talk: Talk,
    outage: Duration,
    json: bool,
    targets: Vec<Target>,
    /// Lines that everybody who takes them has.
    stored: u64,
}

struct Target {
    name: String,
    /// A channel that takes nothing from outside, so that we went in.
    entered: bool,
    refused: Option<String>,
}

impl Delivery {
    /// Comes in, though the server may just be restarting.
    ///
    /// # Errors
    /// It can't be reached or doesn't let us in, or there is nobody to talk to.
    pub async fn begin(settings: &Settings, to: &[String], outage: Duration) -> Result<Self, Failure> {
        let talk = arrive(settings, outage).await?;
        let names = match (to, talk.session.lobby()) {
            ([], Some(lobby)) => vec![lobby.to_owned()],
            ([], None) => {
                return Err(Failure::Usage("this server has no lobby; say to whom with --to".to_owned()));
            }
            (to, _) => to.to_vec(),
        };
        let targets = names.into_iter().map(|name| Target { name, entered: false, refused: None }).collect();
        Ok(Self { talk, outage, json: settings.json, targets, stored: 0 })
    }

    /// How much all of them take at once.
    pub fn bounds(&self) -> Bounds {
        let sizes = self.targets.iter().map(|target| self.talk.session.size_of_message(&target.name));
        let most = Bounds { lines: usize::MAX, bytes: usize::MAX, line: usize::MAX };
        sizes.fold(most, |most, (size, line)| Bounds {
            lines: most.lines.min(size.lines),
            bytes: most.bytes.min(size.bytes),
            line: most.line.min(line),
        })
    }

    /// Lines that were said.
    pub fn said(&self) -> u64 {
        self.stored
    }

    /// Keeps the connection, through outages, until there is something to say. False if there won't be.
    ///
    /// # Errors
    /// An outage takes too long, or the server doesn't want us any more.
    pub async fn idle_until_line(&mut self, input: &mut Input) -> Result<bool, Failure> {
        loop {
            match self.talk.idle_until(input.wait()).await {
                Err(failure @ Failure::Unreachable(_)) => {
                    let back = self.talk.come_back_within(self.outage, Instant::now(), failure).await;
                    back.map_err(|failure| self.so_far(failure))?;
                }
                waited => return waited.map_err(|failure| self.so_far(failure)),
            }
        }
    }

    /// Says a text of so many lines to all who haven't refused anything.
    ///
    /// # Errors
    /// Nobody takes it, or an outage takes too long.
    pub async fn say(&mut self, text: &str, lines: u64) -> Result<(), Failure> {
        if text.trim().is_empty() {
            return Ok(());
        }
        for index in 0..self.targets.len() {
            if self.targets[index].refused.is_none() {
                let refused = self.deliver(index, text).await;
                let refused = refused.map_err(|failure| self.unsure(failure, index))?;
                self.targets[index].refused = one_line(refused);
            }
        }
        if self.targets.iter().all(|target| target.refused.is_some()) {
            let refused = self.refusal();
            return Err(self.so_far(refused));
        }
        self.stored += lines;
        Ok(())
    }

    /// Where it isn't taken from outside, goes in for it; what isn't there isn't made.
    async fn deliver(&mut self, index: usize, text: &str) -> Result<Refused, Failure> {
        let to = self.targets[index].name.clone();
        let outside = to.starts_with('#') && !self.talk.session.is_in(&to);
        let refused = self.send(&to, text).await?;
        if !(outside && refused.contains_key(&Some(ERR_CANNOTSENDTOCHAN.0))) {
            return Ok(refused);
        }
        self.talk.session.join(&to, None);
        self.talk.session.place_fence();
        let refused = self.settle().await?;
        if !refused.is_empty() {
            return Ok(refused);
        }
        self.targets[index].entered = true;
        self.send(&to, text).await
    }

    async fn send(&mut self, to: &str, text: &str) -> Result<Refused, Failure> {
        if !self.talk.session.say(to, text, How::Text) {
            return Err(Failure::Refused("nothing was sent: that is too much at once".to_owned()));
        }
        self.settle().await
    }

    /// Waits until everything is answered, over outages too: what wasn't answered is sent again, if that can't be for the second
    /// time.
    async fn settle(&mut self) -> Result<Refused, Failure> {
        let mut refused = Refused::new();
        let mut outage: Option<Instant> = None;
        for breaks in 1.. {
            if !self.talk.session.is_acknowledged() {
                self.talk.session.place_fence();
            }
            let (before, since) = (self.talk.session.unanswered(), Instant::now());
            let settled = self.talk.settled().await;
            refused.append(&mut self.answers()?);
            match settled {
                Ok(()) => break,
                Err(failure @ Failure::Unreachable(_)) if breaks <= BREAKS_MAX => {
                    // The silence by which it was noticed is a part of the outage; an answer ends it.
                    let same = outage.filter(|_| self.talk.session.unanswered() == before);
                    let began = same.unwrap_or_else(|| since.max(self.talk.heard));
                    outage = Some(began);
                    self.talk.come_back_within(self.outage, began, failure).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(refused)
    }

    /// Takes what has come; what is stored is printed for programs.
    fn answers(&mut self) -> Result<Refused, Failure> {
        let mut refused = Refused::new();
        for event in self.talk.events.drain(..) {
            match event.what {
                What::Unsure { .. } => {
                    let why = "the connection broke, and this server doesn't know any more what it has";
                    return Err(Failure::Unreachable(why.to_owned()));
                }
                What::Refused { number, reason, .. } => {
                    refused.insert(number, reason);
                }
                What::Said { own: true, .. } if self.json => print_event(event)?,
                _ => {}
            }
        }
        Ok(refused)
    }

    /// What was on the way may have arrived all the same.
    fn unsure(&self, failure: Failure, index: usize) -> Failure {
        let name = &self.targets[index].name;
        self.so_far(match failure {
            Failure::Unreachable(why) => {
                Failure::Unreachable(format!("{why}; it may not have reached {name}"))
            }
            other => other,
        })
    }

    /// Why it goes no further, and how far it went.
    fn so_far(&self, failure: Failure) -> Failure {
        let more = match self.stored {
            0 => return failure,
            1 => "; 1 line before it is stored".to_owned(),
            lines => format!("; {lines} lines before it are stored"),
        };
        match failure {
            Failure::Unreachable(why) => Failure::Unreachable(why + &more),
            Failure::Refused(why) => Failure::Refused(why + &more),
            other => other,
        }
    }

    fn refusal(&self) -> Failure {
        let mut reasons: Vec<&str> =
            self.targets.iter().filter_map(|target| target.refused.as_deref()).collect();
        reasons.dedup();
        Failure::Refused(reasons.join("; "))
    }

    /// Leaves what was entered, and the server.
    ///
    /// # Errors
    /// Some have refused what was said.
    pub async fn end(mut self) -> Result<(), Failure> {
        for target in self.targets.iter().filter(|target| target.entered) {
            self.talk.session.part(&target.name, "");
        }
        if self.targets.iter().any(|target| target.entered) {
            self.talk.session.place_fence();
            // A server that is gone needs no goodbye.
            let _ = self.talk.settled().await;
        }
        let refusal = self.refusal();
        let is_refused = self.targets.iter().any(|target| target.refused.is_some());
        self.talk.end().await;
        if is_refused { Err(refusal) } else { Ok(()) }
    }
}

/// A server that accepts and then says nothing is an outage like others: each attempt has the time that is left. Without any
/// it is tried once, with the patience of the other commands.
async fn arrive(settings: &Settings, outage: Duration) -> Result<Talk, Failure> {
    let limit = |time: Duration| if outage.is_zero() { PATIENCE } else { time.min(PATIENCE) };
    let began = Instant::now();
    let mut backoff = Backoff::new();
    loop {
        let wait = backoff.next();
        let left = outage.saturating_sub(began.elapsed());
        match Talk::errand_within(settings, limit(left)).await {
            // Half of an outage may be silence; the other half is for coming back.
            Ok(talk) => return Ok(talk.with_patience(limit(outage / 2))),
            Err(Failure::Unreachable(_)) if began.elapsed() + wait <= outage => sleep(wait).await,
            Err(failure) => return Err(failure),
        }
    }
}

fn one_line(refused: Refused) -> Option<String> {
    let reasons: Vec<String> = refused.into_values().collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
