//! Reading a line at a prompt: with editing, history and completion, or plainly where the terminal can't.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

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
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut editor = Editor::with_config(config).map_err(|error| failed(&error))?;
        editor.set_helper(Some(Completion::new(for_completion)));
        let history = history_path()
            .filter(|path| path.parent().is_some_and(|directory| std::fs::create_dir_all(directory).is_ok()));
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
