//! AUTHENTICATE: SASL 3.1 and 3.2, before registration and after it.

use chat_proto::message::Message;
use chat_proto::name::{Folded, Nick, same};
use chat_proto::numeric::{
    ERR_SASLABORTED, ERR_SASLFAIL, ERR_SASLTOOLONG, RPL_LOGGEDIN, RPL_SASLMECHS, RPL_SASLSUCCESS,
};
use chat_proto::sasl::{self, ClientFirst, FrameError, Mechanism, Plain, ScramKeys};
use compact_str::CompactString;

use crate::account::{Account, Credentials};
use crate::attempts::Attempted;
use crate::ban::Suspect;
use crate::event::{AccountEvent, Attempt, Bar, ConnEvent, Event, UserEvent, Voice, Wait};
use crate::exchange::Step;
use crate::id::ConnId;
use crate::input::AccountChecked;
use crate::output::{Job, Secret};
use crate::state::{Session, State};
use crate::tx::{Tx, label_of};

use super::make_way::make_way;
use super::register::because;
use super::{history, login_uid, nickserv, standing};

/// What those are told whose password was not checked.
pub const TOO_MANY: &str = "too many logins at once, try again";

pub fn authenticate(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let word = message.param(0).unwrap_or_default();
    // Outside an exchange, too: a client that aborts after every error takes any other answer for one.
    if word == "*" {
        return abort(tx, conn);
    }
    if tx.exchanges().get_mut(conn).is_none() {
        return begin(tx, conn, word);
    }
    let Some(exchange) = tx.exchanges().get_mut(conn) else { return };
    match exchange.message.take(word) {
        Ok(None) => {}
        Ok(Some(whole)) => next(tx, conn, &whole, message),
        Err(error @ FrameError::PieceTooLong) => {
            tx.exchanges().remove(conn);
            tx.numeric(ERR_SASLTOOLONG, format_args!(":SASL authentication failed: {error}"));
        }
        Err(error @ (FrameError::MessageTooLong | FrameError::NotBase64)) => {
            fail(tx, conn, &error.to_string());
        }
    }
}

/// The mechanisms by which a connection could log in.
pub fn offered(session: &Session) -> impl Iterator<Item = Mechanism> {
    let peer = &session.peer;
    let external = peer.certificate.is_some() || peer.login().is_some();
    let safe = peer.is_safe();
    Mechanism::ALL
        .into_iter()
        .filter(move |mechanism| safe && (external || *mechanism != Mechanism::External))
}

/// Ends a login that is under way, because the client registers without it.
pub fn abort_unfinished(tx: &mut Tx<'_>, conn: ConnId) {
    if tx.exchanges().get_mut(conn).is_some() {
        abort(tx, conn);
    }
}

fn begin(tx: &mut Tx<'_>, conn: ConnId, word: &str) {
    let Some(session) = tx.state().sessions.get(conn) else { return };
    if !session.peer.is_safe() {
        return fail(tx, conn, "passwords are for encrypted connections only");
    }
    let mechanisms: Vec<Mechanism> = offered(session).collect();
    let Some(mechanism) = Mechanism::named(word).filter(|mechanism| mechanisms.contains(mechanism)) else {
        let names: Vec<&str> = mechanisms.into_iter().map(Mechanism::name).collect();
        tx.numeric(RPL_SASLMECHS, format_args!("{} :are available SASL mechanisms", names.join(",")));
        return fail(tx, conn, "there is no such mechanism");
    };
    if let Some(seconds) = delay(tx, conn, None) {
        return fail(tx, conn, &too_fast(seconds));
    }
    tx.exchanges().begin(conn, mechanism);
    say(tx, "+");
}

fn abort(tx: &mut Tx<'_>, conn: ConnId) {
    tx.exchanges().remove(conn);
    tx.numeric(ERR_SASLABORTED, format_args!(":SASL authentication aborted"));
}

