//! Columns that line up.

use chat_proto::text::SafeText;

const GAP: usize = 2;

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

    pub(super) fn rows(&self) -> impl Iterator<Item = String> {
        let widths = self.widths();
        self.rows.iter().map(move |row| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell.as_str());
                line.extend(std::iter::repeat_n(' ', width + GAP - cell.width()));
            }
            line.truncate(line.trim_end().len());
            line
        })
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column| self.rows.iter().filter_map(move |row| row.get(column)).map(SafeText::width).max();
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
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
        let rows: Vec<String> = table.rows().collect();
        assert_eq!(rows, ["NICK  STATUS     FROM", "王芳  away       x", "a     available  y"]);
    }
}
