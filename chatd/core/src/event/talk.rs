//! What becomes of conversations between two.

use serde::{Deserialize, Serialize};

use super::{Byline, Who};
use crate::id::ConnId;
use crate::time::Uptime;

/// Somebody does something about a conversation with somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    pub by: Who,
    pub byline: Byline,
    pub with: Who,
    pub deed: TalkDeed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TalkDeed {
    /// Asks for one, in the session `conn`; the request waits until `due`, milliseconds since the Unix epoch.
    Requested { conn: ConnId, due: Uptime },
    /// Accepts the request of the other, who asked in the session `asked_in`: from now on they talk.
    Accepted { conn: ConnId, asked_in: ConnId },
    /// Declines the request of the other.
    Declined { reason: Option<Box<str>> },
    /// Takes back the own request.
    Cancelled { reason: Option<Box<str>> },
    /// The other hasn't answered the request in time.
    TimedOut,
    /// Goes on with it in another session.
    Moved { conn: ConnId },
    /// Ends it; without a reason because it wants to.
    Ended { reason: Option<Box<str>> },
}
