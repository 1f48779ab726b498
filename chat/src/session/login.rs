//! Logging in before we are in (SASL), and a door that is shut for those who don't.

use chat_proto::caps::Caps;
use chat_proto::message::{Message, Writer};
use chat_proto::name::same;
use chat_proto::numeric::{ERR_SASLABORTED, RPL_LOGGEDIN, RPL_SASLSUCCESS};
use chat_proto::numeric::{Numeric, RPL_LOGGEDOUT, RPL_SASLMECHS};
use chat_proto::sasl::{self, ClientFinal, Mechanism, Plain, ScramClient};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::session::{Session, Stage, What};

/// How we come in.
#[derive(Debug, Clone, Default)]
pub enum Entry {
    /// By the name alone.
    #[default]
    Name,
    Password(Secret),
    /// By the certificate that the connection shows, else by the password.
    Certificate {
        otherwise: Option<Secret>,
    },
    /// Makes the account first.
    Register {
        email: Option<String>,
        password: Secret,
    },
}

/// What kind of way leads to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// This host's own socket.
    Local,
    /// To a server that has proved who it is; nobody between can listen.
    Tls,
    /// Nobody between can listen, but anybody on this host may be at the other end.
    Loopback,
    /// Others can listen, and be at the other end.
    #[default]
    Open,
}

/// Why the server doesn't let us in before we log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// The name is an account's.
    Account,
    WrongPassword,
    /// Too many attempts were made.
    TooFast,
    /// No guests are let in.
    AccountsOnly,
    /// The account that we wanted was not made.
    NotRegistered,
    /// Our certificate doesn't log us in.
    Certificate,
    /// The server asks everybody for a password, and we had none.
    ServerPassword,
    WrongServerPassword,
}

/// A door that is shut, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Locked {
    pub name: String,
    pub why: Lock,
    /// The server's words.
    pub reason: String,
    /// Seconds until it may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
    /// Whether an account can be made before coming in, and whether that takes an address for mail.
    pub registers: bool,
    pub email_required: bool,
}

impl Locked {
    /// In one line, for those who can't be asked.
    pub fn in_a_line(&self) -> String {
        let Self { name, reason, .. } = self;
        match self.why {
            Lock::Account => format!(
                "{name} is an account: log in with its password (--password-file FILE), or choose another name (--name)"
            ),
            Lock::WrongPassword => format!("the password of the account {name} is wrong"),
            Lock::TooFast => format!("not logged in as {name}: {reason}"),
            Lock::AccountsOnly => {
                "the server lets in accounts only: --name NAME --password-file FILE logs in; at a terminal, \
                                   chat asks for the password or makes an account"
                    .to_owned()
            }
            Lock::NotRegistered => format!("no account was made: {reason}"),
            Lock::Certificate => format!("the certificate doesn't log in as {name}: {reason}"),
            Lock::ServerPassword => {
                "the server asks everybody for its password: --server-password-file FILE".to_owned()
            }
            Lock::WrongServerPassword => {
                "the password that the server asks everybody for is wrong".to_owned()
            }
        }
    }
}

/// Seconds.
const WAIT_MAX: u64 = 3600;

/// How far a login is.
#[derive(Debug, Default)]
pub(super) enum Step {
    #[default]
    None,
    Begun(Mechanism),
    Challenged(ScramClient),
    /// The server has to prove that it knows the password, too.
    Proving(ClientFinal),
    Done,
}

impl Session {
    pub(super) fn begin_login(&mut self) {
        // The password itself is only for a server that has proved who it is.
        let proven = matches!(self.way, Way::Local | Way::Tls);
        if self.offers(Mechanism::ScramSha256) {
            self.begin_by(Mechanism::ScramSha256);
        } else if proven && self.offers(Mechanism::Plain) {
            self.begin_by(Mechanism::Plain);
        } else {
            self.cannot_log_in();
        }
    }

    pub(super) fn begin_certified(&mut self) {
        if self.offers(Mechanism::External) {
            self.begin_by(Mechanism::External);
        } else {
            self.on_certificate_refused("the server takes none");
        }
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        let names = self.mechanisms.as_deref();
        let named =
            names.is_none_or(|names| names.split(',').any(|name| Mechanism::named(name) == Some(mechanism)));
        named && self.caps.contains(Caps::SASL)
    }

    fn begin_by(&mut self, mechanism: Mechanism) {
        self.step = Step::Begun(mechanism);
        self.send(Writer::new().command("AUTHENTICATE").param(mechanism.name()));
    }

    /// The password is tried next, if there is one.
    fn on_certificate_refused(&mut self, reason: &str) {
        match std::mem::take(&mut self.entry) {
            Entry::Certificate { otherwise: Some(password) } => {
                self.entry = Entry::Password(password);
                self.begin_login();
            }
            _ => self.lock(Lock::Certificate, reason),
        }
    }

    /// The server has no way to log in that is good enough.
    pub(super) fn cannot_log_in(&mut self) {
        let hint = match self.way {
            Way::Local | Way::Tls => "",
            Way::Loopback | Way::Open => " that is safe without TLS",
        };
        self.shut_out(format!("the server offers no login for accounts here{hint}"));
    }

    fn shut_out(&mut self, reason: String) {
        self.stage = Stage::Offline;
        self.emit(What::Closed { reason, last: true });
    }

