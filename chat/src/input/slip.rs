//! Lines that begin like a command and are none. They may hold what is meant for one person, so they are refused, not said.

use crate::input::suggest::{alike, meant};
use crate::input::{Spec, Verb, find};

/// Names that other chat programs have for what tells one person something, or the server a secret.
const FOREIGN: &[&str] = &["pm", "dm", "notice", "tell", "reply", "memo", "memoserv", "ms"];
/// Of these, what follows is likely a password.
const FOREIGN_SECRET: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "pin",
    "oper",
    "identify",
    "ident",
    "id",
    "login",
    "logon",
    "auth",
    "authenticate",
    "sasl",
    "nickserv",
    "ns",
    "chanserv",
    "cs",
    "ghost",
    "recover",
    "regain",
    "quote",
    "raw",
    "su",
    "sudo",
];
/// Services of other servers, and what is asked of them with a password.
const SERVICES: &[&str] = &["nickserv", "ns", "chanserv", "cs"];
const WITH_PASSWORD: &[&str] =
    &["identify", "id", "login", "auth", "register", "ghost", "recover", "regain", "release", "set", "group"];

/// Names of `<private>` that begin no sentence.
const BARE_PRIVATE: &[&str] = &["private", "msg", "query", "whisper", "pm", "dm"];

/// Lines that ask for help in the way of other programs, or name no command.
const NAMELESS: &[&str] = &["/", "/?", "<?", "<?>", "<>", "\\?"];

/// Signs before a word; of more, it is drawing.
const SIGNS_MAX: usize = 6;
const SLASHES: &[char] = &['/', '\\', '⁄', '∕', '╱', '÷'];
const ANGLES: &[char] = &['<', '«', '‹', '〈', '《', '⟨', '≤'];
const BRACKETS: &[char] = &['[', '(', '{'];
const CLOSING: &[char] = &['>', ']', ')', '}', '»', '›', '〉', '》', '⟩', '≥'];
const QUOTES: &[char] = &['"', '\'', '`', '>', '“', '„', '‘', '”', '’'];
/// They stand for people and channels.
const NAMES: &[char] = &['#', '@'];

/// A line that begins like a command and is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slip<'a> {
    /// The name of the command, as far as one can be seen; empty for none.
    pub name: String,
    /// The words behind the name.
    pub rest: &'a str,
}

/// How a line begins: signs, a word, and what follows.
struct Beginning<'a> {
    /// The line begins with a blank.
    is_indented: bool,
    /// The word stands apart from the signs.
    is_apart: bool,
    signs: Vec<char>,
    word: String,
    rest: &'a str,
}

impl<'a> Slip<'a> {
    /// Finds one in the first line of a text that is no command.
    pub fn find(text: &'a str) -> Option<Self> {
        let line = text.lines().next()?;
        if NAMELESS.contains(&folded(line.trim()).as_str()) {
            return Some(Self { name: "help".to_owned(), rest: "" });
        }
        let beginning = Beginning::of(line).filter(Beginning::is_slip)?;
        let rest = &text[line.len() - beginning.rest.len()..];
        Some(Self { name: beginning.word, rest })
    }

    /// Whether it may hold what nobody else should read.
    pub fn is_confidential(&self) -> bool {
        is_confidential(&self.name)
    }
}

