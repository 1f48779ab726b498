//! What was said before: marked as unread, looked at again, found.

use jiff::{Timestamp, Zoned};

use crate::line::{Line, Style};
use crate::render::{Renderer, View, count, said};
use crate::session::{Event, Unread, What, is_channel};

impl Renderer {
    /// What has lines of other times than now in it.
    pub(super) fn block(&mut self, what: &What, view: View<'_>, now: &Zoned) -> Option<Vec<Line>> {
        match what {
            What::Unread(unread) => Some(vec![self.unread(unread, view, now)]),
            What::CaughtUp { places } => Some(vec![caught_up(places)]),
            What::History { place, lines, whole } => Some(self.history(place, lines, *whole, view)),
            What::Found { words, lines, more } => Some(self.found(words, lines, *more, view, now)),
            _ => None,
        }
    }

    fn unread(&self, unread: &Unread, view: View<'_>, now: &Zoned) -> Line {
        let place =
            if view.is_here(&unread.place) { String::new() } else { format!(" {}", whence(&unread.place)) };
        let since = unread.since.map(|since| format!(" since {}", since_when(&self.local(since), now)));
        let number =
            if unread.more { format!("more than {}", unread.count) } else { unread.count.to_string() };
        ruled(Style::Bold, &format!("{number} unread{place}{}", since.unwrap_or_default()))
    }

    fn history(&self, place: &str, lines: &[Event], whole: bool, view: View<'_>) -> Vec<Line> {
        if lines.is_empty() {
            let what = if view.guest { "that guests may read" } else { "is stored" };
            return vec![Line::of(Style::Dim, &format!("nothing earlier {what} {}", whence(place)))];
        }
        let head = format!("{} {} from before", count(lines.len(), "line"), whence(place));
        let foot = match whole {
            false => "<history> once more goes further back",
            true if view.guest => "guests may read nothing before that",
            true => "there is nothing before that",
        };
        // A day of its own: the lines around it are of now.
        let mut days = Self { zone: self.zone.clone(), day: Some(jiff::civil::Date::MIN) };
        let view = View { here: Some(place), times: true, ..view };
        let old = lines.iter().flat_map(|event| days.lines(event, view, event.at.unwrap_or_default()));
        std::iter::once(ruled(Style::Bold, &head)).chain(old).chain([ruled(Style::Bold, foot)]).collect()
    }

    fn found(&self, words: &str, lines: &[Event], more: bool, view: View<'_>, now: &Zoned) -> Vec<Line> {
        if lines.is_empty() {
            let nothing = Line::of(Style::Plain, "nothing found: ").text(Style::Plain, words);
            let hint = longer(words).map(|word| {
                Line::of(Style::Dim, &format!("only whole words are found; {word}* finds what begins so"))
            });
            return std::iter::once(nothing).chain(hint).collect();
        }
        let foot = match more {
            true => format!("{} found; <search> alone goes further back", lines.len()),
            false => format!("{} found", lines.len()),
        };
        let old = lines.iter().filter_map(|event| self.found_line(event, view, now));
        old.chain([ruled(Style::Bold, &foot)]).collect()
    }

    /// With its day, since the lines are from here and there; the place stands in each.
    fn found_line(&self, event: &Event, view: View<'_>, now: &Zoned) -> Option<Line> {
        let stamp = event.at.map(|at| short_time(&self.local(at), now)).unwrap_or_default();
        Some(Line::of(Style::Dim, &format!("{stamp} ")).then(words(event, View { here: None, ..view })?))
    }

    /// With a date that programs understand, and the place.
    pub fn dated(&self, event: &Event, view: View<'_>) -> Option<Line> {
        let stamp =
            event.at.filter(|_| view.times).map(|at| self.local(at).strftime("%Y-%m-%d %H:%M ").to_string());
        Some(Line::of(Style::Dim, &stamp.unwrap_or_default()).then(words(event, view)?))
    }

    pub(super) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }
}

