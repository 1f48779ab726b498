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

/// Bytes of all other tags together that a message with [`PERSIST`] has stored as well.
const PERSISTED_MAX: usize = 512;

/// Returns those of the tags that are stored, each key once; the others are for those who are there. A message that asks for it by
/// [`PERSIST`] has its other tags stored, too, as far as there is room for them.
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
    if contains(tags, PERSIST) {
        let room = stored.len() + PERSISTED_MAX;
        for tag in tags.rsplit(';') {
            if !contains(&stored, key_of(tag)) && !is_meaningful(tag) && stored.len() + 1 + tag.len() <= room
            {
                stored.extend([";", tag]);
            }
        }
    }
    stored.into()
}

fn is_meaningful(tag: &str) -> bool {
    MEANINGFUL_LATER.contains(&key_of(tag))
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
    fn other_tags_of_a_persistent_message_are_stored_while_there_is_room() {
        assert_eq!(&*stored("+a=1;+draft/persist;+a=2;+b"), "+draft/persist;+b;+a=2");
        let long = format!("+long={}", "x".repeat(PERSISTED_MAX));
        assert_eq!(&*stored(&format!("+draft/persist;{long};+a")), "+draft/persist;+a");
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