impl<'a> Beginning<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let start = line.find(|c| ascii(c).is_alphanumeric())?;
        let (before, rest) = line.split_at(start);
        let signs: Vec<char> = before.chars().map(ascii).filter(|c| !is_blank(*c)).collect();
        if signs.len() > SIGNS_MAX || signs.first().is_some_and(|sign| NAMES.contains(sign)) {
            return None;
        }
        let end = rest.find(|c| !ascii(c).is_alphanumeric()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        Some(Self {
            is_indented: line.starts_with(is_blank),
            is_apart: before.ends_with(is_blank),
            signs,
            word: folded(word),
            rest,
        })
    }

    fn is_slip(&self) -> bool {
        let Some(first) = self.signs.first() else { return self.is_slip_without_signs() };
        let rest_of_signs = &self.signs[1..];
        let is_quoted = QUOTES.contains(first);
        let second = rest_of_signs.iter().find(|sign| !QUOTES.contains(sign));
        match (first, second.filter(|_| is_quoted)) {
            ('<' | '/', _) if rest_of_signs.is_empty() && !self.is_indented && !self.is_apart => {
                self.is_slip_behind(*first)
            }
            (sign, _) | (_, Some(sign)) if SLASHES.contains(sign) || ANGLES.contains(sign) => {
                !is_drawing(rest_of_signs) && self.is_word_for(is_recognised)
            }
            (sign, _) | (_, Some(sign)) if BRACKETS.contains(sign) => self.is_slip_in_brackets(),
            _ => {
                let is_glued = rest_of_signs.is_empty() && !self.is_apart && !self.is_indented;
                let goes_on = self.rest.starts_with(|c: char| is_blank(c) || ",:>".contains(c));
                is_glued && goes_on && self.word.len() > 1 && is_confidential(&self.word)
            }
        }
    }

    /// Behind the very sign that commands begin with.
    fn is_slip_behind(&self, sign: char) -> bool {
        let begins_with_letter = self.word.starts_with(char::is_alphabetic);
        match sign {
            '<' => begins_with_letter,
            _ if self.rest.starts_with('/') => is_confidential(&self.word),
            _ => begins_with_letter && (is_recognised(&self.word) || alike(&self.word).is_some()),
        }
    }

    /// `(private) bob` and `[private bob` are; `(private joke)` is not.
    fn is_slip_in_brackets(&self) -> bool {
        let behind = self.rest.trim_start();
        let is_closed = behind.starts_with(CLOSING);
        let is_word = self.word.len() > 1 && is_confidential(&self.word);
        is_word && (is_closed || !behind.contains(CLOSING))
    }

    /// `private> bob`, `nickserv identify secret`, and `7msg bob` where the slash is above the 7.
    fn is_slip_without_signs(&self) -> bool {
        let mut words = self.rest.split_whitespace();
        let next = words.next().unwrap_or_default().to_ascii_lowercase();
        let is_command_of = |word: &str| find(word).is_some() && is_confidential(word) && word.len() > 1;
        let is_about_password = match self.word.as_str() {
            word if SERVICES.contains(&word) => WITH_PASSWORD.contains(&next.as_str()),
            "identify" => !next.is_empty() && words.count() <= 1,
            _ => false,
        };
        let is_closed = self.rest.starts_with(CLOSING) && is_command_of(&self.word);
        let is_shifted = self.word.strip_prefix('7').is_some_and(is_command_of) && !next.is_empty();
        is_about_password || is_closed || is_shifted
    }

    /// A letter alone may belong to a drawing, such as `\m/`.
    fn is_word_for(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        let is_drawn = self.word.len() == 1 && !self.rest.starts_with(|c: char| is_blank(c) || c == '>');
        let is_path = self.rest.starts_with('/') && !is_confidential(&self.word);
        !is_drawn && !is_path && is_meant(&self.word)
    }
}

/// Whether a word without any sign is likely meant as `<private>`: the name that it would go to.
pub fn bare_private(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let command = words.next()?.to_ascii_lowercase();
    let name = words.next()?.trim_end_matches([',', ':']);
    (BARE_PRIVATE.contains(&command.as_str()) && words.next().is_some()).then_some(name)
}

/// Whether what follows that name is likely a password.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FOREIGN_SECRET.contains(&name.as_str())
        || find(&name).or_else(|| alike(&name)).is_some_and(Spec::is_secret)
}

/// Whether the name, or the one that was likely meant, is for one person or for the server alone.
fn is_confidential(name: &str) -> bool {
    let spec = find(name).or_else(|| meant(name));
    is_foreign(name) || spec.is_some_and(|spec| spec.verb == Verb::Private || spec.is_secret())
}

fn is_recognised(name: &str) -> bool {
    is_foreign(name) || find(name).or_else(|| meant(name)).is_some()
}

