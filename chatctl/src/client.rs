//! Calls chatd over its admin socket. Nothing in here waits for ever.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chat_proto::admin::{self, Call, MAX_REPLY, Method, RawReply, ServiceError, TERMINATOR};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::socket;

/// Longer than chatd gives itself for an answer.
const PATIENCE: Duration = Duration::from_secs(7);
/// Longer than the heartbeats of a stream that goes on are apart.
const STREAM_PATIENCE: Duration = Duration::from_secs(25);

/// How to reach chatd. Each command has its own connection, so a console outlives a restart of chatd.
#[derive(Debug)]
pub(crate) struct Connector {
    path: PathBuf,
    patience: Duration,
    interrupt: Option<Rc<Interrupt>>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    stream: UnixStream,
    /// Bytes that were read beyond the last message.
    rest: Vec<u8>,
    patience: Duration,
    connector: &'a Connector,
}

impl Connector {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, patience: PATIENCE, interrupt: None }
    }

    pub(crate) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn with_interrupt(mut self, interrupt: Rc<Interrupt>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Without blocking: a stopped chatd whose queue is full is an error at once.
    pub(crate) fn connect(&self) -> Result<Client<'_>, Failure> {
        let unreachable = |error: Errno| self.unreachable(error);
        if let Some(interrupt) = &self.interrupt {
            interrupt.clear();
        }
        let address = UnixAddr::new(&self.path).map_err(unreachable)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(unreachable)?;
        connect(fd.as_raw_fd(), &address).map_err(unreachable)?;
        Ok(Client { stream: fd.into(), rest: Vec::new(), patience: self.patience, connector: self })
    }

    /// One call with one reply.
    pub(crate) fn call<M: Method>(&self, method: &M) -> Result<M::Reply, Failure> {
        let mut client = self.connect()?;
        client.send(M::NAME, method, false)?;
        let (reply, _) = client.reply()?;
        parsed(&reply)
    }

    /// One call with many replies, until they end or `each` has enough.
    pub(crate) fn stream<M: Method>(
        &self,
        method: &M,
        mut each: impl FnMut(M::Reply) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        let mut client = self.connect()?;
        client.send(M::NAME, method, true)?;
        loop {
            let (reply, continues) = client.reply()?;
            if each(parsed(&reply)?)?.is_break() || !continues {
                return Ok(());
            }
        }
    }

    fn unreachable(&self, error: Errno) -> Failure {
        let path = self.path.clone();
        match error {
            Errno::ENOENT | Errno::ENOTDIR => Failure::NoSocket(path),
            Errno::ECONNREFUSED => Failure::NobodyListens(path),
            Errno::EACCES | Errno::EPERM => {
                admin::Error::PermissionDenied { group: socket::group(&path) }.into()
            }
            Errno::EAGAIN => {
                Failure::Unreachable { path, why: "it does not accept connections; it may hang".into() }
            }
            Errno::ENAMETOOLONG => {
                Failure::Unreachable { path, why: "the path is too long for a socket".into() }
            }
            error => Failure::Unreachable { path, why: error.desc().to_owned() },
        }
    }
}

