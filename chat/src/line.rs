//! A line for the terminal: pieces of harmless text with a style each. Nothing else is ever printed.

mod wrap;

use std::ops::Range;

use chat_proto::name::Folded;
use chat_proto::text::SafeText;

use crate::theme::Palette;

/// How far a row that goes on is indented: nobody's words can look like a line of their own.
const INDENT: usize = 2;
/// Columns from one tab stop to the next, counted from where its author began the row.
const TAB_STOP: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Dim,
    Bold,
    /// The colour that belongs to a name.
    Name(u32),
    /// Our own name before what we said.
    Own,
    /// Our name in what others say.
    Mention,
    Alert,
    Error,
}

type Piece = (Style, SafeText);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
    /// What was written in rows of its own by its author.
    rows: Vec<Vec<Piece>>,
    hang: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { pieces: Vec::new(), rows: Vec::new(), hang: INDENT }
    }
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
        self.marked_rows(style, text, |_| Vec::new())
    }

    /// Text of several lines, with the places that `marks` finds in each highlighted.
    ///
    /// What looks like code begins in a row of its own: so all its rows are equally indented, and can be copied as a block.
    #[must_use]
    pub fn marked_rows(
        mut self,
        style: Style,
        text: &str,
        marks: impl Fn(&str) -> Vec<Range<usize>>,
    ) -> Self {
        let mut rows = text.split('\n').map(|row| marked(style, &without_tabs(row), &marks));
        if !is_code(text) {
            self.pieces.extend(rows.next().unwrap_or_default());
        }
        self.rows.extend(rows);
        self
    }

    /// A name, in its colour.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.pieces.push((Style::Name(hash(name)), SafeText::name(name)));
        self
    }

    /// Our own name.
    #[must_use]
    pub fn own_name(mut self, name: &str) -> Self {
        self.pieces.push((Style::Own, SafeText::name(name)));
        self
    }

    /// This line and the other, as one.
    #[must_use]
    pub fn then(mut self, mut other: Self) -> Self {
        self.pieces.append(&mut other.pieces);
        self.rows.append(&mut other.rows);
        self
    }

    /// Has the rows that go on begin at this column.
    #[must_use]
    pub fn hanging(self, hang: usize) -> Self {
        Self { hang, ..self }
    }

    /// The line for whatever is no terminal: without colours, and not wrapped.
    pub fn plain(&self) -> String {
        self.render(Palette::None, None)
    }

    /// The line as it is printed, without a line end; longer ones than `columns` go on in the next row with a word.
    pub fn render(&self, palette: Palette, columns: Option<usize>) -> String {
        let mut out = String::new();
        self.paint(&mut out, &self.pieces, palette, columns, 0);
        for row in &self.rows {
            self.end_row(&mut out);
            self.paint(&mut out, row, palette, columns, self.hang);
        }
        out
    }

    /// Appends pieces that begin at column `start`.
    fn paint(
        &self,
        out: &mut String,
        pieces: &[Piece],
        palette: Palette,
        columns: Option<usize>,
        start: usize,
    ) {
        let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
        let rows = match columns {
            Some(columns) => wrap::rows(&whole, columns, start, self.hang),
            None => std::iter::once(0..whole.len()).collect(),
        };
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                self.end_row(out);
            }
            let mut begin = 0;
            for (style, text) in pieces {
                let end = begin + text.as_str().len();
                let part = begin.max(row.start)..end.min(row.end);
                if part.start < part.end {
                    put(out, &whole[part], palette.sgr(*style).as_deref(), columns.is_some());
                }
                begin = end;
            }
        }
    }

    fn end_row(&self, out: &mut String) {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', self.hang));
    }
}

/// Letters that are written from right to left are kept from taking their neighbours along, by terminals that turn them round.
fn put(out: &mut String, text: &str, sgr: Option<&str>, is_terminal: bool) {
    let (isolate, end) =
        if is_terminal && text.contains(is_right_to_left) { ("\u{2068}", "\u{2069}") } else { ("", "") };
    let parts = match sgr {
        Some(sgr) => ["\x1b[", sgr, "m", isolate, text, end, "\x1b[0m"],
        None => ["", "", "", isolate, text, end, ""],
    };
    out.extend(parts);
}

fn marked(style: Style, row: &str, marks: impl Fn(&str) -> Vec<Range<usize>>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    for mark in marks(row) {
        pieces.push((style, SafeText::line(&row[begin..mark.start])));
        pieces.push((Style::Mention, SafeText::line(&row[mark.clone()])));
        begin = mark.end;
    }
    pieces.push((style, SafeText::line(&row[begin..])));
    pieces
}