/// A whole message of the client's has come.
fn next(tx: &mut Tx<'_>, conn: ConnId, whole: &[u8], message: &Message) {
    let Some(exchange) = tx.exchanges().remove(conn) else { return };
    match (exchange.mechanism, exchange.step) {
        (Mechanism::Plain, _) => plain(tx, conn, whole, message),
        (Mechanism::External, _) => external(tx, conn, whole, message),
        (Mechanism::ScramSha256, Step::Begun) => challenge(tx, conn, whole),
        (Mechanism::ScramSha256, Step::Challenged { name, challenge }) => match challenge.verify(whole) {
            Ok(proof) => scram_says(tx, conn, &proof, Step::Proven { name, challenge }),
            Err(error) => refuse(tx, conn, &name, Mechanism::ScramSha256, &error.to_string()),
        },
        (Mechanism::ScramSha256, Step::Proven { name, challenge }) if whole.is_empty() => {
            // However long the exchange took: another password may be set, or the account be gone, by now.
            if credentials(tx.state(), &name).is_none_or(|now| !challenge.is_about(&now.scram)) {
                return refuse(tx, conn, &name, Mechanism::ScramSha256, "the password was changed");
            }
            prove(
                tx,
                conn,
                Proof { name: &name, mechanism: Mechanism::ScramSha256, ..Proof::said_in(message) },
            );
        }
        (Mechanism::ScramSha256, Step::Proven { .. }) => fail(tx, conn, "a malformed message"),
    }
}

fn plain(tx: &mut Tx<'_>, conn: ConnId, whole: &[u8], message: &Message) {
    let plain = match Plain::parse(whole) {
        Ok(plain) => plain,
        Err(error) => return fail(tx, conn, &error.to_string()),
    };
    if !may_try(tx, conn, &plain.name, &plain.authorize) {
        return;
    }
    let credentials = credentials(tx.state(), &plain.name).cloned().map(Box::new);
    let label = label_of(message).map(|label| (*label).into());
    let wait = Wait::Login { name: shown(&plain.name), voice: Voice::Standard, label };
    tx.wait(conn, wait, Job::CheckAccount { credentials, password: Secret(plain.password) });
}

/// Goes on when the password was checked.
pub fn password_checked(tx: &mut Tx<'_>, conn: ConnId, wait: Wait, checked: &AccountChecked) {
    let Wait::Login { name, voice, label } = &wait else { return };
    let (name, voice, label) = (name.clone(), *voice, label.clone());
    let account = tx.state().accounts.named(&name);
    let current = account.and_then(|account| account.credentials.as_ref());
    if current != checked.against.as_deref() {
        // Another password was set meanwhile, or the account was made or removed: what was found out is no longer of account.
        let (credentials, password) = (current.cloned().map(Box::new), checked.password.clone());
        return tx.wait(conn, wait, Job::CheckAccount { credentials, password });
    }
    let Some(account) = account.filter(|_| checked.matches) else {
        report(tx, conn, &name, Mechanism::Plain);
        return answer(tx, conn, voice, Err(String::from("wrong name or password")));
    };
    if let Some(credentials) = checked.renewed.clone() {
        let name = account.name.clone();
        tx.emit(Event::Account(name, AccountEvent::Rehashed { credentials }));
    }
    prove(tx, conn, Proof { name: &name, mechanism: Mechanism::Plain, voice, label });
}

/// Too many passwords wait to be checked for this one to be.
pub fn not_checked(tx: &mut Tx<'_>, conn: ConnId, voice: Voice) {
    answer(tx, conn, voice, Err(TOO_MANY.into()));
}

/// Tells the client what has become of its login.
fn answer(tx: &mut Tx<'_>, conn: ConnId, voice: Voice, outcome: Result<Nick, String>) {
    match (voice, outcome) {
        (Voice::Standard, Ok(account)) => {
            logged_in(tx, conn, &account);
            tx.numeric(RPL_SASLSUCCESS, format_args!(":SASL authentication successful"));
            become_it(tx, conn, &account);
        }
        (Voice::Standard, Err(why)) => fail(tx, conn, &why),
        (Voice::Service, Ok(account)) => {
            logged_in(tx, conn, &account);
            nickserv::say(tx, &format!("You are now logged in as {account}"));
            become_it(tx, conn, &account);
        }
        (Voice::Service, Err(why)) => nickserv::say(tx, &why),
    }
}

