//! What is worth a bell: private messages, one's name, the administrator.

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
    let text = text.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty()
        && text
            .match_indices(&name)
            .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_as_a_word_only() {
        for text in ["alice: hi", "hi Alice", "@alice!", "(ALICE)"] {
            assert!(mentions(text, "alice"), "{text}");
        }
        for text in ["malice", "alices", "alice-b is here", "hi"] {
            assert!(!mentions(text, "alice"), "{text}");
        }
    }
}
