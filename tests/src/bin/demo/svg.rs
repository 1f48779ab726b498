//! The film as an animated picture.
//!
//! Each row of each window is a strip of all that stood there, one below the other, behind an opening as high as one row; an
//! animation in CSS moves the strip in steps. What stands in several strips is written once. Where nothing may move, or nothing
//! can, the strips stand as they do at the film's still.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::colour::{DIM, GROUND, INK, css};
use crate::film::{Film, Row, Run, Style, Window, at};

const CELL: f64 = 7.2;
const LINE: u32 = 17;
const BASELINE: u32 = 13;
const PADDING: u32 = 9;
const BAR: u32 = 24;
const GAP: u32 = 12;
const CAPTION: u32 = 34 + GAP;
const WINDOWS_BESIDE_EACH_OTHER: usize = 2;

#[derive(Debug, Default)]
struct Picture {
    styles: Vec<Style>,
    /// Their texts and numbers.
    pieces: HashMap<String, usize>,
    definitions: String,
    keyframes: String,
    strips: usize,
    body: String,
    still: u64,
    length: u64,
}

/// The opening that a strip is behind.
struct Opening {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

/// The whole file.
pub fn render(film: &Film) -> String {
    let mut picture = Picture { still: film.still, length: film.length, ..Picture::default() };
    let inner = width_of(film.columns);
    let (width, height) = (inner + 2 * PADDING, BAR + 2 * PADDING + LINE * u32::from(film.rows));
    let mut place = (0, 0);
    for (index, window) in film.windows.iter().enumerate() {
        let beside = u32::try_from(index % WINDOWS_BESIDE_EACH_OTHER).expect("few windows");
        let below = u32::try_from(index / WINDOWS_BESIDE_EACH_OTHER).expect("few windows");
        place = (beside * (width + GAP), below * (height + GAP));
        picture.window(window, place, (width, height));
        let outline = outline(width, height);
        let shots: Vec<_> = film
            .focus
            .iter()
            .map(|(time, focus)| (*time, if *focus == index { outline.clone() } else { String::new() }))
            .collect();
        picture.strip(&Opening { x: place.0, y: place.1, width, height }, &shots);
    }
    let (width, below) = (2 * width + GAP, place.1 + height);
    picture.captions(&film.captions, below, width);
    picture.file(width, below + CAPTION)
}

impl Picture {
    fn window(&mut self, window: &Window, (x, y): (u32, u32), (width, height): (u32, u32)) {
        let (dots, title) = (y + BAR / 2, escape(&window.title));
        let _ = write!(
            self.body,
            "<rect class=\"w\" x=\"{x}.5\" y=\"{y}.5\" width=\"{}\" height=\"{}\" rx=\"7\"/>",
            width - 1,
            height - 1
        );
        for (dot, class) in [(14, "d1"), (30, "d2"), (46, "d3")] {
            let _ =
                write!(self.body, "<circle class=\"{class}\" cx=\"{}\" cy=\"{dots}\" r=\"4.5\"/>", x + dot);
        }
        let _ = writeln!(
            self.body,
            "<text class=\"t\" x=\"{}\" y=\"{}\">{title}</text>",
            x + width / 2,
            dots + 4
        );
        let rows = window.shots.first().map_or(0, |(_, rows)| rows.len());
        for row in 0..rows {
            let shots: Vec<_> =
                window.shots.iter().map(|(time, rows)| (*time, self.row(&rows[row]))).collect();
            let down = LINE * u32::try_from(row).expect("few rows");
            let opening =
                Opening { x: x + PADDING, y: y + BAR + PADDING + down, width: width - PADDING, height: LINE };
            self.strip(&opening, &shots);
        }
    }

