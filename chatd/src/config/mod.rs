//! The configuration, in two stages: what the file says, as serde reads it, then what it means, checked and
//! with defaults in place.

mod directories;
mod listener;
mod place;
mod policy;
mod raw;
mod value;

use std::path::{Path, PathBuf};

use chat_proto::admin::LogLevel;
use chatd_core::Policy;

pub(crate) use self::directories::Directories;
pub(crate) use self::listener::{Listener, Place};
pub(crate) use self::place::ConfigError;

/// What the daemon runs on.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file read; absent when there is none and the defaults hold.
    pub(crate) file: Option<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) admin: Admin,
    pub(crate) connections: Connections,
    pub(crate) log_level: LogLevel,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admin {
    pub(crate) socket: PathBuf,
    /// The group whose members may administer, and whether the file names it.
    pub(crate) group: String,
    pub(crate) group_is_default: bool,
}

/// Bounds that the sockets' side holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connections {
    pub(crate) total: usize,
    /// From one address (an IPv6 /64 counts as one), or of one uid on Unix sockets.
    pub(crate) per_address: usize,
    /// Bytes that may wait for a connection that doesn't read.
    pub(crate) send_queue: usize,
    /// Lines a second that one connection is read at in the long run; 0 is without limit.
    pub(crate) messages_per_second: u32,
    /// Lines that may come at once.
    pub(crate) burst: u32,
}

/// Reads and checks the file at `path`; without one, the host's configuration if there is any.
///
/// # Errors
/// The file can't be read, or says something that can't be meant.
pub(crate) fn load(path: Option<&Path>, directories: &Directories) -> Result<Config, ConfigError> {
    let host_wide = directories.configuration.join("chatd.toml");
    let (path, must_exist) = path.map_or((host_wide.as_path(), false), |path| (path, true));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, Some(path), directories),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            parse("", None, directories)
        }
        Err(cause) => Err(ConfigError::Unreadable { path: path.to_path_buf(), cause }),
    }
}

fn parse(text: &str, path: Option<&Path>, directories: &Directories) -> Result<Config, ConfigError> {
    let wrong = |wrong: place::Wrong| wrong.at(path.unwrap_or(Path::new("(defaults)")), text);
    let raw: raw::Raw = toml::from_str(text).map_err(|error| wrong(error.into()))?;
    let listeners = listener::resolve(raw.listen, directories).map_err(wrong)?;
    Ok(Config {
        file: path.map(Path::to_path_buf),
        listeners,
        admin: admin(raw.admin, directories),
        connections: connections(&raw.limits),
        log_level: raw.log.level,
        policy: policy::resolve(
            raw.server,
            raw.lobby,
            &raw.accounts,
            raw.operator,
            &raw.limits,
            &raw.keepalive,
        ),
    })
}

fn admin(raw: raw::Admin, directories: &Directories) -> Admin {
    Admin {
        socket: raw.socket.map_or_else(|| directories.runtime.join("admin.sock"), |socket| socket.0),
        group_is_default: raw.group.is_none(),
        group: raw.group.map_or_else(|| chat_proto::admin::DEFAULT_GROUP.to_owned(), |group| group.0),
    }
}

fn connections(raw: &raw::Limits) -> Connections {
    Connections {
        total: raw.connections.or(32_768),
        per_address: raw.connections_per_address.or(256),
        send_queue: raw.send_queue.or(1 << 20),
        messages_per_second: raw.messages_per_second.or(20),
        burst: raw.burst.or(250),
    }
}

#[cfg(test)]
mod tests;
