//! How waiting output gets above the line being edited: painted together with it.
//!
//! rustyline clears the rows of the edited line, asks the highlighter for the prompt and writes prompt and line at
//! once. What waits in the [`Screen`](super::Screen) is put in front of the prompt right there. Its external
//! printer only serves as a doorbell ([`RING`]): as a printer it would write past the line between two lines, and
//! out of order.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chat_proto::text::SafeText;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

use terminal_size::{Height, Width};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::ui::keys::Hidden;
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

    /// A new line is going to be edited.
    pub(super) fn begin(&self, secret: bool) {
        self.hidden.begin(secret);
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
        match (pending.is_empty(), vanish) {
            (true, true) => Cow::Borrowed(""),
            (true, false) => Cow::Borrowed(prompt),
            (false, true) => Cow::Owned(pending),
            (false, false) => Cow::Owned(pending + prompt),
        }
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
