//! WeeChat as it logs by itself: date and time, nick, and text, with tabs between them.

use chat_proto::admin::ImportedKind;
use jiff::civil::Date;

use super::{Meaning, bare, time};

/// What stands for a nick in front of what nobody said.
const SIGNS: [&str; 5] = ["-->", "<--", "--", "=!=", ""];

pub(super) fn meaning(line: &str) -> Option<Meaning<'_>> {
    if line.is_empty() {
        return Some(Meaning::Nothing);
    }
    let (when, rest) = line.split_once('\t')?;
    let (date, clock) = when.split_once(' ')?;
    let (date, time): (Date, _) = (date.parse().ok()?, time(clock)?);
    let (from, text) = rest.split_once('\t')?;
    if SIGNS.contains(&from.trim()) {
        return Some(Meaning::Nothing);
    }
    let (kind, from, text) = match from.trim() {
        "*" => {
            let (from, text) = text.split_once(' ')?;
            (ImportedKind::Action, from, text)
        }
        from => (ImportedKind::Message, from, text),
    };
    Some(Meaning::Said { day: Some(date), time, kind, from: bare(from), text })
}
