//! Names that people take for one another.
//!
//! The rule protects people against impostors: nobody but its owner goes by a name that is read as the name of an account, of a login of
//! this host, or of those who run the chat ([`reserved`](crate::reserved)). It shall keep out impostors and not people, so names count as
//! mistakable only when the difference between them is hard to see:
//!
//! - case: `Alice` and `ALICE` are the same name anyway;
//! - glyphs that look the same: `l`, a capital `I`, `1` and `|`; `0` and `o`; `5` and `s`; `rn` and `m`; `vv` and `w`;
//! - digits in the place of letters: `3` for `e`, `4` for `a`, `7` for `t`, `8` for `b` and `1` for `i`, but not at the end of a name,
//!   where they are numbers;
//! - a small `l` for a capital `I` in a name in capitals: `ALlCE`.
//!
//! A sign more or less can be seen, so the names that clients fall back to pass: `alice_`, `alice-`, `` `alice ``, `alice2`,
//! `alice|away`. So do ordinary names that differ in a letter, such as `lars` and `iars`, or `dan` and `clan`. Names are ASCII, so letters
//! of other scripts cannot imitate them.

use std::collections::BTreeMap;

use chat_proto::name::{Folded, Nick, same};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Known names, to find those that a name could be taken for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks(BTreeMap<Skeleton, BTreeMap<Folded, Nick>>);

/// Equal for names of which one could be taken for the other, and for some others too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Skeleton(CompactString);

impl Looks {
    /// Returns a name that `name` could be taken for, other than itself.
    pub fn alike(&self, name: &str) -> Option<&Folded> {
        let known = self.0.get(&Skeleton::new(name))?;
        known.iter().find(|(_, known)| is_mistakable(name, known.as_str())).map(|(folded, _)| folded)
    }

    /// Whether it is one of the known names, in whatever case.
    pub fn contains(&self, name: &Folded) -> bool {
        self.0.get(&Skeleton::new(name.as_str())).is_some_and(|known| known.contains_key(name))
    }

    /// Returns whether it is new.
    pub fn insert(&mut self, name: &Nick) -> bool {
        let known = self.0.entry(Skeleton::new(name.as_str())).or_default();
        known.insert(name.fold(), name.clone()).is_none()
    }

    pub fn remove(&mut self, name: &Nick) {
        let skeleton = Skeleton::new(name.as_str());
        if let Some(known) = self.0.get_mut(&skeleton) {
            known.remove(&name.fold());
            if known.is_empty() {
                self.0.remove(&skeleton);
            }
        }
    }
}

impl Skeleton {
    fn new(name: &str) -> Self {
        // The case matters to the glyph of an I alone, and all of that kind are one here.
        let bar = |c: char| if is_bar(c) || c == 'i' { 'l' } else { c };
        Self(glyphs(&name.to_ascii_lowercase()).map(bar).collect())
    }
}

/// Whether `name` could be taken for `known`, which is another name. How both are written matters.
pub fn is_mistakable(name: &str, known: &str) -> bool {
    if same(name, known) {
        return false;
    }
    let lower = known.to_ascii_lowercase();
    let in_capitals = name.chars().all(|c| c == 'l' || !c.is_ascii_lowercase())
        && name.chars().any(|c| c != 'I' && c.is_ascii_uppercase());
    if in_capitals {
        // Among capitals an I is an I, and so is a small l.
        return alike(&name.replace('l', "I").to_ascii_lowercase(), &lower);
    }
    alike(name, known) || alike(name, &lower)
}

fn alike(name: &str, known: &str) -> bool {
    let mut known = glyphs(known);
    glyphs(name).all(|glyph| known.next().is_some_and(|other| is_same_glyph(glyph, other)))
        && known.next().is_none()
}

fn is_same_glyph(a: char, b: char) -> bool {
    let leet = |a: char, b: char| a == '1' && matches!(b, 'i' | 'I');
    a.eq_ignore_ascii_case(&b) || is_bar(a) && is_bar(b) || leet(a, b) || leet(b, a)
}

fn is_bar(c: char) -> bool {
    matches!(c, 'l' | 'I' | '1' | '|')
}

/// The characters of a name, with letters in the place of digits and of pairs that are read as one.
fn glyphs(name: &str) -> impl Iterator<Item = char> {
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let mut rest = name.char_indices().peekable();
    std::iter::from_fn(move || {
        let (index, c) = rest.next()?;
        let joined = match (c, rest.peek()) {
            ('r', Some((_, 'n'))) => Some('m'),
            ('v' | 'V', Some((_, 'v' | 'V'))) => Some('w'),
            _ => None,
        };
        if joined.is_some() {
            rest.next();
            return joined;
        }
        Some(match c {
            '0' => 'o',
            '5' => 's',
            '3' if index < end => 'e',
            '4' if index < end => 'a',
            '7' if index < end => 't',
            '8' if index < end => 'b',
            // At the end it is a bar or a number, and no i.
            '1' if index >= end => 'l',
            c => c,
        })
    })
}

#[cfg(test)]
mod tests;
