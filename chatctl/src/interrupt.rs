//! Ctrl-C as something that can be waited for beside a socket.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::SIGINT;

/// From its making on, Ctrl-C no longer ends the process but makes this readable.
#[derive(Debug)]
pub(crate) struct Interrupt {
    pressed: UnixStream,
}

impl Interrupt {
    pub(crate) fn on_ctrl_c() -> io::Result<Self> {
        let (pressed, signal) = UnixStream::pair()?;
        pressed.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGINT, signal)?;
        Ok(Self { pressed })
    }

    /// Forgets what was pressed before now.
    pub(crate) fn clear(&self) {
        let mut old = [0; 64];
        while (&self.pressed).read(&mut old).is_ok_and(|count| count > 0) {}
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pressed.as_fd()
    }
}
