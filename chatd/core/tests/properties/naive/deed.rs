//! What people do in the naive chat, and how they say it to the real one.

use proptest::prelude::*;
use proptest::sample::select;

#[derive(Debug, Clone)]
pub enum Deed {
    /// Who sits where a login is goes by its name, if `own`.
    Register {
        nick: &'static str,
        own: bool,
        caps: &'static str,
    },
    Nick(&'static str),
    Join {
        room: &'static str,
        key: Option<&'static str>,
    },
    Part {
        room: &'static str,
        reason: Option<&'static str>,
    },
    Kick {
        room: &'static str,
        nick: &'static str,
    },
    Mode {
        room: &'static str,
        on: bool,
        mode: Mode,
    },
    Topic {
        room: &'static str,
        text: &'static str,
    },
    Invite {
        nick: &'static str,
        room: &'static str,
    },
    Say {
        command: &'static str,
        to: &'static str,
    },
    Away(Option<&'static str>),
    /// For a conversation.
    Ask(&'static str),
    Accept(Option<&'static str>),
    Decline(Option<&'static str>),
    TakeBack(Option<&'static str>),
    EndTalk,
    SetName(&'static str),
    Quit,
    Lose,
    /// Of everybody, for longer than it takes to be away automatically.
    Silence,
    /// Of the server, without a word.
    Crash,
}

#[derive(Debug, Clone)]
pub enum Mode {
    Flag(char),
    Key(&'static str),
    Limit(usize),
    Ban(&'static str),
    Operator(&'static str),
    Voice(&'static str),
}

impl Mode {
    /// As it stands in a line. A nick is that of the one whom it fits.
    pub fn shown(&self, on: bool, nick: Option<&str>) -> String {
        let sign = if on { '+' } else { '-' };
        match *self {
            Self::Flag(flag) => format!("{sign}{flag}"),
            Self::Key(key) => format!("{sign}k {}", if on { key } else { "*" }),
            Self::Limit(limit) if on => format!("+l {limit}"),
            Self::Limit(_) => "-l".into(),
            Self::Ban(nick) => format!("{sign}b {nick}!*@*"),
            Self::Operator(name) => format!("{sign}o {}", nick.unwrap_or(name)),
            Self::Voice(name) => format!("{sign}v {}", nick.unwrap_or(name)),
        }
    }
}

impl Deed {
    /// The line that does it; registering takes several and losing the connection none.
    pub fn line(&self) -> Option<String> {
        let text = |text: &Option<&str>| text.map(|text| format!(" :{text}")).unwrap_or_default();
        let name = |nick: &Option<&str>| nick.map(|nick| format!(" {nick}")).unwrap_or_default();
        Some(match self {
            Self::Register { .. } | Self::Lose | Self::Silence | Self::Crash => return None,
            Self::Nick(nick) => format!("NICK {nick}"),
            Self::Join { room, key } => format!("JOIN {room} {}", key.unwrap_or_default()),
            Self::Part { room, reason } => format!("PART {room}{}", text(reason)),
            Self::Kick { room, nick } => format!("KICK {room} {nick}"),
            Self::Mode { room, on, mode } => format!("MODE {room} {}", mode.shown(*on, None)),
            Self::Topic { room, text } => format!("TOPIC {room} :{text}"),
            Self::Invite { nick, room } => format!("INVITE {nick} {room}"),
            Self::Say { command, to } => format!("{command} {to} hello"),
            Self::Away(away) => format!("AWAY{}", text(away)),
            Self::Ask(nick) => format!("TALK REQUEST {nick}"),
            Self::Accept(nick) => format!("TALK ACCEPT{}", name(nick)),
            Self::Decline(nick) => format!("TALK DECLINE{}", name(nick)),
            Self::TakeBack(nick) => format!("TALK CANCEL{}", name(nick)),
            Self::EndTalk => "TALK END".into(),
            Self::SetName(name) => format!("SETNAME :{name}"),
            Self::Quit => "QUIT bye".into(),
        })
    }
}

pub fn deed() -> impl Strategy<Value = Deed> {
    let (nick, room) = (select(NICKS), select(ROOMS));
    let key = prop::option::of(select(&["sesame", "wrong"][..]));
    let text = || prop::option::of(select(&["one", "two words"][..]));
    let named = || prop::option::weighted(0.4, select(NICKS));
    let (topic, name) = (select(&["", "tea", "coffee"][..]), select(&["x", "Y Z"][..]));
    let say = (select(&["PRIVMSG", "PRIVMSG", "NOTICE"][..]), select(TARGETS));
    prop_oneof![
        12 => (nick.clone(), any::<bool>(), select(CAPS)).prop_map(|(nick, own, caps)| Deed::Register { nick, own, caps }),
        3 => nick.clone().prop_map(Deed::Nick),
        12 => (room.clone(), key).prop_map(|(room, key)| Deed::Join { room, key }),
        5 => (room.clone(), text()).prop_map(|(room, reason)| Deed::Part { room, reason }),
        2 => (room.clone(), nick.clone()).prop_map(|(room, nick)| Deed::Kick { room, nick }),
        9 => (room.clone(), prop::bool::weighted(0.7), mode()).prop_map(|(room, on, mode)| Deed::Mode { room, on, mode }),
        3 => (room.clone(), topic).prop_map(|(room, text)| Deed::Topic { room, text }),
        3 => (nick.clone(), room).prop_map(|(nick, room)| Deed::Invite { nick, room }),
        12 => say.prop_map(|(command, to)| Deed::Say { command, to }),
        2 => text().prop_map(Deed::Away),
        10 => nick.prop_map(Deed::Ask),
        7 => named().prop_map(Deed::Accept),
        2 => named().prop_map(Deed::Decline),
        1 => named().prop_map(Deed::TakeBack),
        1 => Just(Deed::EndTalk),
        1 => name.prop_map(Deed::SetName),
        1 => Just(Deed::Quit),
        1 => Just(Deed::Lose),
        3 => Just(Deed::Silence),
        2 => Just(Deed::Crash),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        4 => select(&['i', 'm', 'n', 't', 's'][..]).prop_map(Mode::Flag),
        1 => Just(Mode::Key("sesame")),
        1 => (1..4_usize).prop_map(Mode::Limit),
        2 => select(&["cat", "dan", "ann"][..]).prop_map(Mode::Ban),
        2 => select(NICKS).prop_map(Mode::Operator),
        2 => select(NICKS).prop_map(Mode::Voice),
    ]
}

const NICKS: &[&str] = &["ann", "ANN", "ben", "cat", "Cat", "dan", "eve"];
const ROOMS: &[&str] = &["#lobby", "#tea", "#Tea", "#den"];
const TARGETS: &[&str] =
    &["#lobby", "#tea", "#TEA", "#den", "@#tea", "@#den", "ann", "cat", "dan", "CAT", "eve"];
const CAPS: &[&str] = &[
    "",
    "echo-message away-notify",
    "chatd.org/talk",
    "chatd.org/talk away-notify server-time",
    "extended-join setname",
    "invite-notify echo-message setname",
    "away-notify extended-join server-time message-tags account-tag",
];
