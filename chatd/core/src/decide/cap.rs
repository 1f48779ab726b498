//! CAP: capability negotiation, versions 301 and 302.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::ERR_INVALIDCAPCMD;
use chat_proto::sasl::Mechanism;

use crate::event::ConnEvent;
use crate::id::ConnId;
use crate::policy::Registration;
use crate::reply::quote;
use crate::state::{Session, State};
use crate::tx::Tx;

use super::{QUOTE, authenticate, check, register};

pub fn cap(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let subcommand = message.param(0).unwrap_or_default().to_ascii_uppercase();
    match subcommand.as_str() {
        "LS" => ls(tx, conn, message.param(1)),
        "LIST" => {
            let caps = tx.state().sessions.get(conn).map_or(Caps::empty(), |session| session.caps);
            answer(tx, "LIST", &names(caps));
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
    let offered: Vec<String> = offered(tx.state(), session)
        .names()
        .map(|name| match value(tx.state(), session, name).filter(|_| session.version_302) {
            Some(value) => format!("{name}={value}"),
            None => name.to_owned(),
        })
        .collect();
    answer(tx, "LS", &offered.join(" "));
}

/// What the connection may have: passwords are not said on every one.
fn offered(state: &State, session: &Session) -> Caps {
    let mut caps = Caps::all();
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
        _ => None,
    }
}

fn req(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    hold_registration(tx, conn);
    let requested: Vec<&str> = message.params().skip(1).collect();
    let requested = requested.join(" ");
    let rest = "CAP  ACK :".len() + tx.state().name_of(conn).len() + requested.len();
    if !check::answer_fits(tx, rest) {
        return;
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

fn names(caps: Caps) -> String {
    caps.names().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_request_that_no_answer_has_room_for_is_refused_whole() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let answer = chat.say(alice, &format!("CAP REQ :{}", "batch ".repeat(83)));
        assert!(answer[0].contains(" 417 "), "{answer:?}");
        assert_eq!(chat.say(alice, "CAP LIST"), [":chat.local CAP alice LIST :"]);
    }
}
