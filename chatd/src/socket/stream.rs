//! The socket itself, of either family.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::task::{Context, Poll};

use nix::sys::socket::{Shutdown, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// The readiness is cleared when the buffer wasn't filled, as if the next read had been refused: `try_io` does
    /// so only if no news came in meanwhile.
    pub(super) fn try_read(&self, into: &mut [u8]) -> io::Result<usize> {
        let mut short = None;
        let read = || {
            let count = nix::unistd::read(self.fd(), into)?;
            if count > 0 && count < into.len() {
                short = Some(count);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(count)
        };
        let result = match self {
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, read),
            Self::Unix(stream) => stream.try_io(Interest::READABLE, read),
        };
        short.map_or(result, Ok)
    }

    pub(super) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            (Self::Tcp(stream), [slice]) => stream.try_write(slice),
            (Self::Tcp(stream), slices) => stream.try_write_vectored(slices),
            (Self::Unix(stream), [slice]) => stream.try_write(slice),
            (Self::Unix(stream), slices) => stream.try_write_vectored(slices),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Unix(stream) => stream.writable().await,
        }
    }

    /// Whatever is known of its readiness.
    pub(super) fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(self.fd(), bytes)?)
    }

    /// The kernel forgets what it still has to send when the socket is shut.
    pub(super) fn forget_unsent(&self) {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        // Where it fails, the kernel merely tries in vain for some minutes.
        let _ = setsockopt(&self.fd(), sockopt::Linger, &at_once);
    }

    pub(super) fn shut(&self, how: Shutdown) {
        // It fails when the other end is gone already.
        let _ = nix::sys::socket::shutdown(self.fd().as_raw_fd(), how);
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
