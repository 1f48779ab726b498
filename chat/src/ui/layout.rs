//! Where prompt and line stand on the screen, counted as rustyline counts: it moves the cursor by its own count, so
//! what is printed is made to fit that on every terminal.

use std::ops::Range;

use chat_proto::text::SafeText;
use rustyline::GraphemeClusterMode;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

/// As rustyline has them by default.
const TAB_STOP: usize = 8;

/// Joins emoji to one picture: terminals disagree on whether it does, and so on what room they take.
const JOINER: char = '\u{200d}';
/// Makes a character an emoji, which terminals disagree on as well.
const PICTURE: char = '\u{fe0f}';

/// A place on the screen, seen from where the prompt begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Columns and rows of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Where the cursor stands and where the line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) cursor: Spot,
    pub(super) end: Spot,
}

/// What is edited: the prompt, and the line before and behind the cursor.
pub(super) type Parts<'a> = [&'a str; 3];

impl Size {
    /// The terminal's, at the moment.
    pub(super) fn now() -> Option<Self> {
        let (columns, rows) = terminal_size::terminal_size()?;
        Some(Self { columns: columns.0.max(1).into(), rows: rows.0.max(1).into() })
    }
}

impl Layout {
    pub(super) fn of(parts: Parts<'_>, columns: usize) -> Self {
        let [prompt, before, behind] = parts;
        let cursor = after(before, after(prompt, Spot::default(), columns), columns);
        Self { cursor, end: if behind.is_empty() { cursor } else { after(behind, cursor, columns) } }
    }

    pub(super) fn height(&self) -> usize {
        self.end.row + 1
    }

    /// The rows that are shown of a line that is taller than the screen: the last ones, or those from the cursor on. In
    /// both cases the cursor is where moving up from the end, as far as the screen goes, leads to.
    pub(super) fn window(&self, line: &str, rows: usize) -> Range<usize> {
        let first_of_last = self.height().saturating_sub(rows);
        if self.cursor.row >= first_of_last {
            return first_of_last..self.height();
        }
        // rustyline ends a line that fills its last row, which must not scroll the first one away.
        let ended = usize::from(self.is_filled(line));
        self.cursor.row..self.cursor.row + rows - ended
    }

    /// The line ends with a full row, which rustyline ends itself.
    pub(super) fn is_filled(&self, line: &str) -> bool {
        self.end.column == 0 && self.end.row > 0 && !line.ends_with('\n')
    }
}

/// What is seen of the parts within these rows, as it is printed.
pub(super) fn print(parts: Parts<'_>, columns: usize, rows: &Range<usize>) -> String {
    let mut out = String::new();
    let mut from = Spot::default();
    let mut full = false;
    for part in parts {
        // The cursor waits behind a full row: only a line end leaves it.
        if full && part.starts_with('\n') && rows.contains(&from.row) && rows.start < from.row {
            out.push('\n');
        }
        full = !part.is_empty() && !part.ends_with('\n');
        from = lay(part, from, columns, |row, text| {
            let leaves = text == "\n" && row + 1 == rows.end;
            if rows.contains(&row) && !leaves {
                out.push_str(text);
            }
        });
        full &= from.column == 0;
    }
    out
}

/// How many rows a text takes that begins at the left.
pub(super) fn height(text: &str, columns: usize) -> usize {
    let spot = after(text, Spot::default(), columns);
    if spot.column == 0 && spot.row > 0 { spot.row } else { spot.row + 1 }
}

fn after(text: &str, from: Spot, columns: usize) -> Spot {
    lay(text, from, columns, |_, _| {})
}

