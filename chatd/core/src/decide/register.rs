//! Registration: NICK, USER, PASS, and becoming a user. Later NICKs, too.

use chat_proto::message::Message;
use chat_proto::name::Nick;
use chat_proto::numeric::{
    ERR_ALREADYREGISTERED, ERR_ERRONEUSNICKNAME, ERR_INVALIDUSERNAME, ERR_NEEDMOREPARAMS, ERR_NICKNAMEINUSE,
    ERR_NONICKNAMEGIVEN, ERR_PASSWDMISMATCH,
};
use compact_str::CompactString;

use crate::event::{ConnEvent, Ending, Event, UserEvent, Wait, Who};
use crate::id::ConnId;
use crate::input::Origin;
use crate::output::{Job, Secret};
use crate::reply::shortened;
use crate::state::{PasswordState, Registering, Session, State, User};
use crate::tx::{Caller, Tx, label_of};

use super::check::{self, word};
use super::{join, welcome};

/// Bytes of a user name.
pub const USER_LENGTH: usize = 32;

pub fn nick(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let Some(name) = message.param(0).filter(|name| !name.is_empty()) else {
        return tx.numeric(ERR_NONICKNAMEGIVEN, format_args!(":No nickname given"));
    };
    let nick = match check::nick(&tx.state().policy.limits, name) {
        Ok(nick) => nick,
        Err(error) => {
            return tx
                .numeric(ERR_ERRONEUSNICKNAME, format_args!("{} :Erroneous nickname, {error}", word(name)));
        }
    };
    let Some(session) = tx.state().sessions.get(conn) else { return };
    match session.user() {
        Some(user) => rename(tx, Caller { conn, user }, nick, message),
        None if is_taken(tx.state(), session, &nick) => in_use(tx, &nick),
        None => {
            tx.emit_conn(conn, ConnEvent::NickChosen { nick: Some(nick) });
            try_register(tx, conn);
        }
    }
}

pub fn user(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let registering = tx.state().sessions.get(conn).and_then(Session::registering);
    if registering.is_none_or(|registering| registering.user.is_some()) {
        return tx.numeric(ERR_ALREADYREGISTERED, format_args!(":You may not register again"));
    }
    let (ident, realname) = (message.param(0).unwrap_or_default(), message.param(3).unwrap_or_default());
    if ident.is_empty() || realname.is_empty() {
        return tx.numeric(ERR_NEEDMOREPARAMS, format_args!("USER :Not enough parameters"));
    }
    let well_formed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '^');
    if ident.len() > USER_LENGTH || !ident.chars().all(well_formed) {
        return tx.numeric(
            ERR_INVALIDUSERNAME,
            format_args!(":The user name can have {USER_LENGTH} letters, digits and - _ . ~ + ^"),
        );
    }
    let max = tx.state().policy.limits.realname_length;
    let realname = shortened(realname, max).into();
    tx.emit_conn(conn, ConnEvent::UserGiven { ident: ident.into(), realname });
    try_register(tx, conn);
}

pub fn pass(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    if tx.state().sessions.get(conn).and_then(Session::registering).is_none() {
        return tx.numeric(ERR_ALREADYREGISTERED, format_args!(":You may not register again"));
    }
    let Some(hash) = tx.state().policy.password_hash.clone() else { return };
    let password = Secret(message.param(0).unwrap_or_default().to_owned());
    tx.wait(conn, Wait::ServerPassword, Job::CheckPassword { hash, password });
}

pub fn password_checked(tx: &mut Tx<'_>, conn: ConnId, right: bool) {
    let Some(from) = origin(tx.state(), conn) else { return };
    tx.emit_conn(conn, ConnEvent::PasswordGiven { from, right });
    try_register(tx, conn);
}

