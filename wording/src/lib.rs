//! What the TOML parser and serde find wrong, in the words of those who write the file.
//!
//! Their messages are taken apart as text, which the tests hold; one of another form is passed on as it is.

mod mistakes;
mod syntax;

use std::ops::Range;

pub use mistakes::{Mistake, read};

/// How alike two words are, from 0 to 1, when one may be the other mistyped.
const ALIKE: f64 = 0.6;

/// What is found, as serde calls it and as we do.
const FOUND: &[(&str, &str)] = &[
    ("invalid type: map", "a section"),
    ("invalid type: sequence", "a list"),
    ("invalid type: floating point ", "the number "),
    ("invalid type: integer ", "the number "),
    ("invalid type: boolean ", ""),
    ("invalid type: string ", ""),
    ("invalid value: string ", ""),
    ("invalid value: integer ", "the number "),
    ("invalid basic string", "text with something in it that can't be there, or without its end"),
    ("invalid multi-line basic string", "text with something in it that can't be there, or without its end"),
];
/// What is expected.
const EXPECTED: &[(&str, &str)] =
    &[("a boolean", "true or false, without quotation marks"), ("a sequence", "a list")];

/// The parser's error about `text`: the bytes that it is about, and what is wrong there. `shipped` is the documented file with every key,
/// which tells the section that a misplaced one belongs to.
pub fn wrong(error: &toml::de::Error, text: &str, shipped: &str) -> (Range<usize>, String) {
    let message = error.message().lines().collect::<Vec<_>>().join(": ");
    let span = error.span().unwrap_or_default();
    let at = text.get(span.clone()).unwrap_or_default();
    let slip = || {
        let is_syntax = toml::de::DeTable::parse(text).is_err();
        is_syntax.then(|| syntax::slip(&text[mistakes::line(text, span.start)])).flatten()
    };
    let message = unknown(&message, shipped).or_else(slip).or_else(|| plain(&message, at)).unwrap_or(message);
    (span, message)
}

/// Line and column of a byte, from 1, as editors count them.
pub fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn plain(message: &str, at: &str) -> Option<String> {
    match message {
        "duplicate key" => {
            return Some(format!("`{}` is here for the second time: expected it once", at.trim()));
        }
        _ if at.starts_with("[[") && message.starts_with("invalid type: map") => {
            return Some("one section of several: expected a single one, its name in single brackets".into());
        }
        "invalid type: map, expected a sequence" => {
            return Some(format!(
                "one section: expected `[{}]`, its name in double brackets, since there may be several",
                at.lines().next().unwrap_or_default().trim()
            ));
        }
        "wanted string or table" => return Some("not a word: expected one in quotation marks".into()),
        "string values must be quoted, expected literal string" => {
            return Some("no value: expected one, text in quotation marks".into());
        }
        _ => {}
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return Some(format!("{key} is missing"));
    }
    let (found, expected) = message.rsplit_once(", expected ")?;
    let found = FOUND.iter().find_map(|(theirs, ours)| Some((ours, found.strip_prefix(theirs)?)));
    let found = found.map(|(ours, rest)| format!("{ours}{}", rest.trim_end_matches(" as i128")))?;
    let expected = EXPECTED.iter().find(|(theirs, _)| *theirs == expected).map_or(expected, |(_, ours)| ours);
    Some(format!("{found}: expected {expected}"))
}

/// Serde names all the keys or words that it knows; who mistyped one is helped by the nearest, who put it into the
/// wrong section by the right one.
fn unknown(message: &str, shipped: &str) -> Option<String> {
    let (what, rest) = [("key", "unknown field `"), ("value", "unknown variant `")]
        .into_iter()
        .find_map(|(what, start)| Some((what, message.strip_prefix(start)?)))?;
    let (found, expected) = rest.split_once("`, expected ")?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let home = || (what == "key").then(|| home_of(found, shipped)).flatten();
    let hint = nearest(found, &known)
        .map(|meant| format!("did you mean `{meant}`? "))
        .or_else(|| home().map(|section| format!("it belongs to {section}; here ")))
        .unwrap_or_default();
    let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    Some(format!("unknown {what} `{found}`: {hint}expected one of {}", known.join(", ")))
}

/// The section, as the file writes it, that a key belongs to.
fn home_of<'a>(key: &str, shipped: &'a str) -> Option<&'a str> {
    let mut section = None;
    for line in shipped.lines().map(|line| line.trim_start_matches('#')) {
        if line.starts_with('[') {
            section = Some(line);
        } else if line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = ")) {
            return section;
        }
    }
    None
}

fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&found.to_lowercase(), known);
    let rated = known.iter().map(|known| (likeness(known), *known));
    let alike = rated.filter(|(likeness, _)| *likeness >= ALIKE);
    alike.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Keys {
        #[serde(rename = "colour")]
        _colour: Option<bool>,
    }

    #[test]
    fn a_mistyped_key_is_found_and_the_right_one_named() {
        let text = "# ö\n  color = true\n";
        let error = toml::from_str::<Keys>(text).unwrap_err();
        let (span, message) = wrong(&error, text, "");
        assert_eq!(place(text, span.start), (2, 3));
        assert_eq!(message, "unknown key `color`: did you mean `colour`? expected one of `colour`");
    }
}
