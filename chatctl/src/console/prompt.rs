//! Reading a line at a prompt: with editing, history and completion, or plainly where the terminal can't.

use std::fs::DirBuilder;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History};
use rustyline::{CompletionType, Config, Editor};

use super::complete::Completion;
use crate::client::Connector;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Terminals without cursor movement; rustyline doesn't edit on them either, but has no Ctrl-C there.
const PLAIN_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];
const HISTORY_LINES: usize = 1000;
const MAX_LINE: usize = 64 * 1024;

pub(super) trait Prompt {
    /// `None` at the end of input; [`Failure::Interrupted`] after Ctrl-C.
    fn read(&mut self, prompt: &str) -> Result<Option<String>, Failure>;
    fn remember(&mut self, line: &str);
    fn clear(&mut self) -> Result<(), Failure>;
}

pub(super) fn new<'a>(
    interrupt: &'a Interrupt,
    for_completion: Connector,
) -> Result<Box<dyn Prompt + 'a>, Failure> {
    if std::env::var("TERM").is_ok_and(|term| PLAIN_TERMINALS.contains(&term.as_str())) {
        return Ok(Box::new(Plain { interrupt }));
    }
    Ok(Box::new(Rich::new(for_completion)?))
}

struct Rich {
    editor: Editor<Completion, FileHistory>,
    /// Only its owner reads it. Without a home there is none, which is no reason to complain.
    history: Option<PathBuf>,
}

impl Rich {
    fn new(for_completion: Connector) -> Result<Self, Failure> {
        // A line that begins with a blank is not kept, as in most shells.
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .max_history_size(HISTORY_LINES)
            .map_err(|error| failed(&error))?
            .build();
        let mut editor = Editor::with_config(config).map_err(|error| failed(&error))?;
        editor.set_helper(Some(Completion::new(for_completion)));
        let history = history_path()
            .filter(|path| path.parent().is_some_and(|directory| private_directory(directory).is_ok()));
        if let Some(path) = &history {
            // The first time there is nothing to load.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }
}

impl Prompt for Rich {
    fn read(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Some(line)),
            Err(ReadlineError::Eof) => Ok(None),
            Err(ReadlineError::Interrupted) => Err(Failure::Interrupted),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Written line by line: a console is often left by closing its window.
    fn remember(&mut self, line: &str) {
        if may_hold_a_secret(line) {
            return;
        }
        let added = self.editor.history_mut().add(line).unwrap_or(false);
        if let Some(path) = self.history.as_ref().filter(|_| added) {
            let _ = self.editor.append_history(path);
        }
    }

    fn clear(&mut self) -> Result<(), Failure> {
        self.editor.clear_screen().map_err(|error| failed(&error))
    }
}

fn failed(error: &ReadlineError) -> Failure {
    Failure::Input(error.to_string())
}

/// Made for its owner alone, and left as it is when it is there.
fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Passwords are asked for without an echo; but `call` takes whatever it is given, and somebody may think that
/// `account add` does.
fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_lowercase();
    let in_a_call =
        ["password", "secret", "token"].iter().any(|word| line.contains(word)) && line.contains('{');
    let mut words = line.split_whitespace().filter(|word| !word.starts_with("--"));
    let account = words.next().is_some_and(|word| "account".starts_with(word));
    let password =
        words.next().is_some_and(|word| ["add", "password"].iter().any(|name| name.starts_with(word)));
    in_a_call || (account && password && words.nth(1).is_some())
}

fn history_path() -> Option<PathBuf> {
    let state = match std::env::var_os("XDG_STATE_HOME").filter(|state| !state.is_empty()) {
        Some(state) => PathBuf::from(state),
        None => PathBuf::from(std::env::var_os("HOME").filter(|home| !home.is_empty())?).join(".local/state"),
    };
    state.is_absolute().then(|| state.join("chatctl/history"))
}

struct Plain<'a> {
    interrupt: &'a Interrupt,
}

impl Prompt for Plain<'_> {
    /// The terminal itself collects a line and forgets it at Ctrl-C.
    fn read(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        self.interrupt.clear();
        print!("{prompt}");
        io::stdout().flush()?;
        let mut line = Vec::new();
        while !line.ends_with(b"\n") && line.len() < MAX_LINE {
            self.wait()?;
            let mut buffer = [0; 4096];
            match io::stdin().lock().read(&mut buffer).map_err(|error| unreadable(&error))? {
                0 if line.is_empty() => return Ok(None),
                0 => break,
                count => line.extend_from_slice(&buffer[..count]),
            }
        }
        if line.len() >= MAX_LINE {
            return Err(Failure::Input(format!("a line is longer than {MAX_LINE} bytes")));
        }
        String::from_utf8(line).map(Some).map_err(|_| Failure::Input("it is not UTF-8".into()))
    }

    fn remember(&mut self, _line: &str) {}

    fn clear(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl Plain<'_> {
    fn wait(&self) -> Result<(), Failure> {
        loop {
            let stdin = io::stdin();
            let mut fds =
                [stdin.as_fd(), self.interrupt.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut fds, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(error) => return Err(unreadable(&error.into())),
                Ok(_) if fds[1].any().unwrap_or(false) => {
                    println!();
                    return Err(Failure::Interrupted);
                }
                Ok(_) => return Ok(()),
            }
        }
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::Input(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_password_is_not_kept() {
        assert!(may_hold_a_secret(r#"call SetPassword '{"name":"bob","password":"x"}'"#));
        assert!(may_hold_a_secret(r#"cal Set '{"newPassword":"x"}'"#));
        assert!(may_hold_a_secret("acc pass carol sesame"));
        assert!(!may_hold_a_secret("account add carol --generate"));
        assert!(!may_hold_a_secret("account suspend carol --reason gone away"));
        assert!(!may_hold_a_secret("announce change your password today"));
    }
}