/// Registers the connection if it has said all that is needed.
pub fn try_register(tx: &mut Tx<'_>, conn: ConnId) {
    let state = tx.state();
    let Some((session, registering)) = registering(state, conn) else { return };
    let (Some(nick), Some(_), false) = (registering.nick.clone(), &registering.user, registering.negotiating)
    else {
        return;
    };
    if needs_password(state, session) && registering.password != PasswordState::Right {
        tx.numeric(ERR_PASSWDMISMATCH, format_args!(":Password incorrect"));
        return tx.disconnect(conn, Ending::Refused, "Password incorrect");
    }
    let own = is_own_login(session, &nick);
    if !own && !session.peer.guests {
        return tx.disconnect(
            conn,
            Ending::Refused,
            "Guests may not come in this way, only users with an account",
        );
    }
    let look_up = state.policy.reserve_logins && !own;
    if refuse(tx, conn, &nick) {
        return;
    }
    if look_up {
        tx.wait(conn, Wait::Register, Job::LookUpLogin { name: nick });
    } else {
        complete(tx, conn);
    }
}

pub fn looked_up(tx: &mut Tx<'_>, conn: ConnId, is_login: bool) {
    let Some(nick) = registering(tx.state(), conn).and_then(|(_, registering)| registering.nick.clone())
    else {
        return;
    };
    if is_login {
        reserved(tx, &nick);
        tx.emit_conn(conn, ConnEvent::NickChosen { nick: None });
    } else if !refuse(tx, conn, &nick) {
        complete(tx, conn);
    }
}

/// Says why a connection can't have the nick, and forgets that it wanted it. Somebody may have taken it since it was
/// chosen.
fn refuse(tx: &mut Tx<'_>, conn: ConnId, nick: &Nick) -> bool {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return true };
    if is_taken(state, session, nick) {
        in_use(tx, nick);
    } else if !is_own_login(session, nick) && !nick.is_fit_for_guest() {
        tx.numeric(
            ERR_ERRONEUSNICKNAME,
            format_args!("{nick} :Erroneous nickname, only a login can be called so"),
        );
    } else {
        return false;
    }
    tx.emit_conn(conn, ConnEvent::NickChosen { nick: None });
    true
}

fn in_use(tx: &mut Tx<'_>, nick: &Nick) {
    tx.numeric(ERR_NICKNAMEINUSE, format_args!("{nick} :Nickname is already in use"));
}

fn reserved(tx: &mut Tx<'_>, nick: &Nick) {
    tx.numeric(
        ERR_NICKNAMEINUSE,
        format_args!("{nick} :Nickname is reserved for the login {nick} of this host"),
    );
}

fn complete(tx: &mut Tx<'_>, conn: ConnId) {
    let state = tx.state();
    let Some((session, registering)) = registering(state, conn) else { return };
    let (Some(nick), Some((ident, realname))) = (&registering.nick, &registering.user) else { return };
    if let Some((id, user)) = state.user_named(nick.as_str()) {
        if user.sessions.len() >= state.policy.limits.sessions_per_user {
            return tx.disconnect(conn, Ending::Refused, "Too many sessions of this user");
        }
        let from = Box::new(session.peer.origin.clone());
        tx.emit_user(id, UserEvent::SessionAdded { conn, from });
        watch_silence(tx, conn);
        welcome::welcome(tx, conn);
        return join::show_all_to_session(tx, Caller { conn, user: id });
    }
    let who = Who { user: state.next_user(), nick: nick.clone() };
    let event = UserEvent::Arrived {
        conn,
        from: Box::new(session.peer.origin.clone()),
        ident: visible_ident(session, ident),
        host: session.peer.host.clone(),
        realname: realname.clone(),
        account: own_login(session, nick).cloned(),
    };
    let caller = Caller { conn, user: who.user };
    tx.emit(Event::User(who, event));
    watch_silence(tx, conn);
    welcome::welcome(tx, conn);
    join::enter_lobby(tx, caller);
}

/// From now on its silence counts, no longer the time that it takes to register.
fn watch_silence(tx: &mut Tx<'_>, conn: ConnId) {
    let due = tx.now().0.saturating_add(tx.state().policy.keepalive.interval);
    tx.emit_conn(conn, ConnEvent::Watched { due });
}

/// A local user's ident is the kernel's word; a remote one's is its own, and marked so.
fn visible_ident(session: &Session, ident: &CompactString) -> CompactString {
    match &session.peer.origin {
        Origin::Unix { login: Some(login), .. } => login.as_str().into(),
        Origin::Unix { uid, login: None, .. } => CompactString::from(format!("uid{uid}")),
        Origin::Tcp { .. } if ident.starts_with('~') => ident.clone(),
        Origin::Tcp { .. } => CompactString::from(format!("~{ident}")),
    }
}

