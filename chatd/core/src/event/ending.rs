//! How connections end.

use serde::{Deserialize, Serialize};

use crate::input::Lost;

/// Why a connection ended, where the words that users are told may say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The client said QUIT.
    Quit,
    /// The other end closed it without a word.
    Eof,
    /// The socket failed.
    Error,
    /// It didn't read what was sent to it, and its queue was full.
    SendQueueFull,
    /// All queues together were full, and its was among the longest.
    QueuesFull,
    /// It didn't answer a PING.
    NoAnswer,
    /// It didn't register in time.
    NotRegistered,
    /// It may not register: a wrong password, no account, too many sessions.
    Refused,
    /// It sent more lines than are held while it waits for a job.
    TooManyLines,
    /// An administrator or an operator put the user out.
    Kicked,
    /// The daemon stops.
    Stopping,
}

impl Ending {
    /// In the order of the declaration.
    pub const ALL: [Self; 11] = [
        Self::Quit,
        Self::Eof,
        Self::Error,
        Self::SendQueueFull,
        Self::QueuesFull,
        Self::NoAnswer,
        Self::NotRegistered,
        Self::Refused,
        Self::TooManyLines,
        Self::Kicked,
        Self::Stopping,
    ];

    /// The word for it in the log and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Eof => "eof",
            Self::Error => "error",
            Self::SendQueueFull => "send-queue-full",
            Self::QueuesFull => "send-queues-full",
            Self::NoAnswer => "no-answer",
            Self::NotRegistered => "not-registered",
            Self::Refused => "refused",
            Self::TooManyLines => "too-many-lines",
            Self::Kicked => "kicked",
            Self::Stopping => "stopping",
        }
    }
}

impl From<Lost> for Ending {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Eof | Lost::Closed => Self::Eof,
            Lost::Error => Self::Error,
            Lost::SendQueueFull => Self::SendQueueFull,
            Lost::QueuesFull => Self::QueuesFull,
        }
    }
}