fn is_foreign(name: &str) -> bool {
    FOREIGN.contains(&name) || FOREIGN_SECRET.contains(&name)
}

/// Arrows and faces: `<-`, `<_<`, `\^`.
fn is_drawing(signs: &[char]) -> bool {
    signs.iter().any(|sign| "-=_~^*".contains(*sign))
}

/// White space, and what can't be seen at all.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn folded(text: &str) -> String {
    text.chars().map(|c| ascii(c).to_ascii_lowercase()).collect()
}

/// The ASCII character that a full-width one stands for.
fn ascii(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[&str]) -> Vec<Option<String>> {
        lines.iter().map(|line| Slip::find(line).map(|slip| slip.name)).collect()
    }

    #[test]
    fn lines_that_may_be_mistyped_commands_are_found() {
        for line in [
            "<private bob> my pin is 1234",
            "<private bob hi",
            "<private bob>: x",
            "<privatebob hi",
            "< private > bob hi",
            "<private",
            "<private,bob hi",
            "<<private> bob hi",
            "</private> bob hi",
            "/msg, bob hello",
            "/private: bob hi",
            "/private> bob hi",
            "/prvat: bob hi",
            "/msg/bob hi",
            "/ msg bob hi",
            "/\u{200b}msg bob hi",
            " /msg bob x",
            "\t/msg bob x",
            "\u{feff}/msg bob x",
            "\u{a0}<private> bob x",
            " <quit>",
            "< list >",
            "/list.",
            "/?",
            "/",
            "<?>",
            "\\msg bob x",
            "／msg bob x",
            "／ｍｓｇ bob x",
            "＜private＞ bob x",
            "«private» bob x",
            "‹private› bob x",
            "[private] bob x",
            "[ private ] bob x",
            "[privat bob x",
            "(private) bob",
            "{msg bob x",
            "\"/msg bob x\"",
            "> /msg bob x",
            "'<private> bob x",
            "private> bob x",
            ".msg bob x",
            "!pm bob x",
            "7msg bob x",
            " /pass secret",
            "\\oper x y",
            "[password] secret",
            "/ identify secret",
            "nickserv identify secret",
            "NS IDENTIFY secret",
            "identify secret",
            "<bob my pin is 1234",
            "<näme x",
        ] {
            assert!(Slip::find(line).is_some(), "{line}");
        }
    }

    #[test]
    fn ordinary_text_is_no_slip() {
        let lines = [
            "hello",
            "<3 you",
            "<- this",
            "<- me too",
            "<= list",
            "<_< me",
            "</div>",
            "/usr/bin/x is broken",
            "/etc/hosts",
            "/etc: no space left",
            "/mnt/data is full",
            "/home/alice",
            "/1000",
            "a < b > c",
            "< b is smaller than a",
            ":/ me too",
            ":( list",
            "\\o/ list",
            "\\m/",
            "(private joke, sorry)",
            "(quit)",
            "(me too)",
            "[1] list",
            "... msg me later",
            "> private bob said",
            "- private rooms",
            "@bob hi",
            "#private is a channel",
            "private matters",
            "password is changed",
            "identify the man in the picture please",
            "7 people",
            "-m bob",
            "=== private ===",
            "»help«",
        ];
        for (line, found) in lines.iter().zip(names(&lines)) {
            assert_eq!(found, None, "{line}");
        }
    }

    #[test]
    fn rest_begins_behind_the_name() {
        let slip = Slip::find("＜password secret").unwrap();
        assert_eq!((slip.name.as_str(), slip.rest), ("password", " secret"));
        assert!(is_secret("identify") && is_secret("pasword") && !is_secret("list"));
    }

    #[test]
    fn bare_private_needs_a_name_and_a_text() {
        assert_eq!(bare_private("msg bob hi"), Some("bob"));
        assert_eq!(bare_private("Private bob: hi there"), Some("bob"));
        assert_eq!(bare_private("private bob"), None);
        assert_eq!(bare_private("tell bob hi"), None);
    }
}
