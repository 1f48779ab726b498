//! The kinds of values that the file has. Each is checked as it is deserialised.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chat_proto::name::ChannelName;
use compact_str::CompactString;
use jiff::{SpanRelativeTo, Unit};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::auth::password;

/// The longest path that `sockaddr_un` takes.
const SOCKET_PATH_MAX: usize = 107;
/// So that a line of the message of the day fits into a protocol line with the longest names.
const MOTD_LINE_MAX: usize = 350;
const MOTD_LINES_MAX: usize = 200;

const SERVER_NAME: &str = "a host name with a dot in it, such as \"chat.example.org\", of at most 63 bytes";
const MODE: &str = "octal permissions such as \"0666\"";
const ADDRESS: &str = "an address and port, such as \"127.0.0.1:6667\" or \"[::1]:6667\"";
const PERIOD: &str = "a time from \"1s\" to \"24h\", such as \"90s\" or \"2m\"";

const LONG_PERIOD: &str = "a time from \"0s\" to \"3650d\", such as \"30d\" or \"12h\"";
/// Seconds.
const LONG_PERIOD_MAX: f64 = 3650.0 * 86_400.0;

const MAKE_ONE: &str = "`chatd hash-password` makes one";
const THREE_LINES: &str = "three texts: a place, an organisation, an address for mail";

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Bounded<const MIN: u32, const MAX: u32>(pub(super) u32);

/// One line of at most `MAX` bytes.
#[derive(Debug, Serialize)]
pub(super) struct Text<const MAX: usize>(pub(super) String);

/// As [`Text`], without spaces and not empty.
#[derive(Debug, Serialize)]
pub(super) struct Word<const MAX: usize>(pub(super) String);

#[derive(Debug)]
pub(super) struct Motd(pub(super) Vec<String>);

/// Exactly three lines.
#[derive(Debug, Serialize)]
pub(super) struct ThreeLines(pub(super) [Text<200>; 3]);

/// A host's name with a dot in it, which no nick has at its place.
#[derive(Debug, Serialize)]
pub(super) struct ServerName(pub(super) CompactString);

#[derive(Debug, Serialize)]
pub(super) struct Channel(pub(super) ChannelName);

/// An Argon2 hash in PHC form.
#[derive(Debug)]
pub(super) struct Hash(pub(super) String);

/// An absolute path, short enough for a socket.
#[derive(Debug)]
pub(super) struct Path(pub(super) PathBuf);

/// An absolute path.
#[derive(Debug)]
pub(super) struct File(pub(super) PathBuf);

/// Permission bits, written in octal.
#[derive(Debug)]
pub(super) struct Mode(pub(super) u32);

#[derive(Debug)]
pub(super) struct Address(pub(super) SocketAddr);

/// A length of time that isn't zero, such as `90s` or `2m`.
#[derive(Debug)]
pub(super) struct Period(pub(super) Duration);

/// A length of time that may be zero, or days, such as `30d`.
#[derive(Debug)]
pub(super) struct LongPeriod(pub(super) Duration);

impl<const MIN: u32, const MAX: u32> From<Bounded<MIN, MAX>> for usize {
    fn from(bounded: Bounded<MIN, MAX>) -> Self {
        // It only fails where a `usize` has 16 bits.
        Self::try_from(bounded.0).unwrap_or(Self::MAX)
    }
}

/// For defaults.
impl<const MIN: u32, const MAX: u32> From<usize> for Bounded<MIN, MAX> {
    fn from(number: usize) -> Self {
        Self(u32::try_from(number).map_or(MAX, |number| number.clamp(MIN, MAX)))
    }
}

impl ServerName {
    pub(super) fn new(name: &str) -> Option<Self> {
        let fits = name.len() <= 63 && name.contains('.') && name.split('.').all(is_label);
        fits.then(|| Self(name.into()))
    }

    /// The host's name; one without a domain gets `.local`, since a server's name has a dot where a nick has none.
    pub(super) fn of_host() -> Self {
        let host = nix::unistd::gethostname().unwrap_or_default();
        let host = host.to_string_lossy();
        Self::new(&host)
            .or_else(|| Self::new(&format!("{host}.local")))
            .unwrap_or_else(|| Self(chatd_core::Policy::default().server_name))
    }
}

impl Period {
    pub(super) fn of_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// From a second to a day.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let span = text.parse::<jiff::SignedDuration>().ok()?;
        let period = Duration::try_from(span).ok()?;
        let within = period >= Duration::from_secs(1) && period <= Duration::from_secs(86_400);
        within.then_some(Self(period))
    }

    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeNumber(MIN, MAX)).map(Self)
    }
}

