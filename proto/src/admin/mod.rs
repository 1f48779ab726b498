//! The admin API, interface `org.chatd.Admin` over [Varlink](https://varlink.org): its types, methods,
//! errors and envelopes. The `.varlink` file is the contract; these are its Rust side.
//!
//! All times are milliseconds since the Unix epoch.

mod error;
mod event;
mod history;
mod method;
mod password;
mod types;
mod wire;

pub use error::Error;
pub use event::{Event, EventKind};
pub use history::{
    Backup, BackupPart, BackupSummary, CountHistory, EraseHistory, Erased, ExportHistory, Exported,
    HistoryCount, HistoryEntry, HistoryKind, IMPORT_MAX, ImportHistory, ImportedKind, ImportedLine,
    ImportedLines, Redact,
};
pub use method::{
    AcceptClock, AccountList, AccountShown, Accounts, AddAccount, Announce, Announced, BanList, BanRequest,
    Banned, Bans, CancelShutdown, Cancelled, ChannelList, Channels, Check, Checked, ClockAccepted, Done,
    INTERFACE, Kick, Kicked, List, LogLevel, LogLevelSet, Method, PutOut, Reload, Reloaded, RemoveAccount,
    ResumeAccount, SetLogLevel, SetPassword, SettingChange, Show, ShowAccount, Shown, Shutdown,
    ShutdownScheduled, StatusReply, StatusRequest, SuspendAccount, Unban, UserList, Version, VersionReply,
    Watch, Watched,
};
pub use password::Password;
pub use types::{
    Account, Ban, BanKind, Certificate, Channel, ClockState, ClockStatus, CoreStatus, DaemonStatus, Member,
    Peer, PendingShutdown, Session, Standing, Status, Suspension, User, UserStatus,
};
pub use wire::{Call, MAX_REPLY, MAX_REQUEST, RawCall, RawReply, Reply, ServiceError, TERMINATOR};

/// The group whose members may administer, unless the configuration names another.
pub const DEFAULT_GROUP: &str = "chatd-admin";

/// The interface definition, as introspection serves it.
pub const DEFINITION: &str = include_str!("../org.chatd.Admin.varlink");
