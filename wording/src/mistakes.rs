//! All mistakes of a file, where a parser stops at the first one.
//!
//! What a mistake is about is overwritten with blanks, so that every other place stays where it is, and the file is read again.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Mistakes that are reported at most: a file of another format consists of nothing else.
const MISTAKES_MAX: usize = 10;

/// A mistake, at a range of the file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub span: Range<usize>,
    pub message: String,
}

/// Reads `text` by `parse` until nothing is wrong with what is left of it, and returns the value.
///
/// # Errors
/// The mistakes, in the order of the file. A mistake that only follows from another one in the same section is left out.
pub fn read<T>(text: &str, parse: impl Fn(&str) -> Result<T, Mistake>) -> Result<T, Vec<Mistake>> {
    let mut rest = text.to_owned();
    let mut mistakes: Vec<Mistake> = Vec::new();
    while mistakes.len() < MISTAKES_MAX {
        let mistake = match parse(&rest) {
            Ok(value) if mistakes.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(mistake) => mistake,
        };
        let whole = affected(&rest, &mistake.span);
        let is_new = !mistakes.iter().any(|known| follows(text, &mistake.span, &known.span));
        if is_new {
            mistakes.push(mistake);
        }
        if !blank(&mut rest, whole) {
            break;
        }
    }
    mistakes.sort_by_key(|mistake| mistake.span.start);
    Err(mistakes)
}

/// Whether a mistake at `span` may only be there because the one at `known` was taken out: a section that lacks a key, or
/// the line after one that could not be read.
fn follows(text: &str, span: &Range<usize>, known: &Range<usize>) -> bool {
    let section = section(text, span.start);
    let lacks_it = section.contains(&known.start) && text[section.start..].starts_with('[') && {
        let header = line(text, section.start);
        header.contains(&span.start) && span.start <= known.start
    };
    lacks_it || line(text, known.start) == line(text, span.start)
}

/// What has to be taken out so that the rest can be read: the key and its value, the section, or the line.
fn affected(text: &str, span: &Range<usize>) -> Range<usize> {
    let line = line(text, span.start);
    if text[line.clone()].trim_start().starts_with('[') {
        return section(text, span.start);
    }
    let Ok(table) = DeTable::parse(text) else { return line };
    entry(table.get_ref(), span.start).unwrap_or(line)
}

/// The innermost key and value at `byte`.
fn entry(table: &DeTable<'_>, byte: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(table) => entry(table, byte),
            DeValue::Array(values) => values.iter().find_map(|value| match value.get_ref() {
                DeValue::Table(table) => entry(table, byte),
                _ => None,
            }),
            _ => None,
        };
        let whole = key.span().start..value.span().end;
        inner.or_else(|| whole.contains(&byte).then_some(whole))
    })
}

/// The section at `byte`, from its header to the next one.
fn section(text: &str, byte: usize) -> Range<usize> {
    let line = line(text, byte);
    let starts = |at: usize| text[at..].trim_start_matches([' ', '\t']).starts_with('[');
    let breaks = |part: &str, offset: usize| -> Vec<usize> {
        part.match_indices('\n').map(|(at, _)| offset + at + 1).collect()
    };
    let start = if starts(line.start) {
        line.start
    } else {
        breaks(&text[..line.start], 0).into_iter().rev().find(|at| starts(*at)).unwrap_or(0)
    };
    let end = breaks(&text[line.end..], line.end).into_iter().find(|at| starts(*at)).unwrap_or(text.len());
    start..end
}

/// The line at `byte`, without its end. Behind the end of a line is still that line.
pub(crate) fn line(text: &str, byte: usize) -> Range<usize> {
    let byte = text.floor_char_boundary(byte.min(text.len()));
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    start..end
}

/// Returns whether there was anything but blanks.
fn blank(text: &mut String, range: Range<usize>) -> bool {
    let there = text[range.clone()].chars().any(|c| !c.is_whitespace());
    let blanks: String = text[range.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &blanks);
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct File {
        _lobby: Lobby,
        _listen: Vec<Listen>,
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Lobby {
        _replay: u8,
        _open: bool,
        _names: Vec<u8>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Listen {
        _port: u16,
        _guests: bool,
    }

    fn places(text: &str) -> Vec<(usize, usize)> {
        let parse = |text: &str| {
            toml::from_str::<File>(text).map_err(|error| {
                let (span, message) = crate::wrong(&error, text, "");
                Mistake { span, message }
            })
        };
        let mistakes = read(text, parse).err().unwrap_or_default();
        mistakes.iter().map(|mistake| crate::place(text, mistake.span.start)).collect()
    }

    #[test]
    fn all_mistakes_are_found_in_the_order_of_the_file() {
        for (text, expected) in [
            ("[_lobby]\n_replay = 5\n", &[][..]),
            ("[_lobby]\n_replay = 500\n_open = yes\n_opne = true\n", &[(2, 11), (3, 9), (4, 1)]),
            ("[_lobby]\n_names = [\n  1,\n  500,\n  2,\n]\n_open = 5\n", &[(4, 3), (7, 9)]),
            ("[_loby]\n_replay = 5\n[_lobby]\n_open = 5\n", &[(1, 2), (4, 9)]),
            ("[[_listen]]\n_port = 70000\n_guests = 1\n[_lobby]\n_open = 1\n", &[(2, 9), (3, 11), (5, 9)]),
            ("_a = 1\n[_lobby\n_open = 1\n_b = 2\n", &[(1, 1), (2, 8)]),
        ] {
            assert_eq!(places(text), expected, "{text}");
        }
    }

    #[test]
    fn missing_key_is_no_mistake_of_its_own_beside_a_wrong_one() {
        assert_eq!(places("[[_listen]]\n_port = 5\n"), [(1, 1)]);
        assert_eq!(places("[[_listen]]\n_port = 70000\n_guests = true\n"), [(2, 9)]);
    }

    #[test]
    fn any_text_ends() {
        for text in ["", "[", "{\n  \"a\": 1\n}\n", "a = \"\"\"\nb\n", "\u{feff}x", "ö = 1\r\n[ö", "a.b.c"]
        {
            places(text);
            places(&text.repeat(30));
        }
        assert_eq!(places(&"x\n".repeat(100)).len(), MISTAKES_MAX);
    }
}
