//! Columns that line up.

use chat_proto::text::SafeText;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const GAP: usize = 2;
/// No column is made narrower.
const NARROW: usize = 10;

/// Cells are names and short words; the last column may be long.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<SafeText>>,
}

impl Table {
    pub(crate) fn with_heading(heading: &[&str]) -> Self {
        let mut table = Self::plain();
        table.push(heading.iter().copied());
        table
    }

    pub(crate) fn plain() -> Self {
        Self { rows: Vec::new() }
    }

    pub(crate) fn push<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| SafeText::line(cell.as_ref())).collect());
    }

    /// The lines of the table. What would not fit into `width` columns is continued below, within its column.
    pub(super) fn rows(&self, width: Option<usize>) -> impl Iterator<Item = String> {
        let widths = shrunk(self.widths(), width);
        self.rows.iter().flat_map(move |row| lines(row, &widths))
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column| self.rows.iter().filter_map(move |row| row.get(column)).map(SafeText::width).max();
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
    }
}

/// Takes from the widest columns until all fit, or none can give more.
fn shrunk(mut widths: Vec<usize>, width: Option<usize>) -> Vec<usize> {
    let Some(width) = width else { return widths };
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > NARROW) else { break };
        *widest -= 1;
    }
    widths
}

fn lines(row: &[SafeText], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> =
        row.iter().zip(widths).map(|(cell, width)| wrapped(cell.as_str(), *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|line| {
            let mut text = String::new();
            for (cell, width) in cells.iter().zip(widths) {
                let piece = cell.get(line).map(String::as_str).unwrap_or_default();
                text.push_str(piece);
                text.extend(std::iter::repeat_n(' ', (width + GAP).saturating_sub(piece.width())));
            }
            text.truncate(text.trim_end().len());
            text
        })
        .collect()
}

/// Broken between words, or within one that is too wide alone. At least one line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.width());
        match lines.last_mut() {
            Some(line) if !line.is_empty() && last + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if line.is_empty() => hard_wrapped(word, width, &mut lines),
            _ => {
                lines.push(String::new());
                hard_wrapped(word, width, &mut lines);
            }
        }
    }
    lines
}

fn hard_wrapped(word: &str, width: usize, lines: &mut Vec<String>) {
    for cluster in word.graphemes(true) {
        match lines.last_mut() {
            Some(line) if line.is_empty() || line.width() + cluster.width() <= width => {
                line.push_str(cluster);
            }
            _ => lines.push(cluster.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_a_terminal_shows() {
        let mut table = Table::with_heading(&["NICK", "STATUS", "FROM"]);
        table.push(["王芳", "away", "x"]);
        table.push(["a", "available", "y"]);
        let rows: Vec<String> = table.rows(None).collect();
        assert_eq!(rows, ["NICK  STATUS     FROM", "王芳  away       x", "a     available  y"]);
    }

    #[test]
    fn what_is_too_wide_for_the_terminal_is_continued_within_its_column() {
        let mut table = Table::plain();
        table.push(["王芳", "one two three 王芳王芳王芳王芳", "z"]);
        let rows: Vec<String> = table.rows(Some(20)).collect();
        assert_eq!(rows, ["王芳  one two      z", "      three", "      王芳王芳王", "      芳王芳"]);
        assert!(rows.iter().all(|row| row.width() <= 20 && row.trim_end() == row));
        assert_eq!(table.rows(Some(200)).count(), 1);
        assert_eq!(table.rows(Some(3)).next().as_deref(), Some("王芳  one two     z"));
    }
}
