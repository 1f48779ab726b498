//! The stage: windows with programs in them, keys pressed at a human pace, and what is seen after each.
//!
//! Nothing sleeps. The time in the recording is counted, never measured; and a window is shown as it was after the first of the
//! program's bytes that made it as expected, however much more has arrived since. So the same story gives the same film.

use std::process::Command;

use chat_tests::terminal::Terminal;
use nix::sys::signal::Signal;
use vt100::{Cell, Parser, Screen};

use crate::film::{self, Film, Window};

pub const ROWS: u16 = 14;
pub const COLUMNS: u16 = 62;
const ROLL: u16 = 200;
/// The day of the story, whenever it is played.
const DAY: &str = "Fri 20 Nov";
/// The time of the story, and what it becomes on slow machines.
const TIME: &str = "12:00";
const LATER: [&str; 2] = ["12:01", "12:02"];

pub struct Stage {
    today: String,
    actors: Vec<Actor>,
    captions: Vec<(u64, String)>,
    focus: Vec<(u64, usize)>,
    now: u64,
    still: u64,
    pace: fastrand::Rng,
}

struct Actor {
    terminal: Terminal,
    screen: Parser,
    /// The same on a screen so high that nothing leaves it.
    roll: Parser,
    /// How many of the program's bytes are on the screen.
    seen: usize,
    /// What stands in a row before what was typed.
    prompt: &'static str,
    typed: String,
    window: Window,
}

impl Stage {
    /// `today` as the programs write it.
    pub fn new(today: &str) -> Self {
        Self {
            today: today.to_owned(),
            actors: Vec::new(),
            captions: Vec::new(),
            focus: Vec::new(),
            now: 0,
            still: 0,
            pace: fastrand::Rng::with_seed(7),
        }
    }

    /// Opens the next window.
    pub fn open(&mut self, title: &str, command: &Command, prompt: &'static str) {
        self.actors.push(Actor {
            terminal: Terminal::run(command, ROWS, COLUMNS),
            screen: Parser::new(ROWS, COLUMNS, 0),
            roll: Parser::new(ROLL, COLUMNS, 0),
            seen: 0,
            prompt,
            typed: String::new(),
            window: Window { title: title.to_owned(), shots: Vec::new() },
        });
    }

    /// From now on the program is awaited with this prompt.
    pub fn prompt(&mut self, who: usize, prompt: &'static str) {
        self.actors[who].prompt = prompt;
    }

    pub fn caption(&mut self, text: &str) {
        self.captions.push((self.now, text.to_owned()));
    }

    pub fn pause(&mut self, milliseconds: u64) {
        self.now += milliseconds;
    }

    /// What is on show now stands for the whole.
    pub fn still(&mut self) {
        self.still = self.now;
    }

    /// Types without pressing Enter.
    pub fn types(&mut self, who: usize, text: &str) {
        self.focus.push((self.now, who));
        for key in text.chars() {
            self.now += self.pace.u64(35..90) + if key == ' ' { 30 } else { 0 };
            let actor = &mut self.actors[who];
            actor.terminal.keys(&key.to_string());
            actor.typed.push(key);
            actor.advance("");
            actor.shoot(self.now, &self.today);
        }
    }

    /// Types a line and presses Enter.
    pub fn line(&mut self, who: usize, text: &str) {
        self.types(who, text);
        self.enter(who);
    }

    pub fn enter(&mut self, who: usize) {
        self.now += 250;
        let actor = &mut self.actors[who];
        actor.terminal.keys("\r");
        actor.typed.clear();
    }

    /// Waits until these people see these words once more than before, with the prompt below.
    pub fn see(&mut self, who: &[usize], text: &str) {
        self.now += 60;
        for who in who {
            let actor = &mut self.actors[*who];
            actor.advance(text);
            actor.shoot(self.now, &self.today);
        }
    }

    /// Who sees nothing and does nothing until told to go on, so that people who come back do so in one order.
    pub fn freeze(&mut self, who: &[usize]) {
        who.iter().for_each(|who| self.actors[*who].terminal.signal(Signal::SIGSTOP));
    }

    pub fn go_on(&mut self, who: usize) {
        self.actors[who].terminal.signal(Signal::SIGCONT);
    }

    /// The cutting room.
    pub fn finish(self) -> Film {
        let windows = self.actors.into_iter().map(|actor| actor.window).collect();
        Film {
            rows: ROWS,
            columns: COLUMNS,
            windows,
            captions: self.captions,
            focus: self.focus,
            still: self.still,
            length: self.now,
        }
    }
}

impl Actor {
    /// Shows one byte after the other until the words are there and the cursor is behind what was typed.
    fn advance(&mut self, text: &str) {
        let before = if text.is_empty() { 0 } else { self.count(text) };
        loop {
            let raw = self.terminal.raw_after(self.seen);
            let screen = self.screen.screen().contents();
            assert!(!raw.is_empty(), "{}: no {text:?} on the screen:\n{screen}", self.window.title);
            for byte in raw {
                self.screen.process(&[byte]);
                self.roll.process(&[byte]);
                self.seen += 1;
                if self.is_ready() && (text.is_empty() || self.count(text) > before) {
                    return;
                }
            }
        }
    }

    fn count(&self, text: &str) -> usize {
        let screen = self.roll.screen().contents();
        let words: Vec<_> = screen.split_whitespace().collect();
        words.join(" ").matches(text).count()
    }

    /// Whether the cursor is behind the prompt and what was typed. Asked after each byte, so it looks at few cells.
    fn is_ready(&self) -> bool {
        let screen = self.screen.screen();
        let cursor = screen.cursor_position();
        stands_before(screen, cursor, &self.typed)
            .and_then(|typed| stands_before(screen, typed, self.prompt))
            .is_some_and(|(_, column)| column == 0)
    }

    fn shoot(&mut self, now: u64, today: &str) {
        let mut rows = film::rows(self.screen.screen());
        for run in rows.iter_mut().flat_map(|row| &mut row.runs) {
            run.text = run.text.replace(today, DAY);
            for later in LATER {
                run.text = run.text.replace(later, TIME);
            }
        }
        self.window.shots.push((now, rows));
    }
}

/// Where the text begins that ends before a place, if it stands there.
fn stands_before(screen: &Screen, (row, column): (u16, u16), text: &str) -> Option<(u16, u16)> {
    let begin = column.checked_sub(u16::try_from(text.chars().count()).ok()?)?;
    let is_there = |(column, letter)| {
        let cell = screen.cell(row, column).map_or("", Cell::contents);
        if cell.is_empty() { letter == ' ' } else { cell.chars().eq([letter]) }
    };
    (begin..).zip(text.chars()).all(is_there).then_some((row, begin))
}