    pub(super) fn on_authenticate(&mut self, message: &Message) {
        let Ok(whole) = self.pieces.take(message.param(0).unwrap_or_default()) else {
            return self.abort_login("it sent nonsense");
        };
        if let Some(whole) = whole {
            self.next_step(&whole);
        }
    }

    fn next_step(&mut self, whole: &[u8]) {
        let password = match self.entry.clone() {
            Entry::Password(password) => password,
            Entry::Certificate { .. } => Secret::default(),
            Entry::Name | Entry::Register { .. } => return,
        };
        match std::mem::take(&mut self.step) {
            Step::Begun(Mechanism::External) => {
                self.authenticate(self.entry_name.clone().as_bytes());
                self.step = Step::Done;
            }
            Step::Begun(Mechanism::ScramSha256) => {
                let (client, first) = ScramClient::begin(&self.entry_name, &nonce());
                self.authenticate(first.as_bytes());
                self.step = Step::Challenged(client);
            }
            Step::Begun(Mechanism::Plain) => {
                let (authorize, name) = (String::new(), self.entry_name.clone());
                let password = Zeroizing::new(password.as_str().to_owned());
                self.authenticate(&Plain { authorize, name, password }.message());
                self.step = Step::Done;
            }
            Step::Challenged(client) => match client.answer(whole, password.as_str()) {
                Ok(last) => {
                    self.authenticate(last.message.as_bytes());
                    self.step = Step::Proving(last);
                }
                Err(error) => self.abort_login(&error.to_string()),
            },
            Step::Proving(last) if last.check(whole).is_ok() => {
                self.authenticate(b"");
                self.step = Step::Done;
            }
            Step::Proving(_) => self.abort_login("it doesn't know the password itself"),
            Step::None | Step::Done => {}
        }
    }

    fn authenticate(&mut self, message: &[u8]) {
        for piece in sasl::frames(message) {
            self.send(Writer::new().command("AUTHENTICATE").param(&piece));
        }
    }

    /// Whether we come in without the login that we wanted.
    pub(super) fn is_let_in_unproved(&self) -> bool {
        self.stage == Stage::Registering && self.is_logging_in() && !matches!(self.step, Step::Done)
    }

    /// The server is not to be trusted with anything.
    pub(super) fn abort_login(&mut self, why: &str) {
        self.shut_out(format!("the server may be another than it should be: {why}"));
    }

    pub(super) fn on_login_numeric(&mut self, number: Numeric, message: &Message) {
        match number {
            RPL_LOGGEDIN => self.count_as(message.param(2)),
            RPL_LOGGEDOUT => self.count_as(None),
            RPL_SASLMECHS => {}
            RPL_SASLSUCCESS if !self.is_logging_in() => {}
            RPL_SASLSUCCESS if matches!(self.step, Step::Done) => {
                self.introduce();
                self.end_caps();
            }
            RPL_SASLSUCCESS => self.abort_login("it didn't check the password"),
            ERR_SASLABORTED => {}
            _ => self.on_login_refused(message.params().last().unwrap_or_default()),
        }
    }

    fn on_login_refused(&mut self, reason: &str) {
        if self.stage != Stage::Registering {
            return;
        }
        let reason = reason.strip_prefix("SASL authentication failed:").unwrap_or(reason).trim();
        let wait = seconds(reason);
        if reason.contains("suspended") || reason.contains("banned") {
            return self.shut_out(reason.to_owned());
        }
        match self.entry {
            _ if wait.is_some() => self.lock(Lock::TooFast, reason),
            Entry::Certificate { .. } => self.on_certificate_refused(reason),
            _ => self.lock(Lock::WrongPassword, reason),
        }
    }

    /// We come no further without an account.
    pub(super) fn lock(&mut self, why: Lock, reason: &str) {
        self.stage = Stage::Offline;
        let about_us = !matches!(why, Lock::ServerPassword | Lock::WrongServerPassword);
        let logging_in = self.is_logging_in();
        if about_us {
            self.entry = Entry::Name;
        }
        self.emit(What::Locked(Locked {
            name: if logging_in { self.entry_name.clone() } else { self.wanted.clone() },
            why,
            reason: reason.to_owned(),
            wait: seconds(reason),
            registers: self.registers_early && self.is_private(),
            email_required: self.email_required,
        }));
    }

    /// Whom the server takes us for; told unless we came back with it.
    pub(super) fn count_as(&mut self, account: Option<&str>) {
        let coming_back = self.was_ready && self.stage == Stage::Registering;
        if let Some(account) =
            account.filter(|account| !coming_back && self.account.as_deref() != Some(account))
        {
            self.emit(What::LoggedIn { account: account.to_owned() });
        }
        self.account = account.map(str::to_owned);
    }

    /// ACCOUNT: somebody is, or is no longer, logged in.
    pub(super) fn on_account(&mut self, message: &Message) {
        if message.source_nick().is_some_and(|nick| same(nick, &self.nick)) {
            self.count_as(message.param(0).filter(|account| *account != "*"));
        }
    }
}

/// As in "try again in 8 seconds"; more than an hour isn't waited for.
fn seconds(reason: &str) -> Option<u64> {
    let (_, rest) = reason.split_once("try again in ")?;
    rest.split(' ').next()?.parse().ok().map(|seconds: u64| seconds.min(WAIT_MAX))
}

/// Unguessable printable ASCII without a comma.
fn nonce() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 32];
    // Without it the server's part of the nonce still keeps proofs from being used again.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    sasl::token(&bytes, &[b"chat"])
}

#[cfg(test)]
mod tests;
