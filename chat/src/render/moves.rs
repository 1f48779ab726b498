//! Many who come and go, in a line for each channel.

use std::collections::BTreeMap;

use chat_proto::name::{Folded, same};
use jiff::Timestamp;

use crate::line::{Line, Style};
use crate::render::{Renderer, View};
use crate::session::{Event, What};

/// Of more, only the number.
const NAMES: usize = 10;
/// So few read as one alone does; more are counted.
const FEW: usize = 2;

/// What somebody's coming and going amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Joined,
    Left,
    CameAndWent,
    CameBack,
    Gone,
}

/// A channel, or none for those who are gone from all of them, and who did what there.
type Group<'a> = (Option<&'a str>, BTreeMap<Kind, Vec<&'a str>>);

impl Renderer {
    /// Lines for joins and leaves, in the order in which they happened.
    pub fn moves(&mut self, events: &[Event], view: View<'_>, now: Timestamp) -> Vec<Line> {
        let lines = summary(events).into_iter().map(|group| line(&group, view)).collect();
        let at = events.first().and_then(|event| event.at);
        self.timed(lines, at, view, now, true)
    }
}

fn line((channel, kinds): &Group<'_>, view: View<'_>) -> Line {
    let elsewhere = channel.filter(|channel| !view.is_here(channel));
    if let (Some((kind, names)), 1) = (kinds.first_key_value(), kinds.len())
        && names.len() <= FEW
    {
        let line = told(Line::new(), *kind, names);
        return match elsewhere {
            Some(channel) => line.text(Style::Dim, kind.joint()).name(channel),
            None => line,
        };
    }
    let mut line = Line::new();
    if let Some(channel) = elsewhere {
        line = line.name(channel).text(Style::Dim, " ");
    }
    for (index, (kind, names)) in kinds.iter().enumerate() {
        line = line.text(Style::Dim, if index == 0 { "" } else { " · " });
        line = told(line, *kind, names);
    }
    line
}

/// Few with their names in front, many after their number.
fn told(line: Line, kind: Kind, names: &[&str]) -> Line {
    if names.len() > FEW {
        return listed(line.text(Style::Dim, &format!("{} {}: ", names.len(), kind.words())), names, ", ");
    }
    let is = match (kind, names.len()) {
        (Kind::Gone, 1) => "is ",
        (Kind::Gone, _) => "are ",
        _ => "",
    };
    listed(line, names, " and ").text(Style::Dim, &format!(" {is}{}", kind.words()))
}

fn listed(mut line: Line, names: &[&str], separator: &str) -> Line {
    for (index, name) in names.iter().take(NAMES).enumerate() {
        line = line.text(Style::Dim, if index == 0 { "" } else { separator }).name(name);
    }
    match names.len().saturating_sub(NAMES) {
        0 => line,
        more => line.text(Style::Dim, &format!(" and {more} more")),
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::CameAndWent => "came and went",
            Self::CameBack => "left and came back",
            Self::Gone => "gone",
        }
    }

    /// What stands between it and a channel.
    fn joint(self) -> &'static str {
        match self {
            Self::CameAndWent => " in ",
            Self::CameBack => " to ",
            _ => " ",
        }
    }

    /// From the first and the last thing that somebody did in a channel.
    fn of(first_in: bool, last_in: bool) -> Self {
        match (first_in, last_in) {
            (true, true) => Self::Joined,
            (true, false) => Self::CameAndWent,
            (false, true) => Self::CameBack,
            (false, false) => Self::Left,
        }
    }
}

/// What somebody did, in order.
struct Course<'a> {
    name: &'a str,
    moves: Vec<&'a What>,
}

fn summary(events: &[Event]) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    for course in courses(events) {
        let channels = course.channels();
        let kinds: Vec<_> = channels.iter().filter_map(|channel| course.kind(channel)).collect();
        for (channel, kind) in channels.iter().zip(&kinds) {
            add(&mut groups, Some(channel), *kind, course.name);
        }
        let ends_gone = matches!(course.moves.last(), Some(What::Gone { .. }));
        let is_told = !kinds.is_empty() && kinds.iter().all(|kind| *kind == Kind::CameAndWent);
        if ends_gone && !is_told {
            add(&mut groups, None, Kind::Gone, course.name);
        }
    }
    groups
}

fn courses(events: &[Event]) -> Vec<Course<'_>> {
    let mut courses: Vec<Course<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    for event in events {
        let (What::Joined { name, .. } | What::Left { name, .. } | What::Gone { name, .. }) = &event.what
        else {
            continue;
        };
        let index = *known.entry(Folded::new(name)).or_insert(courses.len());
        if index == courses.len() {
            courses.push(Course { name, moves: Vec::new() });
        }
        courses[index].moves.push(&event.what);
    }
    courses
}

impl<'a> Course<'a> {
    /// Those that it came to or went from, rather than from all at once.
    fn channels(&self) -> Vec<&'a str> {
        let mut channels: Vec<&str> = Vec::new();
        for what in &self.moves {
            if let What::Joined { channel, .. } | What::Left { channel, .. } = what
                && !channels.iter().any(|known| same(known, channel))
            {
                channels.push(channel);
            }
        }
        channels
    }

    fn kind(&self, here: &str) -> Option<Kind> {
        let is_in = |what: &&What| match what {
            What::Joined { channel, .. } => same(channel, here).then_some(true),
            What::Left { channel, .. } => same(channel, here).then_some(false),
            _ => Some(false),
        };
        let steps: Vec<_> = self.moves.iter().filter_map(is_in).collect();
        Some(Kind::of(*steps.first()?, *steps.last()?))
    }
}

