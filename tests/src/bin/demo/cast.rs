//! The film as a recording for asciinema (asciicast, version 2): one terminal with all windows in it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::film::{Film, Row, Run, Style};

const WINDOWS_BESIDE_EACH_OTHER: u16 = 2;

/// The whole file.
pub fn render(film: &Film) -> String {
    let (columns, rows) = size(film);
    let header = json!({
        "version": 2, "width": columns, "height": rows,
        "title": "alice, bob, carol and the administrator use chatd",
        "env": {"TERM": "xterm-256color"},
    });
    let mut events = frames(film);
    for (index, window) in film.windows.iter().enumerate() {
        let mut before: &[Row] = &[];
        for (time, after) in &window.shots {
            events.push((*time, "o", changes(before, after, corner(film, index), film.columns)));
            before = after;
        }
    }
    for (time, caption) in &film.captions {
        events.push((
            *time,
            "o",
            format!("{}\x1b[1m{caption:^width$}\x1b[m", goto(rows, 1), width = columns.into()),
        ));
        events.push((*time, "m", caption.clone()));
    }
    // The last screen stays for a while.
    events.push((film.length, "o", goto(rows, columns) + "\x1b[?25h"));
    events.sort_by_key(|(time, ..)| *time);
    let line = |(time, kind, data): &(u64, &str, String)| json!([*time as f64 / 1000.0, kind, data]);
    let lines = std::iter::once(header).chain(events.iter().filter(|(.., data)| !data.is_empty()).map(line));
    lines.map(|line: Value| format!("{line}\n")).collect()
}

fn size(film: &Film) -> (u16, u16) {
    let below = count(film.windows.len()).div_ceil(WINDOWS_BESIDE_EACH_OTHER);
    ((film.columns + 2) * WINDOWS_BESIDE_EACH_OTHER, (film.rows + 2) * below + 1)
}

/// Where a window's content begins: row and column, counted from 1.
fn corner(film: &Film, index: usize) -> (u16, u16) {
    let (beside, below) =
        (count(index) % WINDOWS_BESIDE_EACH_OTHER, count(index) / WINDOWS_BESIDE_EACH_OTHER);
    (below * (film.rows + 2) + 2, beside * (film.columns + 2) + 2)
}

fn frames(film: &Film) -> Vec<(u64, &'static str, String)> {
    let mut drawn = "\x1b[2J\x1b[?25l".to_owned();
    for (index, window) in film.windows.iter().enumerate() {
        let (row, column) = corner(film, index);
        let width = usize::from(film.columns);
        let title = format!(" {} ", window.title);
        let _ = write!(drawn, "\x1b[2m{}╭{title:─^width$}╮", goto(row - 1, column - 1));
        for row in row..row + film.rows {
            let _ = write!(drawn, "{}│{}│", goto(row, column - 1), goto(row, column + film.columns));
        }
        let _ = write!(drawn, "{}╰{:─^width$}╯\x1b[m", goto(row + film.rows, column - 1), "");
    }
    vec![(0, "o", drawn)]
}

/// What has to be written over one screen to make it the other.
fn changes(before: &[Row], after: &[Row], (top, left): (u16, u16), columns: u16) -> String {
    let mut written = String::new();
    for (index, row) in after.iter().enumerate().filter(|(index, row)| before.get(*index) != Some(row)) {
        written.push_str(&goto(top + count(index), left));
        let mut column = 0;
        for run in &row.runs {
            let _ = write!(
                written,
                "{:gap$}{}{}\x1b[m",
                "",
                sgr(run),
                run.text,
                gap = usize::from(run.column - column)
            );
            column = run.column + run.width;
        }
        let _ = write!(written, "{:gap$}", "", gap = usize::from(columns - column));
        if let Some(cursor) = row.cursor {
            let under = letter_at(row, cursor);
            let _ = write!(written, "{}\x1b[7m{under}\x1b[m", goto(top + count(index), left + cursor));
        }
    }
    written
}

fn letter_at(row: &Row, column: u16) -> char {
    let under = row.runs.iter().find(|run| (run.column..run.column + run.width).contains(&column));
    under.and_then(|run| run.text.chars().nth(usize::from(column - run.column))).unwrap_or(' ')
}

fn sgr(run: &Run) -> String {
    let Style { ink, ground, bold, dim, italic, underline, inverse } = run.style;
    let mut codes: Vec<String> = Vec::new();
    for (holds, code) in [(bold, 1), (dim, 2), (italic, 3), (underline, 4), (inverse, 7)] {
        codes.extend(holds.then(|| code.to_string()));
    }
    codes.extend(ink.map(|number| format!("38;5;{number}")));
    codes.extend(ground.map(|number| format!("48;5;{number}")));
    if codes.is_empty() { String::new() } else { format!("\x1b[{}m", codes.join(";")) }
}

fn goto(row: u16, column: u16) -> String {
    format!("\x1b[{row};{column}H")
}

fn count(number: usize) -> u16 {
    u16::try_from(number).expect("few rows and windows")
}