/// A word of the search that may be the beginning of another.
fn longer(words: &str) -> Option<&str> {
    let is_key = |word: &str| ["from:", "in:", "after:", "before:"].iter().any(|key| word.starts_with(key));
    let mut plain = words.split_whitespace().filter(|word| !is_key(&word.to_ascii_lowercase()));
    plain.rfind(|word| word.chars().count() >= 2 && word.chars().all(char::is_alphanumeric))
}

fn words(event: &Event, view: View<'_>) -> Option<Line> {
    match &event.what {
        What::Said { from, to, own, how, text } => Some(said(from, to, *own, *how, text, view)),
        What::Announcement { from, to, text } => Some(super::announcement(from, to, text)),
        _ => None,
    }
}

fn caught_up(places: &[Unread]) -> Line {
    let place = |unread: &Unread| {
        let naming = match unread.naming {
            0 => String::new(),
            1 => " (1 names you)".to_owned(),
            naming => format!(" ({naming} name you)"),
        };
        let more = if unread.more { "+" } else { "" };
        let private = if is_channel(&unread.place) { "" } else { "private from " };
        format!("{private}{} {}{more}{naming}", unread.place, unread.count)
    };
    let places: Vec<_> = places.iter().map(place).collect();
    ruled(Style::Bold, &format!("unread: {}", places.join(", ")))
}

pub(super) fn removed(by: &str, from: Option<&str>, to: &str, reason: Option<&str>, view: View<'_>) -> Line {
    let mut line = Line::new();
    if is_channel(to) && !view.is_here(to) {
        line = line.text(Style::Dim, to).text(Style::Plain, " ");
    }
    line = match from {
        Some(from) => line.name(from).text(Style::Dim, "'s message was removed"),
        None => line.text(Style::Dim, "a message was removed"),
    };
    if from.is_none_or(|from| !from.eq_ignore_ascii_case(by)) {
        line = line.text(Style::Dim, " by ").name(by);
    }
    match reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => line.text(Style::Dim, &format!(" ({reason})")),
        None => line,
    }
}

fn ruled(style: Style, text: &str) -> Line {
    Line::of(style, &format!("── {text} ──"))
}

fn whence(place: &str) -> String {
    if is_channel(place) { format!("in {place}") } else { format!("with {place} in private") }
}

/// A time as one speaks of it: the day only if it wasn't today.
pub fn since_when(time: &Zoned, now: &Zoned) -> String {
    let days = now.date().since(time.date()).map_or(i32::MAX, |span| span.get_days());
    let format = match days {
        0 => "%H:%M",
        1..7 => "%A %H:%M",
        _ if time.year() == now.year() => "%-d %B %H:%M",
        _ => "%-d %B %Y",
    };
    time.strftime(format).to_string()
}

