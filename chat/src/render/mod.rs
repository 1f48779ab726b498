//! Events as lines of text.

mod moves;
mod past;
mod people;
mod talk;

pub use past::since_when;
pub use talk::question;

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::line::{Line, Style};
use crate::notify;
use crate::session::{Channel, Event, How, What, is_channel};

/// Names shown on arrival in a channel; of more, only the count.
const NAMES_ON_ARRIVAL: usize = 20;

/// From where it is looked at: it decides what needs to be said.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub me: &'a str,
    pub here: Option<&'a str>,
    pub times: bool,
    /// Nothing may be read that was said before one came.
    pub guest: bool,
}

/// Turns events into lines, a separator before the first of another day.
#[derive(Debug)]
pub struct Renderer {
    zone: TimeZone,
    day: Option<jiff::civil::Date>,
}

impl Renderer {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, day: None }
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The lines of an event; `now` is its time if the server gave none.
    pub fn lines(&mut self, event: &Event, view: View<'_>, now: jiff::Timestamp) -> Vec<Line> {
        if let Some(lines) = self.block(&event.what, view, &now.to_zoned(self.zone.clone())) {
            return lines;
        }
        let is_stamped = is_stamped(&event.what);
        let body = match self.people(&event.what, view, &now.to_zoned(self.zone.clone())) {
            Some(lines) => lines,
            None => body(&event.what, view),
        };
        self.timed(body, event.at, view, now, is_stamped)
    }

    /// With the time, and a separator where a day begins.
    fn timed(
        &mut self,
        body: Vec<Line>,
        at: Option<jiff::Timestamp>,
        view: View<'_>,
        now: jiff::Timestamp,
        is_stamped: bool,
    ) -> Vec<Line> {
        if body.is_empty() || !view.times {
            return body;
        }
        let time = at.unwrap_or(now).to_zoned(self.zone.clone());
        let today = now.to_zoned(self.zone.clone()).date();
        let mut lines = Vec::new();
        if self.day.replace(time.date()).unwrap_or(today) != time.date() {
            lines.push(Line::of(Style::Dim, &time.strftime("── %A, %-d %B %Y ──").to_string()));
        }
        lines.extend(body.into_iter().map(|line| if is_stamped { stamp(&time, line) } else { line }));
        lines
    }
}

/// What it says, in a line of its own: for a notification.
pub fn gist(what: &What, view: View<'_>) -> Line {
    body(what, View { here: None, ..view }).into_iter().next().unwrap_or_default()
}

fn stamp(time: &Zoned, line: Line) -> Line {
    Line::of(Style::Dim, &time.strftime("%H:%M ").to_string()).then(line)
}

/// Answers to what was just asked need no time.
fn is_stamped(what: &What) -> bool {
    !matches!(
        what,
        What::Users { .. }
            | What::Person(_)
            | What::Channels { .. }
            | What::Refused { .. }
            | What::Info { .. }
            | What::Welcome { again: false, .. }
            | What::LoggedIn { .. }
    )
}

fn body(what: &What, view: View<'_>) -> Vec<Line> {
    match what {
        What::Said { from, to, own, how, text } => vec![said(from, to, *own, *how, text, view)],
        What::Channels { channels } => list_channels(channels),
        What::Names { channel, names, asked } => list_names(channel, names, *asked),
        What::Announcement { from, to, text } => vec![announcement(from, to, text)],
        What::Refused { reason, unsaid, .. } => refused(reason, unsaid.as_deref()),
        What::Unsure { to, text } => vec![unsure(to, text)],
        What::Welcome { name, again: true, .. } => {
            let back = Line::of(Style::Dim, "connected again as ").name(name);
            let kept = "── what was said meanwhile is kept for accounts: <register> ──";
            std::iter::once(back).chain(view.guest.then(|| Line::of(Style::Dim, kept))).collect()
        }
        What::Welcome { name, .. } => vec![welcome(name)],
        What::Closed { reason, .. } => vec![Line::of(Style::Error, &format!("disconnected: {reason}"))],
        What::LoggedIn { account } => {
            vec![Line::of(Style::Plain, "You are logged in as ").name(account).text(Style::Plain, ".")]
        }
        // Marked, so that it can't be taken for a question or a remark of this program.
        What::Info { text } => vec![Line::of(Style::Dim, "│ ").text(Style::Plain, text)],
        What::Removed { by, from, to, reason } => {
            vec![past::removed(by, from.as_deref(), to, reason.as_deref(), view)]
        }
        What::Talk(talk) => vec![talk::line(talk)],
        other => presence(other, view),
    }
}

