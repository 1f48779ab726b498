//! A connected socket, shared by the task that reads and the thread that writes.

mod stream;
mod tls;

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use chatd_core::Lost;
use nix::sys::socket::Shutdown;
use rustls::ServerConnection;
use tokio::net::{TcpStream, UnixStream};

use self::stream::Stream;
use self::tls::Session;

/// Reads of an encrypted connection that may go by without any data in them before others have their turn.
const READS_MAX: usize = 4;

#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    /// Present when the connection is encrypted. Held for one read or write that doesn't wait.
    session: Option<Mutex<Session>>,
    /// What the writing side has decided; it only ever grows.
    stage: AtomicU8,
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
    /// All queues together were full, and its was among the longest.
    Shed = 4,
    /// Writing failed.
    Broken = 5,
}

impl Stage {
    /// Why the connection ended, when its end was the writing side's doing.
    pub(crate) fn lost(self) -> Option<Lost> {
        match self {
            Self::Open => None,
            Self::Draining | Self::Cut => Some(Lost::Closed),
            Self::Overflown => Some(Lost::SendQueueFull),
            Self::Shed => Some(Lost::QueuesFull),
            Self::Broken => Some(Lost::Error),
        }
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::plain(Stream::Tcp(stream))
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self::plain(Stream::Unix(stream))
    }
}

impl Socket {
    fn plain(stream: Stream) -> Self {
        Self { stream, session: None, stage: AtomicU8::new(0) }
    }

    /// Once the handshake is done.
    pub(crate) fn encrypted(stream: TcpStream, connection: Box<ServerConnection>) -> Self {
        let session = Some(Mutex::new(Session::new(connection)));
        Self { session, ..Self::plain(Stream::Tcp(stream)) }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Open,
            1 => Stage::Draining,
            2 => Stage::Cut,
            3 => Stage::Overflown,
            4 => Stage::Shed,
            _ => Stage::Broken,
        }
    }

    /// Once everything is written, says that no more will come. Returns whether the socket took that, too; if not,
    /// it must be tried again when it is writable.
    pub(crate) fn drain(&self) -> bool {
        self.advance(Stage::Draining);
        let said = self.with_session(|session| session.close(&self.stream)).unwrap_or(Ok(()));
        if said.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            return false;
        }
        self.stream.shut(Shutdown::Write);
        true
    }

    /// Ends both directions, which wakes the reading task. The kernel forgets what it still had to send.
    pub(crate) fn cut(&self, stage: Stage) {
        self.advance(stage);
        self.stream.forget_unsent();
        self.stream.shut(Shutdown::Both);
    }

    /// From the moment the core wants it closed, before everything is written.
    pub(crate) fn advance(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::AcqRel);
    }

    /// Reads when there is something; zero bytes are the end.
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        for _ in 0..READS_MAX {
            match self.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_read_ready(cx))?;
                }
                Ok(None) => {}
                Ok(Some(count)) => return Poll::Ready(Ok(count)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes as much as the socket takes of the slices, at most 1024 of them. What wasn't written must come first
    /// in the next call.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with_session(|session| session.write(&self.stream, slices))
            .unwrap_or_else(|| self.stream.try_write(slices))
    }

    /// For a socket that is too new for its readiness to be known. What it doesn't take at once is lost.
    pub(crate) fn say_and_close(self, line: &str) {
        // When it fails, the other end is gone and needn't be told.
        let _ = self.stream.write_at_once(line.as_bytes());
        self.stream.shut(Shutdown::Write);
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Nothing when there was something and no data for us in it.
    fn try_read(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        self.with_session(|session| session.read(&self.stream, into))
            .unwrap_or_else(|| self.stream.try_read(into).map(Some))
    }

    /// A panic in between may have left half a record behind, which the other end will notice and refuse.
    fn with_session<T>(&self, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let session = self.session.as_ref()?;
        Some(act(&mut session.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