struct WholeNumber(u32, u32);

impl Visitor<'_> for WholeNumber {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.0, self.1)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        match u32::try_from(number) {
            Ok(within) if (self.0..=self.1).contains(&within) => Ok(within),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// A string; what is `expected` of it stands in the error when it is something else.
pub(super) fn string<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<String, D::Error> {
    deserializer.deserialize_string(Characters(expected))
}

struct Characters(&'static str);

impl Visitor<'_> for Characters {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, "a line of text in quotation marks")?;
        check_line::<D::Error>(&text, MAX)?;
        Ok(Self(text))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Word<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = string(deserializer, "one word in quotation marks")?;
        check_line::<D::Error>(&word, MAX)?;
        if word.is_empty() || word.contains(char::is_whitespace) {
            return Err(D::Error::invalid_value(Unexpected::Str(&word), &"one word"));
        }
        Ok(Self(word))
    }
}

impl<'de> Deserialize<'de> for Motd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, "text in quotation marks")?;
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        if lines.len() > MOTD_LINES_MAX {
            return Err(D::Error::custom(format_args!("more than {MOTD_LINES_MAX} lines")));
        }
        lines.iter().try_for_each(|line| check_line(line, MOTD_LINE_MAX))?;
        Ok(Self(lines))
    }
}

impl<'de> Deserialize<'de> for ThreeLines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lines = Vec::<Text<200>>::deserialize(deserializer)?;
        let wrong =
            |lines: Vec<_>| D::Error::custom(format_args!("{} texts: expected {THREE_LINES}", lines.len()));
        lines.try_into().map(Self).map_err(wrong)
    }
}

impl<'de> Deserialize<'de> for ServerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = string(deserializer, SERVER_NAME)?;
        Self::new(&name).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&name), &SERVER_NAME))
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = string(deserializer, "a channel's name, such as \"#lobby\"")?;
        ChannelName::new(&name).map(Self).map_err(|error| D::Error::custom(format_args!("{name:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hash = deserializer.deserialize_string(Secret)?;
        password::check_hash(&hash).map_err(|error| D::Error::custom(format_args!("{error}; {MAKE_ONE}")))?;
        Ok(Self(hash))
    }
}

/// What stands there may be the password itself, so it isn't repeated, whatever its type.
struct Secret;

impl Secret {
    fn refuse<E: Error>() -> E {
        E::custom(format_args!("expected the hash of a password in quotation marks; {MAKE_ONE}"))
    }
}

impl Visitor<'_> for Secret {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the hash of a password in quotation marks; {MAKE_ONE}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<String, E> {
        Err(Self::refuse())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<String, E> {
        Err(Self::refuse())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<String, E> {
        Err(Self::refuse())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<String, E> {
        Err(Self::refuse())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
        Err(Self::refuse())
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::from(string(deserializer, "an absolute path in quotation marks")?);
        if !path.is_absolute() || path.as_os_str().len() > SOCKET_PATH_MAX {
            let expected = format!("an absolute path of at most {SOCKET_PATH_MAX} bytes");
            return Err(D::Error::custom(format_args!("{}: expected {expected}", path.display())));
        }
        Ok(Self(path))
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = PathBuf::from(string(deserializer, "an absolute path in quotation marks")?);
        if !path.is_absolute() {
            return Err(D::Error::custom(format_args!("{}: expected an absolute path", path.display())));
        }
        Ok(Self(path))
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = string(deserializer, MODE)?;
        match u32::from_str_radix(&digits, 8) {
            Ok(mode) if mode <= 0o777 => Ok(Self(mode)),
            _ => Err(D::Error::invalid_value(Unexpected::Str(&digits), &MODE)),
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let address = string(deserializer, ADDRESS)?;
        address.parse().map(Self).map_err(|_| D::Error::invalid_value(Unexpected::Str(&address), &ADDRESS))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, PERIOD)?;
        Self::parse(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &PERIOD))
    }
}

impl<'de> Deserialize<'de> for LongPeriod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, LONG_PERIOD)?;
        let span = text.parse::<jiff::Span>().ok();
        let seconds =
            span.and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok());
        match seconds {
            // Far below where whole numbers end.
            Some(seconds) if (0.0..=LONG_PERIOD_MAX).contains(&seconds) => {
                Ok(Self(Duration::from_secs_f64(seconds)))
            }
            _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &LONG_PERIOD)),
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
