//! Many client connections driven by one thread, cheaply enough not to be what is measured.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Interest, Poll, Token};
use nix::sys::socket::{setsockopt, sockopt};

use crate::servers::Server;

const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A reset instead of a farewell: thousands of closed connections would keep their ports for a minute.
const RESET: nix::libc::linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };

/// How long a server may keep everyone waiting before the run is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Connection {
    stream: mio::net::TcpStream,
    partial: Vec<u8>,
    reads: bool,
    open: bool,
}

/// What is to be sent, apart from the connections, so that who handles a line can answer it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pending: Vec<Vec<u8>>,
    dirty: Vec<usize>,
}

impl Outbox {
    /// The bytes that client `index` sends next.
    pub(crate) fn queue(&mut self, index: usize) -> &mut Vec<u8> {
        if self.pending[index].is_empty() {
            self.dirty.push(index);
        }
        &mut self.pending[index]
    }
}

/// All clients of one scenario.
#[derive(Debug)]
pub(crate) struct Fleet {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    pub(crate) outbox: Outbox,
    buffer: Vec<u8>,
}

impl Fleet {
    /// Connects `count` clients and registers them under the names that [`nick`] gives.
    pub(crate) fn register(server: &Server, count: usize) -> Result<Self> {
        let mut fleet = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            connections: Vec::with_capacity(count),
            outbox: Outbox::default(),
            buffer: vec![0; 64 * 1024],
        };
        while fleet.connections.len() < count {
            let wave = server.wave.min(count - fleet.connections.len());
            fleet.register_wave(server.address, wave)?;
        }
        Ok(fleet)
    }

    /// Everyone joins `channel`, and has seen everyone else join it when this returns.
    pub(crate) fn join_all(&mut self, channel: &str) -> Result<()> {
        let total = self.connections.len();
        for index in 0..total {
            self.outbox.queue(index).extend_from_slice(format!("JOIN {channel}\r\n").as_bytes());
            self.wait_for(1, |_, line| has_command(line, b"366"))?;
        }
        self.settle()
    }

    /// Waits until the server has nothing more to say: everybody's PING is answered.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let reading: Vec<usize> =
            (0..self.connections.len()).filter(|i| self.connections[*i].reads).collect();
        for index in &reading {
            self.outbox.queue(*index).extend_from_slice(b"PING settled\r\n");
        }
        self.wait_for(reading.len(), |_, line| has_command(line, b"PONG"))
    }

    /// Client `index` reads nothing from now on, with a small window.
    pub(crate) fn stop_reading(&mut self, index: usize) -> Result<()> {
        self.connections[index].reads = false;
        setsockopt(&self.connections[index].stream, sockopt::RcvBuf, &4096)?;
        Ok(())
    }

    /// Clients that didn't read now do; returns how many of them the server has disconnected meanwhile.
    pub(crate) fn wake(&mut self, sleepers: Range<usize>) -> Result<usize> {
        for index in sleepers.clone() {
            let connection = &mut self.connections[index];
            connection.reads = true;
            // Through the small window, what the kernel holds for it would come in drops.
            setsockopt(&connection.stream, sockopt::RcvBuf, &(1 << 20))?;
            self.poll.registry().reregister(&mut connection.stream, Token(index), INTEREST)?;
            self.outbox.queue(index).extend_from_slice(b"PING awake\r\n");
        }
        let mut alive = 0;
        let deadline = Instant::now() + PATIENCE / 3;
        while alive + self.closed() < sleepers.len() && Instant::now() < deadline {
            self.turn(Duration::from_millis(100), |_, line, _| {
                alive += usize::from(has_command(line, b"PONG"));
            })?;
        }
        Ok(sleepers.len() - alive)
    }

    /// Connections that the server has closed.
    pub(crate) fn closed(&self) -> usize {
        self.connections.iter().filter(|connection| !connection.open).count()
    }

    /// Sends what is pending, waits for input at most `timeout` and hands over each line that came.
    pub(crate) fn turn(
        &mut self,
        timeout: Duration,
        mut on_line: impl FnMut(usize, &[u8], &mut Outbox),
    ) -> Result<()> {
        self.flush()?;
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let index = event.token().0;
            let connection = &mut self.connections[index];
            if event.is_writable() && !self.outbox.pending[index].is_empty() {
                self.outbox.dirty.push(index);
            }
            if connection.reads && connection.open && event.is_readable() {
                read_all(connection, &mut self.buffer, |line| {
                    if let Some(token) = line.strip_prefix(b"PING ") {
                        self.outbox.queue(index).extend_from_slice(&[b"PONG ", token, b"\r\n"].concat());
                    } else {
                        on_line(index, line, &mut self.outbox);
                    }
                });
            }
        }
        self.flush()
    }

    fn register_wave(&mut self, address: SocketAddr, count: usize) -> Result<()> {
        for _ in 0..count {
            let index = self.connections.len();
            let stream = std::net::TcpStream::connect(address).context("the server refuses connections")?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            setsockopt(&stream, sockopt::Linger, &RESET)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            self.poll.registry().register(&mut stream, Token(index), INTEREST)?;
            self.connections.push(Connection { stream, partial: Vec::new(), reads: true, open: true });
            self.outbox.pending.push(Vec::new());
            let nick = nick(index);
            let hello = format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n");
            self.outbox.queue(index).extend_from_slice(hello.as_bytes());
        }
        self.wait_for(count, |_, line| has_command(line, b"376") || has_command(line, b"422"))
    }

    fn wait_for(&mut self, count: usize, matches: impl Fn(usize, &[u8]) -> bool) -> Result<()> {
        let mut seen = 0;
        let deadline = Instant::now() + PATIENCE;
        let mut last = Vec::new();
        while seen < count {
            self.turn(Duration::from_millis(100), |index, line, _| {
                if matches(index, line) {
                    seen += 1;
                } else if seen == 0 {
                    last = line.to_vec();
                }
            })?;
            ensure!(
                Instant::now() < deadline && self.closed() == 0,
                "{seen} of {count} clients got their answer, {} were disconnected; the last other line was {:?}",
                self.closed(),
                String::from_utf8_lossy(&last)
            );
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let mut dirty = std::mem::take(&mut self.outbox.dirty);
        for index in dirty.drain(..) {
            let connection = &mut self.connections[index];
            let pending = &mut self.outbox.pending[index];
            if pending.is_empty() {
                continue;
            }
            match connection.stream.write(pending) {
                Ok(length) => drop(pending.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    connection.open = false;
                    pending.clear();
                }
            }
        }
        self.outbox.dirty = dirty;
        Ok(())
    }
}