fn said(from: &str, to: &str, own: bool, how: How, text: &str, view: View<'_>) -> Line {
    let mut line = Line::new();
    let partner = if own { to } else { from };
    if is_channel(to) || view.is_here(partner) {
        let speaker = if own { Line::new().own_name(from) } else { Line::new().name(from) };
        if is_channel(to) && !view.is_here(to) {
            line = line.text(Style::Dim, to).text(Style::Plain, " ");
        }
        line = match how {
            How::Text => line.then(speaker).text(Style::Plain, ": "),
            How::Action => line.text(Style::Plain, "* ").then(speaker).text(Style::Plain, " "),
            How::Notice => line.text(Style::Plain, "-").then(speaker).text(Style::Plain, "- "),
        };
    } else {
        let (who, with) = if own { ("you", to) } else { (from, "you") };
        line = line.text(Style::Bold, "[private] ");
        line = if own { line.text(Style::Bold, who) } else { line.name(who) };
        line = line.text(Style::Dim, " → ");
        line = if own { line.name(with) } else { line.text(Style::Bold, with) };
        line = line.text(Style::Plain, if how == How::Action { ": * " } else { ": " });
    }
    let marks = |row: &str| if own { Vec::new() } else { notify::places(row, view.me).collect() };
    line.marked_rows(Style::Plain, text, marks)
}

fn announcement(from: &str, to: &str, text: &str) -> Line {
    let heading = if to.starts_with('#') || to == "*" { " announcement " } else { " notice " };
    Line::of(Style::Alert, heading)
        .text(Style::Dim, " ")
        .name(from)
        .text(Style::Plain, ": ")
        .rows(Style::Bold, text)
}

fn refused(reason: &str, unsaid: Option<&str>) -> Vec<Line> {
    let lost = unsaid.map(|text| Line::of(Style::Error, "not sent: ").rows(Style::Plain, text));
    let refusal = Line::of(Style::Error, "! ").text(Style::Error, reason);
    std::iter::once(refusal).chain(lost).collect()
}

fn unsure(to: &str, text: &str) -> Line {
    Line::of(Style::Error, "the connection broke while this was sent to ")
        .name(to)
        .text(Style::Error, ", it may not have arrived: ")
        .rows(Style::Plain, text)
}

fn welcome(name: &str) -> Line {
    Line::of(Style::Plain, "You are ")
        .name(name)
        .text(Style::Plain, ". ")
        .text(Style::Dim, "<help> shows the commands.")
}

fn presence(what: &What, view: View<'_>) -> Vec<Line> {
    let line = match what {
        What::Joined { channel, own: true, .. } => Line::of(Style::Dim, "you are in ").name(channel),
        What::Joined { name, channel, .. } => about(name, "joined", Some(channel), "", view),
        What::Left { channel, own: true, .. } => Line::of(Style::Dim, "you left ").name(channel),
        What::Left { name, channel, reason, .. } => about(name, "left", Some(channel), reason, view),
        What::Kicked { name, channel, by, reason, .. } => about(
            name,
            &format!("was removed by {by} from"),
            Some(channel),
            reason,
            View { here: None, ..view },
        ),
        What::Gone { name, reason } => {
            // The server's words before what was said on leaving, or instead of it.
            let reason = reason.strip_prefix("Quit:").unwrap_or(reason).trim();
            let reason = if reason == "Quit" { "" } else { reason };
            about(name, "is gone", None, reason, view)
        }
        What::Renamed { to, own: true, .. } => Line::of(Style::Dim, "you are now ").name(to),
        What::Renamed { from, to, .. } => Line::new().name(from).text(Style::Dim, " is now ").name(to),
        What::Topic { channel, text, by } => topic(channel, text, by.as_deref()),
        What::Invited { by, name, channel } => invited(by, name, channel, view),
        _ => return Vec::new(),
    };
    vec![line]
}

fn about(name: &str, does: &str, channel: Option<&str>, reason: &str, view: View<'_>) -> Line {
    let mut line = Line::new().name(name).text(Style::Dim, &format!(" {does}"));
    if let Some(channel) = channel.filter(|channel| !view.is_here(channel)) {
        line = line.text(Style::Dim, &format!(" {channel}"));
    }
    match reason {
        "" => line,
        // No brackets in brackets.
        reason if reason.contains('(') => line.text(Style::Dim, &format!(": {reason}")),
        reason => line.text(Style::Dim, &format!(" ({reason})")),
    }
}

fn topic(channel: &str, text: &str, by: Option<&str>) -> Line {
    let line = Line::new().name(channel);
    let line = match (text, by) {
        ("", None) => return line.text(Style::Dim, " has no topic"),
        ("", Some(by)) => return line.text(Style::Dim, " has no topic any more, says ").name(by),
        (_, None) => line.text(Style::Dim, " is about: "),
        (_, Some(by)) => line.text(Style::Dim, " is now about, says ").name(by).text(Style::Dim, ": "),
    };
    line.text(Style::Plain, text)
}

fn invited(by: &str, name: &str, channel: &str, view: View<'_>) -> Line {
    if by.eq_ignore_ascii_case(view.me) {
        return Line::new().name(name).text(Style::Dim, " is invited to ").name(channel);
    }
    if !name.eq_ignore_ascii_case(view.me) {
        return Line::new()
            .name(by)
            .text(Style::Dim, " invites ")
            .name(name)
            .text(Style::Dim, " to ")
            .name(channel);
    }
    Line::new().name(by).text(Style::Bold, &format!(" invites you to {channel}: <join> {channel}"))
}

