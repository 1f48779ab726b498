//! Names of tags and types of batches.

/// The type of a batch that is one message of several lines (draft/multiline).
pub const MULTILINE: &str = "draft/multiline";
/// On a line of such a message: it goes on where the line before it ended.
pub const MULTILINE_CONCAT: &str = "draft/multiline-concat";
/// The author's own id for a message, by which the server knows a resend; see `docs/protocol.md`.
pub const CLIENT_ID: &str = "chatd.org/client-id";
