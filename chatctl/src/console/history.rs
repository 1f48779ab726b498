//! What was typed before, kept for the next time in a file that only its owner reads.

use std::path::{Path, PathBuf};

use rustyline::history::History;

use super::Terminal;

/// Where it was loaded from. Without a home there is no history, which is no reason to complain.
pub(super) fn load(terminal: &mut Terminal) -> Option<PathBuf> {
    let path = path()?;
    std::fs::create_dir_all(path.parent()?).ok()?;
    // The first time there is nothing to load.
    let _ = terminal.load_history(&path);
    Some(path)
}

/// Written line by line: a console is often left by closing its window.
pub(super) fn add(terminal: &mut Terminal, path: Option<&Path>, line: &str) {
    let added = terminal.history_mut().add(line).unwrap_or(false);
    if let Some(path) = path.filter(|_| added) {
        let _ = terminal.append_history(path);
    }
}

fn path() -> Option<PathBuf> {
    let state = match std::env::var_os("XDG_STATE_HOME").filter(|state| !state.is_empty()) {
        Some(state) => PathBuf::from(state),
        None => PathBuf::from(std::env::var_os("HOME").filter(|home| !home.is_empty())?).join(".local/state"),
    };
    state.is_absolute().then(|| state.join("chatctl/history"))
}
