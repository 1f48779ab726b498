//! The chat as a value that one pure function advances: [`Core::step`].
//!
//! Everything with a clock, a socket, a disk or a thread stands around this crate and hands it [`Input`]s; what it
//! wants done comes back as [`Effect`]s, and what happened as [`Event`]s.

mod account;
mod attempts;
mod ban;
mod batch;
mod budget;
mod client_tag;
mod core;
mod decide;
mod event;
mod exchange;
mod held;
mod history;
mod id;
mod input;
mod limit_key;
mod lookalike;
mod mailbox;
mod mask;
mod mode;
mod output;
mod policy;
mod project;
mod rate;
mod receipts;
mod reply;
mod reserved;
mod service;
mod shares;
mod state;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod turn;
mod tx;

pub use crate::core::{Core, Kept, ServerSecret};
pub use account::{Account, Accounts, Credentials, Fingerprint, NotAFingerprint, Suspension};
pub use ban::{Ban, BanTarget, Bans, NotATarget, Suspect};
pub use decide::{BadPassword, PASSWORD_MAX, check_password};
pub use event::{
    AccountEvent, Administrator, Attempt, BanEvent, Bar, Byline, ChannelEvent, ChannelScan, ConnEvent,
    Ending, Event, PastScan, Purpose, Rank, Ranks, ReadMark, Redaction, Redactor, Registrar, Retraction,
    Room, Said, SaidKind, Scan, ServerEvent, Speaking, Talk, TalkDeed, Target, UserEvent, UserScan, Voice,
    Wait, Who,
};
pub use history::{
    Deed, Entry, HistoryAnswer, HistoryQuery, Party, Place, Point, Range, Scope, Search, entries,
};
pub use id::{ChannelId, ConnId, MessageId, NotAMessageId, RequestId, UserId};
pub use input::{AccountChecked, Actor, AdminCommand, Incoming, Input, JobDone, Lost, Made, Origin, Peer};
pub use limit_key::{LimitKey, NotAnOrigin};
pub use mailbox::{Full, Mailbox};
pub use mode::{Flags, ListKind, ModeChange, UserModes};
pub use output::{AdminAnswer, Effect, Job, OldPassword, Output, Secret};
pub use policy::{
    History, Keepalive, Limits, Lobby, Operator, PasswordHash, Policy, PresencePolicy, Registration, Sts,
    WorkLimits,
};
pub use receipts::{RECEIPTS_BYTES, Receipts};
pub use shares::Shares;
pub use state::{
    Away, Channel, Marks, Mask, Opener, OwnerChange, Presence, State, Status, TalkRequest, Talking, Topic,
};
pub use text::{SaidText, TextLine};
pub use time::{Now, Timestamp, Uptime};
