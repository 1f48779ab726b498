//! WHOIS.

use std::net::IpAddr;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::same;
use chat_proto::numeric::{
    ERR_NONICKNAMEGIVEN, ERR_NOSUCHNICK, RPL_ENDOFWHOIS, RPL_WHOISACCOUNT, RPL_WHOISACTUALLY, RPL_WHOISBOT,
    RPL_WHOISCERTFP, RPL_WHOISCHANNELS, RPL_WHOISHOST, RPL_WHOISIDLE, RPL_WHOISOPERATOR, RPL_WHOISSECURE,
    RPL_WHOISSERVER, RPL_WHOISUSER,
};
use compact_str::{CompactString, format_compact};

use crate::id::UserId;
use crate::input::Origin;
use crate::reply::Responder;
use crate::state::{Session, State, User};
use crate::time::Now;
use crate::tx::{Caller, Tx};

use super::check::word;
use super::info::{is_for_us, readable};
use super::presence;
use super::sight::{knows_all, sees_member};

pub fn whois(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let (server, nick) = match (message.param(0), message.param(1)) {
        (server, Some(nick)) => (server, nick),
        (nick, None) => (None, nick.unwrap_or_default()),
    };
    if nick.is_empty() {
        return tx.numeric(ERR_NONICKNAMEGIVEN, format_args!(":No nickname given"));
    }
    // `WHOIS nick nick` asks for the idle time: the server of a user who is not here is not known.
    if is_for_us(tx, server.filter(|server| !same(server, nick))) {
        let now = tx.now();
        let (state, mut to) = tx.responder();
        match state.user_named(nick) {
            Some((id, user)) => answer(state, &mut to, caller, now, id, user),
            None => not_here(state, &mut to, now, nick),
        }
    }
    tx.numeric(RPL_ENDOFWHOIS, format_args!("{} :End of /WHOIS list", word(nick)));
}

/// Those who were here lately, until when.
fn not_here(state: &State, to: &mut Responder<'_>, now: Now, nick: &str) {
    let left = state.whowas.iter().find(|user| user.nick.as_str().eq_ignore_ascii_case(nick));
    match left {
        Some(user) => {
            let until = readable(now.wall_at(user.left_at).0);
            to.numeric(
                ERR_NOSUCHNICK,
                format_args!("{} :No such nick; it was here until {until}", user.nick),
            );
        }
        None => to.numeric(ERR_NOSUCHNICK, format_args!("{} :No such nick", word(nick))),
    }
}

fn answer(state: &State, to: &mut Responder<'_>, caller: Caller, now: Now, id: UserId, user: &User) {
    let User { nick, ident, host, .. } = user;
    to.text(RPL_WHOISUSER, &format_compact!("{nick} {ident} {host} * :"), &user.realname);
    list_channels(state, to, caller, id, user);
    let head = format_compact!("{nick} {} :", to.server);
    to.text(RPL_WHOISSERVER, &head, &state.policy.description);
    if user.is_operator() {
        to.numeric(RPL_WHOISOPERATOR, format_args!("{nick} :is an operator of this server"));
    }
    presence::answer(state, to, now, user);
    presence::answer_since(state, to, now, user);
    if let Some(account) = &user.account {
        to.numeric(RPL_WHOISACCOUNT, format_args!("{nick} {account} :is logged in as"));
    }
    if user.is_bot() {
        to.numeric(RPL_WHOISBOT, format_args!("{nick} :is a bot"));
    }
    let (idle, since) = (now.uptime.since(user.last_active) / 1000, now.wall_at(user.arrived_at).0 / 1000);
    to.numeric(RPL_WHOISIDLE, format_args!("{nick} {idle} {since} :seconds idle, signon time"));
    if knows_all(state, caller.user, id) {
        sessions(state, user).for_each(|session| tell_origin(to, user, session));
    }
    if sessions(state, user).all(|session| session.peer.secure) {
        to.numeric(RPL_WHOISSECURE, format_args!("{nick} :is using a secure connection"));
    }
}

