//! Identifiers. The core makes user and channel ids, the shell makes connection and request ids.

use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A connection: a slot that is used again, and the generation that tells its uses apart.
///
/// The shell gives a slot out again only after the core was told [`Input::Closed`](crate::Input::Closed) and the last
/// frame is written. Slots are small numbers, so that tables can be indexed by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnId {
    pub slot: u32,
    pub generation: u32,
}

/// An administrator's request that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// A user: a slot that is used again, and the generation that tells its users apart.
///
/// Written as one number, so that it can be a key in every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct UserId {
    pub slot: u32,
    /// Counts from 1.
    pub generation: u32,
}

impl From<u64> for UserId {
    fn from(number: u64) -> Self {
        let half = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Self { slot: half(number >> 32), generation: half(number) }
    }
}

impl From<UserId> for u64 {
    fn from(id: UserId) -> Self {
        Self::from(id.slot) << 32 | Self::from(id.generation)
    }
}

/// A channel; ids are never used again while the state lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChannelId(pub u64);

/// A message: unique for ever, in the order of saying. Written as `start-number`, both in base 36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// When the chat began for the first time, in milliseconds since the Unix epoch.
    pub start: u64,
    /// Ascends, with gaps.
    pub number: u64,
}

/// Why a text is no id of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMessageId;

impl From<ParseIntError> for NotAMessageId {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl FromStr for MessageId {
    type Err = NotAMessageId;

    /// Reads what [`MessageId`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, NotAMessageId> {
        let (start, number) = text.split_once('-').ok_or(NotAMessageId)?;
        let id = Self { start: u64::from_str_radix(start, 36)?, number: u64::from_str_radix(number, 36)? };
        // No sign, no capital letters, no leading zeros: a message has one id.
        if id.to_string() == text { Ok(id) } else { Err(NotAMessageId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_message_is_read_as_it_is_written() {
        for id in
            [MessageId { start: 1_769_860_800_000, number: 712 }, MessageId { start: 0, number: u64::MAX }]
        {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for bad in ["", "-", "1", "1-", "-1", "1-+2", "1-02", "A-1", "1-1-1", "1-zzzzzzzzzzzzzz"] {
            assert_eq!(bad.parse::<MessageId>(), Err(NotAMessageId), "{bad}");
        }
    }
}
