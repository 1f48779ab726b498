//! Pastes: taken up key by key, so that nothing in them is obeyed, and put into the line as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustyline::{KeyCode, KeyEvent, Modifiers};

use crate::ui::DRAFT_MAX;

/// What ends a paste. On a link that stalls behind its first byte, rustyline takes it for keys.
pub(super) const END: &str = "\x1b[201~";

/// What is being pasted at the moment.
#[derive(Default)]
pub(super) struct Paste(Mutex<Option<Pasted>>);

#[derive(Default)]
struct Pasted {
    text: String,
    /// Characters, including those for which there was no room.
    characters: usize,
    returned: bool,
    several: bool,
    /// Characters of [`END`] that came last.
    ending: usize,
}

/// What came of it.
pub(super) enum Outcome {
    Text(String),
    /// So many characters were too many.
    TooLong(usize),
}

impl Paste {
    pub(super) fn is_on(&self) -> bool {
        self.lock().is_some()
    }

    pub(super) fn begin(&self) {
        *self.lock() = Some(Pasted::default());
    }

    /// Takes a key as the character that it was in the paste. Tells whether it has ended the paste.
    pub(super) fn key(&self, key: KeyEvent) -> bool {
        let mut paste = self.lock();
        let Some(pasted) = paste.as_mut() else { return false };
        if let Some(character) = character(key) {
            pasted.take(character, key);
        }
        pasted.has_ended(key)
    }

    /// Passes a key of which nothing is to be kept. Tells whether it has ended the paste.
    pub(super) fn pass(&self, key: KeyEvent) -> bool {
        self.lock().as_mut().is_some_and(|pasted| pasted.has_ended(key))
    }

    /// Whether no line end has come so far, this key included.
    pub(super) fn is_in_first_line(&self, key: KeyEvent) -> bool {
        let mut paste = self.lock();
        let Some(pasted) = paste.as_mut() else { return false };
        pasted.several |= character(key) == Some('\n');
        !pasted.several
    }

    /// The paste has ended. Line ends behind it are no part of it.
    pub(super) fn end(&self) -> Outcome {
        let pasted = self.lock().take().unwrap_or_default();
        if pasted.text.len() > DRAFT_MAX {
            return Outcome::TooLong(pasted.characters);
        }
        Outcome::Text(pasted.text.trim_end_matches('\n').to_owned())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pasted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pasted {
    fn has_ended(&mut self, key: KeyEvent) -> bool {
        let next = match key {
            KeyEvent(KeyCode::Esc, Modifiers::NONE) => Some('\x1b'),
            _ => character(key),
        };
        let goes_on = next.is_some() && END.chars().nth(self.ending) == next;
        self.ending = if goes_on { self.ending + 1 } else { usize::from(next == Some('\x1b')) };
        let ended = self.ending == END.len();
        if ended && self.text.len() <= DRAFT_MAX {
            self.text.truncate((self.text.len() + 1).saturating_sub(END.len()));
        }
        ended
    }

    fn take(&mut self, character: char, key: KeyEvent) {
        let returned = std::mem::replace(&mut self.returned, key.0 == KeyCode::Enter);
        if returned && key == KeyEvent::ctrl('J') {
            return;
        }
        self.characters += 1;
        if self.text.len() <= DRAFT_MAX {
            self.text.push(character);
        }
    }
}

/// What a key stands for in a text; an escape byte before it is dropped.
pub(super) fn character(key: KeyEvent) -> Option<char> {
    match key {
        KeyEvent(KeyCode::Enter, _) => Some('\n'),
        KeyEvent(KeyCode::Tab, _) => Some('\t'),
        KeyEvent(KeyCode::Esc, Modifiers::SHIFT) => Some('\u{9b}'),
        KeyEvent(KeyCode::Char(c @ '@'..='_'), modifiers) if modifiers.contains(Modifiers::CTRL) => {
            Some(char::from(u8::try_from(c).unwrap_or_default() & 0x1f))
        }
        KeyEvent(KeyCode::Char(c), _) => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste(text: &str) -> Outcome {
        let paste = Paste::default();
        paste.begin();
        text.chars().for_each(|c| assert!(!paste.key(KeyEvent::from(c))));
        paste.end()
    }

    fn pasted(text: &str) -> String {
        match paste(text) {
            Outcome::Text(text) => text,
            Outcome::TooLong(_) => panic!(),
        }
    }

    #[test]
    fn a_paste_is_the_text_with_line_ends_of_one_kind() {
        assert_eq!(pasted("one\r\ntwo\rthree\n\nfour\tä\n"), "one\ntwo\nthree\n\nfour\tä");
        assert_eq!(pasted("a\x07b\x03c\u{9b}d\u{202e}"), "a\x07b\x03c\u{9b}d\u{202e}");
    }

    #[test]
    fn an_end_that_came_in_pieces_is_one() {
        let paste = Paste::default();
        paste.begin();
        assert!("text[201~\x1b[20\x1b\x1b[201".chars().all(|c| !paste.key(KeyEvent::from(c))));
        assert!(paste.key(KeyEvent::from('~')));
        assert!(matches!(paste.end(), Outcome::Text(text) if text == "text[201~[20"));
    }

    #[test]
    fn of_too_much_only_the_length_is_kept() {
        assert!(matches!(paste(&"x".repeat(DRAFT_MAX)), Outcome::Text(_)));
        let count = 40 * DRAFT_MAX;
        assert!(matches!(paste(&"x".repeat(count)), Outcome::TooLong(n) if n == count));
    }
}
