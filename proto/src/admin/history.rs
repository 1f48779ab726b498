//! What is asked of the history, and what is told of it.

use serde::{Deserialize, Serialize};

/// A whole copy of the database; only with `more`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {}

/// First how far the copying is, then the copy part by part, and last what it holds. Without a field it is a heartbeat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BackupPart {
    /// Pages copied so far, and all there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The next bytes, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<BackupSummary>,
}

/// What a backup holds, which was checked, and how it is known again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupSummary {
    pub accounts: u64,
    pub channels: u64,
    pub messages: u64,
    /// When the first and the last of the messages were said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<u64>,
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
}

/// All that was said and happened in channels, or what one channel or one account has of it; only with `more`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportHistory {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What was said by it, in private too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// From this time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// What was said in private, by anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
}

/// The next entries, oldest first. Without a field it is a heartbeat, or the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Exported {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<HistoryEntry>>,
}

/// A line of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: u64,
    pub kind: HistoryKind,
    /// The message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Absent where it was said in private, and for what happened in a channel that is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The nick.
    pub from: String,
    /// `nick!ident@host`.
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// To whom it was said in private; `@#channel` when not all members were shown it; who was kicked; the new nick.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Client-only tags, as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// What was said, which may have several lines; the topic, the modes, or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HistoryKind {
    Message,
    Notice,
    /// Tags alone, such as a reaction.
    Tags,
    Join,
    Part,
    Quit,
    Kick,
    Nick,
    Topic,
    Mode,
    /// One that this program is too old to know.
    #[default]
    #[serde(other)]
    Other,
}

/// How much there is of somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountHistory {
    pub name: String,
}

/// As an account, and by the same name without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryCount {
    pub account: u64,
    pub guest: u64,
}

/// All of that is removed; only with `more`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseHistory {
    pub name: String,
}

/// Takes back one message: its words go, from the disk too.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// The message's.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How many entries are gone so far. Without a field it is a heartbeat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Erased {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<u64>,
}

/// Lines of another program's log go into a channel; only with `more`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportHistory {
    pub channel: String,
    /// At most [`IMPORT_MAX`].
    pub lines: Vec<ImportedLine>,
}

/// Lines that may be imported at once.
pub const IMPORT_MAX: usize = 2000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedLine {
    pub at: u64,
    pub from: String,
    pub kind: ImportedKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportedKind {
    Message,
    /// What is said by `/me`.
    Action,
    Notice,
}

/// What became of the lines. Without a field it is a heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedLines {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<u64>,
    /// They were there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<u64>,
    /// They are older than what is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_old: Option<u64>,
    /// From times to come, or something in them cannot be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
}
