//! How waiting output gets above the line being edited: painted together with it.
//!
//! rustyline clears the rows of the edited line, asks the highlighter for the prompt and writes prompt and line at
//! once. What waits in the [`Screen`](super::Screen) is put in front of the prompt right there. Its external
//! printer only serves as a doorbell ([`RING`]): as a printer it would write past the line between two lines, and
//! out of order.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use chat_proto::text::SafeText;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

use terminal_size::{Height, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::ui::Prompt;
use crate::ui::keys::{Hidden, Renewal};
use crate::ui::screen::Shared;

/// What rings the doorbell: printed above the line it moves up and down again, and leaves nothing.
pub(super) const RING: &str = "\x1b[A\n";

/// Takes back the line end that rustyline writes after an entered line, which has vanished by then.
pub(super) const BACK_UP: &str = "\x1b[A";

/// Takes back an empty line with its prompt, which was left rather than entered.
pub(super) const TAKE_BACK: &str = "\x1b[A\x1b[K";

/// Paints what waits, and takes the entered line away: it comes back as what was said.
pub(super) struct Painter {
    pub(super) shared: Arc<Shared>,
    /// Enter was pressed; set by its key handler.
    pub(super) entered: Arc<AtomicBool>,
    /// It was Ctrl-C rather than Enter.
    pub(super) interrupted: Arc<AtomicBool>,
    /// What is typed is not to be seen: it never gets into the line.
    pub(super) hidden: Arc<Hidden>,
    /// The prompt changes before anything is typed behind it.
    pub(super) renewal: Arc<Renewal>,
    /// The number of the prompt that the line was begun behind.
    number: AtomicU64,
    vanish: AtomicBool,
    empty: AtomicBool,
    /// Columns of the line being edited, and of the terminal when it was last painted.
    width: AtomicUsize,
    columns: AtomicUsize,
}

impl Painter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            entered: Arc::default(),
            interrupted: Arc::default(),
            hidden: Arc::default(),
            renewal: Arc::default(),
            number: AtomicU64::new(0),
            vanish: AtomicBool::new(false),
            empty: AtomicBool::new(true),
            width: AtomicUsize::new(0),
            columns: AtomicUsize::new(0),
        }
    }

    /// Whether nothing stood on the line when it was last painted.
    pub(super) fn is_empty(&self) -> bool {
        self.empty.load(Ordering::Relaxed)
    }

    /// Whether Ctrl-C ended the line.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The number of the prompt that the line was begun behind.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// A new line is going to be edited.
    pub(super) fn begin(&self, prompt: &Prompt) {
        self.hidden.begin(prompt.secret);
        self.renewal.begin(&prompt.text);
        self.number.store(prompt.number, Ordering::Relaxed);
        self.entered.store(false, Ordering::Relaxed);
        self.interrupted.store(false, Ordering::Relaxed);
        self.vanish.store(false, Ordering::Relaxed);
    }
}

impl Painter {
    /// A terminal that is resized wraps the edited line anew, and rustyline, which counts in its old rows, clears
    /// lines above it: shows them again.
    fn mind_the_size(&self, prompt: &str) {
        let Some((Width(columns), Height(rows))) = terminal_size::terminal_size() else { return };
        let columns = usize::from(columns);
        let before = self.columns.swap(columns, Ordering::Relaxed);
        let width = prompt.width() + self.width.load(Ordering::Relaxed);
        if before != 0 && before != columns && width >= before.min(columns) {
            self.shared.redraw(usize::from(rows));
        }
    }
}

impl Painter {
    /// The prompt as it is by now, if nothing is typed: in the columns that rustyline counts with, until the first key.
    fn present<'p>(&self, prompt: &'p str) -> Cow<'p, str> {
        match self.shared.newer().filter(|_| self.is_empty() && !self.hidden.is_on()) {
            Some(newer) => {
                self.number.store(newer.number, Ordering::Relaxed);
                Cow::Owned(fitted(&newer.text, prompt.width()))
            }
            None => Cow::Borrowed(prompt),
        }
    }
}

/// The text in that many columns: filled up with blanks, or cut before its last two characters.
fn fitted(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    if text.width() <= columns {
        return format!("{text}{:missing$}", "");
    }
    let ending: String = text.chars().skip(text.chars().count().saturating_sub(2)).collect();
    let ending = format!("…{ending}");
    let mut left = columns.saturating_sub(ending.width());
    let head = text.chars().take_while(|c| {
        let fits = c.width().unwrap_or(0) <= left;
        left = left.saturating_sub(c.width().unwrap_or(0));
        fits
    });
    let cut = head.chain(ending.chars()).collect::<String>();
    format!("{cut}{:missing$}", "", missing = columns.saturating_sub(cut.width()))
}

impl Highlighter for Painter {
    /// Always true, so that every key paints anew.
    ///
    /// The line vanishes in the forced paint that follows Enter, when the cursor is at its end: only then does
    /// rustyline move up by no more rows than are still there.
    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        let last =
            self.entered.load(Ordering::Relaxed) && kind == CmdKind::ForcedRefresh && pos == line.len();
        self.vanish.store(last, Ordering::Relaxed);
        self.empty.store(line.is_empty(), Ordering::Relaxed);
        self.width.store(line.width(), Ordering::Relaxed);
        true
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        self.mind_the_size(prompt);
        let (pending, closing) = self.shared.take();
        if closing {
            self.vanish.store(true, Ordering::Relaxed);
        }
        let vanish = self.vanish.load(Ordering::Relaxed);
        let prompt = if vanish { Cow::Borrowed("") } else { self.present(prompt) };
        if pending.is_empty() { prompt } else { Cow::Owned(pending + &prompt) }
    }

    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if self.vanish.load(Ordering::Relaxed) {
            Cow::Borrowed("")
        } else if line.contains(is_unseen) {
            Cow::Owned(line.replace(is_unseen, ""))
        } else {
            Cow::Borrowed(line)
        }
    }
}

/// What a paste may bring: characters that take no room and that a terminal obeys or hides. They stay in the line
/// and take no room on the screen either.
fn is_unseen(c: char) -> bool {
    let harmless = |c: char| SafeText::line(c.encode_utf8(&mut [0; 4])).as_str().ends_with(c);
    !c.is_ascii_graphic() && !matches!(c, '\n' | '\t') && c.width().unwrap_or(0) == 0 && !harmless(c)
}

impl Completer for Painter {
    type Candidate = String;
}

impl Hinter for Painter {
    type Hint = String;
}

impl Validator for Painter {}

impl rustyline::Helper for Painter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_that_has_changed_takes_the_room_of_the_old_one() {
        for (text, columns, fitted_text) in [
            ("#ops> ", 8, "#ops>   "),
            ("#lobby> ", 8, "#lobby> "),
            ("#lobby> ", 7, "#lob…> "),
            ("日本語> ", 7, "日本…> "),
            ("日本語> ", 6, "日…>  "),
        ] {
            assert_eq!(fitted(text, columns), fitted_text);
        }
    }
}
