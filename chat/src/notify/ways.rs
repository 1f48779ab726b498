//! How the user is called: a bell, or a notification by an escape sequence that some terminals know.

use std::fmt;

use serde::de::{Error, IntoDeserializer as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A longer text isn't read on a desktop, and makes some terminals drop the sequence.
const TEXT_MAX: usize = 200;

/// Several at once, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    pub bell: bool,
    pub osc9: bool,
    pub osc777: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    Bell,
    Osc9,
    Osc777,
    None,
}

impl Ways {
    pub const NONE: Self = Self { bell: false, osc9: false, osc777: false };

    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// What is written to the terminal. The text is harmless already.
    pub(super) fn sequence(self, text: &str, tmux: bool) -> String {
        let text: String = text.replace('\n', " ").chars().take(TEXT_MAX).collect();
        let mut out = String::new();
        if self.bell {
            out.push('\x07');
        }
        for (wanted, sequence) in [
            (self.osc9, format!("\x1b]9;{text}\x1b\\")),
            (self.osc777, format!("\x1b]777;notify;chat;{text}\x1b\\")),
        ] {
            match tmux {
                _ if !wanted => {}
                true => out.extend(["\x1bPtmux;", &sequence.replace('\x1b', "\x1b\x1b"), "\x1b\\"]),
                false => out.push_str(&sequence),
            }
        }
        out
    }

    /// As the configuration calls them.
    pub fn names(self) -> Vec<&'static str> {
        let all =
            [(self.bell, "bell"), (self.osc9, "osc9"), (self.osc777, "osc777"), (self.is_none(), "none")];
        all.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| *name).collect()
    }

    fn with(mut self, way: &Way) -> Self {
        match way {
            Way::Bell => self.bell = true,
            Way::Osc9 => self.osc9 = true,
            Way::Osc777 => self.osc777 = true,
            Way::None => {}
        }
        self
    }
}

impl Default for Ways {
    fn default() -> Self {
        Self { bell: true, ..Self::NONE }
    }
}

impl<'de> Deserialize<'de> for Ways {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Ways;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of bell, osc9, osc777 and none, or a list of them")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Ways, E> {
        Way::deserialize(word.into_deserializer()).map(|way| Ways::NONE.with(&way))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Ways, A::Error> {
        let (mut ways, mut is_none) = (Ways::NONE, false);
        while let Some(way) = words.next_element()? {
            ways = ways.with(&way);
            is_none |= matches!(way, Way::None);
        }
        if is_none && !ways.is_none() {
            return Err(A::Error::custom("`none` and others: expected it alone"));
        }
        Ok(ways)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Ways = Ways { bell: true, osc9: true, osc777: true };

    #[test]
    fn every_way_has_its_sequence() {
        let sequence = "\x07\x1b]9;bob: hi you\x1b\\\x1b]777;notify;chat;bob: hi you\x1b\\";
        assert_eq!(ALL.sequence("bob: hi\nyou", false), sequence);
        assert_eq!(Ways::default().sequence("bob: hi", true), "\x07");
    }

    #[test]
    fn tmux_is_asked_to_hand_it_on() {
        let osc9 = Ways { osc9: true, ..Ways::NONE };
        assert_eq!(osc9.sequence("hi", true), "\x1bPtmux;\x1b\x1b]9;hi\x1b\x1b\\\x1b\\");
    }

    #[test]
    fn a_long_text_is_cut() {
        let osc9 = Ways { osc9: true, ..Ways::NONE };
        assert_eq!(osc9.sequence(&"é".repeat(1000), false).chars().count(), TEXT_MAX + 6);
    }
}