fn add<'a>(groups: &mut Vec<Group<'a>>, channel: Option<&'a str>, kind: Kind, name: &'a str) {
    let is_there = |(there, _): &Group<'_>| match (there, channel) {
        (Some(there), Some(channel)) => same(there, channel),
        (there, channel) => there.is_none() && channel.is_none(),
    };
    let index = groups.iter().position(is_there).unwrap_or(groups.len());
    if index == groups.len() {
        groups.push((channel, BTreeMap::new()));
    }
    groups[index].1.entry(kind).or_default().push(name);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    const VIEW: View<'_> = View { me: "me", here: Some("#c"), times: false, guest: false };

    fn event(word: &str) -> Event {
        let (sign, rest) = word.split_at(1);
        let (name, channel) = rest.split_once('#').unwrap_or((rest, "c"));
        let (name, channel) = (name.to_owned(), format!("#{channel}"));
        Event::bare(match sign {
            "+" => What::Joined { name, channel, own: false },
            "-" => What::Left { name, channel, own: false, reason: String::new() },
            _ => What::Gone { name, reason: String::new() },
        })
    }

    fn shown(words: &str) -> String {
        let events: Vec<_> = words.split(' ').map(event).collect();
        let lines = Renderer::new(TimeZone::UTC).moves(&events, VIEW, Timestamp::UNIX_EPOCH);
        lines.iter().map(Line::plain).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn who_came_and_who_went_is_one_line_for_each_channel() {
        assert_eq!(shown("+a +b +c -d -e -f"), "3 joined: a, b, c · 3 left: d, e, f");
        assert_eq!(shown("+a#ops +b#OPS +c#ops -d#ops"), "#ops 3 joined: a, b, c · d left");
        assert_eq!(shown("+anna ~a ~b ~c"), "anna joined\n3 gone: a, b, c");
    }

    #[test]
    fn one_or_two_read_as_they_do_alone() {
        assert_eq!(shown("+anna +bert -carl"), "anna and bert joined · carl left");
        assert_eq!(shown("+anna +bert#ops +carl#OPS"), "anna joined\nbert and carl joined #ops");
        assert_eq!(shown("+anna ~bert ~carl"), "anna joined\nbert and carl are gone");
        assert_eq!(shown("~bert +anna#ops"), "bert is gone\nanna joined #ops");
    }

    #[test]
    fn what_somebody_did_in_the_end_counts() {
        assert_eq!(shown("+anna -anna +bert ~bert"), "anna and bert came and went");
        assert_eq!(shown("~anna +Anna -bert +bert"), "anna and bert left and came back");
        assert_eq!(shown("+anna -anna +anna"), "anna joined");
        assert_eq!(shown("-anna +anna -anna"), "anna left");
        assert_eq!(shown("-anna ~anna"), "anna left\nanna is gone");
        assert_eq!(shown("+anna +anna#ops ~anna"), "anna came and went\nanna came and went in #ops");
        assert_eq!(shown("-anna#ops +anna#ops"), "anna left and came back to #ops");
    }

    #[test]
    fn of_many_names_the_first_are_told_and_all_are_counted() {
        let words: Vec<_> = (0..25).map(|n| format!("+n{n}")).collect();
        let text = shown(&words.join(" "));
        assert!(text.starts_with("25 joined: n0, n1,") && text.ends_with("n9 and 15 more"), "{text}");
    }

    proptest! {
        /// Who is where afterwards follows from the lines alone.
        #[test]
        fn nobody_is_lost_or_told_twice(words in prop::collection::vec("[+~-][abcd](#c|#d)", 1..40)) {
            let events: Vec<_> = words.iter().map(|word| event(word)).collect();
            let mut real: BTreeMap<(char, &str), bool> = BTreeMap::new();
            for word in &words {
                let (sign, name) = (word.as_bytes()[0], char::from(word.as_bytes()[1]));
                match sign {
                    b'~' => real.iter_mut().filter(|((known, _), _)| *known == name).for_each(|(_, is_in)| *is_in = false),
                    sign => drop(real.insert((name, &word[2..]), sign == b'+')),
                }
            }
            let (mut told, mut gone) = (BTreeMap::new(), BTreeSet::new());
            for (channel, kinds) in summary(&events) {
                for (kind, names) in kinds {
                    for name in names {
                        let name = name.chars().next().unwrap();
                        let is_in = matches!(kind, Kind::Joined | Kind::CameBack);
                        let is_new = match channel {
                            Some(channel) => told.insert((name, channel), is_in).is_none(),
                            None => gone.insert(name),
                        };
                        prop_assert!(is_new, "{name} twice");
                    }
                }
            }
            prop_assert_eq!(&told, &real);
            for word in words.iter().filter(|word| word.starts_with('~')) {
                let name = word.chars().nth(1).unwrap();
                prop_assert!(gone.contains(&name) || told.keys().any(|(known, _)| *known == name));
            }
        }
    }
}
