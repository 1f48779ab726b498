//! What was seen: for each window the screens that it showed, and when.

use vt100::{Cell, Color, Screen};

/// How letters look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Style {
    pub ink: Option<u8>,
    pub ground: Option<u8>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub inverse: bool,
}

/// Letters of one style beside each other; the column is counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    pub column: u16,
    pub width: u16,
    pub text: String,
    pub style: Style,
}

/// One line of a screen, without what is blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Row {
    pub runs: Vec<Run>,
    pub cursor: Option<u16>,
}

/// A window and the screens that it showed, each from a time in milliseconds on.
#[derive(Debug)]
pub struct Window {
    pub title: String,
    pub shots: Vec<(u64, Vec<Row>)>,
}

#[derive(Debug)]
pub struct Film {
    pub rows: u16,
    pub columns: u16,
    pub windows: Vec<Window>,
    /// What is said below the windows, each from a time on.
    pub captions: Vec<(u64, String)>,
    /// In which window keys are pressed, each from a time on.
    pub focus: Vec<(u64, usize)>,
    /// The time of the picture that stands for the whole where nothing may move.
    pub still: u64,
    /// In milliseconds.
    pub length: u64,
}

/// What was there last at a time.
pub fn at<T>(shots: &[(u64, T)], time: u64) -> &T {
    let index = shots.partition_point(|(from, _)| *from <= time);
    &shots[index.saturating_sub(1)].1
}

/// The rows of a screen as it is now.
pub fn rows(screen: &Screen) -> Vec<Row> {
    let (rows, columns) = screen.size();
    let (cursor_row, cursor_column) = screen.cursor_position();
    let row = |row| {
        let mut found = Row::default();
        for column in 0..columns {
            if let Some(cell) = screen.cell(row, column) {
                found.add(column, cell);
            }
        }
        found.trim();
        found.cursor = (row == cursor_row && !screen.hide_cursor()).then_some(cursor_column.min(columns - 1));
        found
    };
    (0..rows).map(row).collect()
}

impl Row {
    fn add(&mut self, column: u16, cell: &Cell) {
        if cell.is_wide_continuation() {
            return;
        }
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let (style, width) = (style(cell), if cell.is_wide() { 2 } else { 1 });
        match self.runs.last_mut() {
            Some(run) if run.style == style => {
                run.text.push_str(text);
                run.width += width;
            }
            _ => self.runs.push(Run { column, width, text: text.to_owned(), style }),
        }
    }

    /// Blanks that nobody sees are left out.
    fn trim(&mut self) {
        for run in self.runs.iter_mut().filter(|run| !run.style.is_seen_on_blanks()) {
            let leading = run.text.len() - run.text.trim_start_matches(' ').len();
            let trailing = run.text.len() - run.text.trim_end_matches(' ').len();
            let text = run.text.trim_matches(' ').to_owned();
            let (leading, both) = (count(leading), count(leading + trailing));
            run.column += leading;
            run.width = run.width.saturating_sub(both);
            run.text = text;
        }
        self.runs.retain(|run| !run.text.is_empty());
    }
}

impl Style {
    fn is_seen_on_blanks(self) -> bool {
        self.ground.is_some() || self.underline || self.inverse
    }
}

fn count(length: usize) -> u16 {
    u16::try_from(length).expect("a row is short")
}

fn style(cell: &Cell) -> Style {
    Style {
        ink: number(cell.fgcolor()),
        ground: number(cell.bgcolor()),
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underline: cell.underline(),
        inverse: cell.inverse(),
    }
}

fn number(color: Color) -> Option<u8> {
    match color {
        Color::Default => None,
        Color::Idx(number) => Some(number),
        Color::Rgb(..) => panic!("chat uses no colours but the 256 of xterm"),
    }
}
