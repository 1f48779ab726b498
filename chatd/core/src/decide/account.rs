//! Accounts of one's own: REGISTER and VERIFY (draft/account-registration), and PASSWD.

use std::fmt;

use chat_proto::message::Message;
use chat_proto::name::{self, Nick};
use chat_proto::numeric::ERR_NEEDMOREPARAMS;
use chat_proto::sasl::prepared;
use compact_str::CompactString;

use crate::account::Credentials;
use crate::attempts::Attempted;
use crate::event::{AccountEvent, Attempt, ConnEvent, Event, Registrar, UserEvent, Voice, Wait};
use crate::id::ConnId;
use crate::input::Made;
use crate::output::{Job, OldPassword, Secret};
use crate::state::{Session, State};
use crate::tx::{Tx, label_of};

use super::{authenticate, check, register, standing};

/// Characters that a password has at least.
const PASSWORD_MIN: usize = 8;
/// Bytes that any password has at most: what one SASL message has room for beside the longest names.
pub const PASSWORD_MAX: usize = 800;
const EMAIL_MAX: usize = 254;

const IS_LOGIN: &str = "It is the name of a login of this host";

/// Why somebody gets no account, or no other password.
struct Refusal {
    code: &'static str,
    account: CompactString,
    why: CompactString,
}

/// What somebody asks for.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// `*` for the nick.
    pub account: &'a str,
    /// `*` for none.
    pub email: &'a str,
    pub password: &'a str,
}

/// Where an answer goes, and how.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub command: &'static str,
    pub voice: Voice,
    pub message: &'a Message,
}

pub fn register(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let param = |index| message.param(index).unwrap_or_default();
    let wish = Wish { account: param(0), email: param(1), password: param(2) };
    make(tx, conn, wish, Answer { command: "REGISTER", voice: Voice::Standard, message });
}

/// No account waits for a verification.
pub fn verify(tx: &mut Tx<'_>, _: ConnId, message: &Message) {
    let account = check::word(message.param(0).unwrap_or_default());
    tx.fail("VERIFY", "INVALID_CODE", format_args!("{account} :Nothing waits for a code"));
}

/// `PASSWD old :new`; `*` for no old one. One that is no single word stands before the new one, with a tab between them, which
/// neither can have: `PASSWD :old<TAB>new`.
pub fn passwd(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let first = message.param(0).unwrap_or_default();
    let Some((old, new)) = message.param(1).map(|new| (first, new)).or_else(|| first.split_once('\t')) else {
        return tx.numeric(ERR_NEEDMOREPARAMS, format_args!("PASSWD :Not enough parameters"));
    };
    let old = Some(old).filter(|old| *old != "*");
    change_password(tx, conn, old, new, Answer { command: "PASSWD", voice: Voice::Standard, message });
}

/// Makes an account, if it may be made.
pub fn make(tx: &mut Tx<'_>, conn: ConnId, wish: Wish<'_>, answer: Answer<'_>) {
    match may_make(tx, conn, wish) {
        Err(refusal) => refuse(tx, answer.command, answer.voice, &refusal),
        Ok(name) => {
            let email = Some(wish.email).filter(|email| *email != "*").map(Into::into);
            let unless_login = tx.state().policy.reserve_logins.then(|| name.clone());
            let label = label(answer);
            let wait = Wait::MakeAccount { name, email, voice: answer.voice, label };
            let password = Secret::from(wish.password);
            tx.emit_conn(conn, ConnEvent::AccountTried);
            tx.wait(conn, wait, Job::MakeCredentials { password, old: None, unless_login });
        }
    }
}

/// Changes a password, or sets the first one of a login.
pub fn change_password(tx: &mut Tx<'_>, conn: ConnId, old: Option<&str>, new: &str, answer: Answer<'_>) {
    match may_change(tx, conn, old, new) {
        Err(refusal) => refuse(tx, answer.command, answer.voice, &refusal),
        Ok(old) => {
            let label = label(answer);
            let Some(account) = account_of(tx.state(), conn) else { return };
            let wait = Wait::ChangePassword { account, voice: answer.voice, label };
            let password = Secret::from(new);
            tx.wait(conn, wait, Job::MakeCredentials { password, old, unless_login: None });
        }
    }
}

