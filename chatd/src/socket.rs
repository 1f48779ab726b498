//! A connected socket, shared by the task that reads and the thread that writes.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use chatd_core::Lost;
use nix::sys::socket::{Shutdown, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    /// What the writing side has decided; it only ever grows.
    stage: AtomicU8,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// How far the writing side is with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    Open = 0,
    /// The core closed it: what it still sends is read, so that it can read what was sent, and dropped.
    Draining = 1,
    /// The time for that is over.
    Cut = 2,
    /// It didn't read, and was cut off.
    Overflown = 3,
    /// Writing failed.
    Broken = 4,
}

impl Stage {
    /// Why the connection ended, when its end was the writing side's doing.
    pub(crate) fn lost(self) -> Option<Lost> {
        match self {
            Self::Open => None,
            Self::Draining | Self::Cut => Some(Lost::Closed),
            Self::Overflown => Some(Lost::SendQueueFull),
            Self::Broken => Some(Lost::Error),
        }
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self { stream: Stream::Tcp(stream), stage: AtomicU8::new(0) }
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self { stream: Stream::Unix(stream), stage: AtomicU8::new(0) }
    }
}

impl Socket {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Draining,
            2 => Stage::Cut,
            3 => Stage::Overflown,
            _ => Stage::Broken,
        }
    }

    /// Sends what was written and then says that no more will come.
    pub(crate) fn drain(&self) {
        self.advance(Stage::Draining);
        self.shut(Shutdown::Write);
    }

    /// Ends both directions, which wakes the reading task. The kernel forgets what it still had to send.
    pub(crate) fn cut(&self, stage: Stage) {
        self.advance(stage);
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        // Where it fails, the kernel merely tries in vain for some minutes.
        let _ = setsockopt(&self.fd(), sockopt::Linger, &at_once);
        self.shut(Shutdown::Both);
    }

    /// From the moment the core wants it closed, before everything is written.
    pub(crate) fn advance(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::AcqRel);
    }

    /// Reads when there is something. Less than `into` holds means that nothing more is there, which saves asking.
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(match &self.stream {
                Stream::Tcp(stream) => stream.poll_read_ready(cx),
                Stream::Unix(stream) => stream.poll_read_ready(cx),
            })?;
            match self.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Writes as much as the socket takes of the slices, at most 1024 of them.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (&self.stream, slices) {
            (Stream::Tcp(stream), [slice]) => stream.try_write(slice),
            (Stream::Tcp(stream), slices) => stream.try_write_vectored(slices),
            (Stream::Unix(stream), [slice]) => stream.try_write(slice),
            (Stream::Unix(stream), slices) => stream.try_write_vectored(slices),
        }
    }

    /// For a socket that is too new for its readiness to be known. What it doesn't take at once is lost.
    pub(crate) fn say_and_close(self, line: &str) {
        // When it fails, the other end is gone and needn't be told.
        let _ = nix::unistd::write(self.fd(), line.as_bytes());
        self.shut(Shutdown::Write);
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        match &self.stream {
            Stream::Tcp(stream) => stream.writable().await,
            Stream::Unix(stream) => stream.writable().await,
        }
    }

    /// The readiness is cleared when the buffer wasn't filled, as if the next read had been refused: `try_io` does
    /// so only if no news came in meanwhile.
    fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        let mut short = None;
        let read = || {
            let count = nix::unistd::read(self.fd(), into)?;
            if count > 0 && count < into.len() {
                short = Some(count);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(count)
        };
        let result = match &self.stream {
            Stream::Tcp(stream) => stream.try_io(Interest::READABLE, read),
            Stream::Unix(stream) => stream.try_io(Interest::READABLE, read),
        };
        short.map_or(result, Ok)
    }

    fn shut(&self, how: Shutdown) {
        // It fails when the other end is gone already.
        let _ = nix::sys::socket::shutdown(self.fd().as_raw_fd(), how);
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}
