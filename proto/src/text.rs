//! Text from others, made harmless before it reaches a terminal: the one choke point of `chat` and `chatctl`.
//!
//! What a terminal would obey or hide becomes a visible symbol: control characters become control pictures
//! (`␛`), other invisible or direction-changing characters their code point (`‹202E›`).

use std::fmt;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks that may stack on one base character; more of them spill over the neighbouring lines.
const MARKS_PER_BASE: usize = 4;
/// Emoji that may be joined to one; the longest in use (a family of four) has four.
const JOINS_PER_EMOJI: usize = 5;
/// A longer name is cut, visibly.
const NAME_LENGTH: usize = 64;

/// One line without anything a terminal obeys: no control characters, escape sequences, direction changes,
/// hidden characters, line separators, private-use characters, or towers of combining marks.
///
/// Making one twice changes nothing: `SafeText::line(SafeText::line(x).as_str()) == SafeText::line(x)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// A line of text from anybody: messages, topics, reasons, errors. The formatting codes of IRC are dropped.
    pub fn line(text: &str) -> Self {
        Self(Cleaner::new(Kind::Line).clean(text))
    }

    /// A name from anybody: as [`SafeText::line`], but blanks and all combining and formatting characters are
    /// shown too, what is longer than 64 characters is cut and ends in `…`, and an empty one is `‹›`.
    pub fn name(text: &str) -> Self {
        if text.is_empty() {
            return Self("‹›".to_owned());
        }
        let shown = match text.char_indices().nth(NAME_LENGTH) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        let mut clean = Cleaner::new(Kind::Name).clean(shown);
        if shown.len() < text.len() {
            clean.push('…');
        }
        Self(clean)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many columns of a terminal it takes.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SafeText {
    fn from(text: &str) -> Self {
        Self::line(text)
    }
}

/// JSON whose invisible, direction-changing and combining characters are written as escapes: the same value to
/// a program, and harmless on a terminal.
pub fn harmless_json(json: &str) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() || (c.width().is_some_and(|width| width > 0) && !is_hidden(c)) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("a string takes everything");
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Line,
    Name,
}

struct Cleaner {
    kind: Kind,
    out: String,
    previous: Option<char>,
    marks: usize,
    joins: usize,
}

impl Cleaner {
    fn new(kind: Kind) -> Self {
        Self { kind, out: String::new(), previous: None, marks: 0, joins: 0 }
    }

