//! Getting in: the negotiation of capabilities, the name, and what the server tells about itself.

use chat_proto::caps::Caps;
use chat_proto::message::{Message, Writer};
use chat_proto::name::same;
use chat_proto::numeric::{ERR_NICKNAMEINUSE, ERR_PASSWDMISMATCH, Numeric};
use chat_proto::sasl::Reassembly;
use jiff::SignedDuration;

use crate::session::login::Step;
use crate::session::split::Size;
use crate::session::{Entry, Lock, NameRequest, READY_FENCE, RESEND_WINDOW, Session, Stage, Sts, What};

impl Session {
    /// A connection is there: introduces us.
    pub fn open(&mut self) {
        self.stage = Stage::Registering;
        self.caps = Caps::empty();
        self.offered = Caps::empty();
        self.name_request = NameRequest::Made;
        self.nick.clone_from(&self.wanted);
        (self.step, self.pieces) = (Step::None, Reassembly::default());
        (self.account, self.mechanisms, self.multiline) = (None, None, None);
        (self.registers_early, self.email_required) = (false, false);
        self.send(Writer::new().command("CAP").param("LS").param("302"));
        if let Some(password) = self.server_password.clone().filter(|_| self.is_private()) {
            self.send(Writer::new().command("PASS").trailing(password.as_str()));
        }
        // A name that is in use is free for those who have logged in.
        if !self.is_logging_in() {
            self.introduce();
        }
    }

    pub(super) fn is_logging_in(&self) -> bool {
        matches!(self.entry, Entry::Password(_) | Entry::Certificate { .. })
    }

    pub(super) fn introduce(&mut self) {
        self.send(Writer::new().command("NICK").param(&self.wanted));
        self.send(
            Writer::new().command("USER").param(&self.login).param("0").param("*").trailing(&self.wanted),
        );
    }

    pub(super) fn on_cap(&mut self, message: &Message) {
        let list = message.params().last().unwrap_or_default();
        let named = || list.split(' ').filter_map(|word| Caps::named(word.split('=').next()?));
        let subcommand = message.param(1).unwrap_or_default();
        if let Some(value) = sts_in(list).filter(|_| matches!(subcommand, "LS" | "NEW")) {
            self.sts = Some(Sts::parse(value));
        }
        match subcommand {
            "LS" => {
                self.offered.extend(named());
                self.note_values(list);
                if message.param(2) != Some("*") {
                    self.request_caps();
                }
            }
            "ACK" => {
                self.caps.extend(named());
                self.caps_settled();
            }
            "NAK" => self.caps_settled(),
            "DEL" => self.caps.remove(named().collect()),
            _ => {}
        }
    }

    fn request_caps(&mut self) {
        let staying = if self.on_errand { Caps::empty() } else { Caps::NO_AUTO_JOIN };
        // Who came and went a week ago is no news.
        let names: Vec<_> = (self.offered - staying - Caps::EVENT_PLAYBACK).names().collect();
        if names.is_empty() {
            self.caps_settled();
        } else {
            self.send(Writer::new().command("CAP").param("REQ").trailing(&names.join(" ")));
        }
    }

    /// What the server says of logins and accounts.
    fn note_values(&mut self, list: &str) {
        for (name, value) in list.split(' ').filter_map(|word| word.split_once('=')) {
            match Caps::named(name) {
                Some(Caps::CLIENT_ID) => {
                    let window = value.parse().map(SignedDuration::from_secs);
                    self.resend_window = window.unwrap_or(RESEND_WINDOW);
                }
                Some(Caps::MULTILINE) => self.multiline = size_of(value),
                Some(Caps::SASL) => self.mechanisms = Some(value.to_owned()),
                Some(Caps::ACCOUNT_REGISTRATION) => {
                    let has = |wanted| value.split(',').any(|key| key == wanted);
                    (self.registers_early, self.email_required) =
                        (has("before-connect"), has("email-required"));
                }
                _ => {}
            }
        }
    }

    /// Comes in as we want to.
    fn caps_settled(&mut self) {
        if self.stage != Stage::Registering {
            return;
        }
        match self.entry.clone() {
            Entry::Name => self.end_caps(),
            Entry::Password(_) => self.begin_login(),
            Entry::Certificate { .. } => self.begin_certified(),
            Entry::Register { email, password } => self.send_register(email.as_deref(), &password),
        }
    }

    pub(super) fn end_caps(&mut self) {
        if self.stage != Stage::Registering {
            return;
        }
        let refused = std::mem::replace(&mut self.name_request, NameRequest::Over);
        if let Some(token) = self.resume.clone().filter(|_| self.can_resume(self.caps)) {
            self.send(Writer::new().command("RESUME").param(&token));
            if matches!(refused, NameRequest::Refused(_)) {
                self.send(Writer::new().command("NICK").param(&self.wanted));
            }
        } else if let NameRequest::Refused(reason) = refused {
            return self.close_for_name(&reason);
        }
        self.send(Writer::new().command("CAP").param("END"));
    }

    /// Whether a guest can show that the name was its own before.
    fn can_resume(&self, caps: Caps) -> bool {
        caps.contains(Caps::RESUME) && matches!(self.entry, Entry::Name)
    }

    pub(super) fn on_welcome(&mut self, message: &Message) {
        if self.is_let_in_unproved() {
            return self.abort_login("it didn't check the password");
        }
        if let Some(nick) = message.param(0) {
            nick.clone_into(&mut self.nick);
        }
    }

