//! Where the server is.

use std::fmt;
use std::path::{Path, PathBuf};

use chat_proto::socket::{Metadata, TrustedUsers};

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

    /// This host's chatd: the system's, else the one that the user runs. A directory counts only if nobody else could have made
    /// it: anybody can in `/tmp`, and after a plain `su` the runtime directory is still the former user's.
    pub fn of_this_host(runtime_dir: Option<&Path>, uid: u32) -> Self {
        let system = PathBuf::from(SYSTEM_SOCKET);
        if system.exists() {
            return Self::Unix(system);
        }
        let trusted = TrustedUsers::new(uid, []);
        let is_trusted =
            |path: &Path| Metadata::of(path).is_some_and(|found| trusted.contains_owner_of(found));
        let own = runtime_dir.filter(|base| is_trusted(base)).map(|base| base.join("chatd"));
        let own =
            own.map(|directory| (directory.join("chat.sock"), directory)).filter(|(path, _)| path.exists());
        let directory = PathBuf::from(format!("/tmp/chatd-{uid}"));
        let fallback = (directory.join("chat.sock"), directory);
        let found = own.into_iter().chain([fallback]).find(|(_, directory)| is_trusted(directory));
        Self::Unix(found.map_or(system, |(path, _)| path))
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

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};

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
    fn runtime_directory_of_another_user_is_ignored() {
        let base = tempfile::tempdir().unwrap();
        let directory = base.path().join("chatd");
        std::fs::DirBuilder::new().mode(0o700).create(&directory).unwrap();
        let socket = directory.join("chat.sock");
        std::fs::write(&socket, "").unwrap();
        let uid = base.path().metadata().unwrap().uid();
        let found = |uid| Address::of_this_host(Some(base.path()), uid);
        // The host's own chatd comes first, if there is one.
        if !Path::new(SYSTEM_SOCKET).exists() {
            assert_eq!(found(uid), Address::Unix(socket));
        }
        // Root's directories are trusted by everybody.
        if uid != 0 {
            assert_ne!(found(uid + 1), Address::Unix(directory.join("chat.sock")));
        }
        std::fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        assert_ne!(found(uid), Address::Unix(directory.join("chat.sock")));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "unix:", "host:", "host:x", "host:70000", "[::1", "[::1]7", "a b"] {
            assert!(Address::parse(text, TLS_PORT).is_err(), "{text}");
        }
    }
}