fn external(tx: &mut Tx<'_>, conn: ConnId, whole: &[u8], message: &Message) {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return };
    let certified =
        session.peer.certificate.as_ref().and_then(|certificate| state.accounts.certified(certificate));
    let Some(name) = certified.map(|account| &account.name).or_else(|| session.peer.login()).cloned() else {
        return refuse(tx, conn, "", Mechanism::External, "no account has this certificate");
    };
    let Ok(authorize) = str::from_utf8(whole) else { return fail(tx, conn, "a malformed message") };
    if !authorize.is_empty() && !same(authorize, name.as_str()) {
        return refuse(tx, conn, authorize, Mechanism::External, "that account is not yours");
    }
    let mechanism = Mechanism::External;
    prove(tx, conn, Proof { name: name.as_str(), mechanism, ..Proof::said_in(message) });
}

fn challenge(tx: &mut Tx<'_>, conn: ConnId, whole: &[u8]) {
    let first = match ClientFirst::parse(whole) {
        Ok(first) => first,
        Err(error) => return fail(tx, conn, &error.to_string()),
    };
    if !may_try(tx, conn, &first.name, &first.authorize) {
        return;
    }
    let state = tx.state();
    let secret = &state.secret.0;
    let keys = credentials(state, &first.name).map_or_else(
        || ScramKeys::unknown(secret, Folded::new(&first.name).as_str()),
        |credentials| credentials.scram.clone(),
    );
    let Some(session) = state.sessions.get(conn) else { return };
    let about = [conn.slot.to_le_bytes(), conn.generation.to_le_bytes()].concat();
    let (opened, now, client) = (session.opened_at.0.to_le_bytes(), tx.now().wall.0.to_le_bytes(), whole);
    let nonce = sasl::token(secret, &[b"nonce", &about, &opened, &now, client]);
    let name = first.name.clone();
    let (challenge, message) = first.challenge(keys, &nonce);
    scram_says(tx, conn, &message, Step::Challenged { name, challenge: Box::new(challenge) });
}

fn scram_says(tx: &mut Tx<'_>, conn: ConnId, message: &str, step: Step) {
    tx.exchanges().begin(conn, Mechanism::ScramSha256);
    if let Some(exchange) = tx.exchanges().get_mut(conn) {
        exchange.step = step;
    }
    for piece in sasl::frames(message.as_bytes()) {
        say(tx, &piece);
    }
}

/// As [`try_login`]; nobody acts for another. Tells the client.
fn may_try(tx: &mut Tx<'_>, conn: ConnId, name: &str, authorize: &str) -> bool {
    if !authorize.is_empty() && !same(authorize, name) {
        fail(tx, conn, "nobody may act for another");
        return false;
    }
    match try_login(tx, conn, name) {
        Ok(()) => true,
        Err(why) => {
            fail(tx, conn, &why);
            false
        }
    }
}

/// Counts the try; says why if it may not be made now.
pub fn try_login(tx: &mut Tx<'_>, conn: ConnId, name: &str) -> Result<(), String> {
    let name = Folded::new(&shown(name));
    if let Some(seconds) = delay(tx, conn, Some(&name)) {
        return Err(too_fast(seconds));
    }
    tx.emit_conn(conn, ConnEvent::LoginTried { name: Some(name) });
    Ok(())
}

/// Seconds until the connection may try again; none if it may now. Administrators are told of who may not.
pub fn delay(tx: &mut Tx<'_>, conn: ConnId, name: Option<&Folded>) -> Option<u64> {
    let (state, now) = (tx.state(), tx.now().uptime);
    let session = state.sessions.get(conn)?;
    let free = state.policy.free_attempts;
    let by_origin = Attempted::all_of(&session.peer.origin);
    // An origin without failures does not wait for the failures of others: they could lock out the owner for ever.
    let is_clean = state.attempts.is_clean(&Attempted::from(&session.peer.origin), now);
    let by_account = name.filter(|_| !is_clean).cloned().map(Attempted::Account);
    let all = by_origin.chain(by_account);
    let delay = all.map(|attempted| state.attempts.delay(&attempted, free, now)).max().unwrap_or_default();
    if delay == 0 {
        return None;
    }
    delayed(tx, conn, Attempt::Login);
    Some(delay.div_ceil(1000))
}

