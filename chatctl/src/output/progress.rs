//! How far something is, for who waits for it at a terminal.

use std::io::{self, IsTerminal, Write};

use chat_proto::text::SafeText;

use super::Output;

/// One line on standard error that is written over again, and taken away at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    wanted: bool,
    told: bool,
}

impl Progress {
    pub(crate) fn new(output: &Output) -> Self {
        Self { wanted: !output.json && io::stderr().is_terminal(), told: false }
    }

    pub(crate) fn tell(&mut self, text: &str) {
        if self.wanted {
            self.told = true;
            // Whoever closed the terminal doesn't wait.
            let _ = write!(io::stderr(), "\r{}\x1b[K", SafeText::line(text));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told {
            // As above.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
