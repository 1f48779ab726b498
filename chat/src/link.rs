//! The connection to the server: bytes in, messages out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_proto::line::{Line, LineReader, Sender};
use chat_proto::message::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::address::Address;
use crate::failure::Failure;

const CONNECT: Duration = Duration::from_secs(10);
/// A server that takes nothing for that long is as good as gone.
const WRITE: Duration = Duration::from_secs(30);

/// What can carry the protocol.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub struct Link {
    stream: Box<dyn Stream>,
    lines: LineReader,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Connects; `insecure` allows plain text to other hosts.
    ///
    /// # Errors
    /// Nothing listens there, it may not be reached, or it would be unencrypted to another host.
    pub async fn connect(address: &Address, insecure: bool) -> Result<Self, Failure> {
        let attempt = async {
            let stream: Box<dyn Stream> = match address {
                Address::Unix(path) => {
                    Box::new(UnixStream::connect(path).await.map_err(|e| explain(address, &e))?)
                }
                Address::Tcp { host, port } => Box::new(tcp(address, host, *port, insecure).await?),
            };
            Ok(Self { stream, lines: LineReader::new(Sender::Server), buffer: vec![0; 64 * 1024] })
        };
        let late =
            |_| Failure::Unreachable(format!("no answer from {address} within {} s", CONNECT.as_secs()));
        timeout(CONNECT, attempt).await.map_err(late)?
    }

    /// Waits for messages; none means that the connection has ended. Nothing is lost if this is cancelled.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn read(&mut self) -> io::Result<Option<Vec<Message>>> {
        let count = self.stream.read(&mut self.buffer).await?;
        if count == 0 {
            return Ok(None);
        }
        let mut messages = Vec::new();
        self.lines.feed(&self.buffer[..count], |line| {
            // A line that is too long or no message at all is the server's fault; skipping it is all we can do.
            if let Line::Whole(bytes) = line {
                messages.extend(Message::parse(String::from_utf8_lossy(bytes).into_owned()));
            }
        });
        Ok(Some(messages))
    }

    /// Sends whole lines.
    ///
    /// # Errors
    /// The connection broke, or the server takes nothing any more.
    pub async fn write(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let bytes = lines.concat();
        timeout(WRITE, self.stream.write_all(bytes.as_bytes()))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

async fn tcp(address: &Address, host: &str, port: u16, insecure: bool) -> Result<TcpStream, Failure> {
    let lookup = |error| Failure::Unreachable(format!("cannot find {host}: {error}"));
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(lookup)?.collect();
    if !insecure && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(Failure::Usage(format!(
            "{address} is another host and this version has no TLS; --insecure-plain sends everything unencrypted"
        )));
    }
    let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| explain(address, &error))?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn explain(address: &Address, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Failure::Denied(format!("permission denied: you may not use {address}; ask its administrator"))
        }
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::Unreachable(format!(
            "chatd is not running at {address}; start it, or say where it is with --server"
        )),
        _ => Failure::Unreachable(format!("cannot reach {address}: {error}")),
    }
}