impl Client<'_> {
    pub(crate) fn send<P: Serialize>(
        &mut self,
        method: &str,
        parameters: &P,
        more: bool,
    ) -> Result<(), Failure> {
        let call = Call { method, parameters, more };
        let mut bytes = serde_json::to_vec(&call).map_err(|error| Failure::Garbled(error.to_string()))?;
        bytes.push(TERMINATOR);
        let deadline = Instant::now() + self.patience;
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

    /// The parameters of the next reply, and whether others follow.
    pub(crate) fn reply(&mut self) -> Result<(Box<RawValue>, bool), Failure> {
        let bytes = self.message()?;
        let reply: RawReply<'_> =
            serde_json::from_slice(&bytes).map_err(|error| Failure::Garbled(error.to_string()))?;
        let parameters = reply.parameters.map_or("{}", RawValue::get);
        if reply.continues {
            self.patience = STREAM_PATIENCE;
        }
        if let Some(name) = reply.error {
            return Err(refusal(name, parameters));
        }
        let parameters = RawValue::from_string(parameters.to_owned())
            .map_err(|error| Failure::Garbled(error.to_string()))?;
        Ok((parameters, reply.continues))
    }

    fn message(&mut self) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + self.patience;
        let mut searched = 0;
        loop {
            if let Some(end) = self.rest[searched..].iter().position(|byte| *byte == TERMINATOR) {
                let after = self.rest.split_off(searched + end + 1);
                let mut message = std::mem::replace(&mut self.rest, after);
                message.pop();
                return Ok(message);
            }
            searched = self.rest.len();
            if searched > MAX_REPLY {
                return Err(Failure::Garbled("a reply has no end".into()));
            }
            self.read_some(deadline)?;
        }
    }

    fn read_some(&mut self, deadline: Instant) -> Result<(), Failure> {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(Failure::Closed),
            Ok(count) => {
                self.rest.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::POLLIN, deadline),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Until the socket is ready, the time is up or Ctrl-C is pressed.
    fn wait(&self, flags: PollFlags, deadline: Instant) -> Result<(), Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = vec![PollFd::new(self.stream.as_fd(), flags)];
        fds.extend(self.connector.interrupt.as_ref().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
        match poll(&mut fds, left) {
            Ok(0) => Err(Failure::Silent { seconds: self.patience.as_secs() }),
            Ok(_) if fds.get(1).and_then(PollFd::any).unwrap_or(false) => Err(Failure::Interrupted),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(self.connector.unreachable(error)),
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        match error.kind() {
            ErrorKind::ConnectionReset => Failure::Closed,
            _ => Failure::Unreachable { path: self.connector.path.clone(), why: error.to_string() },
        }
    }
}

fn parsed<T: DeserializeOwned>(reply: &RawValue) -> Result<T, Failure> {
    serde_json::from_str(reply.get()).map_err(|error| Failure::Garbled(error.to_string()))
}

/// An error of ours or of every service; one that this program doesn't know is passed on as it is.
fn refusal(name: String, parameters: &str) -> Failure {
    let whole =
        format!(r#"{{"error":{},"parameters":{parameters}}}"#, serde_json::Value::from(name.as_str()));
    if let Ok(error) = serde_json::from_str::<admin::Error>(&whole) {
        return error.into();
    }
    match serde_json::from_str::<ServiceError>(&whole) {
        Ok(error) => error.into(),
        Err(_) => Failure::Unknown { name, parameters: parameters.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chat_proto::admin::{List, Version, Watch};

    use super::*;
    use crate::testing::Played;

    fn impatient(path: &Path) -> Connector {
        Connector::new(path.to_owned()).with_patience(Duration::from_millis(50))
    }

    #[test]
    fn a_daemon_that_does_not_answer_is_an_error() {
        let played = Played::silent();
        let failure = impatient(&played.path()).call(&Version {}).expect_err("no answer");
        assert!(matches!(failure, Failure::Silent { .. }), "{failure}");
    }

    #[test]
    fn a_reason_given_before_the_call_is_read_counts() {
        let denied = r#"{"error":"org.chatd.Admin.PermissionDenied","parameters":{"group":"ops"}}"#;
        let played = Played::hanging_up(denied);
        let failure = impatient(&played.path()).call(&Version {}).expect_err("a refusal");
        assert!(failure.to_string().contains("the group ops"), "{failure}");
    }

    #[test]
    fn a_stream_ends_with_the_reply_that_does_not_continue() {
        let played = Played::answering(&[
            r#"{"parameters":{"users":[]},"continues":true}"#,
            r#"{"parameters":{"users":[],"new-field":1}}"#,
        ]);
        let mut replies = 0;
        impatient(&played.path())
            .stream(&List {}, |_| {
                replies += 1;
                Ok(ControlFlow::Continue(()))
            })
            .expect("a list");
        assert_eq!(replies, 2);
    }

    #[test]
    fn errors_known_and_unknown_are_told_apart() {
        let call = |reply: &str| {
            let played = Played::answering(&[reply]);
            impatient(&played.path()).call(&Watch {}).expect_err("an error")
        };
        assert!(matches!(
            call(r#"{"error":"org.chatd.Admin.NothingScheduled"}"#),
            Failure::Admin(admin::Error::NothingScheduled {})
        ));
        assert!(matches!(
            call(r#"{"error":"org.varlink.service.ExpectedMore","parameters":{}}"#),
            Failure::Service(ServiceError::ExpectedMore {})
        ));
        assert!(matches!(
            call(r#"{"error":"org.chatd.Admin.New","parameters":{}}"#),
            Failure::Unknown { .. }
        ));
        assert!(matches!(call("what?"), Failure::Garbled(_)));
    }

    #[test]
    fn an_absent_socket_and_an_abandoned_one_are_told_apart() {
        let played = Played::silent();
        let path = played.path();
        assert!(matches!(impatient(&path.with_extension("x")).connect(), Err(Failure::NoSocket(_))));
        let directory = played.leave();
        assert!(matches!(impatient(&path).connect(), Err(Failure::NobodyListens(_))));
        drop(directory);
    }
}
