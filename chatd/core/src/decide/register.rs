//! Registration: NICK, USER, PASS, and becoming a user. Later NICKs, too.

use chat_proto::message::Message;
use chat_proto::name::{self, Nick};
use chat_proto::numeric::{
    ERR_ALREADYREGISTERED, ERR_ERRONEUSNICKNAME, ERR_NEEDMOREPARAMS, ERR_NICKNAMEINUSE, ERR_NONICKNAMEGIVEN,
    ERR_PASSWDMISMATCH,
};
use compact_str::CompactString;

use crate::ban::Suspect;
use crate::event::{ConnEvent, Ending, Event, UserEvent, Wait, Who};
use crate::id::ConnId;
use crate::input::Origin;
use crate::output::Job;
use crate::policy::USER_LENGTH;
use crate::reply::shortened;
use crate::state::{PasswordState, Registering, Session, Source, State, User};
use crate::tx::{Caller, Tx, label_of};

use super::check::{self, word};
use super::{authenticate, history, join, make_way, resume, talk, welcome};

/// The user name of a client whose own one has nothing that is allowed.
const DEFAULT_IDENT: &str = "user";

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
        None if is_taken(tx.state(), session, &nick) && !is_proven(session, &nick) => {
            in_use(tx, &nick);
            if tx.state().name_of(conn) == "*" {
                tx.emit_conn(conn, ConnEvent::NickRefused { nick });
            }
        }
        None => {
            tx.emit_conn(conn, ConnEvent::NickChosen { nick });
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
    let max = tx.state().policy.limits.realname_length;
    let (ident, realname) = (clean_ident(ident), shortened(realname, max).into());
    tx.emit_conn(conn, ConnEvent::UserGiven { ident, realname });
    try_register(tx, conn);
}

/// Returns a user name without what none can have, and not longer than one may be. It is never refused: clients take
/// it from the login of their host or a setting, and few can offer another one.
fn clean_ident(ident: &str) -> CompactString {
    let well_formed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '^');
    let clean: CompactString = ident.chars().filter(well_formed).take(USER_LENGTH).collect();
    if clean.trim_start_matches('~').is_empty() { DEFAULT_IDENT.into() } else { clean }
}

pub fn pass(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    if tx.state().sessions.get(conn).and_then(Session::registering).is_none() {
        return tx.numeric(ERR_ALREADYREGISTERED, format_args!(":You may not register again"));
    }
    let Some(hash) = tx.state().policy.password_hash.clone() else { return };
    if let Some(seconds) = authenticate::delay(tx, conn, None) {
        tx.numeric(ERR_PASSWDMISMATCH, format_args!(":{}", authenticate::too_fast(seconds)));
        return tx.disconnect(conn, Ending::Refused, "Too many wrong passwords");
    }
    tx.emit_conn(conn, ConnEvent::LoginTried { name: None });
    let password = message.param(0).unwrap_or_default().into();
    let label = label(tx);
    tx.wait(conn, Wait::ServerPassword { label }, Job::CheckPassword { hash, password });
}

pub fn password_checked(tx: &mut Tx<'_>, conn: ConnId, right: bool) {
    let Some(from) = origin(tx.state(), conn) else { return };
    if right {
        tx.emit_conn(conn, ConnEvent::LoginTryOver { name: None });
    }
    tx.emit_conn(conn, ConnEvent::PasswordGiven { from, right });
    try_register(tx, conn);
}

/// Too many passwords wait to be checked for this one to be.
pub fn not_checked(tx: &mut Tx<'_>, conn: ConnId) {
    tx.numeric(ERR_PASSWDMISMATCH, format_args!(":{}", authenticate::TOO_MANY));
    tx.disconnect(conn, Ending::Refused, authenticate::TOO_MANY);
}

