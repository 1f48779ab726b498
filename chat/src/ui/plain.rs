//! Plain reading and printing, for pipes and dumb terminals: no prompt, no colours, no cursor movement.

use std::io::{BufRead as _, Read as _, Write as _};

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::secret::{PASSWORD_MAX, Secret};
use crate::theme::Palette;
use crate::ui::screen::{Shared, Task};
use crate::ui::{Prompt, Screen, Typed, tty};

/// A longer line is cut into lines of that many bytes.
const LINE_MAX: u64 = 1 << 20;

pub(super) fn start(palette: Palette, typed: mpsc::Sender<Typed>) -> Screen {
    let screen = Screen::new(palette, false);
    let shared = screen.shared();
    std::thread::spawn(move || {
        let owned = own(&shared, &typed);
        shared.leave();
        let _ = typed.blocking_send(owned.map_or_else(Typed::Unprintable, |()| Typed::End));
    });
    screen
}

/// Prints and hands out prompts to a second thread, so that printing goes on while a line is awaited.
fn own(shared: &Shared, typed: &mpsc::Sender<Typed>) -> std::io::Result<()> {
    let (asked, wanted) = std::sync::mpsc::channel();
    let reader = typed.clone();
    std::thread::spawn(move || {
        while let Ok(prompt) = wanted.recv()
            && reader.blocking_send(read(&prompt)).is_ok()
        {}
    });
    loop {
        match shared.next_task() {
            Task::Print(text) => {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
            Task::Read(prompt) => drop(asked.send(prompt)),
            Task::Leave => return Ok(()),
        }
    }
}

fn read(prompt: &Prompt) -> Typed {
    if prompt.secret {
        return tty::unseen(whispered);
    }
    let mut line = Vec::new();
    match std::io::stdin().lock().take(LINE_MAX).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => Typed::End,
        Ok(_) => {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            Typed::Line { text, prompt: prompt.number }
        }
    }
}

fn whispered() -> Typed {
    let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_MAX + 2));
    let mut input = std::io::stdin().lock().take(PASSWORD_MAX as u64 + 2);
    match input.read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => Typed::End,
        Ok(_) => {
            let text = str::from_utf8(&line).unwrap_or_default();
            Typed::Secret(Secret::from(text.trim_end_matches(['\n', '\r'])))
        }
    }
}
