//! Asking for a password at the terminal, for commands that don't own it.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};

use chat_proto::text::SafeText;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::{PASSWORD_MAX, Secret};

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// Asks whoever sits at the process's terminal, even if standard input or output is something else. None if there is no
/// terminal, or nobody who sees standard error.
///
/// # Errors
/// The answer was nothing, Ctrl-C or Ctrl-D, or can't be read.
pub fn secret(question: &str) -> Result<Option<Secret>, Failure> {
    if !io::stderr().is_terminal() {
        return Ok(None);
    }
    let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else { return Ok(None) };
    let failed = |error| Failure::Refused(format!("cannot ask for a password: {error}"));
    let unseen = Unseen::begin(terminal).map_err(|errno| failed(errno.into()))?;
    let answer = unseen.ask(question).map_err(failed)?;
    match answer.filter(|answer| !answer.is_empty()) {
        Some(answer) => Ok(Some(answer)),
        None => Err(Failure::Refused("no password was given; nothing was done".to_owned())),
    }
}

/// The terminal as it shows nothing of what is typed, until this is dropped.
struct Unseen {
    terminal: File,
    before: Termios,
}

impl Unseen {
    /// Ctrl-C is a key like others meanwhile, so that nothing ends this without the terminal being restored.
    fn begin(terminal: File) -> nix::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSADRAIN, &silent)?;
        Ok(Self { terminal, before })
    }

    fn ask(&self, question: &str) -> io::Result<Option<Secret>> {
        let mut out = &self.terminal;
        write!(out, "{} ", SafeText::line(question))?;
        let answer = self.typed();
        writeln!(out)?;
        answer
    }

    fn typed(&self) -> io::Result<Option<Secret>> {
        // Room for all that is taken: it never moves.
        let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_MAX));
        let mut byte = Zeroizing::new([0]);
        loop {
            if (&self.terminal).read(&mut *byte)? == 0 {
                return Ok(None);
            }
            match byte[0] {
                b'\n' | b'\r' => break,
                CTRL_C => return Ok(None),
                CTRL_D if line.is_empty() => return Ok(None),
                CTRL_U => line.clear(),
                key if BACKSPACE.contains(&key) => remove_last(&mut line),
                key if line.len() < PASSWORD_MAX => line.push(key),
                _ => return Err(io::Error::other("it is too long")),
            }
        }
        str::from_utf8(&line)
            .map(|text| Some(Secret::from(text)))
            .map_err(|_| io::Error::other("it is no text"))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // If it can't be restored, there is nothing better to do.
        let _ = tcsetattr(&self.terminal, SetArg::TCSADRAIN, &self.before);
    }
}

/// A whole character of UTF-8.
fn remove_last(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}
