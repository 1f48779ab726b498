//! The handshake. Its arithmetic takes up to milliseconds, so it is done off the runtime's thread, for few connections
//! at once; a connection that doesn't get on is given up in time.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Bytes that a client may need for its part; a certificate of its own included.
const RECEIVED_MAX: usize = 32 * 1024;
/// What every handshake begins with: the type of its first record.
const HANDSHAKE_RECORD: u8 = 22;
const NOT_TLS: &[u8] = b"ERROR :Only TLS is spoken here\r\n";

/// All handshakes under way.
#[derive(Debug)]
pub(crate) struct Handshakes {
    crew: Semaphore,
    /// Milliseconds that one may take.
    timeout: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("it did not speak TLS")]
    NotTls,
    #[error("it took too long")]
    TooSlow,
    #[error("it sent too much")]
    TooLong,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("the handshake broke down")]
    Bug,
}

impl Handshakes {
    /// `timeout` is in milliseconds.
    pub(crate) fn new(timeout: u64) -> Self {
        // The other half is for those who chat.
        let seats = thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
        Self { crew: Semaphore::new(seats), timeout: AtomicU64::new(timeout) }
    }

    /// For handshakes to come.
    pub(crate) fn set(&self, timeout: u64) {
        self.timeout.store(timeout, Ordering::Relaxed);
    }

    /// # Errors
    /// There is no encrypted connection; the other end has been told if it can be.
    pub(crate) async fn perform(
        &self,
        stream: &TcpStream,
        server: Arc<ServerConfig>,
    ) -> Result<Box<ServerConnection>, Failed> {
        let timeout = Duration::from_millis(self.timeout.load(Ordering::Relaxed));
        tokio::time::timeout(timeout, self.shake_hands(stream, server)).await.unwrap_or(Err(Failed::TooSlow))
    }

    async fn shake_hands(
        &self,
        stream: &TcpStream,
        server: Arc<ServerConfig>,
    ) -> Result<Box<ServerConnection>, Failed> {
        expect_tls(stream).await?;
        let mut connection = Box::new(ServerConnection::new(server)?);
        let mut received = 0;
        while connection.is_handshaking() {
            received += receive(stream, &mut connection).await?;
            if received > RECEIVED_MAX {
                return Err(Failed::TooLong);
            }
            let outcome;
            (connection, outcome) = self.advance(connection).await?;
            // In case of an error, what is wrong.
            send(stream, &mut connection).await?;
            outcome?;
        }
        Ok(connection)
    }

    async fn advance(
        &self,
        mut connection: Box<ServerConnection>,
    ) -> Result<(Box<ServerConnection>, Result<(), rustls::Error>), Failed> {
        let _seat = self.crew.acquire().await;
        let work = move || {
            let outcome = connection.process_new_packets().map(drop);
            (connection, outcome)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Failed::Bug)
    }
}

/// Who speaks plainly is told so in the same way, rather than left waiting.
async fn expect_tls(stream: &TcpStream) -> Result<(), Failed> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(closed()),
        _ if first == [HANDSHAKE_RECORD] => Ok(()),
        _ => {
            // Unread bytes would make the kernel forget the answer.
            let _ = stream.try_read(&mut [0; 4096]);
            // If it isn't taken at once, the other end stays without.
            let _ = stream.try_write(NOT_TLS);
            Err(Failed::NotTls)
        }
    }
}

async fn receive(stream: &TcpStream, connection: &mut ServerConnection) -> Result<usize, Failed> {
    loop {
        stream.readable().await?;
        match connection.read_tls(&mut Bytes(stream)) {
            Ok(0) => return Err(closed()),
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn send(stream: &TcpStream, connection: &mut ServerConnection) -> io::Result<()> {
    while connection.wants_write() {
        match connection.write_tls(&mut Bytes(stream)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            result => drop(result?),
        }
    }
    Ok(())
}

fn closed() -> Failed {
    Failed::Io(io::ErrorKind::UnexpectedEof.into())
}

/// A stream's bytes as they are.
struct Bytes<'a>(&'a TcpStream);

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
