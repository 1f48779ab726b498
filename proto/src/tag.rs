//! Names of tags and types of batches.

/// The type of a batch that is one message of several lines (draft/multiline).
pub const MULTILINE: &str = "draft/multiline";
/// On a line of such a message: it goes on where the line before it ended.
pub const MULTILINE_CONCAT: &str = "draft/multiline-concat";
/// The author's own id for a message, by which the server knows a resend; see `docs/protocol.md`.
pub const CLIENT_ID: &str = "chatd.org/client-id";
/// What the user can be reached for: `available`, `away`, `idle` or `busy`; see `docs/protocol.md`.
pub const PRESENCE: &str = "chatd.org/presence";
/// When that began, as server-time writes it.
pub const SINCE: &str = "chatd.org/since";
/// With whom a busy user talks.
pub const WITH: &str = "chatd.org/with";
/// The text of who is away, on lines that don't have it themselves.
pub const TEXT: &str = "chatd.org/text";