fn label(answer: Answer<'_>) -> Option<CompactString> {
    label_of(answer.message).map(|label| (*label).into())
}

fn may_make(tx: &mut Tx<'_>, conn: ConnId, wish: Wish<'_>) -> Result<Nick, Refusal> {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return Err(refusal("NEED_NICK", "*", "")) };
    let no = |code, why: &str| Err(refusal(code, wish.account, why));
    let rules = state.policy.registration;
    if !session.peer.is_safe() {
        return no("DISALLOWED", "Passwords are for encrypted connections only");
    }
    if !rules.open {
        return no("DISALLOWED", "Accounts are made by the administrator here");
    }
    if let Some(account) = current(state, session) {
        let why = format!("You are {account} already");
        return Err(refusal("ALREADY_AUTHENTICATED", account.as_str(), &why));
    }
    if session.user().is_none() && !rules.before_connect {
        return no("COMPLETE_CONNECTION_REQUIRED", "Complete the connection first");
    }
    if register::lacks_password(state, session) {
        return no("DISALLOWED", "The password of the server comes first (PASS)");
    }
    let nick = state.name_of(conn);
    let wanted = if wish.account == "*" { nick } else { wish.account };
    if nick == "*" {
        let refused = session.registering().and_then(|registering| registering.refused.as_ref());
        return match refused {
            Some(refused) => {
                Err(refusal("ACCOUNT_EXISTS", refused.as_str(), "Others have that name, choose another nick"))
            }
            None => no("NEED_NICK", "Choose a nick first"),
        };
    }
    if state.policy.nick_equals_account && !name::same(wanted, nick) {
        return no("ACCOUNT_NAME_MUST_BE_NICK", "An account has the name of your nick");
    }
    let name = fit_name(state, wanted)?;
    free_name(state, session, &name)?;
    fit_email(wanted, wish.email, rules.email_required)?;
    fit_password(wanted, wish.password)?;
    let from = Attempted::Registration(Box::new(Attempted::from(&session.peer.origin)));
    let delay = state.attempts.delay(&from, rules.per_address, tx.now().uptime).div_ceil(1000);
    if delay > 0 {
        let delay = authenticate::seconds_long(delay);
        let why = format!("Too many accounts were made from where you are, try again in {delay}");
        let refusal = refusal("TEMPORARILY_UNAVAILABLE", wanted, &why);
        authenticate::delayed(tx, conn, Attempt::Registration);
        return Err(refusal);
    }
    Ok(name)
}

fn fit_name(state: &State, wanted: &str) -> Result<Nick, Refusal> {
    let name = check::nick(&state.policy.limits, wanted)
        .map_err(|error| refusal("BAD_ACCOUNT_NAME", wanted, &format!("That can't be a name: {error}")))?;
    if !name.is_fit_for_guest() {
        return Err(refusal("BAD_ACCOUNT_NAME", wanted, "Only a login of this host can be called so"));
    }
    if state.is_reserved_role(&name) {
        return Err(refusal("BAD_ACCOUNT_NAME", wanted, "Only those who run this server can be called so"));
    }
    Ok(name)
}

/// Neither an account's nor somebody else's, and not to be taken for an account's.
fn free_name(state: &State, session: &Session, name: &Nick) -> Result<(), Refusal> {
    let exists = |why: &str| Err(refusal("ACCOUNT_EXISTS", name.as_str(), why));
    if state.accounts.named(name.as_str()).is_some() {
        return exists("There is an account of that name");
    }
    if state.is_reserved(name) {
        return exists(IS_LOGIN);
    }
    if let Some(alike) = state.look_alike(name.as_str()) {
        return exists(&format!("It looks like the account {alike}"));
    }
    let holder = state.user_id(name.as_str());
    if holder.is_some() && holder != session.user() {
        return exists("Somebody goes by that name");
    }
    Ok(())
}

