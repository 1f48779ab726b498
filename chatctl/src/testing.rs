//! A played chatd on a real socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

/// Exists until it is dropped.
pub(crate) struct Played {
    directory: TempDir,
    listener: Option<UnixListener>,
}

impl Played {
    /// Takes connections, and says nothing.
    pub(crate) fn silent() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("admin.sock")).expect("a listener");
        Self { directory, listener: Some(listener) }
    }

    /// Reads one call, says the replies, and keeps the connection open until the client is done.
    pub(crate) fn answering(replies: &[&str]) -> Self {
        let replies: Vec<u8> = replies.iter().flat_map(|reply| [reply.as_bytes(), b"\0"].concat()).collect();
        let mut played = Self::silent();
        let listener = played.listener.take().expect("a listener");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut byte = [1];
            while byte[0] != 0 && stream.read(&mut byte).expect("a call") > 0 {}
            stream.write_all(&replies).expect("a client that reads");
            stream.read_to_end(&mut Vec::new()).expect("an end");
        });
        played
    }

    /// Says something unasked and closes.
    pub(crate) fn hanging_up(reply: &str) -> Self {
        let reply = [reply.as_bytes(), b"\0"].concat();
        let mut played = Self::silent();
        let listener = played.listener.take().expect("a listener");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.write_all(&reply).expect("a client that reads");
        });
        played
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("admin.sock")
    }

    /// Nobody listens any more, and the socket's file stays.
    pub(crate) fn leave(self) -> impl AsRef<Path> {
        drop(self.listener);
        self.directory
    }
}