/// Administrators are told of who tries too often.
pub fn delayed(tx: &mut Tx<'_>, conn: ConnId, attempt: Attempt) {
    let from = tx.state().sessions.get(conn).map(|session| Box::new(session.peer.origin.clone()));
    if let Some(from) = from {
        tx.emit_conn(conn, ConnEvent::Delayed { from, attempt });
    }
}

/// Somebody was not who he said he was.
fn refuse(tx: &mut Tx<'_>, conn: ConnId, name: &str, mechanism: Mechanism, why: &str) {
    report(tx, conn, name, mechanism);
    fail(tx, conn, why);
}

/// Administrators are told of every login that failed.
pub fn report(tx: &mut Tx<'_>, conn: ConnId, name: &str, mechanism: Mechanism) {
    let from = tx.state().sessions.get(conn).map(|session| Box::new(session.peer.origin.clone()));
    if let Some(from) = from {
        tx.emit_conn(conn, ConnEvent::LoginFailed { from, name: shown(name), mechanism });
    }
}

fn fail(tx: &mut Tx<'_>, conn: ConnId, why: &str) {
    tx.exchanges().remove(conn);
    tx.numeric(ERR_SASLFAIL, format_args!(":SASL authentication failed: {why}"));
}

pub fn too_fast(seconds: u64) -> String {
    format!("too many attempts, try again in {}", seconds_long(seconds))
}

/// `1 second`, `2 seconds`.
pub fn seconds_long(seconds: u64) -> String {
    format!("{seconds} second{}", if seconds == 1 { "" } else { "s" })
}

/// What somebody has proven to be, by what means, and how to tell what comes of it.
struct Proof<'a> {
    name: &'a str,
    mechanism: Mechanism,
    voice: Voice,
    label: Option<CompactString>,
}

impl Proof<'_> {
    fn said_in(message: &Message) -> Self {
        let label = label_of(message).map(|label| (*label).into());
        Self { name: "", mechanism: Mechanism::Plain, voice: Voice::Standard, label }
    }
}

/// The proof is right. Whether the host has a login of the account's name is looked up first: if the account is not that login's,
/// an administrator must decide whose name it is; if it is, the login may be another person's by now.
fn prove(tx: &mut Tx<'_>, conn: ConnId, proof: Proof<'_>) {
    let Proof { name, mechanism, voice, label } = proof;
    let state = tx.state();
    let by_kernel = state
        .sessions
        .get(conn)
        .and_then(|session| session.peer.login())
        .is_some_and(|login| same(login.as_str(), name));
    match state.accounts.named(name).filter(|_| state.policy.reserve_logins && !by_kernel) {
        None => {
            let outcome = log_in(tx, conn, name, mechanism);
            answer(tx, conn, voice, outcome);
        }
        Some(account) => {
            let (name, credentials) = (account.name.clone(), account.credentials.clone().map(Box::new));
            let wait = Wait::LogIn { account: name.clone(), credentials, mechanism, voice, label };
            tx.wait(conn, wait, Job::LookUpLogin { name });
        }
    }
}

/// Goes on when it was looked up whether the account has a login's name, and the login's uid.
pub fn looked_up(tx: &mut Tx<'_>, conn: ConnId, wait: Wait, (is_login, uid): (bool, Option<u32>)) {
    let Wait::LogIn { account, credentials: proven, mechanism, voice, .. } = wait else { return };
    let is_of_login = tx.state().accounts.named(account.as_str()).is_some_and(|account| account.login);
    if is_of_login && let Some(uid) = uid {
        login_uid::recognise(tx, &account, uid);
    }
    let outcome = if !is_of_login && (is_login || tx.state().is_reserved(&account)) {
        Err(format!("{account} is a login of this host by now; ask the administrator whose the account is"))
    } else if credentials(tx.state(), account.as_str()) != proven.as_deref() {
        Err(String::from("the password was changed"))
    } else {
        log_in(tx, conn, account.as_str(), mechanism)
    };
    answer(tx, conn, voice, outcome);
}

