//! Logging in, making an account and setting its password, as the user sees it.

use crate::client::Client;
use crate::client::dialog::{Dialog, Outcome};
use crate::line::{Line, Style};
use crate::secret::Secret;
use crate::session::{Entry, Lock, Locked};

/// Wrong passwords after which we leave.
const TRIES: u32 = 3;
const UNSAFE: &str =
    "others can listen to this connection, so no passwords are sent; come without --insecure-plain";

impl Client {
    /// Whether what is typed next is not to be seen.
    pub fn asks_secret(&self) -> bool {
        self.dialog.as_ref().is_some_and(Dialog::is_secret)
    }

    /// Whether there is no connection until the user has answered.
    pub fn is_at_door(&self) -> bool {
        self.dialog.as_ref().is_some_and(Dialog::is_at_door)
    }

    /// The user has said how to come in; true once.
    pub fn takes_entry(&mut self) -> bool {
        std::mem::take(&mut self.enters)
    }

    /// Why there is no use in going on.
    pub fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Takes an answer that nobody saw.
    pub fn whispered(&mut self, answer: Secret) {
        self.interrupts = 0;
        // Another question may have come up meanwhile, whose answer goes elsewhere.
        if let Some(dialog) = self.dialog.take_if(|_| self.prompts.ask_for_dialog()) {
            let at_door = dialog.is_at_door();
            self.go_on(dialog.whispered(answer), at_door);
        }
    }

    pub(super) fn go_on(&mut self, outcome: Outcome, at_door: bool) {
        match outcome {
            Outcome::Ask(dialog, complaint) => {
                if let Some(complaint) = complaint {
                    self.complain(complaint);
                }
                self.start(dialog);
            }
            Outcome::Enter(entry) => {
                self.session.enter_by(entry);
                self.enters = true;
            }
            Outcome::Knock(password) => {
                self.session.give_server_password(password);
                self.enters = true;
            }
            Outcome::Register(email, password) => self.session.register(email.as_deref(), password),
            Outcome::SetPassword(old, new) => self.session.change_password(old.as_ref(), new),
            Outcome::Dropped => self.drop_dialog(at_door),
        }
    }

    pub(super) fn drop_dialog(&mut self, at_door: bool) {
        if at_door {
            self.failure = Some("not logged in; --name NAME takes another name".to_owned());
        } else {
            self.remark("nothing was changed");
        }
    }

    fn start(&mut self, dialog: Dialog) {
        if !self.manner.prompt {
            self.print(Line::of(Style::Plain, &dialog.question()));
        }
        self.dialog = Some(dialog);
        self.prompts.forget_dialogs();
    }

    /// The server wants us to log in first.
    pub(super) fn locked(&mut self, locked: &Locked) {
        let Locked { name, reason, .. } = locked;
        match locked.why {
            Lock::Account => {
                let hint = "log in, or leave with Ctrl-C and take another name with --name";
                self.print(Line::new().name(name).text(Style::Dim, &format!(" is an account: {hint}")));
            }
            Lock::WrongPassword => {
                self.wrong += 1;
                if self.wrong >= TRIES {
                    let forgotten = "who has forgotten it asks the administrator for a new one";
                    self.failure = Some(format!("wrong password of {name}, {TRIES} times; {forgotten}"));
                    return;
                }
                self.complain("wrong password");
            }
            Lock::Certificate => return self.without_certificate(reason),
            Lock::ServerPassword => self.remark("The server asks everybody for its password."),
            Lock::WrongServerPassword => {
                self.wrong += 1;
                if self.wrong >= TRIES {
                    self.failure =
                        Some(format!("wrong server password, {TRIES} times; ask its administrator"));
                    return;
                }
                self.complain("wrong server password");
            }
            Lock::TooFast => self.complain(reason),
            Lock::AccountsOnly if locked.registers => self.remark("This server lets in accounts only."),
            Lock::AccountsOnly => self.remark(
                "This server lets in accounts only; who has none yet asks the administrator for one.",
            ),
            Lock::NotRegistered => self.complain(&format!("no account was made: {reason}")),
        }
        if self.session.was_ready() {
            self.remark("Press Enter to log in.");
        }
        self.start(Dialog::at(locked));
    }

