//! Lines of text for a terminal.

use chat_proto::text::SafeText;

use super::Table;

/// Harmless lines: there is no way to put anything else in.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
    /// Columns of the terminal that it is for, if it is for one.
    width: Option<usize>,
}

impl Page {
    pub(crate) fn of_width(width: Option<usize>) -> Self {
        Self { text: String::new(), width }
    }

    /// One line, whatever is in it.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(SafeText::line(line.as_ref()).as_str());
        self.text.push('\n');
    }

    /// Text of our own that has line breaks.
    pub(crate) fn lines(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    pub(crate) fn table(&mut self, table: &Table) {
        for row in table.rows(self.width) {
            self.line(row);
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_carries_no_escape_sequence() {
        let mut page = Page::default();
        page.line("a\n\u{1b}[2Jb\u{202e}c");
        let text = page.into_string();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}
