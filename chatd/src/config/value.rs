//! The kinds of values that the file has. Each is checked as it is deserialised.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chat_proto::name::ChannelName;
use compact_str::CompactString;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

use crate::auth::password;

/// The longest path that `sockaddr_un` takes.
const SOCKET_PATH_MAX: usize = 107;
/// So that a line of the message of the day fits into a protocol line with the longest names.
const MOTD_LINE_MAX: usize = 350;
const MOTD_LINES_MAX: usize = 200;

/// A whole number from `MIN` to `MAX`, or none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounded<const MIN: u64, const MAX: u64>(Option<u64>);

/// One line of at most `MAX` bytes.
#[derive(Debug)]
pub(super) struct Text<const MAX: usize>(pub(super) String);

/// As [`Text`], without spaces and not empty.
#[derive(Debug)]
pub(super) struct Word<const MAX: usize>(pub(super) String);

#[derive(Debug)]
pub(super) struct Motd(pub(super) Vec<String>);

/// A host's name with a dot in it, which no nick has at its place.
#[derive(Debug)]
pub(super) struct ServerName(pub(super) CompactString);

#[derive(Debug)]
pub(super) struct Channel(pub(super) ChannelName);

/// An Argon2 hash in PHC form.
#[derive(Debug)]
pub(super) struct Hash(pub(super) String);

/// An absolute path, short enough for a socket.
#[derive(Debug)]
pub(super) struct Path(pub(super) PathBuf);

/// Permission bits, written in octal.
#[derive(Debug)]
pub(super) struct Mode(pub(super) u32);

#[derive(Debug)]
pub(super) struct Address(pub(super) SocketAddr);

/// A length of time that isn't zero, such as `90s` or `2m`.
#[derive(Debug)]
pub(super) struct Period(pub(super) Duration);

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    /// The number, or `default`.
    pub(super) fn or<T: TryFrom<u64>>(self, default: T) -> T {
        self.0.and_then(|number| T::try_from(number).ok()).unwrap_or(default)
    }
}

impl ServerName {
    pub(super) fn new(name: &str) -> Option<Self> {
        let fits = name.len() <= 63 && name.contains('.') && name.split('.').all(is_label);
        fits.then(|| Self(name.into()))
    }
}

impl Period {
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u64::try_from(number) {
            Ok(within) if (MIN..=MAX).contains(&within) => Ok(Self(Some(within))),
            _ => Err(D::Error::custom(format_args!("{number} is out of range: expected {MIN} to {MAX}"))),
        }
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_line::<D::Error>(&text, MAX)?;
        Ok(Self(text))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Word<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        check_line::<D::Error>(&word, MAX)?;
        if word.is_empty() || word.contains(char::is_whitespace) {
            return Err(D::Error::invalid_value(Unexpected::Str(&word), &"one word"));
        }
        Ok(Self(word))
    }
}

impl<'de> Deserialize<'de> for Motd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        if lines.len() > MOTD_LINES_MAX {
            return Err(D::Error::custom(format_args!("more than {MOTD_LINES_MAX} lines")));
        }
        lines.iter().try_for_each(|line| check_line(line, MOTD_LINE_MAX))?;
        Ok(Self(lines))
    }
}

impl<'de> Deserialize<'de> for ServerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::new(&name).ok_or_else(|| {
            let expected = "a host name with a dot in it, such as \"chat.example.org\", of at most 63 bytes";
            D::Error::invalid_value(Unexpected::Str(&name), &expected)
        })
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        ChannelName::new(&name).map(Self).map_err(|error| D::Error::custom(format_args!("{name:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hash = String::deserialize(deserializer)?;
        // What stands there may be the password itself, so it isn't repeated.
        password::check_hash(&hash)
            .map_err(|error| D::Error::custom(format_args!("{error}; `chatd hash-password` makes one")))?;
        Ok(Self(hash))
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::deserialize(deserializer)?;
        if !path.is_absolute() || path.as_os_str().len() > SOCKET_PATH_MAX {
            let expected = format!("an absolute path of at most {SOCKET_PATH_MAX} bytes");
            return Err(D::Error::custom(format_args!("{}: expected {expected}", path.display())));
        }
        Ok(Self(path))
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        match u32::from_str_radix(&digits, 8) {
            Ok(mode) if mode <= 0o777 => Ok(Self(mode)),
            _ => {
                Err(D::Error::invalid_value(Unexpected::Str(&digits), &"octal permissions such as \"0666\""))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let address = String::deserialize(deserializer)?;
        address.parse().map(Self).map_err(|_| {
            let expected = "an address and port, such as \"127.0.0.1:6667\" or \"[::1]:6667\"";
            D::Error::invalid_value(Unexpected::Str(&address), &expected)
        })
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let period = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
        match period {
            Some(period) if period >= Duration::from_secs(1) && period <= Duration::from_secs(86_400) => {
                Ok(Self(period))
            }
            _ => {
                let expected = "a time from \"1s\" to \"24h\", such as \"90s\" or \"2m\"";
                Err(D::Error::invalid_value(Unexpected::Str(&text), &expected))
            }
        }
    }
}

fn check_line<E: Error>(text: &str, max: usize) -> Result<(), E> {
    if text.len() > max {
        return Err(E::custom(format_args!("the line has {} bytes: expected at most {max}", text.len())));
    }
    if text.contains(char::is_control) {
        return Err(E::custom("a control character: expected plain text on one line"));
    }
    Ok(())
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