/// Registers the connection if it has said all that is needed.
pub fn try_register(tx: &mut Tx<'_>, conn: ConnId) {
    let state = tx.state();
    let Some((session, registering)) = registering(state, conn) else { return };
    let (Some(nick), Some(_), false) = (registering.nick.clone(), &registering.user, registering.negotiating)
    else {
        return;
    };
    if lacks_password(state, session) {
        tx.numeric(ERR_PASSWDMISMATCH, format_args!(":Password incorrect"));
        return tx.disconnect(conn, Ending::Refused, "Password incorrect");
    }
    let nick = match &session.account {
        Some(account) if state.policy.nick_equals_account => account.clone(),
        _ => nick,
    };
    let account = session.account_as(&nick);
    if account.is_none() && !session.peer.guests {
        tx.fail("*", "ACCOUNT_REQUIRED", format_args!(":Log in to an account by SASL, or make one"));
        return tx.disconnect(
            conn,
            Ending::Refused,
            "Guests may not come in this way, only users with an account",
        );
    }
    let own = account.is_some_and(|account| account.fold() == nick.fold());
    let look_up = state.policy.reserve_logins && !own;
    if registering.nick.as_ref() != Some(&nick) {
        tx.emit_conn(conn, ConnEvent::NickChosen { nick: nick.clone() });
    }
    authenticate::abort_unfinished(tx, conn);
    if let Some(why) = kept_out(tx, conn, &nick) {
        return tx.disconnect(conn, Ending::Refused, &why);
    }
    if refuse(tx, conn, &nick) {
        return;
    }
    if look_up {
        let label = label(tx);
        tx.wait(conn, Wait::Register { label }, Job::LookUpLogin { name: nick });
    } else {
        complete(tx, conn);
    }
}

/// Of the command whose turn it is; whatever that was, it is answered when the wait is over.
fn label(tx: &Tx<'_>) -> Option<CompactString> {
    tx.label().map(CompactString::from)
}

pub fn looked_up(tx: &mut Tx<'_>, conn: ConnId, is_login: bool) {
    let Some(nick) = registering(tx.state(), conn).and_then(|(_, registering)| registering.nick.clone())
    else {
        return;
    };
    if is_login || tx.state().is_reserved(&nick) {
        reserved(tx, &nick);
        tx.emit_conn(conn, ConnEvent::NickRefused { nick });
    } else if let Some(why) = kept_out(tx, conn, &nick) {
        tx.disconnect(conn, Ending::Refused, &why);
    } else if !refuse(tx, conn, &nick) {
        complete(tx, conn);
    }
}

/// Says why a connection can't have the nick, and forgets that it wanted it. Somebody may have taken it since it was
/// chosen.
fn refuse(tx: &mut Tx<'_>, conn: ConnId, nick: &Nick) -> bool {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return true };
    if let Some(own) = session.proven().filter(|_| is_proven(session, nick)).cloned() {
        make_way::make_way(tx, &own);
    }
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return true };
    if is_taken(state, session, nick) {
        in_use(tx, nick);
    } else if let Some(owner) = owner(state, session.account_as(nick), nick) {
        not_yours(tx, nick, &owner);
    } else if session.account_as(nick).is_some_and(|account| account.fold() == nick.fold())
        || is_fit_for_guest(tx, nick)
    {
        return false;
    }
    tx.emit_conn(conn, ConnEvent::NickRefused { nick: nick.clone() });
    true
}

/// Why somebody may not come in at all: banned, or with a suspended account.
fn kept_out(tx: &Tx<'_>, conn: ConnId, nick: &Nick) -> Option<String> {
    let state = tx.state();
    let (session, registering) = registering(state, conn)?;
    let account = session.account_as(nick);
    let login = session.peer.login();
    if let Some(gone) = account.filter(|account| login.is_none_or(|login| login.fold() != account.fold()))
        && state.accounts.named(gone.as_str()).is_none()
    {
        return Some(format!("There is no account {gone} any more"));
    }
    let suspended = account.and_then(|account| state.accounts.named(account.as_str())?.suspended.as_ref());
    if let Some(suspension) = suspended {
        return Some(format!("Suspended{}", because(suspension.reason.as_deref())));
    }
    let ident = registering
        .user
        .as_ref()
        .map_or_else(CompactString::default, |(ident, _)| visible_ident(session, ident));
    let source = Source { nick: nick.as_str(), ident: &ident, host: &session.peer.host }.to_string();
    let suspect = Suspect {
        nick: Some(nick.as_str()),
        account: account.map(Nick::as_str),
        source: Some(&source),
        ..Suspect::of(&session.peer)
    };
    let ban = state.bans.against(&suspect, tx.now().expiry.0)?;
    Some(format!("Banned{}", because(ban.reason.as_deref())))
}