    fn captions(&mut self, captions: &[(u64, String)], y: u32, width: u32) {
        let text =
            |text: &String| format!("<text class=\"k\" x=\"{}\" y=\"9\">{}</text>", width / 2, escape(text));
        let shots: Vec<_> = captions.iter().map(|(time, caption)| (*time, text(caption))).collect();
        let (top, height) = (y + GAP, CAPTION - GAP);
        let _ = writeln!(
            self.body,
            "<rect class=\"w\" x=\".5\" y=\"{top}.5\" width=\"{}\" height=\"{}\" rx=\"7\"/>",
            width - 1,
            height - 1
        );
        self.strip(&Opening { x: 0, y: top, width, height }, &shots);
    }

    /// What stands behind an opening, each from a time on.
    fn strip(&mut self, opening: &Opening, shots: &[(u64, String)]) {
        let (different, moves) = moves(shots);
        if different.iter().all(|markup| markup.is_empty()) {
            return;
        }
        let Opening { x, y, width, height } = opening;
        let step = |place: usize| u32::try_from(place).expect("a few hundred rows") * height;
        let still = step(*at(&moves, self.still));
        let _ = write!(self.body, "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">");
        if moves.len() == 1 {
            self.body.push_str("<g>");
        } else {
            let number = self.strips;
            let _ = write!(self.body, "<g class=\"s\" id=\"s{number}\" transform=\"translate(0 -{still})\">");
            self.animate(number, moves.iter().map(|(time, place)| (*time, step(*place))));
            self.strips += 1;
        }
        for (place, markup) in different.iter().enumerate().filter(|(_, markup)| !markup.is_empty()) {
            let piece = self.piece(markup);
            let down = step(place) + BASELINE;
            let _ = write!(self.body, "<use href=\"#r{piece}\" y=\"{down}\"/>");
        }
        self.body.push_str("</g></svg>\n");
    }

    /// Where a strip is, each from a time on.
    fn animate(&mut self, number: usize, places: impl Iterator<Item = (u64, u32)>) {
        let _ = write!(self.keyframes, "#s{number}{{animation-name:k{number}}}@keyframes k{number}{{");
        for (index, (time, up)) in places.enumerate() {
            let time = if index == 0 { 0 } else { time };
            let _ =
                write!(self.keyframes, "{}%{{transform:translateY(-{up}px)}}", percent(time, self.length));
        }
        self.keyframes.push_str("}\n");
    }

    /// The number of what is written once.
    fn piece(&mut self, markup: &str) -> usize {
        let next = self.pieces.len();
        let number = *self.pieces.entry(markup.to_owned()).or_insert(next);
        if number == next {
            let _ = writeln!(self.definitions, "<g id=\"r{number}\">{markup}</g>");
        }
        number
    }

    fn row(&mut self, row: &Row) -> String {
        let mut markup = String::new();
        for run in &row.runs {
            if let Some(ground) = ground(run.style) {
                let _ = write!(markup, "{}fill=\"{ground}\"/>", block(run.column, run.width));
            }
        }
        if let Some(column) = row.cursor {
            let _ = write!(markup, "{}class=\"u\"/>", block(column, 1));
        }
        for run in &row.runs {
            self.run(run, &mut markup);
        }
        markup
    }

    fn run(&mut self, run: &Run, markup: &mut String) {
        let _ = write!(markup, "<text x=\"{}\"", across(run.column));
        // Whatever font there is, letters stand in their columns.
        if run.width > 1 {
            let _ = write!(markup, " textLength=\"{}\"", across(run.width));
        }
        if run.style != Style::default() {
            let _ = write!(markup, " class=\"c{}\"", self.class(run.style));
        }
        let _ = write!(markup, ">{}</text>", escape(&run.text));
    }

    fn class(&mut self, style: Style) -> usize {
        let known = self.styles.iter().position(|other| *other == style);
        known.unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        })
    }

