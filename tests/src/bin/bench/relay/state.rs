//! The relay's clients, how they are written to, and the little IRC it knows.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use anyhow::Result;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

use super::Style;

/// A client with more than this unread is dropped.
const MAX_PENDING: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) partial: Vec<u8>,
    nick: Vec<u8>,
    pending: Vec<u8>,
    waits_for_room: bool,
    dirty: bool,
}

/// All clients by index; an index isn't used again.
#[derive(Debug)]
pub(super) struct Clients {
    style: Style,
    epoll: Epoll,
    clients: Vec<Option<Client>>,
    dirty: Vec<usize>,
    gone: Vec<usize>,
}

impl Clients {
    pub(super) fn new(style: Style, epoll: Epoll) -> Self {
        Self { style, epoll, clients: Vec::new(), dirty: Vec::new(), gone: Vec::new() }
    }

    pub(super) fn epoll(&self) -> &Epoll {
        &self.epoll
    }

    pub(super) fn by_index(&mut self, index: usize) -> Option<&mut Client> {
        self.clients.get_mut(index)?.as_mut()
    }

    pub(super) fn add(&mut self, stream: TcpStream) -> Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let token = self.clients.len() as u64;
        self.epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, token))?;
        self.clients.push(Some(Client {
            stream,
            partial: Vec::new(),
            nick: Vec::new(),
            pending: Vec::new(),
            waits_for_room: false,
            dirty: false,
        }));
        Ok(())
    }

    /// Sends at once, or leaves it for the end of the round.
    pub(super) fn send(&mut self, index: usize, bytes: &[u8]) {
        let style = self.style;
        let Some(client) = self.by_index(index) else { return };
        client.pending.extend_from_slice(bytes);
        if client.pending.len() > MAX_PENDING {
            self.drop_client(index);
        } else if style == Style::Alone {
            self.flush(index);
        } else if !client.dirty {
            client.dirty = true;
            self.dirty.push(index);
        }
    }

    pub(super) fn end_of_round(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for index in dirty.drain(..) {
            self.flush(index);
        }
        self.dirty = dirty;
    }

    pub(super) fn flush(&mut self, index: usize) {
        let Some(client) = self.clients[index].as_mut() else { return };
        client.dirty = false;
        match client.stream.write(&client.pending) {
            Ok(length) if length == client.pending.len() => client.pending.clear(),
            Ok(length) => drop(client.pending.drain(..length)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return self.drop_client(index),
        }
        let must_wait = !client.pending.is_empty();
        if must_wait != client.waits_for_room {
            client.waits_for_room = must_wait;
            let mut flags = EpollFlags::EPOLLIN;
            flags.set(EpollFlags::EPOLLOUT, must_wait);
            let mut event = EpollEvent::new(flags, index as u64);
            if self.epoll.modify(client.stream.as_fd(), &mut event).is_err() {
                self.drop_client(index);
            }
        }
    }

    pub(super) fn drop_client(&mut self, index: usize) {
        if self.clients[index].take().is_some() {
            self.gone.push(index);
        }
    }

    pub(super) fn take_gone(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.gone)
    }
}

/// Who is where.
#[derive(Debug, Default)]
pub(super) struct Room {
    nicks: BTreeMap<Vec<u8>, usize>,
    channels: BTreeMap<Vec<u8>, Vec<usize>>,
    frame: Vec<u8>,
}

impl Room {
    pub(super) fn handle(&mut self, index: usize, line: &[u8], clients: &mut Clients) {
        let (command, rest) = split(line);
        match command {
            b"NICK" => self.nick(index, rest, clients),
            b"USER" => welcome(index, clients),
            b"PING" => clients.send(index, &[b":relay PONG relay ", rest, b"\r\n"].concat()),
            b"JOIN" => self.join(index, rest, clients),
            b"PRIVMSG" => self.privmsg(index, line, split(rest).0, clients),
            b"QUIT" => clients.drop_client(index),
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, gone: &[usize]) {
        if gone.is_empty() {
            return;
        }
        self.nicks.retain(|_, index| !gone.contains(index));
        for members in self.channels.values_mut() {
            members.retain(|index| !gone.contains(index));
        }
    }

    fn nick(&mut self, index: usize, nick: &[u8], clients: &mut Clients) {
        self.nicks.insert(nick.to_vec(), index);
        if let Some(client) = clients.by_index(index) {
            client.nick = nick.to_vec();
        }
    }

    fn join(&mut self, index: usize, channel: &[u8], clients: &mut Clients) {
        let members = self.channels.entry(channel.to_vec()).or_default();
        members.push(index);
        let Some(nick) = clients.by_index(index).map(|client| client.nick.clone()) else { return };
        let frame = [b":", &nick[..], b"!u@h JOIN ", channel, b"\r\n"].concat();
        for member in members.iter() {
            clients.send(*member, &frame);
        }
        let mut names = Vec::new();
        for member in members.chunks(30) {
            names.extend_from_slice(&[b":relay 353 ", &nick[..], b" = ", channel, b" :"].concat());
            for member in member {
                if let Some(client) = clients.by_index(*member) {
                    names.extend_from_slice(&client.nick);
                    names.push(b' ');
                }
            }
            names.extend_from_slice(b"\r\n");
        }
        names.extend_from_slice(&[b":relay 366 ", &nick[..], b" ", channel, b" :End\r\n"].concat());
        clients.send(index, &names);
    }

    fn privmsg(&mut self, index: usize, line: &[u8], target: &[u8], clients: &mut Clients) {
        let Some(sender) = clients.by_index(index) else { return };
        self.frame.clear();
        for part in [b":", &sender.nick[..], b"!u@h ", line, b"\r\n"] {
            self.frame.extend_from_slice(part);
        }
        if let Some(members) = self.channels.get(target) {
            for member in members.iter().filter(|member| **member != index) {
                clients.send(*member, &self.frame);
            }
        } else if let Some(recipient) = self.nicks.get(target) {
            clients.send(*recipient, &self.frame);
        }
    }
}

fn welcome(index: usize, clients: &mut Clients) {
    let Some(nick) = clients.by_index(index).map(|client| client.nick.clone()) else { return };
    let text = [b":relay 001 ", &nick[..], b" :Welcome\r\n:relay 422 ", &nick[..], b" :No MOTD\r\n"].concat();
    clients.send(index, &text);
}

fn split(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', line) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, b""),
    }
}