    /// Comes in otherwise, to have it added.
    fn without_certificate(&mut self, reason: &str) {
        self.complain(&format!("your certificate doesn't log you in here: {reason}"));
        self.remark("<certificate> add, once you are in, changes that.");
        self.session.enter_by(Entry::Name);
        self.enters = true;
    }

    /// What logs us in besides the password: shows, adds or removes it.
    pub(super) fn certificate(&mut self, what: Option<&str>, fingerprint: Option<&str>) {
        if self.session.account().is_none() {
            return self.complain("a guest has no certificates; <register> makes an account of your name");
        }
        match (what.map(str::to_ascii_lowercase).as_deref(), fingerprint, self.certificate) {
            (None, ..) => self.show_certificates(),
            (Some("add"), None, Some(_)) => self.session.certificates(&["ADD"]),
            (Some("add"), None, None) => {
                self.complain("the server has seen no certificate of yours");
                self.tell_how();
            }
            (Some("remove"), Some(fingerprint), _) => self.session.certificates(&["DEL", fingerprint]),
            _ => self.complain("it is <certificate>, <certificate> add, or <certificate> remove FINGERPRINT"),
        }
    }

    fn show_certificates(&mut self) {
        match self.certificate {
            Some(own) => self.print(Line::of(Style::Plain, &format!("yours has the SHA-256 {own}"))),
            None => self.tell_how(),
        }
        self.session.certificates(&["LIST"]);
    }

    /// Where others reach the server.
    fn reached_at(&self) -> &str {
        self.server.as_deref().or(self.host.as_deref()).unwrap_or("HOST")
    }

    /// How to come with a certificate.
    fn tell_how(&mut self) {
        let server = self.reached_at().to_owned();
        let account = copyable(self.session.account().unwrap_or_default()).to_owned();
        self.remark("chat(1) tells how to make one. Then come with it, and <certificate> add:");
        self.print(Line::of(
            Style::Bold,
            &format!("  chat --server {server} --name {account} --certificate FILE"),
        ));
    }

    pub(super) fn register(&mut self) {
        if let Some(account) = self.session.account().map(str::to_owned) {
            let login = self.session.is_own_login();
            let what = if login { "your login is your account here" } else { "you have an account" };
            let password =
                if login { "sets a password for coming from elsewhere" } else { "changes its password" };
            return self.print(
                Line::of(Style::Plain, &format!("{what}: "))
                    .name(&account)
                    .text(Style::Plain, &format!("; <password> {password}")),
            );
        }
        if !self.session.is_private() {
            return self.complain(UNSAFE);
        }
        match self.session.registers() {
            Some(email_required) => {
                let name = self.session.nick().to_owned();
                let keep = "; it will be yours alone. An empty answer or Ctrl-C drops it.";
                self.print(
                    Line::of(Style::Dim, "An account keeps the name ").name(&name).text(Style::Dim, keep),
                );
                self.start(Dialog::register(false, email_required));
            }
            None => self.complain("no accounts can be made here; ask the administrator for one"),
        }
    }

    pub(super) fn password(&mut self) {
        let own_login = self.session.is_own_login();
        if self.session.account().is_none() && !own_login {
            return self.complain("a guest has no password; <register> makes an account of your name");
        }
        if !self.session.is_private() {
            return self.complain(UNSAFE);
        }
        self.start(Dialog::set_password(!own_login));
    }

    /// An account was made: how to come back to it.
    pub(super) fn registered(&mut self, account: &str) {
        let server = self.reached_at().to_owned();
        self.print(
            Line::of(Style::Plain, "The account ")
                .name(account)
                .text(Style::Plain, " is yours. From elsewhere:"),
        );
        self.print(Line::of(Style::Bold, &format!("  chat --server {server} --name {}", copyable(account))));
    }

    pub(super) fn password_set(&mut self, account: &str) {
        self.print(Line::of(Style::Plain, "The password of ").name(account).text(Style::Plain, " is set."));
        if self.session.is_own_login() {
            self.print(Line::of(
                Style::Dim,
                &format!("From elsewhere: chat --server {} --name {}", self.reached_at(), copyable(account)),
            ));
        }
    }
}

/// A name that the server has told, where a command line may have it: a shell would do something else with `` `x` ``.
fn copyable(account: &str) -> &str {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if account.chars().all(harmless) { account } else { "NAME" }
}
