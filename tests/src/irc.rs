//! A client that speaks raw IRC lines and waits for what it expects.

use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::PATIENCE;

/// One connection. Answers PING by itself.
#[derive(Debug)]
pub struct Irc {
    reader: BufReader<Stream>,
    seen: Vec<String>,
    pings: u32,
}

impl Irc {
    pub fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path)
            .unwrap_or_else(|error| panic!("{} cannot be connected to: {error}", path.display()));
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Self::new(Stream::Unix(stream))
    }

    pub fn tcp(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("{address} cannot be connected to: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("Nagle's algorithm can be switched off");
        Self::new(Stream::Tcp(stream))
    }

    /// Encrypted; the server's certificate is verified.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn tls(address: SocketAddr, config: Arc<ClientConfig>) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let name = "localhost".try_into().expect("a name");
        let mut connection = ClientConnection::new(config, name).expect("TLS can be spoken");
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Self::new(Stream::Tls(Box::new(StreamOwned::new(connection, stream)))))
    }

    /// The encrypted connection of a client that has one.
    pub fn encryption(&mut self) -> &mut StreamOwned<ClientConnection, TcpStream> {
        match self.reader.get_mut() {
            Stream::Tls(stream) => stream,
            plain => panic!("{plain:?} is not encrypted"),
        }
    }

    fn new(stream: Stream) -> Self {
        Self { reader: BufReader::new(stream), seen: Vec::new(), pings: 0 }
    }

    /// Registers and waits for the end of the welcome.
    pub fn register(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        self.expect(|line| has_command(line, "376") || has_command(line, "422"));
        self.sync();
    }

    /// Registers with capabilities.
    pub fn register_with(&mut self, nick: &str, capabilities: &str) {
        self.send(&format!("CAP REQ :{capabilities}"));
        self.expect_containing(" ACK ");
        self.send("CAP END");
        self.register(nick);
    }

    /// Sends a line; the line end is added.
    pub fn send(&mut self, line: &str) {
        self.try_send_bytes(format!("{line}\r\n").as_bytes()).expect("chatd takes the line");
    }

    /// Sends anything.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn try_send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Reads until a line matches, and returns it.
    pub fn expect(&mut self, matches: impl Fn(&str) -> bool) -> String {
        loop {
            match self.read_line() {
                Ok(Some(line)) if matches(&line) => return line,
                Ok(Some(_)) => {}
                other => {
                    panic!("the expected line does not come ({other:?}); seen:\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    pub fn expect_containing(&mut self, text: &str) -> String {
        self.expect(|line| line.contains(text))
    }

    /// Everything that the server has to say to what was sent so far.
    pub fn sync(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("sync{}", self.pings);
        self.send(&format!("PING {token}"));
        let start = self.seen.len();
        self.expect(|line| has_command(line, "PONG") && line.ends_with(&token));
        self.seen[start..self.seen.len() - 1].to_vec()
    }

    /// Reads until the server closes the connection, and returns the last lines.
    pub fn expect_closed(&mut self) -> Vec<String> {
        let start = self.seen.len();
        loop {
            match self.read_line() {
                Ok(Some(_)) => {}
                Ok(None) => return self.seen[start..].to_vec(),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return self.seen[start..].to_vec();
                }
                Err(error) => panic!("the connection stays open ({error}); seen:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Ends the sending side, or all of it.
    pub fn shutdown(&mut self, how: Shutdown) {
        let done = match self.reader.get_mut() {
            Stream::Unix(stream) => stream.shutdown(how),
            Stream::Tcp(stream) => stream.shutdown(how),
            Stream::Tls(stream) => stream.sock.shutdown(how),
        };
        // The server may have been faster.
        drop(done);
    }

    /// Every line so far.
    pub fn seen(&self) -> &[String] {
        &self.seen
    }

    /// The next line; nothing at the end.
    ///
    /// # Errors
    /// The connection is broken, or nothing comes.
    pub fn read_line(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        if let Some(token) = line.strip_prefix("PING ") {
            // A closing server may not read the answer.
            let _ = self.try_send_bytes(format!("PONG {token}\r\n").as_bytes());
        }
        self.seen.push(line.clone());
        Ok(Some(line))
    }
}

/// Whether a line's command, after tags and source, is this one.
pub fn has_command(line: &str, command: &str) -> bool {
    let mut words = line.split(' ').peekable();
    words.next_if(|word| word.starts_with('@'));
    words.next_if(|word| word.starts_with(':'));
    words.next() == Some(command)
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(stream) => stream.fmt(formatter),
            Self::Tcp(stream) => stream.fmt(formatter),
            Self::Tls(stream) => stream.sock.fmt(formatter),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Unix(_) | Self::Tcp(_) => Ok(()),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