pub fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Whether somebody can have the nick who has no account of that name; says why not.
fn is_fit_for_guest(tx: &mut Tx<'_>, nick: &Nick) -> bool {
    if !nick.is_fit_for_guest() {
        let text = format_args!("{nick} :Erroneous nickname, only a login can be called so");
        tx.numeric(ERR_ERRONEUSNICKNAME, text);
    } else if tx.state().is_reserved_role(nick) {
        let text = format_args!("{nick} :Nickname is reserved for those who run this server");
        tx.numeric(ERR_NICKNAMEINUSE, text);
    } else {
        return true;
    }
    false
}

/// The account or login that a nick is reserved for, or could be taken for, unless it is the user's own.
fn owner(state: &State, own: Option<&Nick>, nick: &Nick) -> Option<CompactString> {
    let is_own = |name: &str| own.is_some_and(|own| name::same(own.as_str(), name));
    let account = state.accounts.named(nick.as_str()).map(|account| account.name.as_str());
    if let Some(owner) = account.filter(|owner| !is_own(owner)) {
        return Some(owner.into());
    }
    let alike = state.look_alike(nick.as_str()).filter(|alike| !is_own(alike))?;
    // The own name always passes as it was first written; in another case it may look like another's.
    let as_written = |own: &Nick| own == nick || state.look_alike(own.as_str()) == Some(alike);
    let passes = own.is_some_and(|own| own.fold() == nick.fold() && as_written(own));
    (!passes).then(|| alike.into())
}

fn not_yours(tx: &mut Tx<'_>, nick: &Nick, owner: &str) {
    let how = if name::same(owner, nick.as_str()) { "is reserved for" } else { "looks like" };
    tx.numeric(ERR_NICKNAMEINUSE, format_args!("{nick} :Nickname {how} the account {owner}"));
}

/// Who can log in as an account is told that it is one, whether somebody is on by that name or not.
fn in_use(tx: &mut Tx<'_>, nick: &Nick) {
    if let Some(account) = tx.state().accounts.named(nick.as_str()) {
        let owner = account.name.clone();
        return not_yours(tx, nick, owner.as_str());
    }
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
        let first_to_stay = user.sessions.iter().all(|&other| join::is_on_errand(state, other));
        let caller = Caller { conn, user: id };
        tx.emit_user(id, UserEvent::SessionAdded { conn, from });
        watch_silence(tx, conn);
        welcome::welcome(tx, conn);
        join::show_all_to_session(tx, caller);
        if first_to_stay {
            join::enter_lobby(tx, caller);
        }
        resume::end_others(tx, conn, id);
        tx.settle_away(id);
        talk::tell(tx, conn);
        return history::arrived(tx, conn);
    }
    let who = Who { user: state.next_user(), nick: nick.clone() };
    let event = UserEvent::Arrived {
        conn,
        from: Box::new(session.peer.origin.clone()),
        ident: visible_ident(session, ident),
        host: session.peer.host.clone(),
        realname: realname.clone(),
        account: session.account_as(nick).cloned(),
    };
    let caller = Caller { conn, user: who.user };
    tx.emit(Event::User(who, event));
    watch_silence(tx, conn);
    welcome::welcome(tx, conn);
    join::enter_lobby(tx, caller);
    history::arrived(tx, conn);
}

/// From now on its silence counts, no longer the time that it takes to register.
fn watch_silence(tx: &mut Tx<'_>, conn: ConnId) {
    let due = tx.now().uptime.saturating_add(tx.state().policy.keepalive.interval);
    tx.emit_conn(conn, ConnEvent::Watched { due });
}

