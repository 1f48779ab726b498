//! The connection to the server: bytes in, messages out.

mod peer;
mod tcp;
mod tls;

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use chat_proto::line::{Line, LineReader, Sender};
use chat_proto::message::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::address::Address;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::session::{Sts, Way};
use crate::trust::{self, Fingerprint, Trust};
use tls::Peer;

const CONNECT: Duration = Duration::from_secs(10);
/// Who waits for longer is told for what.
const SLOW: Duration = Duration::from_secs(1);
/// A server that takes nothing for that long is as good as gone.
const WRITE: Duration = Duration::from_secs(30);

/// Where the server is, and how it may be reached.
#[derive(Debug, Clone)]
pub struct Access {
    pub address: Address,
    /// Without TLS, where there is a choice.
    pub plain: bool,
    pub trust: Trust,
    /// Shown to the server, where TLS is spoken.
    pub identity: Option<Identity>,
}

/// What can carry the protocol.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub struct Link {
    stream: Box<dyn Stream>,
    access: Access,
    /// For how many seconds after its end the host wants nothing but TLS.
    tls_only: Option<u64>,
    lines: LineReader,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Access {
    /// What is to be done: a host that has asked for TLS gets nothing else.
    fn now(&self) -> Result<Self, Failure> {
        let tls_only = match &self.address {
            Address::Tcp { host, .. } if self.plain => self.trust.tls_only(host)?,
            _ => None,
        };
        Ok(tls_only.map_or_else(|| self.clone(), |port| self.upgraded(port)))
    }

    /// The same server by TLS on another port.
    #[must_use]
    pub fn upgraded(&self, port: u16) -> Self {
        let address = match &self.address {
            Address::Tcp { host, .. } => Address::Tcp { host: host.clone(), port },
            unix @ Address::Unix(_) => unix.clone(),
        };
        Self { address, plain: false, ..self.clone() }
    }

    /// Whether it is this host's own socket.
    pub fn is_local(&self) -> bool {
        matches!(self.address, Address::Unix(_))
    }

    /// What kind of way it is, for those who have a secret to tell.
    pub fn way(&self) -> Way {
        match &self.address {
            Address::Unix(_) => Way::Local,
            Address::Tcp { .. } if !self.plain => Way::Tls,
            Address::Tcp { host, .. } if is_loopback(host) => Way::Loopback,
            Address::Tcp { .. } => Way::Open,
        }
    }

    /// Says that the server is silent. systemd holds the local socket while chatd starts, or fails to.
    pub fn silence(&self) -> String {
        match &self.address {
            Address::Unix(path) => format!(
                "chatd doesn't answer at {}; it may not be starting: see systemctl status chatd and journalctl -u chatd",
                path.display()
            ),
            Address::Tcp { .. } => format!("the server doesn't answer at {}", self.address),
        }
    }

    /// The certificate that the server gets to see.
    pub fn shown(&self) -> Option<Fingerprint> {
        self.identity.as_ref().filter(|_| self.way() == Way::Tls).map(Identity::fingerprint)
    }

    async fn stream(&self) -> Result<Box<dyn Stream>, Failure> {
        let Self { address, plain, trust, identity } = self;
        match address {
            Address::Unix(path) => {
                let connected = within(address, UnixStream::connect(path)).await?;
                let stream = connected.map_err(|error| explain(address, &error))?;
                peer::check(&stream, path, trust.socket_owner)?;
                Ok(Box::new(stream))
            }
            Address::Tcp { host, port } if *plain => {
                Ok(Box::new(within(address, tcp(address, host, *port)).await??))
            }
            Address::Tcp { host, port } => {
                let stream = within(address, tcp(address, host, *port)).await??;
                let place = address.to_string().to_ascii_lowercase();
                let peer = Peer { host, place: &place };
                Ok(Box::new(tls::secure(stream, peer, trust, identity.as_ref()).await?))
            }
        }
    }
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// Nothing listens there, it may not be reached, or it isn't the server that it should be.
    pub async fn connect(access: &Access) -> Result<Self, Failure> {
        let access = access.now()?;
        let stream = access.stream().await?;
        let lines = LineReader::new(Sender::Server);
        Ok(Self { stream, access, tls_only: None, lines, buffer: vec![0; 64 * 1024] })
    }

    /// Connects within a time, whatever the server is slow at.
    ///
    /// # Errors
    /// As [`Link::connect`], or the time is over.
    pub async fn connect_within(access: &Access, patience: Duration) -> Result<Self, Failure> {
        let late = |_| Failure::Unreachable(access.silence());
        timeout(patience, Self::connect(access)).await.map_err(late)?
    }

    /// Connects for the first time, each attempt within `patience`: if nobody vouches for the server, whoever is at the terminal is asked. `slow` is called if
    /// there is no answer after a second.
    ///
    /// # Errors
    /// As [`Link::connect`], or the answer was no.
    pub async fn introduce(
        access: &Access,
        patience: Duration,
        slow: impl FnOnce(&Address),
    ) -> Result<Self, Failure> {
        match noticed(Self::connect_within(access, patience), || slow(&access.address)).await {
            Err(Failure::Stranger(stranger)) => {
                let stranger = trust::ask(stranger)?;
                access.trust.pin(&stranger)?;
                Self::connect_within(access, patience).await
            }
            other => other,
        }
    }

    /// How the server was reached.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Takes what the server says about TLS: if it is to be reached otherwise, how.
    #[must_use]
    pub fn heed(&mut self, sts: Sts) -> Option<Access> {
        match &self.access {
            Access { address: Address::Unix(_), .. } => None,
            Access { plain: true, .. } => sts.port.map(|port| self.access.upgraded(port)),
            Access { plain: false, .. } => {
                self.tls_only = sts.duration.or(self.tls_only);
                self.note_tls_only();
                None
            }
        }
    }

    /// The time that the host wants nothing but TLS begins anew: when it says so, and when the connection ends.
    pub fn note_tls_only(&self) {
        if let (Address::Tcp { host, port }, Some(seconds)) = (&self.access.address, self.tls_only) {
            self.access.trust.note_tls_only(host, *port, seconds);
        }
    }

    /// Waits for messages; none means that the connection has ended. Nothing is lost if this is cancelled.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn read(&mut self) -> io::Result<Option<Vec<Message>>> {
        let count = match self.stream.read(&mut self.buffer).await {
            Ok(0) => return Ok(None),
            Ok(count) => count,
            // An end without TLS's own goodbye; IRC has one itself.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        };
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
    pub async fn write(&mut self, lines: Vec<String>) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        // There may be a password among them.
        let lines = Zeroizing::new(lines);
        let bytes = Zeroizing::new(lines.concat());
        let written = async {
            self.stream.write_all(bytes.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(WRITE, written).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Ends the connection in order.
    pub async fn close(&mut self) {
        self.note_tls_only();
        // A server that is gone needs no goodbye.
        let _ = timeout(WRITE, self.stream.shutdown()).await;
    }
}

/// Waits for it, and calls `slow` once if that takes long.
pub async fn noticed<T>(attempt: impl Future<Output = T>, slow: impl FnOnce()) -> T {
    let mut attempt = pin!(attempt);
    if let Ok(done) = timeout(SLOW, &mut attempt).await {
        return done;
    }
    slow();
    attempt.await
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

async fn tcp(address: &Address, host: &str, port: u16) -> Result<TcpStream, Failure> {
    let lookup = |error| Failure::Unreachable(format!("cannot find {host}: {error}"));
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(lookup)?.collect();
    tcp::connect(addresses).await.map_err(|error| explain(address, &error))
}

async fn within<T>(address: &Address, attempt: impl Future<Output = T>) -> Result<T, Failure> {
    let late = |_| Failure::Unreachable(format!("no answer from {address} within {} s", CONNECT.as_secs()));
    timeout(CONNECT, attempt).await.map_err(late)
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_waits_for_an_answer_is_told_and_nobody_else() {
        // Nothing comes before it was told that it takes long.
        let (sender, receiver) = oneshot::channel();
        let told = noticed(receiver, || sender.send("told").unwrap()).await;
        assert_eq!(told, Ok("told"));
        assert!(noticed(async { true }, || panic!("it took no time")).await);
    }
}
