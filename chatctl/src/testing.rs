//! A played chatd on a real socket.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
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
        Self::serving(move |mut stream| {
            let mut byte = [1];
            while byte[0] != 0 && stream.read(&mut byte).expect("a call") > 0 {}
            stream.write_all(&replies).expect("a client that reads");
            stream.read_to_end(&mut Vec::new()).expect("an end");
        })
    }

    /// One connection after the other, each of which gets the next reply.
    pub(crate) fn answering_each(replies: &[&str]) -> Self {
        let mut replies: VecDeque<Vec<u8>> =
            replies.iter().map(|reply| [reply.as_bytes(), b"\0"].concat()).collect();
        Self::serving(move |mut stream| {
            let reply = replies.pop_front().expect("a reply for each call");
            stream.write_all(&reply).expect("a client that reads");
            // The client may close without reading the rest.
            let _ = stream.read_to_end(&mut Vec::new());
        })
    }

    /// Says something unasked, so many times, and closes.
    pub(crate) fn saying_over_and_over(said: &str, times: usize) -> Self {
        let said = said.as_bytes().to_vec();
        Self::serving(move |mut stream| {
            for _ in 0..times {
                if stream.write_all(&said).is_err() {
                    break;
                }
            }
        })
    }

    /// Says something unasked and closes.
    pub(crate) fn hanging_up(reply: &str) -> Self {
        Self::saying_over_and_over(&format!("{reply}\0"), 1)
    }

    fn serving(mut serve: impl FnMut(UnixStream) + Send + 'static) -> Self {
        let mut played = Self::silent();
        let listener = played.listener.take().expect("a listener");
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                serve(stream);
            }
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