fn fit_email(account: &str, email: &str, required: bool) -> Result<(), Refusal> {
    let plausible = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let visible = email.len() <= EMAIL_MAX && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    match email {
        "*" if required => Err(refusal("INVALID_EMAIL", account, "An address for mail is needed")),
        "*" => Ok(()),
        _ if plausible && visible => Ok(()),
        _ => Err(refusal("INVALID_EMAIL", account, "That is no address for mail")),
    }
}

fn fit_password(account: &str, password: &str) -> Result<(), Refusal> {
    check_password(account, password).map_err(|fault| {
        let code = match fault {
            BadPassword::Weak => "WEAK_PASSWORD",
            BadPassword::Unusable => "UNACCEPTABLE_PASSWORD",
        };
        refusal(code, account, &format!("The password {fault}"))
    })
}

/// What is wrong with a password that is to be set. It reads on after "the password" or "it".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPassword {
    Weak,
    Unusable,
}

impl fmt::Display for BadPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak => write!(f, "needs at least {PASSWORD_MIN} characters, and is not the name"),
            Self::Unusable => write!(f, "can have {PASSWORD_MAX} bytes, and no control characters"),
        }
    }
}

/// Whether the account may have that password.
///
/// # Errors
/// It is easily guessed, or could not be typed everywhere.
pub fn check_password(account: &str, password: &str) -> Result<(), BadPassword> {
    if password.len() > PASSWORD_MAX || password.chars().any(char::is_control) {
        return Err(BadPassword::Unusable);
    }
    if prepared(password).chars().count() < PASSWORD_MIN || name::same(account, password) {
        return Err(BadPassword::Weak);
    }
    Ok(())
}

/// What of the old password is to be checked; none if the kernel vouches for the account.
fn may_change(
    tx: &mut Tx<'_>,
    conn: ConnId,
    old: Option<&str>,
    new: &str,
) -> Result<Option<Box<OldPassword>>, Refusal> {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return Err(refusal("NOT_LOGGED_IN", "*", "")) };
    let Some(account) = current(state, session).cloned() else {
        return Err(refusal("NOT_LOGGED_IN", "*", "You have no account; REGISTER makes one"));
    };
    fit_password(account.as_str(), new)?;
    let kernel = session.peer.login().is_some_and(|login| login.fold() == account.fold());
    if kernel {
        return Ok(None);
    }
    let credentials = state.accounts.named(account.as_str()).and_then(|account| account.credentials.clone());
    let Some(credentials) = credentials else {
        return Err(refusal("WRONG_PASSWORD", account.as_str(), "There is no password to change"));
    };
    let Some(old) = old else {
        return Err(refusal("WRONG_PASSWORD", account.as_str(), "The old password is needed"));
    };
    if let Some(seconds) = authenticate::delay(tx, conn, Some(&account.fold())) {
        let why = format!("Too many attempts, try again in {}", authenticate::seconds_long(seconds));
        return Err(refusal("TEMPORARILY_UNAVAILABLE", account.as_str(), &why));
    }
    tx.emit_conn(conn, ConnEvent::LoginTried { name: Some(account.fold()) });
    Ok(Some(Box::new(OldPassword { credentials, password: old.into() })))
}

fn account_of(state: &State, conn: ConnId) -> Option<Nick> {
    current(state, state.sessions.get(conn)?).cloned()
}

/// The account that a connection counts as now.
fn current<'a>(state: &'a State, session: &'a Session) -> Option<&'a Nick> {
    match session.user() {
        Some(user) => state.user(user)?.account.as_ref(),
        None => session.account.as_ref(),
    }
}

/// Goes on with an account that is to be made when its password is hashed.
pub fn made(tx: &mut Tx<'_>, conn: ConnId, name: &Nick, email: Option<Box<str>>, voice: Voice, made: &Made) {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return };
    let outcome = match made {
        // It may have been taken meanwhile.
        Made::Credentials(credentials) => free_name(state, session, name).map(|()| credentials.clone()),
        Made::IsLogin => Err(refusal("ACCOUNT_EXISTS", name.as_str(), IS_LOGIN)),
        Made::WrongOld | Made::Failed => Err(not_now(name.as_str())),
    };
    match outcome {
        Err(refusal) => refuse(tx, "REGISTER", voice, &refusal),
        Ok(credentials) => {
            let from = session.peer.origin.clone();
            let event = AccountEvent::Registered {
                login: false,
                email,
                credentials: Some(credentials),
                by: Registrar::Owner(Box::new(from)),
            };
            tx.emit(Event::Account(name.clone(), event));
            become_it(tx, conn, name);
            success(tx, "REGISTER", voice, name, "Account made; you are logged in to it");
            authenticate::logged_in(tx, conn, name);
        }
    }
}