/// The proof is right; whether the account may be used is another question.
fn log_in(tx: &mut Tx<'_>, conn: ConnId, name: &str, mechanism: Mechanism) -> Result<Nick, String> {
    let state = tx.state();
    let account = state.accounts.named(name);
    // A login of this host needs no entry among the accounts.
    let account = account.map(|account| account.name.clone()).or_else(|| name.parse::<Nick>().ok());
    let Some(account) = account else { return Err(String::from("that is no name")) };
    if let Some((bar, why)) = barred(tx, &account) {
        let from = state.sessions.get(conn).map(|session| Box::new(session.peer.origin.clone()));
        if let Some(from) = from {
            tx.emit_conn(conn, ConnEvent::LoginRefused { from, account, mechanism, bar });
        }
        return Err(why);
    }
    let before = state.user_of(conn).and_then(|(_, user)| user.account.as_ref());
    if let Some(before) = before
        && state.policy.nick_equals_account
        && before.fold() != account.fold()
    {
        return Err(format!("you are {before} here; connect again to be {account}"));
    }
    if takes_name(tx, conn, &account) && is_here(state, &account) {
        return Err(format!(
            "{account} is here already; connect again and log in by SASL to be {account}, too"
        ));
    }
    if mechanism != Mechanism::External {
        tx.emit_conn(conn, ConnEvent::LoginTryOver { name: Some(account.fold()) });
    }
    tx.emit_conn(conn, ConnEvent::LoggedIn { account: account.clone() });
    Ok(account)
}

/// Why an account may not be used now.
fn barred(tx: &Tx<'_>, account: &Nick) -> Option<(Bar, String)> {
    let state = tx.state();
    let suspension = state.accounts.named(account.as_str()).and_then(|account| account.suspended.as_ref());
    if let Some(suspension) = suspension {
        let why = format!("the account is suspended{}", because(suspension.reason.as_deref()));
        return Some((Bar::Suspended, why));
    }
    let suspect = Suspect { account: Some(account.as_str()), ..Suspect::default() };
    let ban = state.bans.against(&suspect, tx.now().expiry.0)?;
    Some((Bar::Banned, format!("the account is banned{}", because(ban.reason.as_deref()))))
}

/// A user who is there already counts as the account from now on.
fn become_it(tx: &mut Tx<'_>, conn: ConnId, account: &Nick) {
    let Some((id, user)) = tx.state().user_of(conn) else { return };
    let (new, takes_name) = (user.account.as_ref() != Some(account), takes_name(tx, conn, account));
    if new {
        tx.emit_user(id, UserEvent::AccountChanged { account: Some(account.clone()) });
        standing::logged_in(tx, id);
    }
    if takes_name {
        make_way(tx, account);
        tx.rename(id, account.clone());
    }
    history::logged_in(tx, conn);
}

/// Whether a user who logs in takes on the account's name.
fn takes_name(tx: &Tx<'_>, conn: ConnId, account: &Nick) -> bool {
    let user = tx.state().user_of(conn);
    tx.state().policy.nick_equals_account && user.is_some_and(|(_, user)| user.nick.fold() != account.fold())
}

/// Whether there is a user of that name who is logged in to the account.
fn is_here(state: &State, account: &Nick) -> bool {
    let holder = state.user_named(account.as_str()).and_then(|(_, holder)| holder.account.as_ref());
    holder.is_some_and(|own| own.fold() == account.fold())
}

/// Tells the client whom it counts as from now on.
pub fn logged_in(tx: &mut Tx<'_>, conn: ConnId, account: &Nick) {
    let state = tx.state();
    let source = state
        .user_of(conn)
        .map_or_else(|| format!("{}!*@*", state.name_of(conn)), |(_, user)| user.source().to_string());
    tx.numeric(RPL_LOGGEDIN, format_args!("{source} {account} :You are now logged in as {account}"));
}

pub fn credentials<'a>(state: &'a State, name: &str) -> Option<&'a Credentials> {
    state.accounts.named(name).and_then(|account: &Account| account.credentials.as_ref())
}

/// As much of a name as is worth remembering; it may be anything.
pub fn shown(name: &str) -> CompactString {
    name.chars().take(64).collect()
}

fn say(tx: &mut Tx<'_>, piece: &str) {
    let (_, to) = tx.responder();
    to.replies.line(|line| {
        line.push_str("AUTHENTICATE ");
        line.push_str(piece);
    });
}

#[cfg(test)]
mod tests;
