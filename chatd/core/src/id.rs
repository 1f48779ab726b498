//! Identifiers. The core makes user and channel ids, the shell makes connection and request ids.

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
    /// When the state began, in milliseconds since the Unix epoch.
    pub start: u64,
    /// Counts from 1.
    pub number: u64,
}
