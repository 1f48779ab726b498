//! Keys that do more than edit, and what they do in a paste or where nothing is to be seen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

use crate::line::{Line, Style};
use crate::ui::draft::{Draft, Leaving};
use crate::ui::hidden::Hidden;
use crate::ui::paste::{Outcome, Paste, character};
use crate::ui::screen::Shared;
use crate::ui::{DRAFT_MAX, paste, tty};
use crate::words::Words;

/// More are not shown.
const CHOICES: usize = 60;

/// Every key, before rustyline has a look at it.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) shared: Arc<Shared>,
    pub(super) draft: Arc<Mutex<Draft>>,
    pub(super) hidden: Arc<Hidden>,
    pub(super) words: Arc<Mutex<Words>>,
    pub(super) paste: Arc<Paste>,
    /// The next key is taken for the character that it stands for.
    pub(super) quoting: Arc<Mutex<bool>>,
}

/// Ctrl-X Ctrl-E.
pub(super) struct Edit(pub(super) Keys);

impl ConditionalEventHandler for Keys {
    fn handle(
        &self,
        event: &Event,
        count: RepeatCount,
        positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let key = *event.get(0)?;
        if let Some(command) = self.pasting(key, context) {
            return Some(command);
        }
        if self.hidden.is_on() {
            return Some(self.unseen(key));
        }
        if std::mem::take(&mut *lock(&self.quoting)) {
            return Some(character(key).map_or(Cmd::Noop, |c| self.insert(c.to_string(), context)));
        }
        match key {
            KeyEvent(KeyCode::Enter, Modifiers::ALT) => Some(self.insert("\n".to_owned(), context)),
            KeyEvent(KeyCode::Tab, Modifiers::NONE) => Some(self.complete(context)),
            KeyEvent(KeyCode::Char('V' | 'Q'), Modifiers::CTRL) => {
                *lock(&self.quoting) = true;
                Some(Cmd::Noop)
            }
            KeyEvent(KeyCode::Char('L'), Modifiers::CTRL) => {
                self.shared.clear();
                Some(Cmd::Repaint)
            }
            KeyEvent(KeyCode::Char('Z'), Modifiers::CTRL) => {
                let (below, above) = lock(&self.draft).around();
                tty::suspend(below, above);
                Some(Cmd::Repaint)
            }
            KeyEvent(KeyCode::Char(character), Modifiers::NONE | Modifiers::SHIFT)
                if positive && self.is_outdated(context) =>
            {
                Some(self.leave(Leaving::Anew(character.to_string().repeat(count.into()))))
            }
            _ => self.ending(key),
        }
    }
}

impl ConditionalEventHandler for Edit {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        Some(self.0.leave(Leaving::ToEditor))
    }
}

impl Keys {
    /// Enters the line, to be taken or thrown away: rustyline's other ways out lose the keys typed behind it.
    fn leave(&self, leaving: Leaving) -> Cmd {
        lock(&self.draft).leaving = Some(leaving);
        Cmd::AcceptLine
    }

    fn ending(&self, key: KeyEvent) -> Option<Cmd> {
        let leaving = match key {
            KeyEvent(KeyCode::Enter, Modifiers::NONE) => Leaving::Entered,
            _ if key == KeyEvent::ctrl('J') => Leaving::Entered,
            _ if key == KeyEvent::ctrl('C') => Leaving::Interrupted,
            _ => return None,
        };
        Some(self.leave(leaving))
    }

    fn unseen(&self, key: KeyEvent) -> Cmd {
        let key = if key == KeyEvent::ctrl('D') { KeyEvent::ctrl('C') } else { key };
        self.ending(key).unwrap_or_else(|| {
            self.hidden.press(key);
            Cmd::Noop
        })
    }

