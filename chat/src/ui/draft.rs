//! The line being edited, as its keys and its painter know it.

use crate::ui::layout::{self, Layout, Size};

/// Moves to where the screen begins.
pub(super) const HOME: &str = "\x1b[H";
/// Keeps the place of a line that is left and moves up, so that the line end that rustyline writes behind it scrolls nothing.
const LEAVE: &str = "\x1b7\x1b[A";
/// Goes back there.
pub(super) const BACK: &str = "\x1b8";

/// How often a line is told to end by a signal that gets lost.
const LOST_MAX: u8 = 3;

/// How the line is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaving {
    Entered,
    /// By Ctrl-C.
    Interrupted,
    /// For a program that edits it.
    ToEditor,
    /// For a line with another prompt, that begins with this text.
    Anew(String),
    /// For the same, by no key.
    Unasked,
    /// For a line that has this text before and behind the cursor.
    Rewritten(String, String),
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Set by the key that leaves the line.
    pub(super) leaving: Option<Leaving>,
    /// The prompt that rustyline knows.
    pub(super) known: String,
    /// The number of the prompt that the line was begun behind.
    pub(super) number: u64,
    pub(super) line: String,
    pub(super) position: usize,
    /// rustyline shows a prompt of its own, as it does while it searches the history.
    pub(super) interlude: bool,
    /// Line and prompt are not to be seen any more.
    vanishes: bool,
    /// Signals that should have ended it.
    lost: u8,
    /// The next paint follows a key, or a new size, and not the doorbell.
    expected: bool,
    painted: Painted,
    size: Option<Size>,
    /// rustyline doesn't know of the terminal's size yet.
    stale: bool,
    /// The prompt is in the first row of the screen.
    on_top: bool,
}

/// What was painted last.
#[derive(Debug, Default)]
struct Painted {
    prompt: String,
    line: String,
    position: usize,
    /// Rows that are shown, and those of them above the cursor.
    rows: usize,
    above: usize,
}

impl Draft {
    /// A new line is going to be edited behind this prompt.
    pub(super) fn begin(&mut self, prompt: &str, number: u64) {
        *self = Self { known: prompt.to_owned(), number, on_top: self.on_top, ..Self::default() };
    }

    /// A key has changed the line, or may have; `last`, if the next paint is the last of an entered line. Tells whether all of it has
    /// to be painted.
    ///
    /// The line vanishes when the cursor is at its end: only then does rustyline move up by no more rows than are still there.
    pub(super) fn change(&mut self, line: &str, position: usize, last: bool) -> bool {
        let simple = !last && self.is_simple(line, position);
        line.clone_into(&mut self.line);
        self.position = position;
        self.vanishes = last && self.leaving.is_some() && position == line.len();
        self.expected = !simple;
        if simple {
            line.clone_into(&mut self.painted.line);
            self.painted.position = position;
        }
        !simple
    }

    /// Whether a character was typed or deleted at the end of the line, which rustyline shows by itself in a few bytes. Over a slow
    /// link, or read aloud, that is better than the whole line.
    fn is_simple(&self, line: &str, position: usize) -> bool {
        let was = &*self.painted.line;
        let (short, long) = if line.len() < was.len() { (line, was) } else { (was, line) };
        let at_end = position == line.len() && self.painted.position == was.len();
        let last = long.as_bytes().last().is_some_and(|byte| (b' '..=b'~').contains(byte));
        at_end && last && !short.is_empty() && long.len() == short.len() + 1 && long.starts_with(short)
    }

    /// The line was entered, and nothing of it has been painted since: it is still to be seen.
    pub(super) fn is_to_vanish(&self) -> bool {
        self.leaving.is_some() && !self.vanishes && self.position == self.line.len()
    }

    pub(super) fn vanish(&mut self) {
        self.vanishes = true;
    }

    pub(super) fn leave_unasked(&mut self) {
        self.leaving = Some(Leaving::Unasked);
        self.vanish();
    }

    pub(super) fn may_be_left_unasked(&self) -> bool {
        self.lost < LOST_MAX
    }

