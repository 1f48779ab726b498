//! Keys that do more than edit: Enter, Ctrl-C, Tab, Ctrl-Z.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};

use crate::line::{Line, Style};
use crate::secret::Secret;
use crate::ui::screen::Shared;
use crate::ui::tty;
use crate::words::Words;

/// More are not shown.
const CHOICES: usize = 60;

/// Tells the painter that the line is going to be taken.
pub(super) struct Enter(pub(super) Arc<AtomicBool>);

impl ConditionalEventHandler for Enter {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.store(true, Ordering::Relaxed);
        Some(Cmd::AcceptLine)
    }
}

/// Ctrl-C enters the line as well, to be thrown away: rustyline's own way out loses the keys typed behind it.
pub(super) struct Interrupt {
    pub(super) entered: Arc<AtomicBool>,
    pub(super) interrupted: Arc<AtomicBool>,
}

impl ConditionalEventHandler for Interrupt {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.interrupted.store(true, Ordering::Relaxed);
        self.entered.store(true, Ordering::Relaxed);
        Some(Cmd::AcceptLine)
    }
}

/// What is typed without being seen. rustyline knows nothing of it: neither its line nor its ring of deleted words.
#[derive(Default)]
pub(super) struct Hidden {
    on: AtomicBool,
    secret: Mutex<Secret>,
}

impl Hidden {
    pub(super) fn begin(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
        self.take();
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) -> Secret {
        std::mem::take(&mut self.secret.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn press(&self, key: KeyEvent) {
        let mut secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        match key {
            KeyEvent(KeyCode::Char(character), Modifiers::NONE | Modifiers::SHIFT) => secret.push(character),
            KeyEvent(KeyCode::Backspace, _) | KeyEvent(KeyCode::Char('H'), Modifiers::CTRL) => secret.pop(),
            KeyEvent(KeyCode::Char('U' | 'W'), Modifiers::CTRL) => *secret = Secret::default(),
            _ => {}
        }
    }
}

/// The change of a prompt before anything is typed behind it: the first key ends the empty line, and begins the next one, whose
/// prompt rustyline knows.
#[derive(Default)]
pub(super) struct Renewal {
    /// The prompt that rustyline knows.
    known: Mutex<String>,
    key: Mutex<Option<char>>,
}

impl Renewal {
    pub(super) fn begin(&self, prompt: &str) {
        prompt.clone_into(&mut lock(&self.known));
        self.take_key();
    }

    /// The key that has ended the line, if one has.
    pub(super) fn take_key(&self) -> Option<char> {
        lock(&self.key).take()
    }

    /// Whether the key ends the line.
    fn is_due(&self, key: KeyEvent, shared: &Shared, context: &EventContext<'_>) -> bool {
        let KeyEvent(KeyCode::Char(character), Modifiers::NONE | Modifiers::SHIFT) = key else {
            return false;
        };
        let due = context.line().is_empty()
            && shared.newer().is_some_and(|newer| !newer.secret && newer.text != *lock(&self.known));
        if due {
            *lock(&self.key) = Some(character);
        }
        due
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All keys that no other handler has.
pub(super) struct Unseen {
    pub(super) shared: Arc<Shared>,
    pub(super) hidden: Arc<Hidden>,
    pub(super) renewal: Arc<Renewal>,
    pub(super) interrupt: Interrupt,
}

impl ConditionalEventHandler for Unseen {
    fn handle(
        &self,
        event: &Event,
        n: RepeatCount,
        positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let key = *event.get(0)?;
        if !self.hidden.is_on() {
            let due = self.renewal.is_due(key, &self.shared, context);
            self.interrupt.entered.fetch_or(due, Ordering::Relaxed);
            return due.then_some(Cmd::AcceptLine);
        }
        if key == KeyEvent::ctrl('D') {
            return self.interrupt.handle(event, n, positive, context);
        }
        self.hidden.press(key);
        Some(Cmd::Noop)
    }
}

/// Completes. rustyline's own completion lets nothing be printed while it offers a choice.
pub(super) struct Tab {
    pub(super) words: Arc<Mutex<Words>>,
    pub(super) shared: Arc<Shared>,
    pub(super) hidden: Arc<Hidden>,
}

impl ConditionalEventHandler for Tab {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        if self.hidden.is_on() {
            return Some(Cmd::Noop);
        }
        let before = &context.line()[..context.pos()];
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(completion) = words.complete(before) else { return Some(Cmd::Noop) };
        if !completion.choice.is_empty() {
            let shown = &completion.choice[..completion.choice.len().min(CHOICES)];
            self.shared.put(&Line::of(Style::Dim, &shown.join("  ")));
        }
        let typed = &before[before.len() - completion.typed..];
        Some(match completion.replacement.strip_prefix(typed) {
            Some("") => Cmd::Repaint,
            Some(rest) => Cmd::Insert(1, rest.to_owned()),
            None => {
                let back = RepeatCount::try_from(typed.chars().count()).unwrap_or(0);
                Cmd::Replace(Movement::BackwardChar(back), Some(completion.replacement))
            }
        })
    }
}

/// Stops the program until the shell continues it.
pub(super) struct Suspend;

impl ConditionalEventHandler for Suspend {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        tty::suspend();
        Some(Cmd::Repaint)
    }
}