    /// The prompt has changed before anything was typed behind it: the first key begins the next line, whose prompt rustyline
    /// knows. A key that answers a prompt of rustyline's own is none of them.
    fn is_outdated(&self, context: &EventContext<'_>) -> bool {
        let newer = self.shared.newer().filter(|newer| !newer.secret);
        let draft = lock(&self.draft);
        let empty = context.line().is_empty() && !draft.interlude;
        empty && newer.is_some_and(|newer| newer.text != draft.known)
    }

    /// What belongs to a paste is a part of its text and nothing else.
    fn pasting(&self, key: KeyEvent, context: &EventContext<'_>) -> Option<Cmd> {
        match key.0 {
            KeyCode::BracketedPasteStart => self.paste.begin(),
            KeyCode::BracketedPasteEnd => return Some(self.pasted(context)),
            _ if !self.paste.is_on() => return None,
            _ if self.hidden.is_on() => self.pasted_unseen(key),
            _ if self.paste.key(key) => return Some(self.pasted(context)),
            _ => {}
        }
        Some(Cmd::Noop)
    }

    /// Of what is pasted as a password the first line is taken, and nothing is kept anywhere else.
    fn pasted_unseen(&self, key: KeyEvent) {
        let first_line = self.paste.is_in_first_line(key);
        if first_line && matches!(key.0, KeyCode::Char(_)) && !key.1.contains(Modifiers::CTRL) {
            self.hidden.press(key);
        }
        if self.paste.pass(key) {
            let taken = if first_line { paste::END.len() - 1 } else { 0 };
            (0..taken).for_each(|_| self.hidden.press(KeyEvent(KeyCode::Backspace, Modifiers::NONE)));
            drop(self.paste.end());
        }
    }

    fn pasted(&self, context: &EventContext<'_>) -> Cmd {
        match self.paste.end() {
            Outcome::Text(text) if text.is_empty() => Cmd::Noop,
            Outcome::Text(text) => {
                if text.contains('\n') && fits(&text, context) {
                    self.shared
                        .put(&several(context.line().matches('\n').count() + text.matches('\n').count() + 1));
                }
                self.insert(text, context)
            }
            Outcome::TooLong(characters) => self.refuse(&format!("{characters} characters")),
        }
    }

    fn insert(&self, text: String, context: &EventContext<'_>) -> Cmd {
        if !fits(&text, context) {
            return self.refuse("that");
        }
        if self.is_outdated(context) {
            return self.leave(Leaving::Anew(text));
        }
        Cmd::Insert(1, text)
    }

    fn refuse(&self, what: &str) -> Cmd {
        let most = DRAFT_MAX / 1024;
        let why = format!(
            "nothing was inserted: {what} would be too much for a message, which may have {most} KiB"
        );
        self.shared.put(&Line::of(Style::Error, &why));
        Cmd::Repaint
    }

    /// rustyline's own completion lets nothing be printed while it offers a choice.
    fn complete(&self, context: &EventContext<'_>) -> Cmd {
        let before = &context.line()[..context.pos()];
        let Some(completion) = lock(&self.words).complete(before) else { return Cmd::Noop };
        if !completion.choice.is_empty() {
            let shown = &completion.choice[..completion.choice.len().min(CHOICES)];
            self.shared.put(&Line::of(Style::Dim, &shown.join("  ")));
        }
        let typed = &before[before.len() - completion.typed..];
        match completion.replacement.strip_prefix(typed) {
            Some("") => Cmd::Repaint,
            Some(rest) => self.insert(rest.to_owned(), context),
            // rustyline's own replacement leaves the cursor before it.
            None => {
                let before = format!("{}{}", &before[..before.len() - typed.len()], completion.replacement);
                self.leave(Leaving::Rewritten(before, context.line()[context.pos()..].to_owned()))
            }
        }
    }
}

/// What is said once about a draft of several lines.
pub(super) fn several(lines: usize) -> Line {
    Line::of(Style::Dim, &format!("{lines} lines: Enter sends them together, Ctrl-C drops them"))
}

fn fits(text: &str, context: &EventContext<'_>) -> bool {
    context.line().len() + text.len() <= DRAFT_MAX
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
