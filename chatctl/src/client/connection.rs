//! One connection: whole messages out and in.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use chat_proto::admin::{self, Call, MAX_REPLY, RawReply, ServiceError, TERMINATOR};
use memchr::memchr;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::Connector;
use crate::failure::Failure;
use crate::permission::Denied;
use crate::socket;

/// Longer than the heartbeats of a stream that goes on are apart.
const STREAM_PATIENCE: Duration = Duration::from_secs(25);
const CHUNK: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Connection<'a> {
    stream: UnixStream,
    /// Bytes that were read, of which those before `start` are done with.
    buffer: Vec<u8>,
    start: usize,
    patience: Duration,
    connector: &'a Connector,
}

/// A reply that is no error.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) parameters: Box<RawValue>,
    /// Whether others follow.
    pub(crate) continues: bool,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: UnixStream, connector: &'a Connector) -> Self {
        Self { stream, buffer: Vec::new(), start: 0, patience: connector.patience, connector }
    }

    pub(crate) fn send<P: Serialize>(
        &mut self,
        method: &str,
        parameters: &P,
        more: bool,
    ) -> Result<(), Failure> {
        let call = Call { method, parameters, more };
        // There may be a password in it.
        let mut bytes = Zeroizing::new(Vec::with_capacity(CHUNK));
        serde_json::to_writer(&mut *bytes, &call).map_err(|error| Failure::Usage(error.to_string()))?;
        bytes.push(TERMINATOR);
        let deadline = self.deadline();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::POLLOUT, deadline)?;
                }
                // Who is turned away finds the reason among what there is to read.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(())
    }

    pub(crate) fn reply(&mut self) -> Result<Reply, Failure> {
        let end = self.message()?;
        let foreign = |error: serde_json::Error| self.connector.foreign(&error);
        let reply: RawReply<'_> = serde_json::from_slice(&self.buffer[self.start..end]).map_err(foreign)?;
        let (parameters, continues) = (reply.parameters.map_or("{}", RawValue::get), reply.continues);
        if let Some(name) = reply.error {
            return Err(refusal(name, parameters));
        }
        let parameters = RawValue::from_string(parameters.to_owned()).map_err(foreign)?;
        self.start = end + 1;
        if continues {
            self.patience = STREAM_PATIENCE;
        }
        Ok(Reply { parameters, continues })
    }

    /// Where the message that begins at `start` ends.
    fn message(&mut self) -> Result<usize, Failure> {
        // Who floods us must not keep Ctrl-C from being seen.
        self.interrupted()?;
        let deadline = self.deadline();
        let mut searched = self.start;
        loop {
            if let Some(length) = memchr(TERMINATOR, &self.buffer[searched..]) {
                return Ok(searched + length);
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            if searched > MAX_REPLY {
                return Err(self.connector.foreign(&"a reply has no end"));
            }
            self.read_some(deadline)?;
        }
    }

    fn read_some(&mut self, deadline: Instant) -> Result<(), Failure> {
        let mut buffer = [0; CHUNK];
        match self.stream.read(&mut buffer) {
            Ok(0) if self.buffer.is_empty() => Err(Failure::Closed),
            Ok(0) => Err(self.connector.foreign(&"it broke off in the middle of a reply")),
            Ok(count) => {
                self.buffer.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::POLLIN, deadline),
            // Who turns us away closes without reading the call. The kernel tells that first, once, and what
            // was said before it then.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn deadline(&self) -> Instant {
        let deadline = Instant::now() + self.patience;
        self.connector.deadline.map_or(deadline, |whole| whole.min(deadline))
    }

    /// Until the socket is ready, the time is up or Ctrl-C is pressed.
    fn wait(&self, flags: PollFlags, deadline: Instant) -> Result<(), Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = vec![PollFd::new(self.stream.as_fd(), flags)];
        fds.extend(self.interrupt());
        match poll(&mut fds, left) {
            Ok(0) => Err(self.silent()),
            Ok(_) if fds.get(1).and_then(PollFd::any).unwrap_or(false) => Err(Failure::Interrupted),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(self.connector.unreachable(error)),
        }
    }

    fn interrupted(&self) -> Result<(), Failure> {
        let Some(interrupt) = self.interrupt() else { return Ok(()) };
        match poll(&mut [interrupt], PollTimeout::ZERO) {
            Ok(1..) => Err(Failure::Interrupted),
            _ => Ok(()),
        }
    }

    fn interrupt(&self) -> Option<PollFd<'_>> {
        self.connector.interrupt.as_ref().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN))
    }

    fn silent(&self) -> Failure {
        match socket::stopped_listener(&self.stream) {
            Some(pid) => Failure::Stopped { pid },
            None => Failure::Silent {
                path: self.connector.path.clone(),
                seconds: self.patience.as_secs(),
                held: socket::is_held_by_systemd(&self.stream),
            },
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        match error.kind() {
            ErrorKind::ConnectionReset => Failure::Closed,
            _ => Failure::Unreachable { path: self.connector.path.clone(), why: error.to_string() },
        }
    }
}

/// An error of ours or of every service; one that this program doesn't know is passed on as it is.
fn refusal(name: String, parameters: &str) -> Failure {
    let whole =
        format!(r#"{{"error":{},"parameters":{parameters}}}"#, serde_json::Value::from(name.as_str()));
    match serde_json::from_str(&whole) {
        Ok(admin::Error::PermissionDenied { group }) => return Denied::by_chatd(group).into(),
        Ok(error) => return error.into(),
        Err(_) => {}
    }
    match serde_json::from_str::<ServiceError>(&whole) {
        Ok(error) => error.into(),
        Err(_) => Failure::Unknown { name, parameters: parameters.to_owned() },
    }
}
