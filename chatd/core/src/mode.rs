//! The modes of channels and users, each in one table.

use std::fmt::Write as _;

use bitflags::bitflags;
use chat_proto::name::Nick;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::event::Rank;
use crate::id::UserId;

bitflags! {
    /// The modes of a channel that are on or off.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub struct Flags: u8 {
        /// `C`: no CTCP but ACTION.
        const NO_CTCP = 1;
        /// `i`: by invitation only.
        const INVITE_ONLY = 1 << 1;
        /// `m`: only operators and the voiced speak.
        const MODERATED = 1 << 2;
        /// `n`: only members speak.
        const NO_EXTERNAL = 1 << 3;
        /// `s`: outsiders don't see that it exists.
        const SECRET = 1 << 4;
        /// `t`: only operators set the topic.
        const TOPIC_LOCKED = 1 << 5;
    }
}

bitflags! {
    /// The modes of a user.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub struct UserModes: u8 {
        /// `B`: a program.
        const BOT = 1;
        /// `i`: seen only by those who share a channel.
        const INVISIBLE = 1 << 1;
        /// `o`: an operator of the server.
        const OPERATOR = 1 << 2;
        /// `r`: has an account.
        const REGISTERED = 1 << 3;
        /// `w`: receives WALLOPS.
        const WALLOPS = 1 << 4;
    }
}

/// The lists of masks that a channel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ListKind {
    /// `b`: may not join or speak.
    Ban,
    /// `e`: may although banned.
    Exception,
    /// `I`: needs no invitation.
    InviteException,
}

/// One change of a channel's modes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModeChange {
    Flag { on: bool, flag: Flags },
    Key(Option<CompactString>),
    Limit(Option<u32>),
    Mask { on: bool, list: ListKind, mask: CompactString },
    Rank { on: bool, rank: Rank, user: UserId, nick: Nick },
}

const FLAG_LETTERS: &[(char, Flags)] = &[
    ('C', Flags::NO_CTCP),
    ('i', Flags::INVITE_ONLY),
    ('m', Flags::MODERATED),
    ('n', Flags::NO_EXTERNAL),
    ('s', Flags::SECRET),
    ('t', Flags::TOPIC_LOCKED),
];

const USER_LETTERS: &[(char, UserModes)] = &[
    ('B', UserModes::BOT),
    ('i', UserModes::INVISIBLE),
    ('o', UserModes::OPERATOR),
    ('r', UserModes::REGISTERED),
    ('w', UserModes::WALLOPS),
];

/// For RPL_MYINFO: the letters of users, of channels, and those of channels that take a parameter.
pub const MYINFO: &str = "Biorw CIbeiklmnostv Ibeklov";
/// For ISUPPORT CHANMODES: lists, always a parameter, a parameter when set, none.
pub const CHANMODES: &str = "Ibe,k,l,Cimnst";
/// Letters of EXTBAN: `m:` keeps those whom the mask fits from speaking.
pub const EXTBAN_MUTE: &str = "m:";
/// `a:` fits who is logged in to an account of that name, whatever the nick; ACCOUNTEXTBAN.
pub const EXTBAN_ACCOUNT: &str = "a:";

impl Flags {
    pub fn from_letter(letter: char) -> Option<Self> {
        FLAG_LETTERS.iter().find(|(l, _)| *l == letter).map(|&(_, flag)| flag)
    }

    /// The letters of the set, in alphabetical order.
    pub fn letters(self) -> impl Iterator<Item = char> {
        FLAG_LETTERS.iter().filter(move |(_, flag)| self.contains(*flag)).map(|&(letter, _)| letter)
    }
}

impl UserModes {
    /// What users may give themselves.
    pub const OWN: Self = Self::BOT.union(Self::INVISIBLE).union(Self::WALLOPS);

    pub fn from_letter(letter: char) -> Option<Self> {
        USER_LETTERS.iter().find(|(l, _)| *l == letter).map(|&(_, mode)| mode)
    }

    /// The letters of the set, in alphabetical order.
    pub fn letters(self) -> impl Iterator<Item = char> {
        USER_LETTERS.iter().filter(move |(_, mode)| self.contains(*mode)).map(|&(letter, _)| letter)
    }
}

impl ListKind {
    pub fn letter(self) -> char {
        match self {
            Self::Ban => 'b',
            Self::Exception => 'e',
            Self::InviteException => 'I',
        }
    }

    pub fn from_letter(letter: char) -> Option<Self> {
        [Self::Ban, Self::Exception, Self::InviteException].into_iter().find(|list| list.letter() == letter)
    }
}

impl ModeChange {
    /// As on the wire: `+ov-l alice bob`.
    pub fn written(changes: &[Self]) -> String {
        let mut letters = String::new();
        let mut params = String::new();
        let mut sign = None;
        for change in changes {
            if sign.replace(change.is_on()) != Some(change.is_on()) {
                letters.push(if change.is_on() { '+' } else { '-' });
            }
            letters.push(change.letter());
            if let Some(param) = change.param() {
                let _ = write!(params, " {param}");
            }
        }
        letters + &params
    }

    pub fn is_on(&self) -> bool {
        match self {
            Self::Flag { on, .. } | Self::Mask { on, .. } | Self::Rank { on, .. } => *on,
            Self::Key(key) => key.is_some(),
            Self::Limit(limit) => limit.is_some(),
        }
    }

    pub fn letter(&self) -> char {
        match self {
            Self::Flag { flag, .. } => flag.letters().next().unwrap_or('?'),
            Self::Key(_) => 'k',
            Self::Limit(_) => 'l',
            Self::Mask { list, .. } => list.letter(),
            Self::Rank { rank: Rank::Operator, .. } => 'o',
            Self::Rank { rank: Rank::Voice, .. } => 'v',
        }
    }

    /// The parameter as everybody in the channel sees it; a key that is taken away shows as `*`.
    pub fn param(&self) -> Option<CompactString> {
        match self {
            Self::Flag { .. } | Self::Limit(None) => None,
            Self::Key(key) => Some(key.clone().unwrap_or(CompactString::const_new("*"))),
            Self::Limit(Some(limit)) => Some(CompactString::from(limit.to_string())),
            Self::Mask { mask, .. } => Some(mask.clone()),
            Self::Rank { nick, .. } => Some(nick.as_str().into()),
        }
    }
}
