//! The terminal's mode: quiet for the whole session, and put back when it ends.
//!
//! rustyline changes the mode for each line. Between two lines what is typed would be echoed in the middle of the
//! output, and Ctrl-C would end the program; so the mode that it comes back to is a quiet one.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{InputFlags, LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

static ORIGINAL: OnceLock<Mutex<Termios>> = OnceLock::new();

/// Makes the terminal quiet and remembers how it was.
pub(super) fn quiet() -> nix::Result<()> {
    let stdin = std::io::stdin();
    let original = tcgetattr(&stdin)?;
    let quiet = quieted(&original);
    let _ = ORIGINAL.set(Mutex::new(original));
    tcsetattr(&stdin, SetArg::TCSADRAIN, &quiet)
}

/// Makes the terminal quiet once more: a shell that continues a program leaves it in a mode of its own.
pub(super) fn quiet_again() {
    let stdin = std::io::stdin();
    let Ok(mode) = tcgetattr(&stdin) else { return };
    let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &quieted(&mode));
    write(b"\x1b[?2004h");
}

/// Prints, unless the terminal takes nothing.
pub(super) fn print_if_ready(text: &str) {
    let stdout = std::io::stdout();
    let mut ready = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0) {
        write(text.as_bytes());
    }
}

/// Puts the terminal back as it was found. Harmless when it is so already.
pub(super) fn restore() {
    let Some(original) = ORIGINAL.get() else { return };
    let original = original.lock().unwrap_or_else(PoisonError::into_inner);
    // The painter stops in the middle of an update, which the terminal would go on waiting for.
    write(b"\x1b[?2026l\x1b[?2004l\r");
    let _ = tcsetattr(std::io::stdin(), SetArg::TCSADRAIN, &original);
}

/// Ctrl-Z: gives the terminal to the shell as it was, below the line, and takes it again afterwards. So many rows of the line
/// are shown below and above the cursor: their room is made again, for rustyline clears it.
pub(super) fn suspend(below: usize, above: usize) {
    let stdin = std::io::stdin();
    let Ok(editing) = tcgetattr(&stdin) else { return };
    write("\n".repeat(below + 1).as_bytes());
    restore();
    let _ = raise(Signal::SIGTSTP);
    let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &editing);
    write(format!("{}\x1b[?2004h", "\n".repeat(below + above)).as_bytes());
    // The size may have changed meanwhile, which only the shell was told.
    let _ = raise(Signal::SIGWINCH);
}

/// Gives the terminal to another program as it was found, and takes it again afterwards.
pub(super) fn lend<T>(work: impl FnOnce() -> T) -> T {
    let stdin = std::io::stdin();
    let Ok(quiet) = tcgetattr(&stdin) else { return work() };
    restore();
    let result = work();
    let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &quiet);
    result
}

/// Reads without the terminal showing it, if it is one.
pub(super) fn unseen<T>(read: impl FnOnce() -> T) -> T {
    let stdin = std::io::stdin();
    let Ok(original) = tcgetattr(&stdin) else { return read() };
    let mut unseen = original.clone();
    unseen.local_flags &= !LocalFlags::ECHO;
    unseen.local_flags |= LocalFlags::ECHONL;
    let _ = ORIGINAL.set(Mutex::new(original.clone()));
    let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &unseen);
    let read = read();
    let _ = tcsetattr(&stdin, SetArg::TCSADRAIN, &original);
    read
}

fn quieted(mode: &Termios) -> Termios {
    let mut quiet = mode.clone();
    quiet.local_flags &= !(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN | LocalFlags::ISIG);
    quiet.input_flags &= !(InputFlags::ICRNL | InputFlags::IXON);
    quiet
}

/// Nothing can be done about a terminal that is gone.
fn write(bytes: &[u8]) {
    let _ = std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush());
}