fn list_channels(state: &State, to: &mut Responder<'_>, caller: Caller, id: UserId, user: &User) {
    let all =
        state.sessions.get(caller.conn).is_some_and(|session| session.caps.contains(Caps::MULTI_PREFIX));
    let channels = state.channels_of(user).filter_map(|(_, channel)| {
        let ranks = channel.ranks(id)?;
        let seen = sees_member(state, caller.user, id, user, channel);
        seen.then(|| format_compact!("{}{}", ranks.prefix(all), channel.name))
    });
    to.list(RPL_WHOISCHANNELS, &format_compact!("{} :", user.nick), ' ', channels);
}

fn sessions<'a>(state: &'a State, user: &'a User) -> impl Iterator<Item = &'a Session> {
    user.sessions.iter().filter_map(|conn| state.sessions.get(*conn))
}

/// Where a session comes from; for the user itself and for operators.
fn tell_origin(to: &mut Responder<'_>, user: &User, session: &Session) {
    let nick = &user.nick;
    match &session.peer.origin {
        Origin::Tcp { address } | Origin::Tls { address } => {
            let address = written(address.ip());
            to.numeric(RPL_WHOISACTUALLY, format_args!("{nick} {address} :is actually using host"));
        }
        Origin::Unix { uid, pid, .. } => {
            let pid = pid.map(|pid| format_compact!(", process {pid}")).unwrap_or_default();
            to.numeric(RPL_WHOISHOST, format_args!("{nick} :is connecting from this host, uid {uid}{pid}"));
        }
    }
    if let Some(fingerprint) = &session.peer.certificate {
        to.numeric(RPL_WHOISCERTFP, format_args!("{nick} :has client certificate fingerprint {fingerprint}"));
    }
}

