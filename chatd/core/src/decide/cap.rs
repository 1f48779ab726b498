//! CAP: capability negotiation, versions 301 and 302.

use chat_proto::caps::Caps;
use chat_proto::line::LINE_MAX;
use chat_proto::message::Message;
use chat_proto::numeric::ERR_INVALIDCAPCMD;
use chat_proto::sasl::Mechanism;

use crate::event::ConnEvent;
use crate::id::ConnId;
use crate::input::Origin;
use crate::policy::{Registration, Sts};
use crate::reply::quote;
use crate::state::{Session, State};
use crate::tx::Tx;

use super::{QUOTE, authenticate, register};

pub fn cap(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let subcommand = message.param(0).unwrap_or_default().to_ascii_uppercase();
    match subcommand.as_str() {
        "LS" => ls(tx, conn, message.param(1)),
        "LIST" => {
            let caps = tx.state().sessions.get(conn).map_or(Caps::empty(), |session| session.caps);
            list(tx, conn, "LIST", caps.names().map(str::to_owned).collect());
        }
        "REQ" => req(tx, conn, message),
        "END" => end(tx, conn),
        _ => {
            let subcommand = quote(&subcommand, QUOTE);
            tx.numeric(ERR_INVALIDCAPCMD, format_args!("{subcommand} :Invalid CAP command"));
        }
    }
}

fn ls(tx: &mut Tx<'_>, conn: ConnId, version: Option<&str>) {
    hold_registration(tx, conn);
    if version.and_then(|version| version.parse::<u32>().ok()).is_some_and(|version| version >= 302) {
        tx.emit_conn(conn, ConnEvent::CapVersion302);
    }
    let Some(session) = tx.state().sessions.get(conn) else { return };
    let mut offered: Vec<String> = offered(tx.state(), session)
        .names()
        .map(|name| match value(tx.state(), session, name).filter(|_| session.version_302) {
            Some(value) => format!("{name}={value}"),
            None => name.to_owned(),
        })
        .collect();
    offered.extend(sts(tx.state(), session).filter(|_| session.version_302));
    list(tx, conn, "LS", offered);
}