/// The name of client `index`; nine characters is what every server allows.
pub(crate) fn nick(index: usize) -> String {
    format!("b{index:05}")
}

/// Whether the second word of a line from the server is `command`.
pub(crate) fn has_command(line: &[u8], command: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b' ', line) else { return false };
    line[at + 1..].strip_prefix(command).is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b' '))
}

fn read_all(connection: &mut Connection, buffer: &mut [u8], mut on_line: impl FnMut(&[u8])) {
    loop {
        let length = match connection.stream.read(buffer) {
            Ok(0) => {
                connection.open = false;
                return;
            }
            Ok(length) => length,
            Err(error) => {
                connection.open = error.kind() == ErrorKind::WouldBlock;
                return;
            }
        };
        let mut rest = &buffer[..length];
        if !connection.partial.is_empty() {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                connection.partial.extend_from_slice(rest);
                continue;
            };
            connection.partial.extend_from_slice(&rest[..end]);
            on_line(without_return(&connection.partial));
            connection.partial.clear();
            rest = &rest[end + 1..];
        }
        while let Some(end) = memchr::memchr(b'\n', rest) {
            on_line(without_return(&rest[..end]));
            rest = &rest[end + 1..];
        }
        connection.partial.extend_from_slice(rest);
        if length < buffer.len() {
            return;
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
