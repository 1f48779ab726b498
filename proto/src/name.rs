//! Names that are checked once, when they come in, and compared without regard to case from then on.
//!
//! The case mapping is `ascii` (`CASEMAPPING=ascii`): `A`–`Z` equal `a`–`z`, nothing else is folded.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::text::SafeText;

/// The most bytes a [`Nick`] can have in any configuration; `limits.nick-length` may ask for fewer.
pub const NICK_MAX: usize = 64;
/// The most bytes a [`ChannelName`] can have in any configuration; `limits.channel-length` may ask for fewer.
pub const CHANNEL_MAX: usize = 64;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the name must not begin with {0:?}")]
    BadStart(char),
    #[error("the name must not contain {0:?}")]
    BadCharacter(char),
    #[error("the name is the server's own")]
    Reserved,
    #[error("a channel's name begins with #")]
    NotAChannel,
}

/// A user's name: ASCII letters, digits, ``- _ [ ] { } \ | ` ^`` and, not at the start, the dot that logins have.
/// It begins with neither a digit nor a hyphen, save that a login of the host may begin with a digit.
///
/// Equality and order of `Nick` itself are exact; [`Nick::fold`] gives what to compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct Nick(CompactString);

/// A channel's name: `#` and then any visible text without space, comma or control characters.
///
/// Equality and order are exact; [`ChannelName::fold`] gives what to compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct ChannelName(CompactString);

/// A name with its case folded: equal when the names are the same to the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Folded(CompactString);

impl Nick {
    /// Checks `name` as a nick.
    ///
    /// # Errors
    /// Says what is wrong with it: empty, over [`NICK_MAX`] bytes, a bad first or a bad later character.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let first = name.chars().next().ok_or(NameError::Empty)?;
        if name.len() > NICK_MAX {
            return Err(NameError::TooLong { max: NICK_MAX });
        }
        if matches!(first, '-' | '.') {
            return Err(NameError::BadStart(first));
        }
        match name.chars().find(|&c| !is_nick_char(c)) {
            Some(c) => Err(NameError::BadCharacter(c)),
            None => Ok(Self(name.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn fold(&self) -> Folded {
        Folded::new(&self.0)
    }

    /// Whether a guest may have it: a dot or a leading digit is for logins of the host only.
    pub fn is_fit_for_guest(&self) -> bool {
        !self.0.contains('.') && !self.0.starts_with(|c: char| c.is_ascii_digit())
    }
}

impl ChannelName {
    /// Checks `name` as a channel's name.
    ///
    /// # Errors
    /// Says what is wrong with it: no `#`, nothing after it, over [`CHANNEL_MAX`] bytes, an invisible character.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let rest = name.strip_prefix('#').ok_or(NameError::NotAChannel)?;
        if rest.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > CHANNEL_MAX {
            return Err(NameError::TooLong { max: CHANNEL_MAX });
        }
        match rest.chars().find(|&c| !is_channel_char(c)) {
            Some(c) => Err(NameError::BadCharacter(c)),
            None => Ok(Self(name.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn fold(&self) -> Folded {
        Folded::new(&self.0)
    }
}

impl Folded {
    /// Folds any text, a name or not: for looking up what a user typed.
    pub fn new(name: &str) -> Self {
        let mut folded = CompactString::from(name);
        folded.make_ascii_lowercase();
        Self(folded)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether two names are the same to the server.
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn is_nick_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '[' | ']' | '{' | '}' | '\\' | '|' | '`' | '^' | '.')
}

fn is_channel_char(c: char) -> bool {
    !matches!(c, ' ' | ',' | ':') && SafeText::name(c.encode_utf8(&mut [0; 4])).as_str().starts_with(c)
}

macro_rules! name_traits {
    ($type:ty) => {
        impl TryFrom<CompactString> for $type {
            type Error = NameError;
            fn try_from(name: CompactString) -> Result<Self, NameError> {
                Self::new(&name)
            }
        }
        impl From<$type> for CompactString {
            fn from(name: $type) -> Self {
                name.0
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
name_traits!(Nick);
name_traits!(ChannelName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_that_would_break_the_protocol_are_refused() {
        for bad in
            ["", "*", "a b", "a,b", "a!b", "a@b", "#a", ":a", "@a", "+a", "$a", "a*", "a?", ".a", "-a", "é"]
        {
            assert!(Nick::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Nick::new(&"a".repeat(NICK_MAX + 1)), Err(NameError::TooLong { max: NICK_MAX }));
    }

    #[test]
    fn dots_and_leading_digits_are_for_logins_only() {
        assert!(!Nick::new("j.doe").unwrap().is_fit_for_guest());
        assert!(!Nick::new("4th").unwrap().is_fit_for_guest());
        assert!(Nick::new("alice").unwrap().is_fit_for_guest());
    }

    #[test]
    fn folding_is_ascii_only() {
        assert_eq!(Nick::new("Alice[").unwrap().fold(), Nick::new("aLICE[").unwrap().fold());
        assert_ne!(Folded::new("a["), Folded::new("a{"));
        assert_ne!(Folded::new("#É"), Folded::new("#é"));
    }

    #[test]
    fn channel_names_hold_visible_text_only() {
        assert!(ChannelName::new("#caf\u{e9}").is_ok());
        for bad in ["lobby", "#", "#a b", "#a,b", "#a\u{7}", "#a\u{202e}b", "#a\u{200b}b"] {
            assert!(ChannelName::new(bad).is_err(), "{bad:?}");
        }
    }
}
