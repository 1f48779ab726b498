//! Where the rows of a line end.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Signs that no row may begin with, where letters may.
const NO_BEGINNING: [&str; 12] = ["、", "。", "，", "．", "！", "？", "」", "』", "）", "：", "；", "ー"];

/// The rows of a text that begins at column `start`; those after the first begin at column `hang`. The blanks between two
/// rows are in neither.
///
/// What is wider than a row goes on in the next; only a word of plain ASCII, such as a link or a key, is left whole for the
/// terminal to wrap, so that it is copied without a break. It has no blanks, so it can't pretend to be a line of its own.
pub(super) fn rows(text: &str, columns: usize, start: usize, hang: usize) -> Vec<Range<usize>> {
    let mut rows = Rows {
        text,
        columns: columns.max(hang + 2),
        hang,
        rows: Vec::new(),
        begin: 0,
        column: start,
        chance: None,
    };
    for (at, grapheme) in text.grapheme_indices(true) {
        rows.take(at, grapheme);
    }
    rows.rows.push(rows.begin..text.len());
    rows.rows
}

struct Rows<'a> {
    text: &'a str,
    columns: usize,
    hang: usize,
    rows: Vec<Range<usize>>,
    /// Where the row begins that is being filled, and the column that has been reached.
    begin: usize,
    column: usize,
    /// The last place where it may end: the blanks there, and the column behind them.
    chance: Option<(Range<usize>, usize)>,
}

impl Rows<'_> {
    fn take(&mut self, at: usize, grapheme: &str) {
        let width = grapheme.width();
        if grapheme == " " {
            return self.blank(at);
        }
        let is_wide = width == 2 && !NO_BEGINNING.contains(&grapheme);
        if is_wide && self.is_begun(at) && self.chance.as_ref().is_none_or(|(blanks, _)| blanks.end < at) {
            self.chance = Some((at..at, self.column));
        }
        if self.column + width > self.columns {
            self.end_row(at, width);
        }
        self.column += width;
    }

    fn blank(&mut self, at: usize) {
        self.column += 1;
        // The blanks that a row begins with are no end of a word.
        if self.is_begun(at) {
            let begin = match &self.chance {
                Some((blanks, _)) if blanks.end == at && !blanks.is_empty() => blanks.start,
                _ => at,
            };
            self.chance = Some((begin..at + 1, self.column));
        }
    }

    fn is_begun(&self, at: usize) -> bool {
        !self.text[self.begin..at].trim_start_matches(' ').is_empty()
    }

    /// Ends the row before the grapheme at `at`, which doesn't fit.
    fn end_row(&mut self, at: usize, width: usize) {
        let is_whole = self.is_whole(at);
        if let Some((blanks, behind)) = self.chance.take()
            && let column = self.hang + self.column - behind
            && (column + width <= self.columns || is_whole)
        {
            self.column = column;
            self.rows.push(self.begin..blanks.start);
            self.begin = blanks.end;
        }
        if self.column + width <= self.columns {
            return;
        }
        if is_whole {
            // The terminal wraps it.
            self.column = 0;
        } else {
            self.rows.push(self.begin..at);
            self.begin = at;
            self.column = self.hang;
        }
    }

    /// Whether the word at `at` is to stay whole however long it is.
    fn is_whole(&self, at: usize) -> bool {
        let begin = self.text[..at].rfind(' ').map_or(0, |blank| blank + 1);
        let end = self.text[at..].find(' ').map_or(self.text.len(), |blank| at + blank);
        self.text[begin..end].bytes().all(|byte| byte.is_ascii_graphic())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(text: &str, columns: usize) -> String {
        let rows = rows(text, columns, 0, 2);
        rows.into_iter().map(|row| &text[row]).collect::<Vec<_>>().join("\n  ")
    }

    #[test]
    fn words_stay_whole_where_they_fit_a_row() {
        assert_eq!(wrapped("one two three", 13), "one two three");
        assert_eq!(wrapped("one two three", 12), "one two\n  three");
        assert_eq!(wrapped("one two three four", 9), "one two\n  three\n  four");
        assert_eq!(wrapped("four  five", 4), "four\n  five");
    }

    #[test]
    fn a_link_is_never_broken_so_that_it_can_be_copied() {
        let link = "https://chat.example.org/a/very/long/way?to=a%20page#and-a-place";
        for columns in 10..70 {
            assert!(wrapped(&format!("look: {link} there"), columns).contains(link), "{columns}");
        }
        assert_eq!(wrapped("one https://x.example two three", 9), "one\n  https://x.example two\n  three");
    }

    #[test]
    fn a_row_that_begins_with_blanks_keeps_them() {
        assert_eq!(wrapped("  onetwothree", 9), "  onetwothree");
        assert_eq!(wrapped("    one two", 9), "    one\n  two");
    }

    #[test]
    fn what_is_no_plain_ascii_is_broken_and_cannot_pretend_to_be_another_line() {
        assert_eq!(wrapped("x\u{a0}21:03\u{a0}bob:\u{a0}yes", 9), "x\u{a0}21:03\u{a0}b\n  ob:\u{a0}yes");
        assert_eq!(
            wrapped("Donaudampfschiffsgesellschaftskapitäne", 20),
            "Donaudampfschiffsges\n  ellschaftskapitäne"
        );
    }

    #[test]
    fn wide_characters_count_as_what_they_take_and_need_no_blanks() {
        assert_eq!(wrapped("日本 日本", 9), "日本 日本");
        assert_eq!(wrapped("日本 日本", 8), "日本 日\n  本");
        assert_eq!(wrapped("日本日本、", 8), "日本日\n  本、");
        assert_eq!(wrapped("e\u{301}e\u{301} x", 4), "e\u{301}e\u{301} x");
        assert_eq!(wrapped("ok 👨‍👩‍👧‍👦👍🏽 ok", 7), "ok 👨‍👩‍👧‍👦👍🏽\n  ok");
    }

    proptest! {
        #[test]
        fn only_blanks_between_rows_are_left_out(text in "[ab日👍 \u{301}]{0,60}", columns in 1_usize..20) {
            let all: String = rows(&text, columns, 0, 2).into_iter().map(|row| text[row].to_owned()).collect();
            prop_assert_eq!(all.replace(' ', ""), text.replace(' ', ""));
        }

        #[test]
        fn no_row_is_wider_than_the_terminal(text in "[äé日 ]{0,60}", columns in 4_usize..20) {
            for (index, row) in rows(&text, columns, 0, 2).into_iter().enumerate() {
                let indent = if index == 0 { 0 } else { 2 };
                prop_assert!(indent + text[row].trim_end().width() <= columns);
            }
        }
    }
}