/// An address as a middle parameter, which can't begin with a colon.
fn written(address: IpAddr) -> CompactString {
    let written = format_compact!("{address}");
    if written.starts_with(':') { format_compact!("0{written}") } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Peer;
    use crate::testing::{Chat, START};

    fn numerics(lines: &[String]) -> Vec<&str> {
        lines.iter().map(|line| line.split(' ').nth(1).unwrap()).collect()
    }

    #[test]
    fn a_stranger_learns_what_is_public() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #room,#secret");
        chat.say(alice, "MODE #secret +s");
        chat.say(alice, "AWAY :at lunch");
        chat.pass(7_000);
        let since = START / 1000;
        assert_eq!(
            chat.say(bob, "WHOIS ALICE"),
            [
                ":chat.local 311 bob alice ~alice host.example * :alice's name".to_owned(),
                ":chat.local 319 bob alice :@#room".to_owned(),
                ":chat.local 312 bob alice chat.local :chatd".to_owned(),
                ":chat.local 301 bob alice :at lunch".to_owned(),
                format!(":chat.local 317 bob alice 7 {since} :seconds idle, signon time"),
                ":chat.local 318 bob ALICE :End of /WHOIS list".to_owned(),
            ]
        );
    }

    #[test]
    fn one_who_left_is_said_to_have_been_here() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "QUIT");
        let left = ":chat.local 401 bob alice :No such nick; it was here until Saturday, 31 January 2026, 12:00:00 UTC";
        assert_eq!(chat.say(bob, "WHOIS ALICE")[0], left);
    }

    #[test]
    fn the_user_itself_learns_its_address_and_secret_channels() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #secret");
        chat.say(alice, "MODE #secret +s");
        let answer = chat.say(alice, "WHOIS alice");
        assert_eq!(numerics(&answer), ["311", "319", "312", "317", "338", "318"]);
        assert_eq!(answer[4], ":chat.local 338 alice alice 192.0.2.1 :is actually using host");
    }

    #[test]
    fn a_local_user_has_its_account_and_is_as_secure_as_all_its_sessions() {
        let mut chat = Chat::new();
        let bob = chat.join("bob");
        let login = chat_proto::name::Nick::new("carol").unwrap();
        let origin = Origin::Unix { uid: 1000, pid: Some(42), login: Some(login) };
        let peer = Peer { origin, host: "localhost".into(), guests: true, secure: true, certificate: None };
        let first = chat.connect_from(peer.clone());
        chat.register(first, "carol");
        let answer = chat.say(bob, "WHOIS carol");
        assert_eq!(numerics(&answer), ["311", "312", "330", "317", "671", "318"]);
        assert_eq!(answer[2], ":chat.local 330 bob carol carol :is logged in as");
        let second = chat.connect_from(Peer { secure: false, ..peer });
        chat.register(second, "carol");
        assert_eq!(numerics(&chat.say(bob, "WHOIS carol")), ["311", "312", "330", "317", "318"]);
        assert_eq!(
            numerics(&chat.say(first, "WHOIS carol")),
            ["311", "312", "330", "317", "378", "378", "318"]
        );
    }

    #[test]
    fn the_user_itself_learns_the_fingerprint_of_its_certificate() {
        let mut chat = Chat::new();
        let carol = chat.connect_from(Peer {
            origin: Origin::Tls { address: ([192, 0, 2, 1], 50_000).into() },
            host: "host.example".into(),
            guests: true,
            secure: true,
            certificate: Some(crate::Fingerprint([0xab; 32])),
        });
        chat.register(carol, "carol");
        let answer = chat.say(carol, "WHOIS carol");
        assert_eq!(numerics(&answer), ["311", "312", "317", "338", "276", "671", "318"]);
        let expected =
            format!(":chat.local 276 carol carol :has client certificate fingerprint {}", "ab".repeat(32));
        assert_eq!(answer[4], expected);
        let bob = chat.join("bob");
        assert!(!numerics(&chat.say(bob, "WHOIS carol")).contains(&"276"));
    }

    #[test]
    fn channels_of_the_invisible_are_told_to_those_who_share_them() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #one,#two");
        chat.say(alice, "MODE alice +i");
        assert!(!numerics(&chat.say(bob, "WHOIS alice")).contains(&"319"));
        chat.say(bob, "JOIN #two");
        assert_eq!(chat.say(bob, "WHOIS alice")[1], ":chat.local 319 bob alice :@#two");
    }

    #[test]
    fn an_unknown_nick_or_server_is_an_error_and_the_list_ends() {
        let mut chat = Chat::new();
        let bob = chat.join("bob");
        assert_eq!(
            chat.say(bob, "WHOIS nobody"),
            [":chat.local 401 bob nobody :No such nick", ":chat.local 318 bob nobody :End of /WHOIS list",]
        );
        assert_eq!(numerics(&chat.say(bob, "WHOIS other.example bob")), ["402", "318"]);
        assert_eq!(numerics(&chat.say(bob, "WHOIS chat.local bob")), ["311", "312", "317", "338", "318"]);
        assert_eq!(numerics(&chat.say(bob, "WHOIS")), ["431"]);
    }

    #[test]
    fn many_channels_take_several_lines() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        for number in 0..20 {
            chat.say(alice, &format!("JOIN #{number:060}"));
        }
        let answer = chat.say(bob, "WHOIS alice");
        let channels: usize =
            answer.iter().filter(|line| line.contains(" 319 ")).map(|line| line.matches("@#").count()).sum();
        assert_eq!(channels, 20);
    }

    #[test]
    fn an_address_never_begins_with_a_colon() {
        for (address, written_as) in
            [("::1", "0::1"), ("::", "0::"), ("2001:db8::1", "2001:db8::1"), ("0:1::", "0:1::")]
        {
            assert_eq!(written(address.parse().unwrap()), written_as);
        }
    }

    #[test]
    fn an_absent_user_is_no_missing_server() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let told = chat.say(alice, "WHOIS x X");
        assert!(
            told.len() == 2 && told[0].contains(" 401 alice X ") && told[1].contains(" 318 "),
            "{told:?}"
        );
    }
}
