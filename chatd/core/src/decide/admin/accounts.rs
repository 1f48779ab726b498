//! What administrators do with accounts.

use chat_proto::admin;
use chat_proto::name::Nick;

use crate::account::{Account, Credentials};
use crate::event::{AccountEvent, Ending, Event, Registrar};
use crate::id::ConnId;
use crate::input::Actor;
use crate::output::AdminAnswer;
use crate::state::{Session, State, User};
use crate::tx::Tx;

use super::super::account::set_password;
use super::super::make_way::make_way;
use super::{administrator, checked, nearest};

type Answer = Result<AdminAnswer, admin::Error>;

pub fn list(state: &State) -> AdminAnswer {
    AdminAnswer::Accounts(state.accounts.iter().map(|account| describe(state, account)).collect())
}

/// A login of this host without an entry, too.
pub fn show(state: &State, name: String, login: bool) -> Answer {
    let name = known(state, name, login)?;
    let shown = match state.accounts.named(name.as_str()) {
        Some(account) => describe(state, account),
        None => admin::Account { created_at: None, ..describe(state, &Account::new(name, 0, true)) },
    };
    Ok(AdminAnswer::Account(Box::new(shown)))
}

/// A new account, or the entry of a login of this host.
pub fn add(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: String,
    credentials: Box<Credentials>,
    login: bool,
) -> Answer {
    let name = fit(tx.state(), name, login)?;
    if tx.state().accounts.named(name.as_str()).is_some() {
        return Err(admin::Error::AccountExists { name: name.to_string() });
    }
    let by = Registrar::Administrator(administrator(actor));
    let event = AccountEvent::Registered { login, email: None, credentials: Some(credentials), by };
    tx.emit(Event::Account(name.clone(), event));
    make_way(tx, &name);
    Ok(AdminAnswer::Done)
}

pub fn password(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: String,
    credentials: Box<Credentials>,
    login: bool,
) -> Answer {
    let name = known(tx.state(), name, login)?;
    // Whoever got in by the old password, or added a certificate by it, shall not stay.
    let certificates = tx
        .state()
        .accounts
        .named(name.as_str())
        .map(|account| account.certificates.clone())
        .unwrap_or_default();
    for fingerprint in certificates {
        tx.emit(Event::Account(name.clone(), AccountEvent::CertificateRemoved { fingerprint }));
    }
    set_password(tx, &name, credentials, Registrar::Administrator(administrator(actor)));
    put_out(tx, &name, "The password was changed", true);
    Ok(AdminAnswer::Done)
}

/// Shuts the account, and puts its user out.
pub fn suspend(tx: &mut Tx<'_>, actor: &Actor, name: String, reason: Option<String>, login: bool) -> Answer {
    reason.as_deref().map_or(Ok(()), checked)?;
    let name = known(tx.state(), name, login)?;
    let by = administrator(actor);
    if tx.state().accounts.named(name.as_str()).is_none() {
        let by = Registrar::Administrator(by.clone());
        let event = AccountEvent::Registered { login: true, email: None, credentials: None, by };
        tx.emit(Event::Account(name.clone(), event));
    }
    let said = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let reason = reason.map(Into::into);
    tx.emit(Event::Account(name.clone(), AccountEvent::Suspended { by, reason }));
    let sessions = put_out(tx, &name, &format!("Suspended{said}"), false);
    Ok(AdminAnswer::PutOut { sessions })
}

pub fn resume(tx: &mut Tx<'_>, actor: &Actor, name: String) -> Answer {
    let name = known(tx.state(), name, false)?;
    let suspended =
        tx.state().accounts.named(name.as_str()).is_some_and(|account| account.suspended.is_some());
    if !suspended {
        return Err(admin::Error::NotSuspended { name: name.to_string() });
    }
    tx.emit(Event::Account(name, AccountEvent::Resumed { by: administrator(actor) }));
    Ok(AdminAnswer::Done)
}

/// Forgets the account and ends its user's sessions. Of a login, which the host may have or not any more, all that was kept
/// is forgotten; its sessions on this host go on.
pub fn remove(tx: &mut Tx<'_>, actor: &Actor, name: String, login: bool) -> Answer {
    let remembered = tx.state().remembers_login(&name);
    let name = known(tx.state(), name, login || remembered)?;
    let login = tx.state().accounts.named(name.as_str()).map_or(login, |account| account.login);
    tx.emit(Event::Account(name.clone(), AccountEvent::Removed { by: administrator(actor) }));
    let sessions = put_out(tx, &name, "Account removed", login);
    Ok(AdminAnswer::PutOut { sessions })
}

/// Ends all sessions of the account.
pub fn end_sessions_of(tx: &mut Tx<'_>, account: &Nick, reason: &str) {
    put_out(tx, account, reason, false);
}

/// Ends all sessions that are logged in to the account, those too that have not registered; `but_local` spares those that the kernel
/// vouches for. Returns how many there were.
fn put_out(tx: &mut Tx<'_>, account: &Nick, reason: &str, but_local: bool) -> u32 {
    let state = tx.state();
    let is_it = |own: &Nick| own.fold() == account.fold();
    let counts_as = |session: &Session| {
        let of_user = session.user().and_then(|user| state.user(user)?.account.as_ref());
        of_user.or(session.account.as_ref()).is_some_and(is_it)
    };
    let spared = |session: &Session| but_local && session.peer.login().is_some_and(is_it);
    let meant = state.sessions.iter().filter(|session| counts_as(session) && !spared(session));
    let meant: Vec<ConnId> = meant.map(|session| session.conn).collect();
    for conn in &meant {
        tx.disconnect(*conn, Ending::Kicked, reason);
    }
    super::count(meant.len())
}

fn fit(state: &State, name: String, login: bool) -> Result<Nick, admin::Error> {
    match super::super::check::nick(&state.policy.limits, &name) {
        Ok(nick) if login || nick.is_fit_for_guest() => Ok(nick),
        Ok(_) => {
            let reason = String::from("only a login of this host can be called so");
            Err(admin::Error::InvalidName { name, reason })
        }
        Err(error) => Err(admin::Error::InvalidName { name, reason: error.to_string() }),
    }
}

/// The name of an account that is there, as it is written; or that of a login of this host, which needs no entry.
fn known(state: &State, name: String, login: bool) -> Result<Nick, admin::Error> {
    if let Some(account) = state.accounts.named(&name) {
        return Ok(account.name.clone());
    }
    if login {
        return fit(state, name, login);
    }
    let names = state.accounts.iter().map(|account| account.name.as_str());
    let suggestion = nearest(&name, names).map(str::to_owned);
    Err(admin::Error::NoSuchAccount { name, suggestion })
}

fn describe(state: &State, account: &Account) -> admin::Account {
    let is_it = |user: &&User| user.account.as_ref().is_some_and(|own| own.fold() == account.name.fold());
    admin::Account {
        name: account.name.to_string(),
        created_at: Some(account.created_at),
        email: account.email.as_deref().map(str::to_owned),
        login: account.login,
        password: account.credentials.is_some(),
        certificates: account.certificates.iter().map(ToString::to_string).collect(),
        suspended: account.suspended.as_ref().map(|suspension| admin::Suspension {
            by: suspension.by.to_string(),
            at: suspension.at,
            reason: suspension.reason.as_deref().map(str::to_owned),
        }),
        sessions: state.users.values().filter(is_it).map(|user| super::wide(user.sessions.len())).sum(),
    }
}

#[cfg(test)]
mod tests;
