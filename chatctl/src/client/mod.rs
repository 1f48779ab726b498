//! Calls chatd over its admin socket. Nothing in here waits for ever, or grows for ever.

mod connection;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chat_proto::admin::{Method, ServiceError, Version};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub(crate) use self::connection::Connection;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::permission::Denied;
use crate::socket;

/// Longer than chatd gives itself for an answer.
const PATIENCE: Duration = Duration::from_secs(7);
/// Bytes of a whole list: several hundred thousand users. The tests have less patience.
const MAX_LIST: usize = if cfg!(test) { 4 } else { 256 } * 1024 * 1024;

/// How to reach chatd. Each command has its own connection, so a console outlives a restart of chatd.
#[derive(Debug)]
pub(crate) struct Connector {
    path: PathBuf,
    /// A user whose socket is accepted besides root's, chatd's user's and the caller's own.
    socket_owner: Option<u32>,
    /// For one reply.
    patience: Duration,
    /// For everything that is asked from here on.
    deadline: Option<Instant>,
    interrupt: Option<Rc<Interrupt>>,
}

impl Connector {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, socket_owner: None, patience: PATIENCE, deadline: None, interrupt: None }
    }

    /// The same daemon, with the patience of a first call and nothing that interrupts it.
    pub(crate) fn again(&self) -> Self {
        Self::new(self.path.clone()).with_socket_owner(self.socket_owner)
    }

    /// The same daemon for something that must be over soon.
    pub(crate) fn hurried(&self, patience: Duration) -> Self {
        Self {
            path: self.path.clone(),
            socket_owner: self.socket_owner,
            patience,
            deadline: Some(Instant::now() + patience),
            interrupt: self.interrupt.clone(),
        }
    }

    pub(crate) fn with_interrupt(mut self, interrupt: Rc<Interrupt>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    pub(crate) fn with_socket_owner(mut self, owner: Option<u32>) -> Self {
        self.socket_owner = owner;
        self
    }

    /// Without blocking: a stopped chatd whose queue is full is an error at once.
    pub(crate) fn connect(&self) -> Result<Connection<'_>, Failure> {
        let unreachable = |error: Errno| self.unreachable(error);
        if let Some(interrupt) = &self.interrupt {
            interrupt.clear();
        }
        let address = UnixAddr::new(&self.path).map_err(unreachable)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(unreachable)?;
        connect(fd.as_raw_fd(), &address).map_err(unreachable)?;
        let stream = UnixStream::from(fd);
        socket::check_peer(&stream, &self.path, self.socket_owner)?;
        Ok(Connection::new(stream, self))
    }

    /// Waits, unless Ctrl-C is pressed.
    ///
    /// # Errors
    /// It was pressed.
    pub(crate) fn pause(&self, length: Duration) -> Result<(), Failure> {
        let length = PollTimeout::try_from(length).unwrap_or(PollTimeout::MAX);
        let pressed = self.interrupt.as_ref().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN));
        match poll(&mut pressed.into_iter().collect::<Vec<_>>(), length) {
            Ok(1..) => Err(Failure::Interrupted),
            _ => Ok(()),
        }
    }

    /// One call with one reply.
    pub(crate) fn call<M: Method>(&self, method: &M) -> Result<M::Reply, Failure> {
        let ask = || {
            let mut connection = self.connect()?;
            connection.send(M::NAME, method, false)?;
            self.parsed(&connection.reply()?.parameters)
        };
        ask().map_err(|failure| self.by_version(failure))
    }

    /// One call with many replies, until they end or `each` has enough.
    pub(crate) fn stream<M: Method>(
        &self,
        method: &M,
        mut each: impl FnMut(M::Reply) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        let mut ask = || {
            let mut connection = self.connect()?;
            connection.send(M::NAME, method, true)?;
            loop {
                let reply = connection.reply()?;
                if each(self.parsed(&reply.parameters)?)?.is_break() || !reply.continues {
                    return Ok(());
                }
            }
        };
        ask().map_err(|failure| self.by_version(failure))
    }

    /// One call whose replies together are a list that has an end.
    pub(crate) fn list<M: Method, T>(
        &self,
        method: &M,
        items: impl Fn(M::Reply) -> Vec<T>,
    ) -> Result<Vec<T>, Failure> {
        let ask = || {
            let mut connection = self.connect()?;
            connection.send(M::NAME, method, true)?;
            let (mut list, mut bytes) = (Vec::new(), 0);
            loop {
                let reply = connection.reply()?;
                bytes += reply.parameters.get().len();
                if bytes > MAX_LIST {
                    return Err(self.foreign(&"its list has no end"));
                }
                list.extend(items(self.parsed(&reply.parameters)?));
                if !reply.continues {
                    return Ok(list);
                }
            }
        };
        ask().map_err(|failure| self.by_version(failure))
    }

    fn parsed<T: DeserializeOwned>(&self, reply: &RawValue) -> Result<T, Failure> {
        serde_json::from_str(reply.get()).map_err(|error| self.foreign(&error))
    }

    /// What listens doesn't speak as chatd does.
    pub(crate) fn foreign(&self, why: &impl ToString) -> Failure {
        Failure::Foreign { path: self.path.clone(), why: why.to_string() }
    }

    /// Who refuses what we know to exist, or answers in another way, is likely of another version: then the
    /// version is the explanation.
    fn by_version(&self, failure: Failure) -> Failure {
        use ServiceError::{InvalidParameter, MethodNotFound};
        match &failure {
            Failure::Service(MethodNotFound { .. } | InvalidParameter { .. }) | Failure::Foreign { .. } => {}
            _ => return failure,
        }
        match self.version() {
            Ok(version) if version != env!("CARGO_PKG_VERSION") => {
                Failure::OtherVersion { version, failure: Box::new(failure) }
            }
            _ => failure,
        }
    }

    fn version(&self) -> Result<String, Failure> {
        let mut connection = self.connect()?;
        connection.send(Version::NAME, &Version {}, false)?;
        let reply: <Version as Method>::Reply = self.parsed(&connection.reply()?.parameters)?;
        Ok(reply.version)
    }

    fn unreachable(&self, error: Errno) -> Failure {
        let path = self.path.clone();
        let why = match error {
            Errno::ENOENT | Errno::ENOTDIR => return Failure::NoSocket(path),
            Errno::ECONNREFUSED | Errno::EPROTOTYPE if !socket::may_be_socket(&path) => {
                return Failure::NotASocket(path);
            }
            Errno::ECONNREFUSED => return Failure::NobodyListens(path),
            Errno::EACCES | Errno::EPERM => return Denied::by_the_socket(&path).into(),
            Errno::EAGAIN => "it does not accept connections; it may hang: look at its log",
            Errno::ENAMETOOLONG => "the path is too long for a socket",
            error => error.desc(),
        };
        Failure::Unreachable { path, why: why.to_owned() }
    }
}