fn without_tabs(row: &str) -> String {
    let mut parts = row.split('\t');
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut column = SafeText::line(&out).width();
    for part in parts {
        let gap = TAB_STOP - column % TAB_STOP;
        out.extend(std::iter::repeat_n(' ', gap));
        out.push_str(part);
        column += gap + SafeText::line(part).width();
    }
    out
}

/// Several lines, one of which is indented or a fence.
fn is_code(text: &str) -> bool {
    text.contains('\n') && text.split('\n').any(|row| row.starts_with([' ', '\t']) || row.starts_with("```"))
}

/// The blocks of the scripts written so, and what is reserved for more.
fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
}

/// The same for a name every time, however it is written.
fn hash(name: &str) -> u32 {
    let name = Folded::new(name);
    name.as_str()
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::{Depth, Ground};

    const COLOURS: Palette = Palette::Of { ground: Ground::Any, depth: Depth::Sixteen };

    #[test]
    fn a_name_keeps_its_colour_in_any_case() {
        assert_eq!(Line::new().name("Alice").pieces[0].0, Line::new().name("alice").pieces[0].0);
    }

    #[test]
    fn without_colours_there_is_not_one_escape() {
        let line = Line::new().name("bob").text(Style::Error, "\x1b[31mno").text(Style::Alert, "!");
        assert_eq!(line.plain(), "bob␛[31mno!");
        assert_eq!(line.render(COLOURS, None).matches('\x1b').count(), 6);
    }

    #[test]
    fn what_has_several_lines_stays_so_and_is_indented() {
        let line = Line::of(Style::Plain, "bob: ").rows(Style::Plain, "one two\n\nthree four\x1b[2J");
        assert_eq!(line.plain(), "bob: one two\n  \n  three four␛[2J");
        assert_eq!(line.render(Palette::None, Some(10)), "bob: one\n  two\n  \n  three\n  four␛[2J");
    }

    #[test]
    fn code_is_one_block_that_keeps_its_shape() {
        let code = "if x:\n\tone()\n    two()\t# 2\n";
        let line = Line::of(Style::Plain, "bob:").rows(Style::Plain, code);
        assert_eq!(line.plain(), "bob:\n  if x:\n          one()\n      two()       # 2\n  ");
        let fenced = Line::of(Style::Plain, "bob:").rows(Style::Plain, "```\nx\n```");
        assert_eq!(fenced.plain(), "bob:\n  ```\n  x\n  ```");
    }

    #[test]
    fn tabs_go_to_the_next_stop_of_what_was_written() {
        for (text, shown) in [
            ("a\tb", "a       b"),
            ("\tb", "        b"),
            ("12345678\tb", "12345678        b"),
            ("日本\tb", "日本    b"),
            ("\x02a\tb", "a       b"),
        ] {
            assert_eq!(
                Line::of(Style::Plain, "bob: ").rows(Style::Plain, text).plain(),
                format!("bob: {shown}")
            );
        }
    }

    #[test]
    fn rows_end_in_the_middle_of_what_is_coloured_as_well() {
        let line = Line::of(Style::Bold, "one two").text(Style::Alert, " three four");
        assert_eq!(
            line.render(COLOURS, Some(8)),
            "\x1b[1mone two\x1b[0m\n  \x1b[7mthree\x1b[0m\n  \x1b[7mfour\x1b[0m"
        );
    }

    #[test]
    fn what_is_written_from_right_to_left_leaves_its_neighbours_where_they_are() {
        let line = Line::new().name("דוד").text(Style::Plain, ": ").rows(Style::Plain, "שלום 123");
        assert_eq!(line.plain(), "דוד: שלום 123");
        let isolated = "\u{2068}דוד\u{2069}: \u{2068}שלום 123\u{2069}";
        assert_eq!(line.render(Palette::None, Some(80)), isolated);
        assert!(!Line::of(Style::Plain, "grüße 日本").render(Palette::None, Some(80)).contains('\u{2068}'));
    }

    #[test]
    fn what_is_marked_is_highlighted_and_nothing_is_lost() {
        let line = Line::new().marked_rows(Style::Plain, "hi bob", |row| {
            row.find("bob").map(|at| at..at + 3).into_iter().collect()
        });
        assert_eq!(line.render(COLOURS, None), "hi \x1b[1;7mbob\x1b[0m");
        assert_eq!(line.plain(), "hi bob");
    }
}