/// A local user's ident is the kernel's word; a remote one's is its own, and marked so.
fn visible_ident(session: &Session, ident: &CompactString) -> CompactString {
    match &session.peer.origin {
        Origin::Unix { login: Some(login), .. } => login.as_str().into(),
        Origin::Unix { uid, login: None, .. } => CompactString::from(format!("uid{uid}")),
        Origin::Tcp { .. } | Origin::Tls { .. } if ident.starts_with('~') => ident.clone(),
        Origin::Tcp { .. } | Origin::Tls { .. } => CompactString::from(format!("~{ident}")),
    }
}

fn rename(tx: &mut Tx<'_>, caller: Caller, nick: Nick, message: &Message) {
    let state = tx.state();
    let Some(user) = state.user(caller.user) else { return };
    if user.nick == nick {
        return;
    }
    let same = user.nick.fold() == nick.fold();
    let source = Source { nick: nick.as_str(), ..user.source() }.to_string();
    let suspect = Suspect { nick: Some(nick.as_str()), source: Some(&source), ..Suspect::default() };
    if !same && state.bans.against(&suspect, tx.now().expiry.0).is_some() {
        return tx.numeric(ERR_ERRONEUSNICKNAME, format_args!("{nick} :Erroneous nickname, it is banned"));
    }
    if let Some(owner) = owner(state, user.account.as_ref(), &nick) {
        return not_yours(tx, &nick, &owner);
    }
    if !same && is_held_by_other(state, user, &nick) {
        return in_use(tx, &nick);
    }
    if user.account.is_some() && !same && state.policy.nick_equals_account {
        return tx.numeric(ERR_NICKNAMEINUSE, format_args!("{nick} :You go by the name of your account"));
    }
    let own = user.account.as_ref().is_some_and(|account| account.fold() == nick.fold());
    let look_up = !same && state.policy.reserve_logins;
    if !same && !own && !is_fit_for_guest(tx, &nick) {
        return;
    }
    if !look_up {
        return tx.rename(caller.user, nick);
    }
    let label = label_of(message).map(|label| CompactString::from(&*label));
    tx.wait(caller.conn, Wait::Rename { nick: nick.clone(), label }, Job::LookUpLogin { name: nick });
}

pub fn rename_looked_up(tx: &mut Tx<'_>, conn: ConnId, nick: Nick, is_login: bool) {
    let Some((id, user)) = tx.state().user_of(conn) else { return };
    if is_login || tx.state().is_reserved(&nick) {
        reserved(tx, &nick);
    } else if let Some(owner) = owner(tx.state(), user.account.as_ref(), &nick) {
        // Its account was made meanwhile.
        not_yours(tx, &nick, &owner);
    } else if is_held_by_other(tx.state(), user, &nick) {
        in_use(tx, &nick);
    } else {
        tx.rename(id, nick);
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

/// Whether the connection has yet to give the server's password.
pub fn lacks_password(state: &State, session: &Session) -> bool {
    let needed = state.policy.password_hash.is_some() && session.peer.origin.address().is_some();
    needed && session.registering().is_some_and(|registering| registering.password != PasswordState::Right)
}

/// Whether the nick is the name that the connection has proven; whoever else has it makes way.
fn is_proven(session: &Session, nick: &Nick) -> bool {
    session.proven().is_some_and(|own| own.fold() == nick.fold())
}

/// Whether somebody else goes by that nick. A further session of the same account, or of a guest that shows so, is not somebody
/// else.
fn is_taken(state: &State, session: &Session, nick: &Nick) -> bool {
    state.user_named(nick.as_str()).is_some_and(|(_, user)| {
        let own = session.account_as(nick).map(Nick::fold);
        match own {
            None => !resume::is_same_guest(session, user),
            own => own != user.account.as_ref().map(Nick::fold),
        }
    })
}

#[cfg(test)]
mod tests;
