//! Client-only tags: which of them the history keeps.

/// With this tag a message of tags alone asks to be part of the history.
pub const PERSIST: &str = "+draft/persist";
/// Tags that still mean something to somebody who reads the history later: what a message answers, reactions, and the channel that a
/// private message is about. The drafts of IRCv3 and their final names.
const MEANINGFUL_LATER: &[&str] = &[
    PERSIST,
    "+draft/reply",
    "+reply",
    "+draft/react",
    "+react",
    "+draft/unreact",
    "+unreact",
    "+draft/channel-context",
    "+channel-context",
];
/// Bytes of a stored tag, with its key.
const STORED_MAX: usize = 512;

/// Returns those of the tags that are stored. Each key once; the others are for those who are there.
pub fn stored(tags: &str) -> Box<str> {
    if tags.is_empty() {
        return Box::default();
    }
    let mut stored = String::new();
    for key in MEANINGFUL_LATER {
        // As everywhere, the last of several with one key counts.
        let found = tags.rsplit(';').find(|tag| key_of(tag) == *key);
        if let Some(tag) = found.filter(|tag| tag.len() <= STORED_MAX) {
            stored.extend([if stored.is_empty() { "" } else { ";" }, tag]);
        }
    }
    stored.into()
}

/// Whether a tag of that key is among the tags.
pub fn contains(tags: &str, key: &str) -> bool {
    tags.split(';').any(|tag| key_of(tag) == key)
}

fn key_of(tag: &str) -> &str {
    tag.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_with_a_later_meaning_are_stored() {
        for (tags, kept) in [
            ("", ""),
            ("+typing=active", ""),
            ("+draft/reply=1;+typing=active", "+draft/reply=1"),
            ("+x=1;+draft/react=:);+reply=2", "+reply=2;+draft/react=:)"),
            ("+draft/unreact=a;+draft/persist", "+draft/persist;+draft/unreact=a"),
            ("+draft/reply2=1;+draft/repl=2", ""),
            ("+channel-context=#tea", "+channel-context=#tea"),
        ] {
            assert_eq!(&*stored(tags), kept, "{tags}");
        }
    }

    #[test]
    fn long_tags_are_not_stored() {
        let tag = |bytes: usize| format!("+reply={}", "x".repeat(bytes - "+reply=".len()));
        assert_eq!(*stored(&tag(STORED_MAX)), tag(STORED_MAX));
        assert_eq!(&*stored(&tag(STORED_MAX + 1)), "");
    }

    #[test]
    fn a_repeated_key_is_stored_once() {
        assert_eq!(&*stored("+reply=1;+reply=2;+reply=3"), "+reply=3");
    }
}
