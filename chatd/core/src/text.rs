//! What is said in a message of one line or of several (draft/multiline).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Begins the next line.
const BREAK: char = '\n';
/// Goes on in the next line, which the author has split for its length alone.
const JOINT: char = '\r';

/// The text of a message. Where it has several lines, `\n` is between them, and `\r` where the author has split one for its
/// length alone; neither can be part of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaidText(Box<str>);

/// A line as it was sent, and is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLine<'a> {
    pub text: &'a str,
    /// It goes on where the line before it ended.
    pub joined: bool,
}

impl SaidText {
    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a reader sees it: lines that were split for their length are whole.
    pub fn plain(&self) -> Cow<'_, str> {
        if self.0.contains(JOINT) {
            Cow::Owned(self.0.chars().filter(|&c| c != JOINT).collect())
        } else {
            Cow::Borrowed(&self.0)
        }
    }

    /// The lines as they were sent; one at least.
    pub fn lines(&self) -> impl Iterator<Item = TextLine<'_>> + Clone {
        let mut joined = false;
        self.0.split_inclusive([BREAK, JOINT]).chain(self.ends_in_a_break().then_some("")).map(move |line| {
            let text = line.trim_end_matches([BREAK, JOINT]);
            TextLine { text, joined: std::mem::replace(&mut joined, line.ends_with(JOINT)) }
        })
    }

    pub fn is_multiline(&self) -> bool {
        self.0.contains([BREAK, JOINT])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a line below, or to the end of the last one.
    pub fn push(text: &mut String, line: TextLine<'_>) {
        text.push(if line.joined { JOINT } else { BREAK });
        text.push_str(line.text);
    }

    /// An empty text is one empty line, and so is what follows a break at the end.
    fn ends_in_a_break(&self) -> bool {
        self.0.is_empty() || self.0.ends_with([BREAK, JOINT])
    }
}

impl From<&str> for SaidText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for SaidText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_that_was_split_is_whole_for_a_reader() {
        let text = SaidText::from("hello\n\nhow is \reveryone?");
        let lines: Vec<_> = text.lines().map(|line| (line.text, line.joined)).collect();
        assert_eq!(lines, [("hello", false), ("", false), ("how is ", false), ("everyone?", true)]);
        assert_eq!(text.plain(), "hello\n\nhow is everyone?");
    }

    proptest! {
        #[test]
        fn the_lines_are_those_that_were_put_in(
            first in "[ab]{0,2}",
            more in prop::collection::vec(("[ab]{0,2}", any::<bool>()), 0..6),
        ) {
            let mut text = first.clone();
            for (line, joined) in &more {
                SaidText::push(&mut text, TextLine { text: line, joined: *joined });
            }
            let text = SaidText::from(text);
            let lines: Vec<_> = text.lines().map(|line| (line.text.to_owned(), line.joined)).collect();
            prop_assert_eq!(&lines[0], &(first, false));
            prop_assert_eq!(&lines[1..], &more[..]);
            prop_assert_eq!(text.is_multiline(), !more.is_empty());
        }
    }
}