    fn file(&self, width: u32, height: u32) -> String {
        let classes: String =
            self.styles.iter().enumerate().map(|(number, style)| class(number, *style)).collect();
        let seconds = self.length as f64 / 1000.0;
        let bar = height - 4;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" xml:space=\"preserve\">\n\
             <title>alice, bob, carol and the administrator use chatd</title>\n\
             <style>\n\
             text{{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace;\
             fill:{INK};white-space:pre}}\n\
             .w{{fill:{GROUND};stroke:#6e7681}}.f{{fill:none;stroke:#5b93d6;stroke-width:2}}.t,.k{{text-anchor:middle}}.t{{fill:{DIM}}}\n\
             .k{{font:600 15px system-ui,\"Segoe UI\",Helvetica,Arial,sans-serif;fill:{INK}}}\n\
             .d1{{fill:#ff5f57}}.d2{{fill:#febc2e}}.d3{{fill:#28c840}}.u{{fill:#9aa3b2;opacity:.75}}\n\
             .p{{fill:#5b93d6;transform:scaleX(0);transform-origin:7px}}\n{classes}\
             @media (prefers-reduced-motion:no-preference){{.s{{animation:{seconds}s step-end infinite}}\
             .p{{animation:p {seconds}s linear infinite}}}}\n@keyframes p{{to{{transform:none}}}}\n{}</style>\n\
             <defs>\n{}</defs>\n{}<rect class=\"p\" x=\"7\" y=\"{bar}\" width=\"{}\" height=\"2\"/>\n</svg>\n",
            self.keyframes,
            self.definitions,
            self.body,
            width - 14
        )
    }
}

/// All that stands in a strip, and the places in it, each from a time on.
fn moves(shots: &[(u64, String)]) -> (Vec<&str>, Vec<(u64, usize)>) {
    let mut different: Vec<&str> = Vec::new();
    let mut moves: Vec<(u64, usize)> = Vec::new();
    for (time, markup) in shots {
        let place = different.iter().position(|other| other == markup).unwrap_or(different.len());
        if place == different.len() {
            different.push(markup);
        }
        if moves.last().is_none_or(|(_, last)| *last != place) {
            moves.push((*time, place));
        }
    }
    (different, moves)
}

/// Around the window in which keys are pressed.
fn outline(width: u32, height: u32) -> String {
    let (width, height) = (width - 2, height - 2);
    format!(
        "<rect class=\"f\" x=\"1\" y=\"-{}\" width=\"{width}\" height=\"{height}\" rx=\"7\"/>",
        BASELINE - 1
    )
}

fn block(column: u16, width: u16) -> String {
    format!("<rect x=\"{}\" y=\"-{BASELINE}\" width=\"{}\" height=\"{LINE}\" ", across(column), across(width))
}

fn ground(style: Style) -> Option<String> {
    if style.inverse { Some(style.ink.map_or_else(|| INK.to_owned(), css)) } else { style.ground.map(css) }
}

fn class(number: usize, style: Style) -> String {
    let ink = match style {
        Style { inverse: true, ground, .. } => ground.map_or_else(|| GROUND.to_owned(), css),
        Style { ink: Some(ink), .. } => css(ink),
        Style { dim: true, .. } => DIM.to_owned(),
        _ => INK.to_owned(),
    };
    let mut rule = format!(".c{number}{{fill:{ink}");
    for (holds, words) in [
        (style.bold, ";font-weight:bold"),
        (style.italic, ";font-style:italic"),
        (style.underline, ";text-decoration:underline"),
        (style.dim && style.ink.is_some(), ";opacity:.7"),
    ] {
        rule.push_str(if holds { words } else { "" });
    }
    rule + "}\n"
}

fn width_of(columns: u16) -> u32 {
    (f64::from(columns) * CELL).ceil() as u32
}

/// So many columns in the picture's units, without needless digits.
fn across(columns: u16) -> String {
    let tenths = (f64::from(columns) * CELL * 10.0).round();
    format!("{}", tenths / 10.0)
}

fn percent(time: u64, length: u64) -> String {
    let thousandths = (time as f64 / length as f64 * 100_000.0).round();
    format!("{}", thousandths / 1000.0)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