    fn clean(mut self, text: &str) -> String {
        self.out.reserve(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let formatting = if self.kind == Kind::Line { formatting_code(rest) } else { 0 };
            if formatting > 0 {
                rest = &rest[formatting..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            self.push(c, rest.chars().next());
        }
        self.out
    }

    fn push(&mut self, c: char, next: Option<char>) {
        if c == '\t' && self.kind == Kind::Line {
            self.base(' ');
        } else if c.is_ascii_control() {
            self.base(control_picture(c));
        } else if is_joiner(c) && self.may_join(c, next) {
            self.join(c);
        } else if is_variation(c) && self.may_vary() {
            self.keep(c);
        } else if is_hidden(c) || (self.kind == Kind::Name && is_blank(c)) {
            self.spell(c);
        } else if c.width() == Some(0) {
            self.mark(c);
        } else {
            self.base(c);
        }
    }

    fn base(&mut self, c: char) {
        self.marks = 0;
        if self.previous != Some(ZWJ) {
            self.joins = 0;
        }
        self.keep(c);
    }

    fn keep(&mut self, c: char) {
        self.out.push(c);
        self.previous = Some(c);
    }

    fn join(&mut self, c: char) {
        self.joins += 1;
        self.keep(c);
    }

    /// A mark without a base would sit on whatever stands before the text.
    fn mark(&mut self, c: char) {
        if self.kind == Kind::Name {
            return self.spell(c);
        }
        if self.previous.is_none() {
            self.base('◌');
        }
        self.marks += 1;
        if self.marks <= MARKS_PER_BASE {
            self.keep(c);
        } else if self.previous != Some(TOO_MANY) {
            self.base(TOO_MANY);
            self.marks = MARKS_PER_BASE;
        }
    }

    fn spell(&mut self, c: char) {
        use fmt::Write as _;
        write!(self.out, "‹{:04X}›", u32::from(c)).expect("a string takes everything");
        self.previous = Some('›');
        self.marks = 0;
    }

    fn may_join(&self, c: char, next: Option<char>) -> bool {
        let (Some(before), Some(after)) = (self.previous, next) else { return false };
        if self.kind == Kind::Name {
            return false;
        }
        let emoji = c == ZWJ && self.joins < JOINS_PER_EMOJI && is_emoji(before) && is_emoji(after);
        emoji || (needs_joiners(before) && needs_joiners(after))
    }

    fn may_vary(&self) -> bool {
        self.kind == Kind::Line && self.previous.is_some_and(takes_variation)
    }
}

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const TOO_MANY: char = '\u{FFFD}';

/// The length of the formatting code (bold, colour, …) that `text` starts with, or 0.
fn formatting_code(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes[0] {
        0x02 | 0x0F | 0x11 | 0x16 | 0x1D | 0x1E | 0x1F => 1,
        0x03 => 1 + colours(&bytes[1..], 2, u8::is_ascii_digit),
        0x04 => 1 + colours(&bytes[1..], 6, u8::is_ascii_hexdigit),
        _ => 0,
    }
}

/// `FOREGROUND[,BACKGROUND]`, each of at most `longest` digits.
fn colours(bytes: &[u8], longest: usize, digit: impl Fn(&u8) -> bool) -> usize {
    let digits = |from: usize| bytes[from..].iter().take(longest).take_while(|b| digit(b)).count();
    let foreground = digits(0);
    if foreground == 0 || bytes.get(foreground) != Some(&b',') {
        return foreground;
    }
    match digits(foreground + 1) {
        0 => foreground,
        background => foreground + 1 + background,
    }
}

fn control_picture(c: char) -> char {
    if c == '\x7F' { '␡' } else { char::from_u32(0x2400 + u32::from(c)).unwrap_or(TOO_MANY) }
}

fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// Only the two that choose between text and emoji presentation.
fn is_variation(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

/// Characters that change nothing visible, change the direction, break the line, or mean something only privately.
fn is_hidden(c: char) -> bool {
    let code = u32::from(c);
    matches!(code,
        0x80..=0x9F | 0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF
        | 0xFFA0 | 0xFFF0..=0xFFFB | 0x13430..=0x13440 | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF
        | 0xE000..=0xF8FF | 0xF0000..=0x10FFFF | 0xFDD0..=0xFDEF)
        || code & 0xFFFE == 0xFFFE
}

/// Blank ones, the empty Braille cell among them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// Near enough to Unicode's `Extended_Pictographic`, for deciding whether a joiner or a variation is harmless.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c),
        0xA9 | 0xAE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21FF | 0x2300..=0x23FF | 0x2460..=0x27BF
        | 0x2900..=0x297F | 0x2B00..=0x2BFF | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FAFF)
        || is_variation(c)
}

fn takes_variation(c: char) -> bool {
    !is_variation(c) && (is_emoji(c) || matches!(c, '#' | '*' | '0'..='9'))
}

/// Arabic to Burmese: the scripts that cannot be written without the joiners.
fn needs_joiners(c: char) -> bool {
    matches!(u32::from(c), 0x0620..=0x109F)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> String {
        SafeText::line(text).into_string()
    }

    fn name(text: &str) -> String {
        SafeText::name(text).into_string()
    }

    #[test]
    fn ordinary_text_of_the_world_is_left_alone() {
        for text in
            ["grüße, ça va? ñandú", "日本語 と 한국어", "שלום עולם", "می‌خواهم", "क्‍ष", "👨‍👩‍👧‍👦 ❤️ 👍🏽 1️⃣ 🇩🇪"]
        {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn escape_sequences_become_pictures() {
        assert_eq!(line("\x1b[2J\x1b]0;title\x07"), "␛[2J␛]0;title␇");
        assert_eq!(line("a\r\nb\x7f\0"), "a␍␊b␡␀");
        assert_eq!(line("\u{9b}2J"), "‹009B›2J");
    }

    #[test]
    fn direction_changes_and_hidden_characters_are_spelled() {
        assert_eq!(line("a\u{202E}b\u{2066}c\u{200F}"), "a‹202E›b‹2066›c‹200F›");
        assert_eq!(line("a\u{200B}b\u{FEFF}c\u{200D}d\u{2028}"), "a‹200B›b‹FEFF›c‹200D›d‹2028›");
        assert_eq!(line("\u{E0041}\u{E000}\u{FFFE}"), "‹E0041›‹E000›‹FFFE›");
    }

    #[test]
    fn towers_of_marks_are_capped_and_need_a_base() {
        assert_eq!(line(&format!("a{}b", "\u{301}".repeat(100))), "a\u{301}\u{301}\u{301}\u{301}\u{FFFD}b");
        assert_eq!(line("\u{301}x"), "◌\u{301}x");
    }

    #[test]
    fn endless_emoji_chains_are_broken() {
        assert!(line(&"👨\u{200D}".repeat(100)).contains("‹200D›"));
    }

    #[test]
    fn irc_formatting_is_dropped_with_its_digits() {
        assert_eq!(
            line("\x02bold\x02 \x0304,12red\x0f \x03,5 \x04ff0000x\x1d\x1f\x16\x11\x1e"),
            "bold red ,5 x"
        );
        assert_eq!(line("\x0311\x03123"), "3");
    }

    #[test]
    fn json_keeps_its_value_and_loses_what_a_terminal_obeys() {
        let value = "a\u{202E}b\u{9b}c\u{E0041}e\u{301}é日\n";
        let json = harmless_json(&serde_json::to_string(value).unwrap());
        assert_eq!(json, r#""a\u202eb\u009bc\udb40\udc41e\u0301é日\n""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }

    #[test]
    fn names_show_blanks_marks_and_formatting_too() {
        assert_eq!(name("a b\u{301}\x02\t"), "a‹0020›b‹0301›␂␉");
        assert_eq!(name(""), "‹›");
        assert_eq!(name(&"x".repeat(100)), format!("{}…", "x".repeat(64)));
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_survives(text in any::<String>()) {
            let safe = line(&text);
            for c in safe.chars() {
                prop_assert!(!c.is_control(), "{safe:?}");
                prop_assert!(!is_hidden(c) || is_joiner(c) || is_variation(c), "{safe:?}");
            }
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in "(\\PC|[\\x00-\\x1f\u{200b}-\u{202e}\u{300}-\u{303}\u{fe0f}👨0-9,]){0,40}") {
            prop_assert_eq!(line(&line(&text)), line(&text));
        }

        #[test]
        fn no_base_carries_more_marks_than_allowed(text in "[ab\u{300}-\u{36f}]{0,60}") {
            let run = line(&text).split(|c: char| c.width() != Some(0)).map(|r| r.chars().count()).max();
            prop_assert!(run.unwrap_or(0) <= MARKS_PER_BASE);
        }

        #[test]
        fn names_hold_only_visible_characters(text in any::<String>()) {
            for c in name(&text).chars() {
                prop_assert!(c.width().is_some_and(|w| w > 0) && !is_blank(c), "{c:?}");
            }
        }
    }
}