/// Tells the capabilities in as many lines as they need. A client of version 301 understands one line only, and is told
/// of those that are no draft or anybody's own first.
fn list(tx: &mut Tx<'_>, conn: ConnId, subcommand: &str, mut caps: Vec<String>) {
    let (state, mut to) = tx.responder();
    let version_302 = state.sessions.get(conn).is_some_and(|session| session.version_302);
    if !version_302 {
        caps.sort_by_key(|cap| cap.contains('/'));
    }
    let client = to.client;
    let fixed = ":  CAP   * :\r\n".len() + to.server.len() + client.len() + subcommand.len();
    let mut line = String::new();
    for cap in caps {
        if fixed + line.len() + 1 + cap.len() > LINE_MAX {
            if !version_302 {
                break;
            }
            to.server_line(format_args!("CAP {client} {subcommand} * :{line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&cap);
    }
    to.server_line(format_args!("CAP {client} {subcommand} :{line}"));
}

/// What the connection may have: passwords are not said on every one.
fn offered(state: &State, session: &Session) -> Caps {
    let mut caps = Caps::all();
    caps.set(Caps::CLIENT_ID, state.policy.history.resend_window > 0);
    caps.set(Caps::SASL, session.peer.is_safe());
    caps.set(Caps::ACCOUNT_REGISTRATION, session.peer.is_safe() && state.policy.registration.open);
    caps
}

/// What a client of version 302 is told of a capability beyond its name.
fn value(state: &State, session: &Session, name: &str) -> Option<String> {
    match Caps::named(name)? {
        Caps::SASL => {
            let names: Vec<&str> = authenticate::offered(session).map(Mechanism::name).collect();
            Some(names.join(","))
        }
        Caps::ACCOUNT_REGISTRATION => {
            let Registration { before_connect, email_required, .. } = state.policy.registration;
            let free_name = !state.policy.nick_equals_account;
            let values = [
                ("before-connect", before_connect),
                ("custom-account-name", free_name),
                ("email-required", email_required),
            ];
            let values: Vec<&str> =
                values.into_iter().filter(|(_, on)| *on).map(|(value, _)| value).collect();
            Some(values.join(",")).filter(|values| !values.is_empty())
        }
        // How long a message that is sent again is known, in seconds.
        Caps::CLIENT_ID => Some((state.policy.history.resend_window / 1000).to_string()),
        // How long a request waits, in seconds.
        Caps::TALK => Some((state.policy.presence.talk_request / 1000).to_string()),
        Caps::MULTILINE => {
            let limits = &state.policy.limits;
            Some(format!("max-bytes={},max-lines={}", limits.multiline_bytes, limits.multiline_lines))
        }
        _ => None,
    }
}

/// No capability that can be requested, but word of where and how long to come with TLS. Users of this host, whom
/// nobody can listen to, may come as they like.
fn sts(state: &State, session: &Session) -> Option<String> {
    let Sts { port, duration } = state.policy.sts?;
    match session.peer.origin {
        Origin::Tcp { address } if !address.ip().is_loopback() => Some(format!("sts=port={port}")),
        Origin::Tls { address } if !address.ip().is_loopback() => Some(format!("sts=duration={duration}")),
        _ => None,
    }
}

fn req(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    hold_registration(tx, conn);
    let requested: Vec<&str> = message.params().skip(1).collect();
    let requested = requested.join(" ");
    let state = tx.state();
    let fixed = ":  CAP  NAK :\r\n".len() + state.policy.server_name.len() + state.name_of(conn).len();
    let room = LINE_MAX.saturating_sub(fixed);
    if requested.len() > room {
        // The client waits for an ACK or a NAK, and any other error would leave it waiting.
        return answer(tx, "NAK", quote(&requested, room));
    }
    let Some(session) = tx.state().sessions.get(conn) else { return };
    match requested_caps(session.caps, &requested).filter(|caps| offered(tx.state(), session).contains(*caps))
    {
        Some(caps) => {
            answer(tx, "ACK", &requested);
            if caps != tx.state().sessions.get(conn).map_or(Caps::empty(), |session| session.caps) {
                tx.emit_conn(conn, ConnEvent::CapsSet { caps });
            }
        }
        None => answer(tx, "NAK", &requested),
    }
}

/// All of them, or none: `None` if one isn't known.
fn requested_caps(mut caps: Caps, requested: &str) -> Option<Caps> {
    for name in requested.split_ascii_whitespace() {
        match name.strip_prefix('-') {
            Some(name) => caps.remove(Caps::named(name)?),
            None => caps.insert(Caps::named(name)?),
        }
    }
    Some(caps)
}

fn end(tx: &mut Tx<'_>, conn: ConnId) {
    let negotiating = tx
        .state()
        .sessions
        .get(conn)
        .and_then(Session::registering)
        .is_some_and(|registering| registering.negotiating);
    if negotiating {
        tx.emit_conn(conn, ConnEvent::CapNegotiation { open: false });
        register::try_register(tx, conn);
    }
}

fn hold_registration(tx: &mut Tx<'_>, conn: ConnId) {
    let registering = tx.state().sessions.get(conn).and_then(Session::registering);
    if registering.is_some_and(|registering| !registering.negotiating) {
        tx.emit_conn(conn, ConnEvent::CapNegotiation { open: true });
    }
}

fn answer(tx: &mut Tx<'_>, subcommand: &str, caps: &str) {
    let (_, mut to) = tx.responder();
    let client = to.client;
    to.server_line(format_args!("CAP {client} {subcommand} :{caps}"));
}

#[cfg(test)]
mod tests {
    use chat_proto::caps::Caps;

    use crate::testing::Chat;
    use crate::{Origin, Peer, Policy, Sts};

    /// What a client from there is told of STS.
    fn sts_at(origin: Origin, version: &str) -> Option<String> {
        let sts = Some(Sts { port: 6697, duration: 2_592_000 });
        let mut chat = Chat::with(Policy { sts, ..Policy::default() });
        let (host, certificate) = ("host.example".into(), None);
        let conn = chat.connect_from(Peer { origin, host, guests: true, secure: false, certificate });
        assert!(chat.say(conn, "CAP REQ sts")[0].contains(" NAK "));
        let listed = chat.say(conn, &format!("CAP LS {version}"))[0].clone();
        listed.split([' ', ':']).find(|cap| cap.starts_with("sts")).map(str::to_owned)
    }

    #[test]
    fn who_comes_over_the_network_is_told_to_come_with_tls_and_for_how_long() {
        let (remote, local) = (([192, 0, 2, 1], 1).into(), ([127, 0, 0, 1], 1).into());
        assert_eq!(sts_at(Origin::Tcp { address: remote }, "302").as_deref(), Some("sts=port=6697"));
        assert_eq!(sts_at(Origin::Tls { address: remote }, "302").as_deref(), Some("sts=duration=2592000"));
        assert_eq!(sts_at(Origin::Tcp { address: remote }, ""), None);
        assert_eq!(sts_at(Origin::Tcp { address: local }, "302"), None);
        assert_eq!(sts_at(Origin::Tls { address: local }, "302"), None);
    }

    /// [`Chat::say`] holds every line to the limit.
    #[test]
    fn capabilities_that_one_line_has_no_room_for_are_told_in_several_to_who_understands_that() {
        let server_name = "s".repeat(63).into();
        let sts = Some(Sts { port: 6697, duration: 2_592_000 });
        let mut policy = Policy { server_name, nick_equals_account: false, sts, ..Policy::default() };
        policy.registration.email_required = true;
        policy.limits.nick_length = 64;
        let mut chat = Chat::with(policy);
        let origin = Origin::Tls { address: ([192, 0, 2, 1], 1).into() };
        let mut connect = |nick: &str| {
            let (host, origin) = ("host.example".into(), origin.clone());
            let conn = chat.connect_from(Peer {
                origin,
                host,
                guests: true,
                secure: true,
                certificate: Some(crate::Fingerprint([1; 32])),
            });
            chat.say(conn, &format!("NICK {}", nick.repeat(64)));
            conn
        };
        let (old, new) = (connect("o"), connect("n"));
        let one = chat.say(old, "CAP LS");
        assert!(one.len() == 1 && one[0].contains(" userhost-in-names"), "{one:?}");
        let all = chat.say(new, "CAP LS 302");
        assert!(all.len() > 1 && all[..all.len() - 1].iter().all(|line| line.contains(" LS * :")), "{all:?}");
        let told: usize = all.iter().map(|line| line.split(" :").nth(1).unwrap().split(' ').count()).sum();
        assert_eq!(told, Caps::all().iter().count() + 1);
    }

    #[test]
    fn a_request_that_no_answer_has_room_for_is_rejected_whole() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let answer = chat.say(alice, &format!("CAP REQ :{}", "batch ".repeat(83)));
        assert!(answer[0].starts_with(":chat.local CAP alice NAK :batch batch"), "{answer:?}");
        assert_eq!(chat.say(alice, "CAP LIST"), [":chat.local CAP alice LIST :"]);
    }
}
