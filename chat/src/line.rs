//! A line for the terminal: pieces of harmless text with a style each. Nothing else is ever printed.

use chat_proto::name::Folded;
use chat_proto::text::SafeText;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What a row that goes on begins with: nobody's words can look like a line of their own.
const NEXT_ROW: &str = "\n  ";
const INDENT: usize = NEXT_ROW.len() - 1;

/// The colours that names get; readable on dark and on light ground.
const NAME_COLOURS: [u8; 12] = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Dim,
    Bold,
    /// The colour that belongs to a name.
    Name(u8),
    Alert,
    Error,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Style, SafeText)>,
    /// What was written in rows of its own by its author.
    rows: Vec<(Style, SafeText)>,
}

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of one style.
    pub fn of(style: Style, text: &str) -> Self {
        Self::new().text(style, text)
    }

    #[must_use]
    pub fn text(mut self, style: Style, text: &str) -> Self {
        self.pieces.push((style, SafeText::line(text)));
        self
    }

    /// Text of several lines: each in a row of its own.
    #[must_use]
    pub fn rows(self, style: Style, text: &str) -> Self {
        let mut lines = text.split('\n');
        let mut line = self.text(style, lines.next().unwrap_or_default());
        line.rows.extend(lines.map(|row| (style, SafeText::line(row))));
        line
    }

    /// A name, in its colour.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.pieces.push((Style::Name(colour_of(name)), SafeText::name(name)));
        self
    }

    /// This line and the other, as one.
    #[must_use]
    pub fn then(mut self, mut other: Self) -> Self {
        self.pieces.append(&mut other.pieces);
        self.rows.append(&mut other.rows);
        self
    }

    /// The line as it is printed, without a line end; longer ones than `columns` go on in the next row with a word.
    pub fn render(&self, colours: bool, columns: Option<usize>) -> String {
        let mut out = String::new();
        paint(&mut out, &self.pieces, colours, columns, 0);
        for row in &self.rows {
            out.push_str(NEXT_ROW);
            paint(&mut out, std::slice::from_ref(row), colours, columns, INDENT);
        }
        out
    }
}

/// Appends pieces that begin at column `start`.
fn paint(
    out: &mut String,
    pieces: &[(Style, SafeText)],
    colours: bool,
    columns: Option<usize>,
    start: usize,
) {
    use std::fmt::Write as _;
    let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
    let mut breaks =
        columns.map_or_else(Vec::new, |columns| breaks(&whole, columns, start)).into_iter().peekable();
    let mut begin = 0;
    for (style, text) in pieces {
        let mut text = text.as_str().to_owned();
        let end = begin + text.len();
        let mut grown = 0;
        while let Some(at) = breaks.next_if(|at| *at < end) {
            let at = at - begin + grown;
            text.replace_range(at..=at, NEXT_ROW);
            grown += NEXT_ROW.len() - 1;
        }
        begin = end;
        match if colours { style.code() } else { None } {
            Some(code) => write!(out, "\x1b[{code}m{text}\x1b[0m").expect("a string takes everything"),
            None => out.push_str(&text),
        }
    }
}

/// The blanks that are to become row ends. A word that is wider than a row is left to the terminal.
fn breaks(text: &str, columns: usize, start: usize) -> Vec<usize> {
    let mut breaks = Vec::new();
    // Where the last blank of the row is, and the column behind it.
    let (mut column, mut blank) = (start, None);
    for (at, grapheme) in text.grapheme_indices(true) {
        let width = grapheme.width();
        if grapheme != " " && column + width > columns {
            column = match blank.take() {
                Some((at, behind)) => {
                    breaks.push(at);
                    INDENT + column - behind
                }
                None => 0,
            };
        }
        column += width;
        // The blanks that a row begins with are no end of a word.
        if grapheme == " " && !text[..at].trim_end().is_empty() {
            blank = Some((at, column));
        }
    }
    breaks
}

impl Style {
    fn code(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Dim => Some(2),
            Self::Bold => Some(1),
            Self::Name(colour) => Some(colour),
            Self::Alert => Some(7),
            Self::Error => Some(31),
        }
    }
}

/// The same for a name every time, however it is written.
fn colour_of(name: &str) -> u8 {
    let hash = Folded::new(name)
        .as_str()
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    NAME_COLOURS[hash as usize % NAME_COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_colour_in_any_case() {
        assert_eq!(Line::new().name("Alice").pieces[0].0, Line::new().name("alice").pieces[0].0);
    }

    #[test]
    fn without_colours_there_is_not_one_escape() {
        let line = Line::new().name("bob").text(Style::Error, "\x1b[31mno").text(Style::Alert, "!");
        assert_eq!(line.render(false, None), "bob␛[31mno!");
        assert_eq!(line.render(true, None).matches('\x1b').count(), 6);
    }

    fn wrapped(text: &str, columns: usize) -> String {
        Line::of(Style::Plain, text).render(false, Some(columns))
    }

    #[test]
    fn words_stay_whole_where_they_fit_a_row() {
        assert_eq!(wrapped("one two three", 13), "one two three");
        assert_eq!(wrapped("one two three", 12), "one two\n  three");
        assert_eq!(wrapped("one two three four", 9), "one two\n  three\n  four");
        assert_eq!(wrapped("one twothreefour", 9), "one\n  twothreefour");
        assert_eq!(wrapped("  onetwothree", 9), "  onetwothree");
    }

    #[test]
    fn what_has_several_lines_stays_so_and_is_indented() {
        let line = Line::of(Style::Plain, "bob: ").rows(Style::Plain, "one two\n\n  three four\x1b[2J");
        assert_eq!(line.render(false, None), "bob: one two\n  \n    three four␛[2J");
        assert_eq!(line.render(false, Some(9)), "bob: one\n  two\n  \n    three\n  four␛[2J");
    }

    #[test]
    fn wide_characters_count_as_what_they_take() {
        assert_eq!(wrapped("日本 日本", 9), "日本 日本");
        assert_eq!(wrapped("日本 日本", 8), "日本\n  日本");
        assert_eq!(wrapped("e\u{301}e\u{301} x", 4), "e\u{301}e\u{301} x");
    }

    #[test]
    fn rows_end_in_the_middle_of_what_is_coloured_as_well() {
        let line = Line::of(Style::Dim, "one two").text(Style::Error, " three four");
        assert_eq!(line.render(true, Some(8)), "\x1b[2mone two\x1b[0m\x1b[31m\n  three\n  four\x1b[0m");
    }
}
