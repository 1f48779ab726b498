//! One IRC message: parsed from a line, or written into one.
//!
//! Follows the Modern IRC document ("Message Format") and IRCv3 message-tags.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// The most parameters of a message; what stands behind the fifteenth belongs to it.
pub const PARAMS_MAX: usize = 15;

/// Why a line is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the line has no command")]
    NoCommand,
    #[error("the line has a NUL, CR or LF in it")]
    BadCharacter,
    #[error("the line is longer than any limit")]
    TooLong,
}

/// A parsed line. Holds the line once, and where its parts are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Message {
    line: Box<str>,
    tags: Span,
    source: Span,
    command: Span,
    params: [Span; PARAMS_MAX],
    count: u8,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u16,
    end: u16,
}

impl Message {
    /// Parses a line without its line end.
    ///
    /// # Errors
    /// There is no command, or the line has a character that no line can have.
    pub fn parse(line: impl Into<Box<str>>) -> Result<Self, ParseError> {
        let line = line.into();
        if line.len() > usize::from(u16::MAX) {
            return Err(ParseError::TooLong);
        }
        if line.bytes().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
            return Err(ParseError::BadCharacter);
        }
        let mut cursor = Cursor { line: &line, at: 0 };
        cursor.skip_spaces();
        let tags = cursor.prefixed('@');
        let source = cursor.prefixed(':');
        let command = cursor.word();
        if command.start == command.end {
            return Err(ParseError::NoCommand);
        }
        let (params, count) = cursor.params();
        Ok(Self { tags, source, command, params, count, line })
    }

    /// The command as it was sent; compare it without regard to case.
    pub fn command(&self) -> &str {
        &self.line[self.command.range()]
    }

    /// What stands behind the colon at the start: a nick with user and host, or a server.
    pub fn source(&self) -> Option<&str> {
        Some(&self.line[self.source.range()]).filter(|source| !source.is_empty())
    }

    /// The nick of the source, or the server's name.
    pub fn source_nick(&self) -> Option<&str> {
        self.source().map(|source| source.split(['!', '@']).next().unwrap_or(source))
    }

    pub fn param(&self, index: usize) -> Option<&str> {
        self.params[..usize::from(self.count)].get(index).map(|span| &self.line[span.range()])
    }

    pub fn params(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.params[..usize::from(self.count)].iter().map(|span| &self.line[span.range()])
    }

    /// The tags in their order, values unescaped; a tag without a value has an empty one.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> + Clone {
        self.raw_tags().map(|(key, value)| (key, unescape_tag(value)))
    }

    /// The tags in their order, values as they came.
    pub fn raw_tags(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let tags = &self.line[self.tags.range()];
        tags.split(';').filter(|tag| !tag.is_empty()).map(|tag| tag.split_once('=').unwrap_or((tag, "")))
    }

    /// The value of a tag, the last one if it came twice.
    pub fn tag(&self, key: &str) -> Option<Cow<'_, str>> {
        self.raw_tags().filter(|(k, _)| *k == key).last().map(|(_, value)| unescape_tag(value))
    }

    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// Whether it is one of the commands that passwords are said with.
    fn may_hold_secret(&self) -> bool {
        let command = self.command();
        let is = |name: &str| command.eq_ignore_ascii_case(name);
        match command.len() {
            2 => is("NS"),
            4 => is("PASS") || is("OPER"),
            6 => is("PASSWD"),
            7 => is("PRIVMSG") && self.param(0).is_some_and(|to| to.eq_ignore_ascii_case("NickServ")),
            8 => is("REGISTER") || is("NICKSERV"),
            12 => is("AUTHENTICATE"),
            _ => false,
        }
    }
}

impl fmt::Debug for Message {
    /// Shows the command alone: parameters may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} + {} params)", self.command(), self.count)
    }
}

impl Drop for Message {
    /// A line that may have a password in it is wiped; most have none, and cost nothing.
    fn drop(&mut self) {
        if self.may_hold_secret() {
            self.line.zeroize();
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line
    }
}

impl Eq for Message {}

impl TryFrom<String> for Message {
    type Error = ParseError;
    fn try_from(line: String) -> Result<Self, ParseError> {
        Self::parse(line)
    }
}

impl From<Message> for String {
    fn from(mut message: Message) -> Self {
        message.count = 0;
        message.command = Span::default();
        std::mem::take(&mut message.line).into()
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }
}

struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn skip_spaces(&mut self) {
        self.at += self.line[self.at..].bytes().take_while(|&b| b == b' ').count();
    }

    fn word(&mut self) -> Span {
        let start = self.at;
        self.at += self.line[start..].bytes().take_while(|&b| b != b' ').count();
        let span = span(start, self.at);
        self.skip_spaces();
        span
    }

    fn prefixed(&mut self, sigil: char) -> Span {
        if self.line[self.at..].starts_with(sigil) {
            self.at += 1;
            return self.word();
        }
        Span::default()
    }

    fn params(&mut self) -> ([Span; PARAMS_MAX], u8) {
        let mut params = [Span::default(); PARAMS_MAX];
        let mut count = 0;
        while self.at < self.line.len() {
            let trailing = self.line[self.at..].starts_with(':');
            params[usize::from(count)] = if trailing || usize::from(count) == PARAMS_MAX - 1 {
                let start = self.at + usize::from(trailing);
                self.at = self.line.len();
                span(start, self.at)
            } else {
                self.word()
            };
            count += 1;
        }
        (params, count)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`parse` refuses lines longer than u16::MAX")]
fn span(start: usize, end: usize) -> Span {
    Span { start: start as u16, end: end as u16 }
}

/// Writes one message, part by part: tags first, then source, command, parameters.
///
/// What is written can't break the line: CR, LF and NUL in a part are dropped.
#[derive(Debug, Default)]
pub struct Writer {
    line: String,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tag; an empty value is left out with its `=`.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        push_tag(&mut self.line, key, value);
        self
    }

    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.end_tags();
        self.line.push(':');
        self.push_clean(source);
        self.line.push(' ');
        self
    }

