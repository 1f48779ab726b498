//! What is worth a bell: private messages, one's name, the administrator.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use crate::session::What;

/// Whether to ring for it.
pub fn is_urgent(what: &What, me: &str) -> bool {
    match what {
        What::Said { own: true, .. } => false,
        What::Said { to, text, .. } => !to.starts_with('#') || mentions(text, me),
        What::Invited { name, by, .. } => name.eq_ignore_ascii_case(me) && !by.eq_ignore_ascii_case(me),
        What::Announcement { .. } => true,
        What::Closed { last, .. } => *last,
        _ => false,
    }
}

/// Whether the name stands in the text as a word of its own.
pub fn mentions(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

/// Where the name stands in the text as a word of its own.
pub fn places(text: &str, name: &str) -> impl Iterator<Item = Range<usize>> {
    let text = text.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let begin = from + text.get(from..)?.find(&name).filter(|_| !name.is_empty())?;
            let end = begin + name.len();
            from = end;
            if !text[..begin].ends_with(is_part) && !text[end..].starts_with(is_part) {
                return Some(begin..end);
            }
        }
    })
}

/// Whether it goes on a word: letters, and marks that stand on one.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-') || c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_as_a_word_only() {
        for text in ["alice: hi", "hi Alice", "@alice!", "(ALICE)", "malice, alice"] {
            let found: Vec<_> = places(text, "alice").map(|at| text[at].to_ascii_lowercase()).collect();
            assert_eq!(found, ["alice"], "{text}");
        }
        for text in ["malice", "alices", "alice-b is here", "alice\u{301}", "hi"] {
            assert_eq!(places(text, "alice").count(), 0, "{text}");
        }
    }
}