fn list_channels(channels: &[Channel]) -> Vec<Line> {
    let width = channels.iter().map(|channel| channel.name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<_> = channels
        .iter()
        .map(|channel| {
            let gap = width.saturating_sub(channel.name.chars().count()) + 2;
            let line = Line::new().text(Style::Plain, "  ").name(&channel.name);
            line.text(Style::Plain, &format!("{:gap$}{:>3}  {}", "", channel.users, channel.topic))
        })
        .collect();
    lines.push(Line::of(
        Style::Dim,
        &format!("{}; <join> #NAME goes to one", count(channels.len(), "channel")),
    ));
    lines
}

fn list_names(channel: &str, names: &[String], asked: bool) -> Vec<Line> {
    let mut line = Line::new().name(channel).text(Style::Dim, &format!(": {}", count(names.len(), "user")));
    if asked || names.len() <= NAMES_ON_ARRIVAL {
        for (index, name) in names.iter().enumerate() {
            line = line.text(Style::Dim, if index == 0 { ": " } else { ", " }).name(name);
        }
    }
    vec![line]
}

fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl View<'_> {
    fn is_here(&self, channel: &str) -> bool {
        self.here.is_some_and(|here| here.eq_ignore_ascii_case(channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Deed, Person, Presence, Status, Talk, User};

    const VIEW: View<'_> = View { me: "alice", here: Some("#lobby"), times: false, guest: false };

    fn shown(what: What) -> String {
        let event = Event::bare(what);
        let lines = Renderer::new(TimeZone::UTC).lines(&event, VIEW, jiff::Timestamp::UNIX_EPOCH);
        lines.iter().map(Line::plain).collect::<Vec<_>>().join("\n")
    }

    fn line_to(to: &str, text: &str) -> String {
        shown(What::Said { from: "bob".into(), to: to.into(), own: false, how: How::Text, text: text.into() })
    }

    #[test]
    fn lines_say_where_they_belong_unless_it_is_here() {
        assert_eq!(line_to("#lobby", "hi"), "bob: hi");
        assert_eq!(line_to("#cooking", "hi"), "#cooking bob: hi");
        assert_eq!(line_to("alice", "hi"), "[private] bob → you: hi");
    }

    #[test]
    fn nothing_from_others_reaches_the_terminal_raw() {
        let evil = "\x1b[2J\u{202e}x\u{9b}";
        let own = |text: &str| text.to_owned();
        let presence = Presence { status: Status::Away, text: Some(own(evil)), ..Presence::default() };
        let talk = |deed| {
            let (by, with, reason) = (own(evil), own(evil), Some(own(evil)));
            What::Talk(Talk { deed, by, with, own: false, here: false, reason })
        };
        for what in [
            What::Said { from: own(evil), to: own(evil), own: false, how: How::Text, text: own(evil) },
            What::Gone { name: own(evil), reason: own(evil) },
            What::Away { name: own(evil), own: false, presence: presence.clone(), quiet: false },
            talk(Deed::Request),
            talk(Deed::Decline),
            talk(Deed::End),
            What::Person(Person {
                name: own(evil),
                real_name: own(evil),
                channels: vec![own(evil)],
                ..Person::default()
            }),
            What::Topic { channel: own(evil), text: own(evil), by: Some(own(evil)) },
            What::Announcement { from: own(evil), to: own(evil), text: own(evil) },
            What::Refused { number: None, subject: own(evil), reason: own(evil), unsaid: Some(own(evil)) },
            What::Kicked {
                name: own(evil),
                channel: own(evil),
                own: false,
                by: own(evil),
                reason: own(evil),
            },
            What::Closed { reason: own(evil), last: true },
            What::Names { channel: own(evil), names: vec![own(evil)], asked: true },
            What::Users {
                users: vec![User { name: own(evil), account: None, away: true, bot: false, presence }],
            },
            What::Channels { channels: vec![Channel { name: own(evil), users: 1, topic: own(evil) }] },
            What::Invited { by: own(evil), name: own("alice"), channel: own(evil) },
        ] {
            let text = shown(what);
            assert!(text.contains('␛') && !text.contains(['\x1b', '\u{202e}', '\u{9b}']), "{text}");
        }
    }

    #[test]
    fn another_day_is_announced_once() {
        let mut renderer = Renderer::new(TimeZone::UTC);
        let view = View { times: true, ..VIEW };
        let mut at = |text: &str| {
            let what = What::Gone { name: "bob".into(), reason: String::new() };
            let at = Some(text.parse().unwrap());
            let now = "2026-11-20T23:59:00Z".parse().unwrap();
            let lines = renderer.lines(&Event { at, ..Event::bare(what) }, view, now);
            lines.iter().map(Line::plain).collect::<Vec<_>>()
        };
        assert_eq!(at("2026-11-20T23:59:00Z"), ["23:59 bob is gone"]);
        assert_eq!(at("2026-11-21T00:01:00Z"), ["── Saturday, 21 November 2026 ──", "00:01 bob is gone"]);
        assert_eq!(at("2026-11-21T00:02:00Z"), ["00:02 bob is gone"]);
    }
}
