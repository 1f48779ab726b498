//! How waiting output gets above the line being edited: painted together with it.
//!
//! rustyline clears the rows of the edited line, asks the highlighter for the prompt and writes prompt and line at
//! once. What waits in the [`Screen`](super::Screen) is put in front of the prompt right there. Its external
//! printer only serves as a doorbell ([`RING`]): as a printer it would write past the line between two lines, and
//! out of order.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, raise};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};

use crate::ui::draft::Draft;
use crate::ui::hidden::Hidden;
use crate::ui::layout::Size;
use crate::ui::screen::Shared;

/// What rings the doorbell: printed above the line it moves up and down again, and leaves nothing.
pub(super) const RING: &str = "\x1b[A\n";

/// As rustyline has it for a terminal that doesn't tell.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// Paints what waits, and takes the entered line away: it comes back as what was said.
pub(super) struct Painter {
    pub(super) shared: Arc<Shared>,
    pub(super) draft: Arc<Mutex<Draft>>,
    /// What is typed is not to be seen: it never gets into the line.
    pub(super) hidden: Arc<Hidden>,
}

impl Painter {
    pub(super) fn draft(&self) -> MutexGuard<'_, Draft> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the prompt has changed and nothing is typed behind the old one.
    fn is_outdated(&self, draft: &mut Draft) -> bool {
        match self.shared.newer().filter(|_| draft.line.is_empty() && !self.hidden.is_on()) {
            Some(newer) if newer.text == draft.known => {
                draft.number = newer.number;
                false
            }
            newer => newer.is_some(),
        }
    }

    /// How many rows there are above the line, if they have to be shown anew.
    fn rows_to_redraw(&self, size: Size) -> Option<usize> {
        let mut draft = self.draft();
        let resized = draft.resize(size);
        if !draft.stay() {
            return resized;
        }
        self.shared.end_renewal();
        Some(draft.rows_above(size))
    }

    /// Has rustyline, which keeps the width of the prompt that it began with, leave the line for one with the newer prompt: by a
    /// signal, raised in its own thread, so that its own handler takes it. After a ring it looks for signals before any key; after
    /// a key it may have read others, which would be painted in the wrong place, so the doorbell is rung first.
    fn renew(&self, draft: &mut Draft) {
        if draft.is_expected() {
            self.shared.ring();
        } else if draft.may_be_left_unasked() && raise(Signal::SIGINT).is_ok() {
            draft.leave_unasked();
            self.shared.note_renewal();
        }
    }
}

impl Highlighter for Painter {
    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        self.draft().change(line, pos, kind == CmdKind::ForcedRefresh)
    }

    /// All that is painted: the line as well, which is the one that was handed to [`Self::highlight_char`] before.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, default: bool) -> Cow<'b, str> {
        let size = Size::now().unwrap_or(USUAL);
        if let Some(rows) = self.rows_to_redraw(size) {
            self.shared.redraw(rows);
        }
        let (pending, closing) = self.shared.take();
        let mut draft = self.draft();
        draft.interlude = !default;
        if closing {
            draft.vanish();
        }
        if default && !closing && self.is_outdated(&mut draft) {
            self.renew(&mut draft);
        }
        Cow::Owned(draft.paint(&pending, prompt, size))
    }

    fn highlight<'l>(&self, _: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Borrowed("")
    }
}

impl Completer for Painter {
    type Candidate = String;
}

impl Hinter for Painter {
    type Hint = String;
}

impl Validator for Painter {
    /// A word about the line, if only an empty one, has rustyline paint it once more, and so away.
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(ValidationResult::Valid(self.draft().is_to_vanish().then(String::new)))
    }
}

impl rustyline::Helper for Painter {}
