//! Passwords: typed unseen, read from a pipe or made. Never from the command line, where others could see them.

use std::io::{self, Write};

use chat_proto::admin::Password;
use chat_proto::text::SafeText;
use nix::errno::Errno;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::read;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// More than chatd takes; it says how much that is.
const MAX: usize = 4096;
/// Without those that are easily mistaken for each other.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// Asks on the terminal, twice, since nobody sees a slip.
pub(crate) fn ask_twice(whose: &str) -> Result<Password, Failure> {
    let unseen = Unseen::begin()?;
    let first = unseen.ask(&format!("new password of {}: ", SafeText::name(whose)))?;
    if first.is_empty() {
        return Err(Failure::Password("the password is empty; nothing was changed"));
    }
    if unseen.ask("the same again: ")? != first {
        return Err(Failure::Password("the passwords differ; nothing was changed, try again"));
    }
    text(&first)
}

/// The first line of standard input, and nothing after it.
pub(crate) fn first_line() -> Result<Password, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX));
    while let Some(byte) = byte()?.filter(|byte| *byte != b'\n') {
        append(&mut line, byte)?;
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.is_empty() {
        return Err(Failure::Password("the password is empty; give one on standard input"));
    }
    text(&line)
}

/// 80 random bits, in groups that can be read out.
pub(crate) fn made() -> Result<Password, Failure> {
    let mut random = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *random).map_err(|error| Failure::Setup(io::Error::other(error)))?;
    let mut password = Zeroizing::new(String::with_capacity(20));
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(Password::new(password))
}

/// The terminal as it shows nothing of what is typed, until this is dropped.
struct Unseen {
    before: Termios,
}

impl Unseen {
    /// Ctrl-C is a key like others meanwhile, so that nothing ends this without the terminal being restored.
    fn begin() -> Result<Self, Failure> {
        let before = tcgetattr(io::stdin()).map_err(failed)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &silent).map_err(failed)?;
        Ok(Self { before })
    }

    fn ask(&self, question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        eprint(question);
        let answer = Self::typed();
        eprint("\n");
        answer
    }

    fn typed() -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX));
        loop {
            match byte()? {
                Some(b'\n' | b'\r') => return Ok(line),
                None | Some(CTRL_C) => return Err(Failure::Interrupted),
                Some(CTRL_D) if line.is_empty() => return Err(Failure::Interrupted),
                Some(CTRL_U) => line.clear(),
                Some(byte) if BACKSPACE.contains(&byte) => remove_last(&mut line),
                Some(byte) => append(&mut line, byte)?,
            }
        }
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // If it can't be restored, there is nothing better to do.
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.before);
    }
}

/// A whole character of UTF-8.
fn remove_last(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// Never grows the buffer, which would leave a copy behind.
fn append(line: &mut Vec<u8>, byte: u8) -> Result<(), Failure> {
    if line.len() == MAX {
        return Err(Failure::Password("the password is too long"));
    }
    line.push(byte);
    Ok(())
}

fn text(bytes: &[u8]) -> Result<Password, Failure> {
    let text = str::from_utf8(bytes).map_err(|_| Failure::Password("the password is not UTF-8"))?;
    Ok(Password::new(Zeroizing::new(text.to_owned())))
}

/// Past the buffer of standard input, which nobody wipes. `None` at its end.
fn byte() -> Result<Option<u8>, Failure> {
    let mut byte = Zeroizing::new([0]);
    loop {
        match read(io::stdin(), &mut *byte) {
            Ok(count) => return Ok((count > 0).then_some(byte[0])),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

fn eprint(text: &str) {
    // Who has closed standard error sees no question, but can answer.
    let _ = write!(io::stderr(), "{text}");
}

fn failed(error: Errno) -> Failure {
    Failure::Input(error.desc().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_password_can_be_read_out_and_is_never_the_same() {
        let (one, other) = (made().expect("random"), made().expect("random"));
        assert_eq!(one.reveal().split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
        assert!(one.reveal().bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte)));
        assert_ne!(one, other);
    }

    #[test]
    fn backspace_takes_a_whole_character() {
        let mut line = "a王".as_bytes().to_vec();
        remove_last(&mut line);
        assert_eq!(line, b"a");
        remove_last(&mut line);
        remove_last(&mut line);
        assert!(line.is_empty());
    }
}
