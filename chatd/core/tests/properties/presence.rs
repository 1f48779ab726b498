//! Whoever asks for somebody's presence, in whatever way, is told the same.

use chat_proto::admin::UserStatus;
use chat_proto::message::Message;
use chat_proto::tag;
use chatd_core::{AdminAnswer, AdminCommand, ConnId, Status};
use proptest::prelude::*;

use crate::script::{rules, script};
use crate::support::host::{Host, local};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_answers_about_a_user_agree(rules in rules(), script in script(100)) {
        let mut host = Host::new(rules.policy());
        script.iter().for_each(|act| act.perform(&mut host));
        host.settle();
        let pairs: Vec<_> = host.core.state().users.values().map(|user| (user.nick.clone(), user.sessions[0])).collect();
        if let [(_, asker), (asked, answers), ..] = &pairs[..] {
            host.say(*asker, &format!("TALK REQUEST {asked}"));
            host.say(*answers, "TALK ACCEPT");
        }
        let nicks: Vec<String> = host.core.state().users.values().map(|user| user.nick.to_string()).collect();
        let Some(conn) = come(&mut host) else { return Ok(()) };
        for nick in nicks {
            let expected = Told::of(&host, &nick);
            for answer in answers(&mut host, conn, &nick) {
                prop_assert_eq!(&answer, &expected);
            }
            let state = host.core.state();
            let user = state.user_named(&nick).expect("nobody leaves meanwhile").1;
            let here = state.status(user).is_here();
            prop_assert_eq!(here, is_here(&mut host, conn, &nick));
            prop_assert_eq!(by_administrator(&mut host, &nick), expected);
        }
    }
}

/// What somebody is told of a user.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: String,
    since: String,
    with: Option<String>,
    text: Option<String>,
}

impl Told {
    fn of(host: &Host, nick: &str) -> Self {
        let state = host.core.state();
        let user = state.user_named(nick).expect("it is here").1;
        let presence = state.presence(user, host.now);
        let (with, text) = match presence.status {
            Status::Available | Status::Idle => (None, None),
            Status::Away(text) => (None, Some(text.to_owned())),
            Status::Busy(partner) => (Some(partner.to_string()), None),
        };
        let since = presence.since.to_string();
        Self { status: presence.status.name().to_owned(), since, with, text }
    }

    fn by(line: &str) -> Self {
        let message = Message::parse(line).expect("the server writes good lines");
        let value = |key| message.tag(key).map(std::borrow::Cow::into_owned);
        let status = value(tag::PRESENCE).unwrap_or_default();
        let own = || message.params().last().map(str::to_owned).filter(|_| status == "away");
        let text = if message.command() == "301" { own() } else { value(tag::TEXT) };
        Self { since: value(tag::SINCE).unwrap_or_default(), with: value(tag::WITH), text, status }
    }
}

/// Somebody who asks; nobody if the scripts before have shut the door.
fn come(host: &mut Host) -> Option<ConnId> {
    let conn = host.accept(local("zoe"));
    let caps = "CAP REQ :message-tags chatd.org/presence";
    for line in [caps, "PASS secret", "NICK zoe", "USER u 0 * :r", "CAP END", "JOIN #zoe"] {
        host.say(conn, line);
        host.settle();
    }
    host.core.state().user_of(conn).map(|_| conn)
}

fn say(host: &mut Host, conn: ConnId, line: &str) -> Vec<String> {
    host.heard();
    host.say(conn, line);
    let heard = host.heard().remove(&conn).unwrap_or_default();
    heard.split_terminator("\r\n").map(str::to_owned).collect()
}

/// What the lines tell that are about the user.
fn answers(host: &mut Host, conn: ConnId, nick: &str) -> Vec<Told> {
    let away = Told::of(host, nick).status != "available";
    // There may be too many channels.
    let invites = host.core.state().channel_named("#zoe").is_some();
    let mut answers = Vec::new();
    for (question, numeric, answered) in [
        (format!("WHO {nick}"), " 352 ", true),
        (format!("WHO {nick} %nf"), " 354 ", true),
        (format!("WHOIS {nick}"), " 301 ", away),
        (format!("PRIVMSG {nick} :hello"), " 301 ", away),
        (format!("INVITE {nick} #zoe"), " 301 ", away && invites),
    ] {
        let lines = say(host, conn, &question);
        let found = lines.iter().find(|line| line.contains(numeric));
        assert_eq!(found.is_some(), answered, "{question}: {lines:?}");
        answers.extend(found.map(|line| Told::by(line)));
    }
    answers
}

fn is_here(host: &mut Host, conn: ConnId, nick: &str) -> bool {
    let [here, in_who] = [format!("USERHOST {nick}"), format!("WHO {nick} %f")].map(|question| {
        let lines = say(host, conn, &question);
        lines[0].contains("=+") || lines[0].split(' ').any(|word| word.starts_with('H'))
    });
    assert_eq!(here, in_who, "{nick}");
    here
}

fn by_administrator(host: &mut Host, nick: &str) -> Told {
    let AdminAnswer::User(user) = host.ask(AdminCommand::Show { name: nick.to_owned() }) else {
        panic!("{nick} is not shown")
    };
    let status = match user.status {
        UserStatus::Available => "available",
        UserStatus::Away => "away",
        UserStatus::Idle => "idle",
        UserStatus::Busy => "busy",
        UserStatus::Other => "unknown",
    };
    let since = chatd_core::Timestamp(user.status_since.expect("it is told")).to_string();
    Told { status: status.to_owned(), since, with: user.talking_with, text: user.away }
}
