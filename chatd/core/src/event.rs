//! Facts: the only thing that changes the state, and the product's one record.
//!
//! An event carries the names that a reader needs, so that a log of events can be read without the state. No event
//! carries a secret. [`State::apply`](crate::State::apply) is the one place that obeys them.

mod ending;
mod talk;
mod wait;

use std::sync::Arc;

use bitflags::bitflags;
use chat_proto::caps::Caps;
use chat_proto::name::{ChannelName, Folded, Nick};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use chat_proto::sasl::Mechanism;

use crate::account::{Credentials, Fingerprint};
use crate::ban::{Ban, BanTarget};
use crate::client_tag;
use crate::history::Place;
use crate::id::{ChannelId, ConnId, MessageId, UserId};
use crate::input::{Origin, Peer};
use crate::limit_key::LimitKey;
use crate::mode::{ModeChange, UserModes};
use crate::policy::Policy;
use crate::state::{Away, Opener};
use crate::text::SaidText;
use crate::time::Uptime;

pub use ending::Ending;
pub use talk::{Talk, TalkDeed};
pub use wait::{ChannelScan, PastScan, Purpose, Retraction, Scan, Speaking, UserScan, Voice, Wait};

/// A user as a reader knows it: who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub user: UserId,
    pub nick: Nick,
}

/// A channel as a reader knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub channel: ChannelId,
    pub name: ChannelName,
}

/// In whose name something was done: how a line about it begins, whatever becomes of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Byline {
    /// `nick!ident@host`.
    pub source: Box<str>,
    pub account: Option<Nick>,
}

/// A fact. [`Output`](crate::Output) says when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// About a connection; nobody but administrators cares.
    Conn(ConnId, ConnEvent),
    /// About a user.
    User(Who, UserEvent),
    /// About a channel.
    Channel(Room, ChannelEvent),
    /// Something was said.
    Said(Box<Said>),
    /// Something that was said was taken back.
    Redacted(Box<Redaction>),
    /// Somebody has read on.
    Read(Box<ReadMark>),
    /// About a conversation between two.
    Talk(Box<Talk>),
    /// About an account, by its name.
    Account(Nick, AccountEvent),
    /// About who may not come in.
    Ban(BanEvent),
    /// About the server as a whole.
    Server(ServerEvent),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnEvent {
    Opened {
        peer: Box<Peer>,
    },
    /// It sent something.
    Heard,
    /// A PING was sent to it.
    Pinged,
    /// Its silence is looked at again at `due`.
    Watched {
        due: Uptime,
    },
    /// The server's password was given, and was right or wrong.
    PasswordGiven {
        from: Box<Origin>,
        right: bool,
    },
    /// It gives a password: that of an account of that name, whether there is one or not; of an operator or of the server without one.
    LoginTried {
        name: Option<Folded>,
    },
    /// The password was right, so it was no guess.
    LoginTryOver {
        name: Option<Folded>,
    },
    LoginFailed {
        from: Box<Origin>,
        /// As it was given.
        name: CompactString,
        mechanism: Mechanism,
    },
    /// It has proven to be of the account, which may not be used.
    LoginRefused {
        from: Box<Origin>,
        account: Nick,
        mechanism: Mechanism,
        bar: Bar,
    },
    /// It tried again too soon after failures, and wasn't heard.
    Delayed {
        from: Box<Origin>,
        attempt: Attempt,
    },
    LoggedIn {
        account: Nick,
    },
    /// It tries to make an account.
    AccountTried,
    /// It cannot have the nick that it wants, and has none for now.
    NickRefused {
        nick: Nick,
    },
    NickChosen {
        nick: Nick,
    },
    UserGiven {
        ident: CompactString,
        realname: Box<str>,
    },
    /// It shows that it belongs to a guest.
    ResumeGiven(chat_proto::resume::ResumeKey),
    CapNegotiation {
        open: bool,
    },
    /// It understands CAP version 302, and so cap-notify.
    CapVersion302,
    /// What waited for the account was sent to it, up to this message. It has them when it answers.
    HandedOver {
        account: Nick,
        upto: MessageId,
    },
    /// It has answered: what was handed over has come.
    Received,
    CapsSet {
        caps: Caps,
    },
    /// A job or a scan is under way for it; further lines wait.
    Waits {
        wait: Wait,
    },
    /// What it waited for is done.
    WaitOver,
    /// It is gone, before it registered.
    Closed {
        from: Box<Origin>,
        ending: Ending,
    },
    Monitored {
        nick: Nick,
    },
    Unmonitored {
        folded: Folded,
    },
}

/// Why an account may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bar {
    Suspended,
    Banned,
}