    #[must_use]
    pub fn command(mut self, command: &str) -> Self {
        self.end_tags();
        self.push_clean(command);
        self
    }

    /// A parameter without spaces, not empty, and without a colon at its start: what isn't so needs [`Writer::trailing`].
    #[must_use]
    pub fn param(mut self, param: &str) -> Self {
        self.line.push(' ');
        self.push_clean(param);
        self
    }

    /// The last parameter: any text.
    #[must_use]
    pub fn trailing(mut self, text: &str) -> Self {
        self.line.push_str(" :");
        self.push_clean(text);
        self
    }

    /// The line with its CR LF.
    pub fn finish(mut self) -> String {
        self.line.push_str("\r\n");
        self.line
    }

    fn end_tags(&mut self) {
        if self.line.starts_with('@') && !self.line.contains(' ') {
            self.line.push(' ');
        }
    }

    fn push_clean(&mut self, part: &str) {
        if part.bytes().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
            self.line.extend(part.chars().filter(|c| !matches!(c, '\0' | '\r' | '\n')));
        } else {
            self.line.push_str(part);
        }
    }
}

/// Appends a tag to a line that holds nothing but tags so far.
pub fn push_tag(line: &mut String, key: &str, value: &str) {
    line.push(if line.is_empty() { '@' } else { ';' });
    line.push_str(key);
    if !value.is_empty() {
        line.push('=');
        let _ = write!(line, "{}", Escaped(value));
    }
}

/// A tag's value as it stands in a line.
pub fn escaped_tag(value: &str) -> impl fmt::Display {
    Escaped(value)
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                ';' => f.write_str("\\:")?,
                ' ' => f.write_str("\\s")?,
                '\\' => f.write_str("\\\\")?,
                '\r' => f.write_str("\\r")?,
                '\n' => f.write_str("\\n")?,
                '\0' => {}
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The value of a tag as it is meant, from what stands in the line.
pub fn unescape_tag(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some(':')) => plain.push(';'),
            ('\\', Some('s')) => plain.push(' '),
            ('\\', Some('r')) => plain.push('\r'),
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some(other)) => plain.push(other),
            ('\\', None) => {}
            (c, _) => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_the_modern_document_says() {
        let message = Message::parse("@a=1;+b=x\\sy;c :nick!u@h  PRIVMSG  #c   :hello  there ").unwrap();
        assert_eq!(message.command(), "PRIVMSG");
        assert_eq!(message.source(), Some("nick!u@h"));
        assert_eq!(message.source_nick(), Some("nick"));
        assert_eq!(message.params().collect::<Vec<_>>(), ["#c", "hello  there "]);
        assert_eq!(message.tag("+b").as_deref(), Some("x y"));
        assert_eq!(message.tag("c").as_deref(), Some(""));
        assert_eq!(message.tag("d"), None);
    }

    #[test]
    fn the_fifteenth_parameter_takes_the_rest() {
        let message = Message::parse("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16").unwrap();
        assert_eq!(message.params().len(), PARAMS_MAX);
        assert_eq!(message.param(14), Some("15 16"));
    }

    #[test]
    fn an_empty_trailing_parameter_counts() {
        assert_eq!(Message::parse("AWAY :").unwrap().params().collect::<Vec<_>>(), [""]);
        assert_eq!(Message::parse("AWAY ").unwrap().params().len(), 0);
    }

    #[test]
    fn a_line_without_a_command_is_an_error() {
        for line in ["", " ", "@a=b", ":x", ":x ", "@a :b "] {
            assert_eq!(Message::parse(line), Err(ParseError::NoCommand), "{line:?}");
        }
        assert_eq!(Message::parse("a\0b"), Err(ParseError::BadCharacter));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(line in "\\PC*|[@: ;=\\\\a-z]*") {
            let _ = Message::parse(line);
        }

        #[test]
        fn what_is_written_is_what_is_read(value in "[^\0]{0,40}", text in "[^\0\r\n]{0,80}") {
            let line = Writer::new().tag("k", &value).source("s").command("PRIVMSG").param("#c").trailing(&text).finish();
            let message = Message::parse(line.trim_end_matches("\r\n")).unwrap();
            prop_assert_eq!(message.tag("k").unwrap(), value);
            prop_assert_eq!(message.param(1), Some(text.as_str()));
        }
    }

    #[test]
    fn commands_that_passwords_are_said_with_are_known() {
        let secret = |line: &str| Message::parse(line).expect("a message").may_hold_secret();
        for line in [
            "authenticate abc",
            "@a=b PASS x",
            "PASSWD a b",
            "REGISTER * * x",
            "OPER a b",
            "NS IDENTIFY x",
            "NickServ SET PASSWORD x",
            "PRIVMSG nickserv :IDENTIFY x",
        ] {
            assert!(secret(line), "{line}");
        }
        for line in ["PRIVMSG bob :NickServ", "NICK pass", "PING x", "JOIN #authenticate"] {
            assert!(!secret(line), "{line}");
        }
        let message = Message::parse("PASS x").expect("a message");
        assert_eq!(String::from(message), "PASS x");
    }
}
