//! Where the server is.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The ports of IRC over TLS and without it.
pub const TLS_PORT: u16 = 6697;
pub const PLAIN_PORT: u16 = 6667;
const SYSTEM_SOCKET: &str = "/run/chatd/chat.sock";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Unix(PathBuf),
    Tcp { host: String, port: u16 },
}

impl Address {
    /// Reads `unix:PATH`, an absolute path, or `HOST[:PORT]`; an IPv6 address with a port stands in brackets. `default` is
    /// the port where none is given.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str, default: u16) -> Result<Self, Failure> {
        let wrong = || Failure::Usage(format!("{text:?} is no server; expected unix:PATH or HOST[:PORT]"));
        if let Some(path) = text.strip_prefix("unix:").or(text.starts_with('/').then_some(text)) {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.into())) };
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(inner) => {
                let (host, rest) = inner.split_once(']').ok_or_else(wrong)?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(wrong)?) })
            }
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(default), str::parse).map_err(|_| wrong())?;
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Ok(Self::Tcp { host: host.to_owned(), port })
    }

    /// This host's chatd: the system's, else the one we run ourselves.
    pub fn of_this_host(runtime_dir: Option<&Path>, uid: u32) -> Self {
        let own = runtime_dir.map(|dir| dir.join("chatd/chat.sock"));
        let fallback = PathBuf::from(format!("/tmp/chatd-{uid}"));
        let candidates = [Some(PathBuf::from(SYSTEM_SOCKET)), own];
        let found = candidates.into_iter().flatten().find(|path| path.exists());
        // Anybody can make a directory in /tmp: only one of our own is trusted.
        let fallback = || is_own_directory(&fallback, uid).then(|| fallback.join("chat.sock"));
        Self::Unix(found.or_else(fallback).unwrap_or_else(|| SYSTEM_SOCKET.into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

fn is_own_directory(path: &Path, uid: u32) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn all_forms_are_read() {
        let parsed = |text| Address::parse(text, TLS_PORT).unwrap();
        assert_eq!(parsed("unix:/run/x.sock"), Address::Unix("/run/x.sock".into()));
        assert_eq!(parsed("/run/x.sock"), Address::Unix("/run/x.sock".into()));
        assert_eq!(parsed("chat.example.org"), tcp("chat.example.org", 6697));
        assert_eq!(parsed("localhost:7000"), tcp("localhost", 7000));
        assert_eq!(parsed("[::1]:7000"), tcp("::1", 7000));
        assert_eq!(parsed("::1"), tcp("::1", 6697));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "unix:", "host:", "host:x", "host:70000", "[::1", "[::1]7", "a b"] {
            assert!(Address::parse(text, TLS_PORT).is_err(), "{text}");
        }
    }
}
