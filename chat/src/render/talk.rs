//! What happens about conversations, in words.

use crate::line::{Line, Style};
use crate::session::{BROKEN, Deed, Talk};

/// What the server says of those who end it because they want to.
const LEFT: &str = "left the conversation";
/// What it says of those who end their session, before their own words.
const QUIT: &str = "Quit";

/// The question that somebody's wish to talk is.
pub fn question(name: &str) -> Line {
    Line::new().name(name).text(Style::Bold, " would like to talk (yes/no)")
}

pub(super) fn line(talk: &Talk) -> Line {
    let Talk { deed, with, own, here, reason, .. } = talk;
    let reason = reason.as_deref();
    let dim = |text: &str| Line::of(Style::Dim, text);
    match (deed, own) {
        (Deed::Request, true) => {
            dim("asked ").name(with).text(Style::Dim, " to talk; <cancel> or Ctrl-C takes it back")
        }
        (Deed::Request, false) => question(with),
        (Deed::Accept, _) if *here => {
            ruled(dim("── you talk with ").name(with), "; <end> leaves the conversation ──")
        }
        (Deed::Accept, _) => {
            let bring = format!(" in another terminal of yours; <talk> {with} brings it here");
            dim("you talk with ").name(with).text(Style::Dim, &bring)
        }
        (Deed::Decline, true) => {
            Line::new().name(with).text(Style::Dim, " was told no").then(because(reason))
        }
        (Deed::Decline, false) => Line::new().name(with).text(Style::Plain, " says no").then(because(reason)),
        (Deed::Cancel, true) => {
            Line::new().name(with).text(Style::Dim, " is no longer asked to talk").then(because(reason))
        }
        (Deed::Cancel, false) => {
            Line::new().name(with).text(Style::Dim, " no longer asks to talk").then(because(reason))
        }
        (Deed::Timeout, true) => Line::new().name(with).text(Style::Plain, " has not answered"),
        (Deed::Timeout, false) => Line::new().name(with).text(Style::Dim, " was not answered in time"),
        (Deed::End, true) => match reason.filter(|reason| *reason != LEFT) {
            None => ruled(dim("── you left the conversation with ").name(with), " ──"),
            Some(BROKEN) => over(with, BROKEN),
            // What the others see as the end of the session that led it.
            Some(reason) if reason.starts_with(QUIT) => over(with, "your other terminal left"),
            Some(reason) => over(with, &format!("your other terminal: {}", lower(reason))),
        },
        (Deed::End, false) => match reason.filter(|reason| *reason != LEFT) {
            None => ruled(dim("── ").name(with), " left the conversation ──"),
            Some(reason) => match reason.strip_prefix(QUIT) {
                Some(words) => ruled(dim("── ").name(with), &format!(" left the conversation{words} ──")),
                None => over(with, &lower(reason)),
            },
        },
    }
}

fn over(with: &str, reason: &str) -> Line {
    ruled(Line::of(Style::Dim, "── the conversation with ").name(with), &format!(" is over: {reason} ──"))
}

/// As it stands within a sentence.
fn lower(reason: &str) -> String {
    let mut reason = reason.to_owned();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    reason
}

fn ruled(line: Line, end: &str) -> Line {
    line.text(Style::Dim, end)
}

fn because(reason: Option<&str>) -> Line {
    match reason {
        Some(reason) => Line::of(Style::Dim, &format!(": {reason}")),
        None => Line::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(deed: Deed, own: bool, reason: Option<&str>) -> String {
        let by = if own { "alice" } else { "bob" };
        let (by, with, reason) = (by.to_owned(), "bob".to_owned(), reason.map(str::to_owned));
        line(&Talk { deed, by, with, own, here: false, reason }).plain()
    }

    #[test]
    fn every_end_of_a_request_and_of_a_conversation_has_its_words() {
        for (deed, own, reason, words) in [
            (Deed::Request, false, None, "bob would like to talk (yes/no)"),
            (Deed::Decline, false, None, "bob says no"),
            (Deed::Decline, false, Some("busy, talking with carol"), "bob says no: busy, talking with carol"),
            (Deed::Cancel, false, Some("Quit: bye"), "bob no longer asks to talk: Quit: bye"),
            (Deed::Timeout, true, None, "bob has not answered"),
            (Deed::Timeout, false, None, "bob was not answered in time"),
            (Deed::End, false, Some(LEFT), "── bob left the conversation ──"),
            (Deed::End, false, Some("Quit"), "── bob left the conversation ──"),
            (Deed::End, false, Some("Quit: bye"), "── bob left the conversation: bye ──"),
            (Deed::End, true, Some(LEFT), "── you left the conversation with bob ──"),
            (Deed::End, true, Some(BROKEN), "── the conversation with bob is over: the connection broke ──"),
            (
                Deed::End,
                true,
                Some("Quit: bye"),
                "── the conversation with bob is over: your other terminal left ──",
            ),
            (
                Deed::End,
                true,
                Some("Connection lost"),
                "── the conversation with bob is over: your other terminal: connection lost ──",
            ),
            (
                Deed::End,
                false,
                Some("Connection lost"),
                "── the conversation with bob is over: connection lost ──",
            ),
            (
                Deed::End,
                false,
                Some("Kicked by root: loud"),
                "── the conversation with bob is over: kicked by root: loud ──",
            ),
        ] {
            assert_eq!(said(deed, own, reason), words);
        }
    }
}