    pub(super) fn on_isupport(&mut self, message: &Message) {
        for token in message.params().skip(1) {
            match token.split_once('=').unwrap_or((token, "")) {
                ("chatd.org/LOBBY", lobby) => self.lobby = Some(lobby.to_owned()),
                ("WHOX", _) => self.whox = true,
                ("CHATHISTORY", lines) => self.past.set_page_max(lines.parse().unwrap_or(0)),
                _ => {}
            }
        }
    }

    /// The greeting is over. What the server does by itself on arrival comes before the answer to this ping.
    pub(super) fn on_greeted(&mut self) {
        if self.stage == Stage::Registering {
            self.send(Writer::new().command("PING").param(READY_FENCE));
        }
    }

    pub(super) fn on_pong(&mut self, message: &Message) {
        match message.params().last() {
            Some(READY_FENCE) if self.stage == Stage::Registering => {
                self.stage = Stage::Ready;
                self.is_in = true;
                let (name, lobby, again) = (self.nick.clone(), self.lobby.clone(), self.was_ready);
                self.emit(What::Welcome { name, lobby, again });
                self.come_back(again);
            }
            Some(token) if Some(token) == self.fence.as_deref() => self.fence = None,
            _ => {}
        }
    }

    /// Goes where we were before the connection broke, and says what waited.
    fn come_back(&mut self, again: bool) {
        for channel in std::mem::take(&mut self.left_behind) {
            if !self.rooms.contains(&channel) {
                self.send(Writer::new().command("JOIN").param(&channel));
            }
        }
        if let Some(text) = self.away_text.take() {
            self.set_away(Some(&text));
        }
        self.begin_past(again);
        if !self.past.is_returning() {
            self.say_again();
        }
    }

    /// What was on the way when the connection broke is sent again, if the server is sure to know it.
    pub(super) fn say_again(&mut self) {
        let away = self.broke.zip(self.heard).map(|(broke, heard)| heard.duration_since(broke));
        if !self.caps.contains(Caps::CLIENT_ID) || away.is_some_and(|away| away > self.resend_window) {
            for what in self.outbox.give_up() {
                self.emit(what);
            }
        }
        self.send_ready();
    }

    /// A name that we can't have, before we are in.
    pub(super) fn on_name_refused(&mut self, number: Numeric, reason: &str) {
        let is_account = number == ERR_NICKNAMEINUSE && reason.contains("reserved for the account");
        if is_account && self.offered.contains(Caps::SASL) {
            return self.lock(Lock::Account, reason);
        }
        if number == ERR_PASSWDMISMATCH {
            return self.on_server_password_refused(reason);
        }
        if number == ERR_NICKNAMEINUSE
            && self.name_request == NameRequest::Made
            && self.can_resume(self.offered)
        {
            self.name_request = NameRequest::Refused(reason.to_owned());
            return;
        }
        self.close_for_name(reason);
    }

    fn close_for_name(&mut self, reason: &str) {
        self.stage = Stage::Offline;
        let reason = format!("the name {} was refused: {reason}", self.wanted);
        self.emit(What::Closed { reason, last: !self.was_ready });
    }

    fn on_server_password_refused(&mut self, reason: &str) {
        if !self.is_private() {
            let reason = "the server asks everybody for a password, and without TLS none is sent".to_owned();
            return self.emit(What::Closed { reason, last: true });
        }
        let given = self.server_password.take().is_some();
        self.lock(if given { Lock::WrongServerPassword } else { Lock::ServerPassword }, reason);
    }

    pub(super) fn on_error(&mut self, message: &Message) {
        // What comes behind the reason that we can do something about says no more.
        if self.locked().is_some() {
            return;
        }
        let reason = message.params().last().unwrap_or("the server closed the connection");
        let reason = reason.strip_prefix("Closing link:").unwrap_or(reason).trim();
        if self.stage == Stage::Registering && reason.contains("only users with an account") {
            return self.lock(Lock::AccountsOnly, reason);
        }
        if self.stage == Stage::Offline && !self.quitting {
            // It was said already why.
            return;
        }
        let last = self.quitting || !self.was_ready || is_for_good(reason);
        self.stage = Stage::Offline;
        self.emit(What::Closed { reason: reason.to_owned(), last });
    }

    pub(super) fn on_nick(&mut self, message: &Message) {
        let (Some(from), Some(to)) = (message.source_nick(), message.param(0)) else { return };
        let own = same(from, &self.nick);
        if own {
            to.clone_into(&mut self.nick);
            to.clone_into(&mut self.wanted);
        }
        self.rooms.rename(from, to);
        self.rename_in_talks(from, to);
        self.standings.rename(from, to);
        self.emit(What::Renamed { from: from.to_owned(), to: to.to_owned(), own });
    }
}

/// How much a message of several lines may hold.
fn size_of(value: &str) -> Option<Size> {
    let limit = |key: &str| {
        let found = value.split(',').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        found.and_then(|limit| limit.parse().ok())
    };
    Some(Size { bytes: limit("max-bytes")?, lines: limit("max-lines").unwrap_or(usize::MAX) })
}

/// The value of the capability that is about TLS.
fn sts_in(list: &str) -> Option<&str> {
    list.split(' ').find_map(|word| word.strip_prefix("sts="))
}

/// Whether the server doesn't want us back: kicked out, banned or suspended, rather than shut down or timed out.
fn is_for_good(reason: &str) -> bool {
    let first = reason.split_whitespace().next().unwrap_or_default().trim_end_matches(':');
    ["Kicked", "Killed", "Banned", "Suspended"].iter().any(|word| first.eq_ignore_ascii_case(word))
}