fn rename(tx: &mut Tx<'_>, caller: Caller, nick: Nick, message: &Message) {
    let state = tx.state();
    let Some(user) = state.user(caller.user) else { return };
    if user.nick == nick {
        return;
    }
    let same = user.nick.fold() == nick.fold();
    if !same && is_held_by_other(state, user, &nick) {
        return in_use(tx, &nick);
    }
    if user.account.is_some() && !same && state.policy.nick_equals_account {
        return tx.numeric(ERR_NICKNAMEINUSE, format_args!("{nick} :You go by the name of your account"));
    }
    if !same && !nick.is_fit_for_guest() {
        return tx.numeric(
            ERR_ERRONEUSNICKNAME,
            format_args!("{nick} :Erroneous nickname, only a login can be called so"),
        );
    }
    if same || !state.policy.reserve_logins {
        return tx.emit_user(caller.user, UserEvent::NickChanged { nick });
    }
    let label = label_of(message).map(|label| CompactString::from(&*label));
    tx.wait(caller.conn, Wait::Rename { nick: nick.clone(), label }, Job::LookUpLogin { name: nick });
}

pub fn rename_looked_up(tx: &mut Tx<'_>, conn: ConnId, nick: Nick, is_login: bool) {
    let Some((id, user)) = tx.state().user_of(conn) else { return };
    if is_login {
        reserved(tx, &nick);
    } else if is_held_by_other(tx.state(), user, &nick) {
        in_use(tx, &nick);
    } else {
        tx.emit_user(id, UserEvent::NickChanged { nick });
    }
}

fn is_held_by_other(state: &State, user: &User, nick: &Nick) -> bool {
    state.user_named(nick.as_str()).is_some_and(|(_, holder)| !std::ptr::eq(holder, user))
}

fn registering(state: &State, conn: ConnId) -> Option<(&Session, &Registering)> {
    let session = state.sessions.get(conn)?;
    Some((session, session.registering()?))
}

fn origin(state: &State, conn: ConnId) -> Option<Box<Origin>> {
    Some(Box::new(state.sessions.get(conn)?.peer.origin.clone()))
}

fn needs_password(state: &State, session: &Session) -> bool {
    state.policy.password_hash.is_some() && matches!(session.peer.origin, Origin::Tcp { .. })
}

/// Whether the kernel says that the connection is that login's.
fn is_own_login(session: &Session, nick: &Nick) -> bool {
    own_login(session, nick).is_some()
}

/// The login as the host writes it.
fn own_login<'a>(session: &'a Session, nick: &Nick) -> Option<&'a Nick> {
    match &session.peer.origin {
        Origin::Unix { login: Some(login), .. } if login.fold() == nick.fold() => Some(login),
        _ => None,
    }
}

/// Whether somebody else goes by that nick. A further session of the same account is not somebody else.
fn is_taken(state: &State, session: &Session, nick: &Nick) -> bool {
    state.user_named(nick.as_str()).is_some_and(|(_, user)| {
        let same_account = user.account.as_ref().is_some_and(|account| account.fold() == nick.fold());
        !(same_account && is_own_login(session, nick))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{Origin, Peer, Policy};

    #[test]
    fn a_login_never_becomes_a_session_of_a_guest_who_took_its_name_meanwhile() {
        let mut chat = Chat::with(Policy { reserve_logins: false, ..Policy::default() });
        let login = chat.connect_from(Peer {
            origin: Origin::Unix { uid: 1000, pid: None, login: "alice".parse().ok() },
            host: "localhost".into(),
            guests: true,
            secure: true,
        });
        chat.say(login, "NICK alice");
        chat.join("alice");
        let answer = chat.say(login, "USER alice 0 * :Alice");
        assert!(answer[0].contains(" 433 "), "{answer:?}");
        assert_eq!(chat.core().state().user_named("alice").unwrap().1.sessions.len(), 1);
        assert!(chat.say(login, "NICK alice_")[0].contains(" 001 alice_ "));
    }
}
