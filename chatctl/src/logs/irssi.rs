//! irssi as it logs by itself: `12:34 <@alice> text`, the day in lines of its own.

use chat_proto::admin::ImportedKind;
use jiff::civil::Date;

use super::{Meaning, bare, time};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn meaning(line: &str) -> Option<Meaning<'_>> {
    if line.is_empty() {
        return Some(Meaning::Nothing);
    }
    if let Some(rest) = line.strip_prefix("--- ") {
        return heading(rest);
    }
    let (clock, rest) = line.split_once(' ')?;
    let time = time(clock)?;
    let (kind, from, text) = if rest.starts_with("-!-") {
        return Some(Meaning::Nothing);
    } else if let Some(said) = rest.strip_prefix('<') {
        let (from, text) = said.split_once("> ")?;
        (ImportedKind::Message, from, text)
    } else if let Some(done) = rest.strip_prefix(" * ") {
        let (from, text) = done.split_once(' ')?;
        (ImportedKind::Action, from, text)
    } else if let Some(noticed) = rest.strip_prefix('-') {
        let (from, text) = noticed.split_once("- ")?;
        (ImportedKind::Notice, from.split(':').next()?, text)
    } else {
        return None;
    };
    Some(Meaning::Said { day: None, time, kind, from: bare(from), text })
}

/// `Log opened Sun Nov 01 12:00:00 2026`, `Day changed Mon Nov 02 2026`, `Log closed …`.
fn heading(text: &str) -> Option<Meaning<'_>> {
    let Some(when) = text.strip_prefix("Log opened ").or(text.strip_prefix("Day changed ")) else {
        return text.starts_with("Log closed").then_some(Meaning::Nothing);
    };
    let words: Vec<&str> = when.split_whitespace().collect();
    let [_, month, day, .., year] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let date = Date::new(year.parse().ok()?, i8::try_from(month + 1).ok()?, day.parse().ok()?);
    date.ok().map(Meaning::Day)
}