    /// Whether the line was to be left by a signal, which has got lost, since the line is to be painted: rustyline heeds the first
    /// of several that come at once, such as one for a new size. It stays for now, but where its row is isn't known any more.
    pub(super) fn stay(&mut self) -> bool {
        let stays = self.leaving.take_if(|leaving| *leaving == Leaving::Unasked).is_some();
        if stays {
            self.vanishes = false;
            self.lost += 1;
        }
        stays
    }

    pub(super) fn is_expected(&self) -> bool {
        self.expected
    }

    /// Whether the screen has to be shown anew, because of its size, and how many rows there are above the line.
    ///
    /// Some terminals wrap the edited line anew and others don't, and rustyline, which counts in the old rows, clears too much
    /// or too little.
    pub(super) fn resize(&mut self, size: Size) -> Option<usize> {
        let before = self.size.replace(size)?;
        if before == size && !self.stale {
            return None;
        }
        let painted = [
            &*self.painted.prompt,
            &self.painted.line[..self.painted.position],
            &self.painted.line[self.painted.position..],
        ];
        let (was, is) = (Layout::of(painted, before.columns), Layout::of(painted, size.columns));
        let unchanged = self.painted.line == self.line && self.painted.position == self.position;
        let rustyline_knows = self.expected && unchanged;
        let mut anew = self.stale;
        if before != size {
            let wide = was.end.row > 0 || was.end.column >= size.columns;
            self.stale = before.columns != size.columns && wide;
            anew = was != is || self.painted.rows >= before.rows.min(size.rows);
        }
        self.stale &= !rustyline_knows;
        anew.then(|| self.rows_above(size))
    }

    /// Rows of the screen that the line leaves free.
    pub(super) fn rows_above(&self, size: Size) -> usize {
        let height = Layout::of(self.parts(&self.painted.prompt), size.columns).height();
        size.rows.saturating_sub(height)
    }

    /// What to write: what waits, and behind it the prompt and the line, as far as they fit the screen.
    pub(super) fn paint(&mut self, pending: &str, prompt: &str, size: Size) -> String {
        let parts = self.parts(prompt);
        let layout = Layout::of(parts, size.columns);
        let rows = layout.window(&self.line, size.rows);
        let mut out = String::new();
        if self.on_top {
            out.push_str(HOME);
        }
        out.push_str(pending);
        if self.vanishes {
            // rustyline is going to move up by them.
            let up = (layout.end.row - layout.cursor.row).min(size.rows - 1);
            out.push_str(&"\n".repeat(up));
            out.push_str(if self.leaving.is_some() { LEAVE } else { "" });
        } else {
            out.push_str(&layout::print(parts, size.columns, &rows));
        }
        self.note_printed(pending);
        self.on_top |= rows.len() >= size.rows;
        self.painted = Painted {
            prompt: prompt.to_owned(),
            line: self.line.clone(),
            position: self.position,
            rows: rows.len(),
            above: layout.cursor.row - rows.start,
        };
        self.expected = false;
        out
    }

    /// Something else was printed.
    pub(super) fn note_printed(&mut self, text: &str) {
        let (cleared, behind) = match text.rfind(HOME) {
            Some(at) => (true, &text[at..]),
            None => (self.on_top, text),
        };
        self.on_top = cleared && !behind.contains('\n');
    }

    /// Takes back a line that rustyline has left as it was.
    pub(super) fn take_back(&self) -> String {
        format!("\x1b[{}A\r\x1b[J", self.painted.above + 1)
    }

    /// Rows that are shown below the cursor, and above it.
    pub(super) fn around(&self) -> (usize, usize) {
        let above = self.painted.above;
        (self.painted.rows.saturating_sub(above + 1), above)
    }

    /// The line, before and behind the cursor.
    pub(super) fn halves(&self) -> (String, String) {
        let (before, behind) = self.line.split_at(self.position);
        (before.to_owned(), behind.to_owned())
    }

    fn parts<'a>(&'a self, prompt: &'a str) -> layout::Parts<'a> {
        [prompt, &self.line[..self.position], &self.line[self.position..]]
    }
}
