//! NickServ, for clients and people used to it: what REGISTER, PASSWD and AUTHENTICATE do, in words.

use chat_proto::message::Message;

use crate::account::Fingerprint;
use crate::event::{AccountEvent, Event, Voice, Wait};
use crate::output::{Job, Secret};
use crate::service::Service;
use crate::tx::{Caller, Tx, label_of};

use super::account::{self, Answer, Wish};
use super::{authenticate, service};

/// Certificates of one account.
const CERTIFICATES_MAX: usize = 10;

const HELP: [&str; 6] = [
    "REGISTER password [email]: makes an account of your nick",
    "IDENTIFY [account] password: logs you in",
    "SET PASSWORD new [old]: sets your password; the old one is needed unless you are on this host",
    "CERT ADD | DEL fingerprint | LIST: certificates that log you in",
    "Logins of this host are accounts by themselves; SET PASSWORD lets them come from elsewhere",
    "Nobody can read a password over the shoulder with SASL: better set your client up for that",
];

/// `NICKSERV command …` and `NS command …`.
pub fn command(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let words: Vec<&str> = message.params().flat_map(|param| param.split(' ')).collect();
    obey(tx, caller, &words, message);
}

/// A private message to NickServ.
pub fn told(tx: &mut Tx<'_>, caller: Caller, text: &str, message: &Message) {
    let words: Vec<&str> = text.split(' ').collect();
    obey(tx, caller, &words, message);
}

fn obey(tx: &mut Tx<'_>, caller: Caller, words: &[&str], message: &Message) {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    let upper: Vec<String> = words.iter().take(2).map(|word| word.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let answer = |command| Answer { command, voice: Voice::Service, message };
    match (upper.as_slice(), words.as_slice()) {
        (["REGISTER", ..], [_, password, rest @ ..]) if rest.len() <= 1 => {
            let wish = Wish { account: "*", email: rest.first().copied().unwrap_or("*"), password };
            account::make(tx, caller.conn, wish, answer("REGISTER"));
        }
        (["IDENTIFY", ..], [_, password]) => {
            let nick = tx.state().name_of(caller.conn).to_owned();
            identify(tx, caller, &nick, password, message);
        }
        (["IDENTIFY", ..], [_, name, password]) => identify(tx, caller, name, password, message),
        (["SET", "PASSWORD"], [_, _, new, rest @ ..]) if rest.len() <= 1 => {
            account::change_password(tx, caller.conn, rest.first().copied(), new, answer("PASSWD"));
        }
        (["CERT", "ADD"], [_, _]) => add_certificate(tx, caller),
        (["CERT", "DEL"], [_, _, fingerprint]) => remove_certificate(tx, caller, fingerprint),
        (["CERT", "LIST"], [_, _]) => list_certificates(tx, caller),
        _ => HELP.iter().for_each(|line| say(tx, line)),
    }
}

fn identify(tx: &mut Tx<'_>, caller: Caller, name: &str, password: &str, message: &Message) {
    let Some(session) = tx.state().sessions.get(caller.conn) else { return };
    if !session.peer.is_safe() {
        return say(tx, "Passwords are for encrypted connections only");
    }
    let name = authenticate::shown(name);
    if let Err(why) = authenticate::try_login(tx, caller.conn, &name) {
        return say(tx, &why);
    }
    let credentials = authenticate::credentials(tx.state(), &name).cloned().map(Box::new);
    let label = label_of(message).map(|label| (*label).into());
    let wait = Wait::Login { name, voice: Voice::Service, label };
    tx.wait(caller.conn, wait, Job::CheckAccount { credentials, password: Secret::from(password) });
}

fn add_certificate(tx: &mut Tx<'_>, caller: Caller) {
    let state = tx.state();
    let certificate = state.sessions.get(caller.conn).and_then(|session| session.peer.certificate);
    let Some(name) = state.user(caller.user).and_then(|user| user.account.clone()) else {
        return say(tx, "You have no account");
    };
    let Some(fingerprint) = certificate else {
        return say(tx, "Your client has shown no certificate");
    };
    match state.accounts.named(name.as_str()) {
        None => return say(tx, "Set a password first"),
        Some(account) if account.certificates.len() >= CERTIFICATES_MAX => {
            return say(
                tx,
                &format!("You have {CERTIFICATES_MAX} certificates, which is all that there may be"),
            );
        }
        Some(_) => {}
    }
    tx.emit(Event::Account(name, AccountEvent::CertificateAdded { fingerprint }));
    say(tx, &format!("From now on the certificate {fingerprint} logs you in"));
}

fn remove_certificate(tx: &mut Tx<'_>, caller: Caller, fingerprint: &str) {
    let fingerprint: Fingerprint = match fingerprint.parse() {
        Ok(fingerprint) => fingerprint,
        Err(error) => return say(tx, &format!("That is no fingerprint: {error}")),
    };
    let state = tx.state();
    let own = state.user(caller.user).and_then(|user| user.account.as_ref());
    let owner = state.accounts.certified(&fingerprint).map(|account| account.name.clone());
    match owner.filter(|owner| own.is_some_and(|own| own.fold() == owner.fold())) {
        None => say(tx, "That certificate is not yours"),
        Some(name) => {
            tx.emit(Event::Account(name, AccountEvent::CertificateRemoved { fingerprint }));
            say(tx, &format!("The certificate {fingerprint} logs nobody in any more"));
        }
    }
}

fn list_certificates(tx: &mut Tx<'_>, caller: Caller) {
    let state = tx.state();
    let own = state.user(caller.user).and_then(|user| state.accounts.named(user.account.as_ref()?.as_str()));
    let lines: Vec<String> =
        own.into_iter().flat_map(|account| &account.certificates).map(ToString::to_string).collect();
    if lines.is_empty() {
        return say(tx, "No certificate logs you in");
    }
    lines.iter().for_each(|line| say(tx, line));
}

pub fn say(tx: &mut Tx<'_>, text: &str) {
    service::say(tx, Service::NickServ, text);
}
