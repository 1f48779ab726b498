//! Bytes that no client should send.

use std::time::Duration;

use chat_proto::admin::Error;
use chat_proto::line::{Line, LineReader, Sender};
use chat_proto::message::Message;
use chatd_core::{AdminAnswer, AdminCommand, Incoming, Input, Operator, Policy};
use proptest::prelude::*;

use crate::script;
use crate::support::host::{Host, guest, local};

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, failure_persistence: None, ..ProptestConfig::default() })]

    /// [`Host`] checks every line that goes out.
    #[test]
    fn whatever_bytes_come_in_whole_lines_go_out(
        extremes in extremes(),
        writes in prop::collection::vec((0..3_usize, bytes()), 1..60),
    ) {
        let mut host = Host::new(extremes.policy());
        let long = "n".repeat(host.core.state().policy.limits.nick_length);
        for (peer, nick) in [(local("ann"), "ann"), (guest(), &long), (guest(), "cat")] {
            let conn = host.accept(peer);
            for line in [format!("CAP REQ :{ALL_CAPS}"), format!("NICK {nick}"), LONG_USER.into(), "CAP END".into()] {
                host.say(conn, &line);
            }
            host.settle();
        }
        let conns = host.open.clone();
        host.say(conns[1], "OPER root toor");
        host.settle();
        let mut readers = [(); 3].map(|()| LineReader::new(Sender::Client));
        for (who, Bytes(bytes)) in writes {
            let mut lines = Vec::new();
            readers[who].feed(&bytes, |line| lines.push(incoming(line)));
            host.feed(Input::Lines { conn: conns[who], lines });
            host.settle();
        }
        administer(&mut host, &long);
    }
}

/// An administrator's words are as long as they may be, too.
fn administer(host: &mut Host, name: &str) {
    let text = "t".repeat(WORDS_MAX);
    let after = Duration::from_secs(3600);
    for command in [
        AdminCommand::Announce { text: text.clone() },
        AdminCommand::Shutdown { after, reason: Some(text.clone()) },
        AdminCommand::Kick {
            name: name.to_owned(),
            reason: Some(text.clone()),
            ban: Some(Duration::from_millis(1)),
        },
        AdminCommand::Shutdown { after: Duration::ZERO, reason: Some(text.clone()) },
    ] {
        let answer = host.ask(command);
        let gone = matches!(answer, AdminAnswer::Refused(Error::NoSuchUser { .. }));
        assert!(gone || !matches!(answer, AdminAnswer::Refused(_)), "{answer:?}");
    }
}

/// Bytes that an administrator's text can have.
const WORDS_MAX: usize = 320;

const ALL_CAPS: &str = "account-notify account-tag away-notify batch cap-notify chatd.org/presence chatd.org/talk chghost echo-message extended-join \
                        extended-monitor invite-notify labeled-response message-tags multi-prefix server-time setname";
const LONG_USER: &str =
    "USER uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu 0 * :rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr";

/// As long as the configuration lets everything be, or as short.
#[derive(Debug, Clone, Copy)]
struct Extremes {
    long_server: bool,
    text: usize,
    name: usize,
}

fn extremes() -> impl Strategy<Value = Extremes> {
    (any::<bool>(), prop::sample::select(&[1, 30, 390][..]), prop::sample::select(&[1, 20, 64][..]))
        .prop_map(|(long_server, text, name)| Extremes { long_server, text, name })
}

impl Extremes {
    fn policy(self) -> Policy {
        let Self { long_server, text, name } = self;
        let mut policy = Policy { reserve_logins: false, ..Policy::default() };
        if long_server {
            policy.server_name = format!("{}.example", "s".repeat(55)).into();
        }
        let limits = &mut policy.limits;
        (limits.topic_length, limits.away_length, limits.kick_length) = (text, text, text);
        limits.realname_length = text;
        (limits.nick_length, limits.key_length, limits.channel_length) = (name, name, name.max(2));
        policy.motd = vec!["m".repeat(350)];
        policy.operators = vec![Operator { name: "root".into(), password_hash: "toor".into() }];
        policy
    }
}

fn incoming(line: Line<'_>) -> Incoming {
    let Line::Whole(line) = line else { return Incoming::TooLong { command: None } };
    match std::str::from_utf8(line).map(Message::parse) {
        Ok(Ok(message)) => Incoming::Message(message),
        Ok(Err(_)) => Incoming::Malformed,
        Err(_) => Incoming::NotUtf8 { command: Some("PRIVMSG".into()) },
    }
}

/// Bytes that print as text.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let noise = prop::collection::vec(any::<u8>(), 0..80);
    let stretched = (script::line(), prop::sample::select(STUFFING), 1..600_usize);
    let bytes = prop_oneof![
        4 => script::line().prop_map(|line| (line + "\r\n").into_bytes()),
        4 => stretched.prop_map(|(line, stuffing, times)| stretch(&line, stuffing, times)),
        2 => (prop::sample::select(COMMANDS), noise.clone()).prop_map(|(command, noise)| {
            [command.as_bytes(), noise.as_slice(), b"\n"].concat()
        }),
        1 => noise,
    ];
    bytes.prop_map(Bytes)
}

/// The line with something put in its last place as often as a line's limit allows.
fn stretch(line: &str, stuffing: &str, times: usize) -> Vec<u8> {
    let mut line = line.to_owned();
    for _ in 0..times {
        if line.len() + stuffing.len() + "\r\n".len() > chat_proto::line::LINE_MAX {
            break;
        }
        line.push_str(stuffing);
    }
    line.push_str("\r\n");
    line.into_bytes()
}

const STUFFING: &[&str] =
    &["x", "b", " x", ",#a", ",cat", "\u{1f600}", "*", " batch", "\u{301}", "-+", ";+a=b", "\\"];
const COMMANDS: &[&str] =
    &["PRIVMSG #lobby :", "NICK ", "JOIN #", "MODE #lobby ", "CAP ", "WHO ", "@+a=", "@label="];
