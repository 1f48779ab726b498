//! Two relays that do nothing but the system calls: what fan-out costs before any thinking about it.
//!
//! One writes every message to every socket alone, the other gathers what an event-loop round brings and writes
//! once per socket. They speak just enough IRC to be driven by the same load.

mod state;

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::str::FromStr;

use anyhow::{Result, bail};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use state::{Clients, Room};

/// The event token of the listening socket; clients use their index.
const LISTENER: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Alone,
    Coalescing,
}

impl FromStr for Style {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "alone" => Ok(Self::Alone),
            "coalescing" => Ok(Self::Coalescing),
            _ => bail!("a relay is alone or coalescing, not {name}"),
        }
    }
}

/// Serves until killed.
pub(crate) fn run(style: Style, port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(listener.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut clients = Clients::new(style, epoll);
    let mut room = Room::default();
    let mut events = vec![EpollEvent::empty(); 1024];
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let ready = match clients.epoll().wait(&mut events, EpollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => continue,
            other => other?,
        };
        for event in &events[..ready] {
            if event.data() == LISTENER {
                accept(&listener, &mut clients)?;
                continue;
            }
            let index = usize::try_from(event.data())?;
            if event.events().contains(EpollFlags::EPOLLOUT) {
                clients.flush(index);
            }
            if event.events().intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
                read(index, &mut clients, &mut room, &mut buffer);
            }
        }
        clients.end_of_round();
        room.forget(&clients.take_gone());
    }
}

fn accept(listener: &TcpListener, clients: &mut Clients) -> Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => clients.add(stream)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(index: usize, clients: &mut Clients, room: &mut Room, buffer: &mut [u8]) {
    let Some(client) = clients.by_index(index) else { return };
    let length = match client.stream.read(buffer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => return,
        Ok(0) | Err(_) => return clients.drop_client(index),
        Ok(length) => length,
    };
    let mut input = std::mem::take(&mut client.partial);
    input.extend_from_slice(&buffer[..length]);
    let mut rest = input.as_slice();
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        room.handle(index, line, clients);
        rest = &rest[end + 1..];
    }
    let consumed = input.len() - rest.len();
    input.drain(..consumed);
    if let Some(client) = clients.by_index(index) {
        client.partial = input;
    }
}