fn short_time(time: &Zoned, now: &Zoned) -> String {
    let format = if time.year() == now.year() { "%a %e %b %H:%M" } else { "%e %b %Y %H:%M" };
    time.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::session::How;

    const VIEW: View<'_> = View { me: "alice", here: Some("#lobby"), times: true, guest: false };

    fn said_at(at: &str, to: &str, text: &str) -> Event {
        let what =
            What::Said { from: "bob".into(), to: to.into(), own: false, how: How::Text, text: text.into() };
        Event { at: Some(at.parse().unwrap()), past: true, ..Event::bare(what) }
    }

    fn shown(what: What) -> String {
        let now = "2026-11-23T08:30:00Z".parse().unwrap();
        let lines = Renderer::new(TimeZone::UTC).lines(&Event::bare(what), VIEW, now);
        lines.iter().map(Line::plain).collect::<Vec<_>>().join("\n")
    }

    fn unread(place: &str, count: usize, since: &str) -> Unread {
        Unread { place: place.into(), count, naming: 0, more: false, since: Some(since.parse().unwrap()) }
    }

    #[test]
    fn what_is_unread_is_counted_and_dated_as_people_speak() {
        for (place, since, line) in [
            ("#lobby", "2026-11-20T17:03:00Z", "── 12 unread since Friday 17:03 ──"),
            ("#ops", "2026-11-23T07:03:00Z", "── 12 unread in #ops since 07:03 ──"),
            ("bob", "2026-10-30T17:03:00Z", "── 12 unread with bob in private since 30 October 17:03 ──"),
            ("#lobby", "2025-11-23T17:03:00Z", "── 12 unread since 23 November 2025 ──"),
        ] {
            assert_eq!(shown(What::Unread(unread(place, 12, since))), line);
        }
        let mut many = unread("#ops", 500, "2026-11-20T17:03:00Z");
        (many.more, many.naming) = (true, 2);
        let places = vec![many, unread("bob", 1, "2026-11-20T17:03:00Z")];
        let text = "── unread: #ops 500+ (2 name you), private from bob 1 ──";
        assert_eq!(shown(What::CaughtUp { places }), text);
    }

    #[test]
    fn old_lines_are_set_off_and_each_day_is_named() {
        let lines = vec![
            said_at("2026-10-30T14:02:00Z", "#lobby", "soup?"),
            said_at("2026-11-20T17:03:00Z", "#lobby", "bye"),
        ];
        assert_eq!(
            shown(What::History { place: "#lobby".into(), lines, whole: false }),
            "── 2 lines in #lobby from before ──\n── Friday, 30 October 2026 ──\n14:02 bob: soup?\n\
             ── Friday, 20 November 2026 ──\n17:03 bob: bye\n── <history> once more goes further back ──"
        );
        let none = What::History { place: "bob".into(), lines: Vec::new(), whole: true };
        assert_eq!(shown(none.clone()), "nothing earlier is stored with bob in private");
        let guest = View { guest: true, ..VIEW };
        let told = Renderer::new(TimeZone::UTC).lines(&Event::bare(none), guest, Timestamp::UNIX_EPOCH);
        assert_eq!(told[0].plain(), "nothing earlier that guests may read with bob in private");
    }

    #[test]
    fn what_was_found_has_day_time_place_and_name() {
        let lines = vec![
            said_at("2025-10-30T14:02:00Z", "#cooking", "soup\nand bread"),
            said_at("2026-11-02T09:05:00Z", "alice", "soup?"),
        ];
        assert_eq!(
            shown(What::Found { words: "soup".into(), lines, more: false }),
            "30 Oct 2025 14:02 #cooking bob: soup\n  and bread\n\
             Mon  2 Nov 09:05 [private] bob → you: soup?\n── 2 found ──"
        );
        let none = What::Found { words: "soup from:bob".into(), lines: Vec::new(), more: false };
        assert_eq!(
            shown(none),
            "nothing found: soup from:bob\nonly whole words are found; soup* finds what begins so"
        );
        for words in ["soup*", "from:bob after:today", "!", "x"] {
            let none = What::Found { words: words.into(), lines: Vec::new(), more: false };
            assert_eq!(shown(none), format!("nothing found: {words}"));
        }
        let lines = vec![said_at("2026-11-02T09:05:00Z", "alice", "soup?")];
        let some = shown(What::Found { words: "soup".into(), lines, more: true });
        assert!(some.ends_with("── 1 found; <search> alone goes further back ──"), "{some}");
    }

    #[test]
    fn a_removed_message_is_told_with_whose_it_was() {
        let removed = |from: Option<&str>, reason: Option<&str>| What::Removed {
            by: "root".into(),
            from: from.map(str::to_owned),
            to: "#ops".into(),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(
            shown(removed(Some("bob"), Some("spam"))),
            "08:30 #ops bob's message was removed by root (spam)"
        );
        assert_eq!(shown(removed(None, None)), "08:30 #ops a message was removed by root");
        assert_eq!(shown(removed(Some("ROOT"), None)), "08:30 #ops ROOT's message was removed");
    }
}