/// Hands out the text piece by piece, with the row of each.
fn lay(text: &str, from: Spot, columns: usize, mut put: impl FnMut(usize, &str)) -> Spot {
    let clusters = GraphemeClusterMode::from_env();
    let mut spot = from;
    for grapheme in text.graphemes(true) {
        if grapheme == "\n" {
            put(spot.row, grapheme);
            spot = Spot { row: spot.row + 1, column: 0 };
            continue;
        }
        let width = match grapheme {
            "\t" => TAB_STOP - spot.column % TAB_STOP,
            _ => clusters.width(grapheme).into(),
        };
        if spot.column + width > columns {
            put(spot.row, &" ".repeat(columns - spot.column));
            spot = Spot { row: spot.row + 1, column: 0 };
        }
        spot.column += width;
        match grapheme {
            "\t" => put(spot.row, &" ".repeat(width)),
            _ if grapheme.is_ascii() && grapheme.len() == 1 && !grapheme.contains(is_unseen) => {
                put(spot.row, grapheme);
            }
            _ => put(spot.row, &seen(grapheme, clusters)),
        }
    }
    if spot.column == columns { Spot { row: spot.row + 1, column: 0 } } else { spot }
}

fn seen(grapheme: &str, clusters: GraphemeClusterMode) -> String {
    let apart = clusters != GraphemeClusterMode::Unicode;
    grapheme.chars().filter(|&c| !is_unseen(c) && !(apart && (c == JOINER || c == PICTURE))).collect()
}

/// What a paste may bring: characters that take no room and that a terminal obeys or hides. They stay in the line
/// and take no room on the screen either.
fn is_unseen(c: char) -> bool {
    let harmless = |c: char| SafeText::line(c.encode_utf8(&mut [0; 4])).as_str().ends_with(c);
    !c.is_ascii_graphic() && c.width().unwrap_or(0) == 0 && !harmless(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: usize = 10;

    fn layout(parts: Parts<'_>) -> (usize, usize, usize, usize) {
        let Layout { cursor, end } = Layout::of(parts, COLUMNS);
        (cursor.row, cursor.column, end.row, end.column)
    }

    fn all(parts: Parts<'_>) -> String {
        print(parts, COLUMNS, &(0..usize::MAX))
    }

    #[test]
    fn rows_are_counted_by_what_characters_take() {
        assert_eq!(layout(["> ", "abc", ""]), (0, 5, 0, 5));
        assert_eq!(layout(["> ", "abcdefgh", ""]), (1, 0, 1, 0));
        assert_eq!(layout(["> ", "a\nb", "\nc"]), (1, 1, 2, 1));
        assert_eq!(layout(["> ", "日本語日", "本"]), (1, 0, 1, 2));
        assert_eq!(layout(["> ", "abcdefg日", ""]), (1, 2, 1, 2));
        assert_eq!(layout(["> ", "e\u{301}", ""]), (0, 3, 0, 3));
    }

    #[test]
    fn what_is_printed_takes_the_room_that_is_counted() {
        assert_eq!(all(["> ", "abcdefg日", ""]), "> abcdefg 日");
        assert_eq!(all(["> ", "a\tb", ""]), "> a     b");
        assert_eq!(all(["> ", "abcdefg\tb", ""]), "> abcdefg        b");
        assert_eq!(all(["> ", "\u{1f469}\u{200d}\u{1f467}", ""]), "> \u{1f469}\u{1f467}");
        assert_eq!(all(["> ", "a\u{202e}\x07b", ""]), "> ab");
        // The cursor stands in a row of its own, between the full row and the line end.
        assert_eq!(layout(["> ", "abcdefgh", "\nx"]), (1, 0, 2, 1));
        assert_eq!(all(["> ", "abcdefgh", "\nx"]), "> abcdefgh\n\nx");
    }

    #[test]
    fn of_what_is_taller_than_the_screen_the_rows_at_the_cursor_are_shown() {
        let (before, behind) = ("0\n1\n2\n3\n", "4\n5");
        let window = |before, behind| {
            let parts = ["> ", before, behind];
            let layout = Layout::of(parts, COLUMNS);
            print(parts, COLUMNS, &layout.window(behind, 3))
        };
        assert_eq!(window(before, behind), "3\n4\n5");
        assert_eq!(window("0\n1", "\n2\n3\n4\n5"), "1\n2\n3");
        assert_eq!(window("", "0\n1\n2\n3\n4\n5"), "> 0\n1\n2");
        // The end of the full last row is going to be printed as well.
        assert_eq!(window("", "0\n1\n2\n0123456789"), "> 0\n1");
    }
}
