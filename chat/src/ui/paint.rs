//! How waiting output gets above the line being edited: painted together with it.
//!
//! rustyline clears the rows of the edited line, asks the highlighter for the prompt and writes prompt and line at
//! once. What waits in the [`Screen`](super::Screen) is put in front of the prompt right there. Its external
//! printer only serves as a doorbell ([`RING`]): as a printer it would write past the line between two lines, and
//! out of order.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::ui::MARK;
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

    /// The prompt as it is by now, if nothing is typed: in the columns that rustyline counts with, until the first key.
    fn present(&self, draft: &mut Draft, prompt: &str) -> String {
        match self.shared.newer().filter(|_| draft.line.is_empty() && !self.hidden.is_on()) {
            Some(newer) => {
                draft.number = newer.number;
                fitted(&newer.text, prompt.width())
            }
            None => prompt.to_owned(),
        }
    }
}

/// The text in that many columns: filled up with blanks, or without its mark, or cut before its last two characters.
fn fitted(text: &str, columns: usize) -> String {
    let bare = text.strip_prefix(MARK).filter(|_| text.width() > columns);
    let text = bare.unwrap_or(text);
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
    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        self.draft().change(line, pos, kind == CmdKind::ForcedRefresh)
    }

    /// All that is painted: the line as well, which is the one that was handed to [`Self::highlight_char`] before.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, default: bool) -> Cow<'b, str> {
        let size = Size::now().unwrap_or(USUAL);
        if let Some(rows) = self.draft().resize(size) {
            self.shared.redraw(rows);
        }
        let (pending, closing) = self.shared.take();
        let mut draft = self.draft();
        if closing {
            draft.vanish();
        }
        let prompt = if default { self.present(&mut draft, prompt) } else { prompt.to_owned() };
        Cow::Owned(draft.paint(&pending, &prompt, size))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_that_has_changed_takes_the_room_of_the_old_one() {
        for (text, columns, fitted_text) in [
            ("#ops> ", 8, "#ops>   "),
            ("#lobby> ", 8, "#lobby> "),
            ("#lobby> ", 7, "#lob…> "),
            ("⇄ alice> ", 9, "⇄ alice> "),
            ("⇄ alice> ", 8, "alice>  "),
            ("日本語> ", 7, "日本…> "),
            ("日本語> ", 6, "日…>  "),
        ] {
            assert_eq!(fitted(text, columns), fitted_text);
        }
    }
}
