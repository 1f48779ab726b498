//! The channels that we were in at each server: who comes back on Monday is where they were on Friday.
//!
//! ```text
//! chat.example.org:6697 alice #ops #lobby
//! ```

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chat_proto::name::{ChannelName, Folded};

use crate::session::{What, is_channel};

/// A file of more bytes isn't ours; of more servers, and of more channels, the rest is not remembered.
const FILE_MAX: u64 = 1 << 20;
const SERVERS_MAX: usize = 1000;
const CHANNELS_MAX: usize = 200;

/// The channels at one server under one name, and the file that has them.
#[derive(Debug)]
pub struct Places {
    path: PathBuf,
    server: String,
    channels: BTreeMap<Folded, String>,
    changed: bool,
}

impl Places {
    /// What the file says; without one, there were none.
    pub fn load(path: PathBuf, address: &str, name: &str) -> Self {
        // A path may have spaces in it, and a line is split at them.
        let server = format!("{} {name}", address.replace(char::is_whitespace, "%"));
        let text = read(&path).unwrap_or_default();
        let known = text.lines().find_map(|line| line.strip_prefix(&server)?.strip_prefix(' '));
        let channels = known.unwrap_or_default().split(' ').filter(|name| ChannelName::new(name).is_ok());
        let channels = channels.take(CHANNELS_MAX).map(|name| (Folded::new(name), name.to_owned())).collect();
        Self { path, server, channels, changed: false }
    }

    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.channels.values().map(String::as_str)
    }

    /// Follows where we are. A channel that doesn't let us in is not tried again.
    pub fn follow(&mut self, what: &What) {
        match what {
            What::Joined { channel, own: true, .. } if self.channels.len() < CHANNELS_MAX => {
                let before = self.channels.insert(Folded::new(channel), channel.clone());
                self.changed |= before.is_none();
            }
            What::Left { channel, own: true, .. } | What::Kicked { channel, own: true, .. } => {
                self.forget(channel);
            }
            What::Refused { subject, .. } if is_channel(subject) => self.forget(subject),
            _ => {}
        }
    }

    fn forget(&mut self, channel: &str) {
        self.changed |= self.channels.remove(&Folded::new(channel)).is_some();
    }

    /// Writes what has changed.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn save(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let text = read(&self.path).unwrap_or_default();
        let is_other =
            |line: &&str| line.strip_prefix(&self.server).is_none_or(|rest| !rest.starts_with(' '));
        let others = text.lines().filter(is_other).take(SERVERS_MAX);
        let channels: Vec<&str> = self.channels().collect();
        let own = format!("{} {}", self.server, channels.join(" "));
        let lines: String =
            std::iter::once(own.as_str()).chain(others).flat_map(|line| [line, "\n"]).collect();
        let parent = self.path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        // Whole or not at all: a new file takes the place of the old.
        let new = self.path.with_extension(format!("{}.new", std::process::id()));
        let written = write(&new, &lines).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(channel: &str) -> What {
        What::Joined { name: "alice".into(), channel: channel.into(), own: true }
    }

    fn left(channel: &str) -> What {
        let (name, reason) = ("alice".into(), String::new());
        What::Left { name, channel: channel.into(), reason, own: true }
    }

    #[test]
    fn channels_are_known_again_by_server_and_name_until_they_are_left() {
        let directory = std::env::temp_dir().join(format!("chat-places-{}", std::process::id()));
        let open =
            |address: &str, name: &str| Places::load(directory.join("state/chat/channels"), address, name);
        let known = |address: &str, name: &str| {
            open(address, name).channels().map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        let mut places = open("/run/my chat", "alice");
        for channel in ["#lobby", "#Ops", "#ops", "#secret"] {
            places.follow(&joined(channel));
        }
        let refused =
            What::Refused { number: Some(473), subject: "#secret".into(), reason: "no".into(), unsaid: None };
        places.follow(&refused);
        places.save().unwrap();
        let mut other = open("/run/my chat", "al");
        other.follow(&joined("#dev"));
        other.save().unwrap();
        assert_eq!(known("/run/my chat", "alice"), "#lobby #ops");
        assert_eq!(known("/run/my chat", "al"), "#dev");
        assert_eq!(known("/run/other", "alice"), "");
        places.follow(&left("#OPS"));
        places.save().unwrap();
        assert_eq!(
            (known("/run/my chat", "alice"), known("/run/my chat", "al")),
            ("#lobby".into(), "#dev".into())
        );
        fs::remove_dir_all(&directory).unwrap();
    }
}
