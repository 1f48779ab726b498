//! The configuration, in two stages: what the file says, as serde reads it, then what it means, checked and
//! with defaults in place.

mod bounds;
mod check;
mod directories;
mod file;
mod listener;
mod metrics;
mod place;
mod policy;
mod raw;
mod settings;
mod value;
mod written;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_proto::admin::LogLevel;
use chat_wording::Mistake;
use chatd_core::Policy;
use compact_str::CompactString;
use serde_spanned::Spanned;

pub(crate) use self::directories::Directories;
pub(crate) use self::listener::{Listener, Place};
pub(crate) use self::place::ConfigError;
use self::place::{invalid, parser_error};
pub(crate) use self::raw::Durability;
pub(crate) use self::settings::Settings;

/// The file as it is shipped, with every key that there is.
pub(crate) const SHIPPED: &str = include_str!("../../../etc/chatd.toml");

/// What the daemon runs on.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file read; absent when there is none and the defaults hold.
    pub(crate) file: Option<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) admin: Admin,
    /// Where metrics are shown.
    pub(crate) metrics: Vec<Place>,
    pub(crate) connections: Connections,
    pub(crate) history: History,
    pub(crate) log_level: LogLevel,
    /// The same key by key, for telling what a reload changed.
    pub(crate) settings: Settings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admin {
    pub(crate) socket: PathBuf,
    /// The group whose members may administer, and whether the file names it.
    pub(crate) group: String,
    pub(crate) group_is_default: bool,
}

/// How the history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) sync: Durability,
    pub(crate) bounds: Bounds,
}

/// How long the history is kept, and how much of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// For ever when absent.
    pub(crate) retention: Option<Duration>,
    /// Bytes of the database in use; as many as there are when absent.
    pub(crate) max_size: Option<u64>,
    /// Bytes that the chat leaves free on the disk; a share of it when absent.
    pub(crate) reserve: Option<u64>,
}

/// Bounds that the sockets' side holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connections {
    pub(crate) total: usize,
    /// From one address (an IPv6 /64 counts as one), or of one uid on Unix sockets.
    pub(crate) per_address: usize,
    /// From one IPv4 /24 or IPv6 /48; never fewer than from one address.
    pub(crate) per_network: usize,
    /// Bytes that may wait for a connection that doesn't read.
    pub(crate) send_queue: usize,
    /// Bytes that may wait for all connections together.
    pub(crate) send_queues: usize,
    /// Lines a second that one connection is read at in the long run; 0 is without limit.
    pub(crate) messages_per_second: u32,
    /// Lines that may come at once.
    pub(crate) burst: u32,
}

/// Others than the file's owner and group.
const EVERYBODY: u32 = 0o007;

impl Config {
    /// Returns a warning for everything that is valid and should not stay so.
    pub(crate) fn concerns(&self) -> impl Iterator<Item = String> {
        let certificates = self.listeners.iter().filter_map(|listener| listener.certificate.as_ref());
        certificates.flat_map(|certificate| certificate.concerns()).chain(self.exposure())
    }

    /// Returns a warning if every user of the host can read the password hashes in the file, as it is now.
    pub(crate) fn exposure(&self) -> Option<String> {
        let holds_hashes = self.policy.password_hash.is_some() || !self.policy.operators.is_empty();
        let file = self.file.as_ref().filter(|_| holds_hashes)?;
        let mode = file.metadata().ok()?.mode();
        let shown = file.display();
        (mode & EVERYBODY != 0).then(|| {
            format!("{shown}: every user of this host can read its password hashes; `chmod o= {shown}`, and give it chatd's group")
        })
    }
}

/// Reads and checks the file at `path`; without one, the host's configuration if there is any.
///
/// # Errors
/// The file can't be read, or says something that can't be meant.
pub(crate) fn load(path: Option<&Path>, directories: &Directories) -> Result<Config, ConfigError> {
    let host_wide = directories.configuration.join("chatd.toml");
    let (path, must_exist) = path.map_or((host_wide.as_path(), false), |path| (path, true));
    match file::read(path) {
        Ok(text) => parse(&text, Some(path), directories),
        Err(ConfigError::Unreadable { cause, .. })
            if cause.kind() == std::io::ErrorKind::NotFound && !must_exist =>
        {
            parse("", None, directories)
        }
        Err(error) => Err(error),
    }
}

fn parse(text: &str, path: Option<&Path>, directories: &Directories) -> Result<Config, ConfigError> {
    let config = chat_wording::read(text, |text| parse_until_mistake(text, directories));
    let config =
        config.map_err(|mistakes| invalid(mistakes, path.unwrap_or(Path::new("(defaults)")), text))?;
    Ok(Config { file: path.map(Path::to_path_buf), ..config })
}

fn parse_until_mistake(text: &str, directories: &Directories) -> Result<Config, Mistake> {
    let mut raw: raw::Raw = toml::from_str(text).map_err(|error| parser_error(&error, text))?;
    let group_is_default = raw.admin.group.is_none();
    let listeners = listener::resolve(&mut raw, directories)?;
    let socket = || Spanned::new(0..0, value::Path(directories.runtime.join("admin.sock")));
    let socket = raw.admin.socket.get_or_insert_with(socket).get_ref().0.clone();
    let group =
        raw.admin.group.get_or_insert_with(|| value::Word(chat_proto::admin::DEFAULT_GROUP.into())).0.clone();
    let metrics = metrics::resolve(raw.metrics.as_mut())?;
    let sts = policy::sts(raw.server.sts.as_ref(), &listeners)?;
    check::check(&raw, &listeners, &metrics)?;
    Ok(Config {
        file: None,
        listeners,
        admin: Admin { socket, group, group_is_default },
        metrics,
        connections: connections(&raw.limits),
        history: history(&raw.history),
        log_level: raw.log.level,
        settings: Settings::of(&raw),
        policy: Policy { sts, ..policy::resolve(raw) },
    })
}

/// What the server is called where the file doesn't say.
pub(crate) fn host_name() -> CompactString {
    value::ServerName::of_host().0
}

fn history(raw: &raw::History) -> History {
    let bounds = Bounds {
        retention: raw.retention.0,
        max_size: raw.max_size.0,
        reserve: raw.reserve.as_ref().map(|reserve| reserve.0),
    };
    History { sync: raw.sync, bounds }
}

fn connections(raw: &raw::Limits) -> Connections {
    Connections {
        total: raw.connections.into(),
        per_address: raw.connections_per_address.into(),
        per_network: raw.connections_per_network.into(),
        send_queue: raw.send_queue.into(),
        send_queues: raw.send_queues.into(),
        messages_per_second: raw.messages_per_second.0,
        burst: raw.burst.0,
    }
}

#[cfg(test)]
mod tests;
