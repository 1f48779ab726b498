//! A client, and what it may come up with.

use chatd_core::ConnId;
use fastrand::Rng;

use crate::support::host::LOGINS;

/// Seconds that the slowest client takes to look at what came.
const SLOWEST: u64 = 30;

#[derive(Debug)]
pub struct Client {
    pub login: Option<&'static str>,
    name: String,
    pub conn: Option<ConnId>,
    /// It is gone without a word: its host is switched off.
    pub vanished: bool,
    /// Bytes that came and weren't looked at.
    pub unread: usize,
    pub pinged: bool,
    /// For a conversation.
    pub asked: bool,
    slowness: u64,
}

/// What a client does next.
#[derive(Debug)]
pub enum Whim {
    /// Says something in a channel, in words of its own.
    Speak(&'static str),
    Line(String),
    Close,
    Vanish,
}

const ROOMS: [&str; 4] = ["#lobby", "#tea", "#den", "#Attic"];
const CAPS: [&str; 5] = [
    "",
    "echo-message",
    "message-tags server-time echo-message batch labeled-response",
    "message-tags account-tag away-notify extended-join multi-prefix chatd.org/talk",
    "chatd.org/talk",
];

impl Client {
    /// Every fourth has a login, and shares it with others.
    pub fn new(number: usize, rng: &mut Rng) -> Self {
        let login = number.is_multiple_of(4).then(|| LOGINS[number / 4 % LOGINS.len()]);
        Self {
            login,
            name: login.map_or_else(|| format!("guest{number}"), str::to_owned),
            conn: None,
            vanished: false,
            unread: 0,
            pinged: false,
            asked: false,
            slowness: rng.u64(1..SLOWEST),
        }
    }

    /// What it says when it is connected. Some never get to the end of it.
    pub fn introduction(&self, rng: &mut Rng) -> Vec<String> {
        let caps = CAPS[rng.usize(..CAPS.len())];
        let name = if rng.u8(..9) == 0 { "taken" } else { &self.name };
        let mut lines = vec![
            format!("CAP REQ :{caps}"),
            format!("NICK {name}"),
            "USER u 0 * :r".to_owned(),
            "CAP END".to_owned(),
        ];
        if rng.u8(..9) == 0 {
            lines.truncate(rng.usize(..lines.len()));
        }
        lines
    }

    pub fn looks_now(&self, rng: &mut Rng) -> bool {
        !self.vanished && rng.u64(..self.slowness) < 2
    }

    pub fn whim(&mut self, rng: &mut Rng) -> Whim {
        if std::mem::take(&mut self.asked) && rng.u8(..4) > 0 {
            return Whim::Line(
                ["TALK ACCEPT", "PRIVMSG TalkServ :yes", "TALK DECLINE"][rng.usize(..3)].to_owned(),
            );
        }
        let room = ROOMS[rng.usize(..ROOMS.len())];
        let other = format!("guest{}", rng.u8(1..24));
        let label = if rng.bool() { "@label=l " } else { "" };
        Whim::Line(match rng.u8(..100) {
            0..48 => return Whim::Speak(room),
            48..54 => format!("{label}TALK {} {other}", ["REQUEST", "ACCEPT"][rng.usize(..2)]),
            54..59 => format!("{label}TALK {}", ["END", "END", "ACCEPT", "CANCEL"][rng.usize(..4)]),
            59 => format!("PRIVMSG TalkServ :{}", ["no", "end"][rng.usize(..2)]),
            60 => return Whim::Close,
            61 => return Whim::Vanish,
            62 => "QUIT :bye".to_owned(),
            63..75 => format!("{label}JOIN {room}"),
            75..78 => format!("{label}PART {room}"),
            78..80 => format!("{label}KICK {room} {other}"),
            80..83 => format!(
                "MODE {room} {}{} {other}",
                ["+", "-"][rng.usize(..2)],
                ["o", "v", "b"][rng.usize(..3)]
            ),
            83..85 => format!("MODE {room} {}", ["+m", "-m", "-n", "+n", "+i", "-i"][rng.usize(..6)]),
            85..88 => format!("{label}NICK {}{}", self.name, ["", "_", "__"][rng.usize(..3)]),
            88..90 => format!("CAP REQ :{}{}", ["-", ""][rng.usize(..2)], "echo-message"),
            90..92 => format!("TOPIC {room} :{other}"),
            92..94 => format!("INVITE {other} {room}"),
            94..96 => format!("AWAY {}", ["", "out"][rng.usize(..2)]),
            96 => format!("MONITOR + {other}"),
            _ => format!("{label}{} {room}", ["NAMES", "WHO", "LIST"][rng.usize(..3)]),
        })
    }
}
