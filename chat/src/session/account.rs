//! Accounts of one's own: REGISTER (draft/account-registration) and PASSWD.

use chat_proto::caps::Caps;
use chat_proto::message::{Message, Writer};

use crate::secret::Secret;
use crate::session::login::{Entry, Lock, Step, Way};
use crate::session::{Session, Stage, What};

impl Session {
    /// How we are going to come in the next time.
    pub fn enter_by(&mut self, entry: Entry) {
        self.entry = entry;
        self.entry_name.clone_from(&self.wanted);
    }

    /// What the server asks everybody for.
    pub fn give_server_password(&mut self, password: Secret) {
        self.server_password = Some(password);
    }

    /// The kind of way that the connection takes.
    pub fn set_way(&mut self, way: Way) {
        self.way = way;
    }

    /// Whom the server takes us for.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The account is our login, by the kernel's word.
    pub fn is_own_login(&self) -> bool {
        self.way == Way::Local
            && self.account.as_deref().unwrap_or(&self.nick).eq_ignore_ascii_case(&self.login)
    }

    /// Whether nobody between can listen, so that a new password may be set.
    pub fn is_private(&self) -> bool {
        self.way != Way::Open
    }

    /// Whether accounts can be made, and whether it takes an address for mail.
    pub fn registers(&self) -> Option<bool> {
        self.offered.contains(Caps::ACCOUNT_REGISTRATION).then_some(self.email_required)
    }

    /// Makes the account of our name.
    pub fn register(&mut self, email: Option<&str>, password: Secret) {
        self.send_register(email, &password);
        self.await_outcome(password);
    }

    pub(super) fn send_register(&mut self, email: Option<&str>, password: &Secret) {
        let line = Writer::new().command("REGISTER").param("*").param(email.unwrap_or("*"));
        self.send(line.trailing(password.as_str()));
    }

    /// Sets the password of our account; the old one is left out where the kernel vouches for us.
    pub fn change_password(&mut self, old: Option<&Secret>, new: Secret) {
        let line = Writer::new().command("PASSWD");
        let old = old.map_or("*", Secret::as_str);
        let fits = !old.contains(' ') && !old.starts_with(':');
        self.send(match fits {
            true => line.param(old).trailing(new.as_str()),
            // What is no single word: a control character, which no password has, keeps them apart.
            false => line.trailing(&zeroize::Zeroizing::new(format!("{old}\t{}", new.as_str()))),
        });
        self.await_outcome(new);
    }

    /// Shows, adds or removes certificates of our account; NickServ answers.
    pub fn certificates(&mut self, words: &[&str]) {
        let line = Writer::new().command("NS").param("CERT");
        self.send(words.iter().fold(line, |line, word| line.param(word)));
    }

    fn await_outcome(&mut self, password: Secret) {
        self.setting = Some(password);
        self.waits_for_account = true;
    }

    /// REGISTER and PASSWD: what has become of our wish.
    pub(super) fn on_account_outcome(&mut self, message: &Message) {
        self.waits_for_account = false;
        let setting = self.setting.take();
        let account = message.param(1).unwrap_or_default().to_owned();
        let registered = message.command().eq_ignore_ascii_case("REGISTER");
        let early = registered && self.stage == Stage::Registering;
        let asked = setting.is_some() || (early && matches!(self.entry, Entry::Register { .. }));
        if message.param(0) != Some("SUCCESS") || !asked {
            let text = message.params().last().unwrap_or_default().to_owned();
            return self.emit(What::Info { text });
        }
        let password = match (&self.entry, early) {
            (Entry::Register { password, .. }, true) => Some(password.clone()),
            _ => setting,
        };
        if let Some(password) = password.filter(|_| registered || matches!(self.entry, Entry::Password(_))) {
            self.entry = Entry::Password(password);
            self.entry_name.clone_from(&account);
        }
        self.emit(if registered { What::Registered { account } } else { What::PasswordSet { account } });
        if early {
            // Who makes an account is logged in to it.
            self.step = Step::Done;
            self.end_caps();
        }
    }

    /// FAIL REGISTER and FAIL PASSWD.
    pub(super) fn on_account_refused(&mut self, message: &Message) {
        self.setting = None;
        self.waits_for_account = false;
        let code = message.param(1).unwrap_or_default();
        let reason = message.params().last().unwrap_or_default();
        if self.stage == Stage::Registering {
            return self.lock(Lock::NotRegistered, reason);
        }
        let command = message.param(0).unwrap_or_default();
        let failed =
            if command == "REGISTER" { "no account was made" } else { "the password stays as it was" };
        let text = format!("{failed}: {}{}", lowered(reason), hint(code));
        self.refuse(None, command, &text);
    }
}

/// What to do about it.
fn hint(code: &str) -> &'static str {
    match code {
        "ALREADY_AUTHENTICATED" => "; <password> sets its password",
        "ACCOUNT_EXISTS" | "BAD_ACCOUNT_NAME" => "; <nick> NAME takes another name first",
        "NOT_LOGGED_IN" => "; <register> makes one",
        "WEAK_PASSWORD" | "UNACCEPTABLE_PASSWORD" | "INVALID_EMAIL" | "WRONG_PASSWORD" => "; try again",
        "DISALLOWED" => "; ask the administrator",
        _ => "",
    }
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