/// What somebody tries too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attempt {
    Login,
    Registration,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEvent {
    /// A user that was not there registers with its first session.
    Arrived {
        conn: ConnId,
        from: Box<Origin>,
        ident: CompactString,
        host: CompactString,
        realname: Box<str>,
        account: Option<Nick>,
    },
    /// A further session of a user that is there.
    SessionAdded {
        conn: ConnId,
        from: Box<Origin>,
    },
    /// A session is gone and others remain.
    SessionRemoved {
        conn: ConnId,
        from: Box<Origin>,
        ending: Ending,
    },
    /// The last session is gone, and the user with it.
    Left {
        conn: ConnId,
        from: Box<Origin>,
        ending: Ending,
        reason: Box<str>,
        byline: Byline,
        /// Where it was seen.
        channels: Vec<ChannelId>,
    },
    NickChanged {
        nick: Nick,
        /// With the old nick.
        byline: Byline,
        /// Where it was seen.
        channels: Vec<ChannelId>,
    },
    /// It did something by hand; within a second it is told once of a session.
    Acted {
        conn: ConnId,
    },
    /// A session said AWAY, or took it back.
    AwaySaid {
        conn: ConnId,
        text: Option<Box<str>>,
    },
    /// What follows from what its sessions said, or automatically.
    AwaySet {
        away: Option<Away>,
    },
    /// It did something, and so is no longer automatically away.
    Returned,
    RealnameSet {
        realname: Box<str>,
    },
    ModesSet {
        modes: UserModes,
    },
    /// The user logged in to an account, or out.
    AccountChanged {
        account: Option<Nick>,
    },
    BecameOperator {
        from: Box<Origin>,
        name: CompactString,
    },
    /// It gave a wrong name or password with OPER. A name that no operator has isn't kept: it may be the password.
    OperatorRefused {
        from: Box<Origin>,
        name: Option<CompactString>,
    },
    /// An administrator put the user out: `by` a nick or a login; [`UserEvent::Left`] follows.
    Kicked {
        by: CompactString,
        uid: Option<u32>,
        reason: Box<str>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelEvent {
    Created {
        lobby: bool,
    },
    /// `ranks`: what the user is from the beginning.
    Joined {
        who: Who,
        ranks: Ranks,
        byline: Byline,
    },
    Parted {
        who: Who,
        reason: Option<Box<str>>,
        byline: Byline,
    },
    Kicked {
        who: Who,
        by: Who,
        reason: Box<str>,
        byline: Byline,
    },
    TopicSet {
        id: MessageId,
        by: Who,
        topic: Box<str>,
        byline: Byline,
    },
    ModesChanged {
        by: Who,
        changes: Vec<ModeChange>,
        byline: Byline,
    },
    Invited {
        who: Who,
        by: Who,
        /// Whether it opens the channel: that of an operator does.
        opens: bool,
    },
    /// Somebody enters it whom nobody was in before; `is_new`: it was created for that.
    Opened {
        opener: Opener,
        is_new: bool,
    },
    /// An account is in it for the first time: from now on it is kept when it is empty.
    Founded {
        account: Nick,
        from: LimitKey,
    },
    /// What an account is in it, whether it is there or not; nothing is kept of one that is nothing.
    RankKept {
        account: Nick,
        ranks: Ranks,
    },
    /// The last member is gone, and it is kept.
    Emptied,
    /// From now on it is the lobby, or no more.
    Appointed {
        lobby: bool,
    },
    /// It is gone for ever.
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// It is new. `login`: it is that of a login of this host.
    Registered {
        login: bool,
        /// Where its owner can be reached, as the owner says.
        email: Option<Box<str>>,
        credentials: Option<Box<Credentials>>,
        by: Registrar,
    },
    PasswordSet {
        credentials: Box<Credentials>,
        by: Registrar,
    },
    /// The same password, hashed as is due today.
    Rehashed {
        credentials: Box<Credentials>,
    },
    CertificateAdded {
        fingerprint: Fingerprint,
    },
    CertificateRemoved {
        fingerprint: Fingerprint,
    },
    Suspended {
        by: Administrator,
        reason: Option<Box<str>>,
    },
    Resumed {
        by: Administrator,
    },
    Removed {
        by: Administrator,
    },
    /// The login of that name has this uid on the host; until now no uid was known, or the host has renumbered it.
    LoginBound {
        uid: u32,
    },
    /// The login of that name was made anew under another uid, so it is another person's.
    OwnerChanged {
        former_uid: u32,
        uid: u32,
    },
    /// It has been shown what waited for it, up to this message; so many more wait.
    Delivered {
        upto: MessageId,
        left: u32,
    },
}

impl AccountEvent {
    /// Whether whoever has the account's name from now on, if anybody, is somebody else than before.
    pub fn changes_hands(&self) -> bool {
        matches!(
            self,
            Self::Removed { .. } | Self::OwnerChanged { .. } | Self::Registered { login: false, .. }
        )
    }
}

/// Who made or changed an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registrar {
    /// Its owner, from there.
    Owner(Box<Origin>),
    Administrator(Administrator),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BanEvent {
    Set { ban: Box<Ban>, by: Administrator },
    Lifted { target: BanTarget, by: Administrator },
    Expired { target: BanTarget },
}

/// A message to a channel or a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub id: MessageId,
    pub from: Who,
    pub byline: Byline,
    pub to: Target,
    pub place: Place,
    pub kind: SaidKind,
    /// Empty for [`SaidKind::Tagmsg`].
    pub text: SaidText,
    /// Client-only tags as they came, without `@`.
    pub tags: Box<str>,
    /// The author's own id for it, by which it knows a resend.
    pub client_id: Option<CompactString>,
    /// The account that is shown it when it returns.
    pub waits: Option<Nick>,
}

/// The words of a message are gone from now on; that it was said, and who took it back, is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    pub message: MessageId,
    pub place: Place,
    /// The channel or the nick that is shown as its target.
    pub to: CompactString,
    pub by: Redactor,
    pub reason: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redactor {
    /// Its author, or an operator.
    User(Byline),
    Administrator(Administrator),
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    pub who: Who,
    /// Whose mark it is, in all sessions and for ever; a guest's is as long as the guest is here.
    pub account: Option<Nick>,
    /// A channel or a nick, as it was written.
    pub target: CompactString,
    /// When the last thing that was read was said, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The target whose mark makes room for it.
    pub forgotten: Option<Folded>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaidKind {
    Privmsg,
    Notice,
    Tagmsg,
}

impl Said {
    /// Whether it is part of the history: what has only tags is, if its author asks for that.
    pub fn is_kept(&self) -> bool {
        self.kind != SaidKind::Tagmsg || client_tag::contains(&self.tags, client_tag::PERSIST)
    }
}

impl Administrator {
    /// The login, or `uid` and the number where it has none.
    pub fn name(&self) -> CompactString {
        match &self.login {
            Some(login) => (&**login).into(),
            None => compact_str::format_compact!("uid{}", self.uid),
        }
    }
}

impl SaidKind {
    /// The IRC command that says it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Privmsg => "PRIVMSG",
            Self::Notice => "NOTICE",
            Self::Tagmsg => "TAGMSG",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `at_least` limits it to members with that rank (STATUSMSG).
    Channel {
        room: Room,
        at_least: Option<Rank>,
    },
    User(Who),
    /// An account that isn't here.
    Absent(Nick),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerEvent {
    PolicySet {
        policy: Box<Policy>,
    },
    /// An administrator said something to everybody.
    Announced {
        by: Administrator,
        text: Box<str>,
    },
    Wallops {
        by: Who,
        text: Box<str>,
    },
    ShutdownScheduled {
        by: Administrator,
        at: Uptime,
        reason: Option<Box<str>>,
    },
    /// Users were told again how long it is until the shutdown.
    ShutdownWarned {
        remaining: u64,
    },
    ShutdownCancelled {
        by: Administrator,
    },
    Stopping {
        reason: Box<str>,
    },
}

/// An administrator as a reader knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administrator {
    pub uid: u32,
    pub login: Option<Arc<str>>,
}

bitflags! {
    /// What a member of a channel is.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    pub struct Ranks: u8 {
        const VOICE = 1;
        const OPERATOR = 2;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    Voice,
    Operator,
}

impl Rank {
    /// Itself alone.
    pub fn flag(self) -> Ranks {
        match self {
            Self::Voice => Ranks::VOICE,
            Self::Operator => Ranks::OPERATOR,
        }
    }
}

impl Event {
    /// Whether it must be on disk before anybody sees what came of it.
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Account(..) | Self::Ban(_) | Self::Redacted(_) => true,
            Self::Channel(_, event) => {
                !matches!(event, ChannelEvent::Invited { .. } | ChannelEvent::Opened { .. })
            }
            Self::Said(said) => said.is_kept(),
            Self::Read(mark) => mark.account.is_some(),
            Self::User(_, UserEvent::Left { channels, .. } | UserEvent::NickChanged { channels, .. }) => {
                !channels.is_empty()
            }
            Self::Conn(..) | Self::User(..) | Self::Talk(_) | Self::Server(_) => false,
        }
    }
}
