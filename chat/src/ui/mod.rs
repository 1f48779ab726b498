//! The user's end: lines read from the keyboard or a pipe, lines printed above the one being typed.

mod draft;
mod editor;
mod hidden;
mod keys;
mod layout;
mod paint;
mod paste;
mod plain;
mod screen;
mod terminal;
mod tty;

pub use screen::{Screen, Show};

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::secret::Secret;
use crate::theme::Palette;
use crate::words::Words;

/// Bytes of a line being edited. More are neither pasted nor taken from an editor: rustyline counts rows in 16 bits.
const DRAFT_MAX: usize = 32 << 10;

/// What the user does.
#[derive(Debug)]
pub enum Typed {
    Line {
        text: String,
        /// The number of the prompt that stood before it when it was begun.
        prompt: u64,
    },
    /// What was asked for without showing it.
    Secret(Secret),
    /// Ctrl-C.
    Interrupt {
        /// Something stood in the line, and is dropped.
        dropped: bool,
    },
    /// Ctrl-D, or the end of the input.
    End,
    /// What is shown can't be printed any more.
    Unprintable(std::io::Error),
}

/// Begins a prompt where words go to one person.
pub const MARK: &str = "⇄ ";

/// What stands before the next line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub number: u64,
    pub text: String,
    /// What is typed is shown nowhere and kept in no history.
    pub secret: bool,
}

/// How it looks and feels.
#[derive(Debug)]
pub struct Feel {
    /// With line editing; otherwise plain reading and printing.
    pub terminal: bool,
    pub palette: Palette,
    pub history: Option<PathBuf>,
}

/// Starts the user's end in threads of its own.
///
/// # Errors
/// The terminal can't be set up.
pub fn start(feel: Feel, words: Arc<Mutex<Words>>, typed: mpsc::Sender<Typed>) -> Result<Owned, Failure> {
    let screen =
        if feel.terminal { terminal::start(feel, words, typed)? } else { plain::start(feel.palette, typed) };
    Ok(Owned(screen))
}

/// The user's end while it is there; when it is dropped, what is left is printed and the terminal given back.
#[derive(Debug)]
pub struct Owned(Screen);

impl Owned {
    pub fn screen(&self) -> Screen {
        self.0.clone()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let unheard = self.0.close();
        tty::restore();
        if !unheard.is_empty() {
            tty::print_if_ready(&format!("\n{unheard}"));
        }
    }
}