fn become_it(tx: &mut Tx<'_>, conn: ConnId, account: &Nick) {
    tx.emit_conn(conn, ConnEvent::LoggedIn { account: account.clone() });
    if let Some(user) = tx.state().sessions.get(conn).and_then(Session::user) {
        tx.emit_user(user, UserEvent::AccountChanged { account: Some(account.clone()) });
        standing::logged_in(tx, user);
    }
}

/// Goes on with a change of password when the new one is hashed.
pub fn password_made(
    tx: &mut Tx<'_>,
    conn: ConnId,
    (account, old): (&Nick, Option<&Credentials>),
    voice: Voice,
    made: &Made,
) {
    let state = tx.state();
    let Some(session) = state.sessions.get(conn) else { return };
    // Meanwhile the connection may count as another account, or another password be set.
    let replaced = old.is_some_and(|old| authenticate::credentials(state, account.as_str()) != Some(old));
    if current(state, session) != Some(account) || replaced {
        return refuse(tx, "PASSWD", voice, &not_now(account.as_str()));
    }
    let by = Registrar::Owner(Box::new(session.peer.origin.clone()));
    match made {
        Made::Credentials(credentials) => {
            set_password(tx, account, credentials.clone(), by);
            success(tx, "PASSWD", voice, account, "Password set");
        }
        Made::WrongOld => {
            authenticate::report(tx, conn, account.as_str(), chat_proto::sasl::Mechanism::Plain);
            let wrong = refusal("WRONG_PASSWORD", account.as_str(), "The old password is wrong");
            refuse(tx, "PASSWD", voice, &wrong);
        }
        Made::IsLogin | Made::Failed => refuse(tx, "PASSWD", voice, &not_now(account.as_str())),
    }
}

/// An account that is there gets the password; a login that has none yet gets its entry.
pub fn set_password(tx: &mut Tx<'_>, account: &Nick, credentials: Box<Credentials>, by: Registrar) {
    let event = if tx.state().accounts.named(account.as_str()).is_some() {
        AccountEvent::PasswordSet { credentials, by }
    } else {
        AccountEvent::Registered { login: true, email: None, credentials: Some(credentials), by }
    };
    tx.emit(Event::Account(account.clone(), event));
}

/// Too many passwords wait to be hashed for this one to be.
pub fn not_done(tx: &mut Tx<'_>, command: &str, account: &Nick, voice: Voice) {
    let too_many = "Too many passwords are being checked at once, try again";
    refuse(tx, command, voice, &refusal("TEMPORARILY_UNAVAILABLE", account.as_str(), too_many));
}

fn not_now(account: &str) -> Refusal {
    refusal("TEMPORARILY_UNAVAILABLE", account, "That didn't work, try again")
}

fn refusal(code: &'static str, account: &str, why: &str) -> Refusal {
    Refusal { code, account: check::word(account).into(), why: why.into() }
}

fn refuse(tx: &mut Tx<'_>, command: &str, voice: Voice, refusal: &Refusal) {
    let Refusal { code, account, why } = refusal;
    match voice {
        Voice::Standard => tx.fail(command, code, format_args!("{account} :{why}")),
        Voice::Service => super::nickserv::say(tx, why),
    }
}

fn success(tx: &mut Tx<'_>, command: &str, voice: Voice, account: &Nick, text: &str) {
    match voice {
        Voice::Standard => tx.responder().1.server_line(format_args!("{command} SUCCESS {account} :{text}")),
        Voice::Service => super::nickserv::say(tx, text),
    }
}

#[cfg(test)]
mod tests;
