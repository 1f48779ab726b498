//! What the server says, one function per kind of message.

use chat_proto::message::{Message, Writer};
use chat_proto::name::same;

use crate::session::event::How;
use crate::session::{Lock, Session, Stage, What};

/// Batches that are open at once; an honest server has as many as we have lines on the way.
const BATCHES_MAX: usize = 64;

impl Session {
    /// Takes one message of the server.
    pub fn receive(&mut self, message: &Message) {
        self.at = message.tag("time").and_then(|time| time.parse().ok());
        self.id = message.tag("msgid").map(String::from);
        self.label = self.label_of(message);
        match message.command().to_ascii_uppercase().as_str() {
            "PING" => self.on_ping(message),
            "PONG" => self.on_pong(message),
            "CAP" => self.on_cap(message),
            "BATCH" => self.on_batch(message),
            "ACK" => self.settled(),
            "PRIVMSG" => self.on_said(message, How::Text),
            "NOTICE" => self.on_said(message, How::Notice),
            "ERROR" => self.on_error(message),
            "NICK" => self.on_nick(message),
            "AUTHENTICATE" => self.on_authenticate(message),
            "ACCOUNT" => self.on_account(message),
            "REGISTER" | "PASSWD" => self.on_account_outcome(message),
            "FAIL" | "WARN" | "NOTE" => self.on_standard_reply(message),
            "JOIN" | "PART" | "QUIT" | "KICK" | "TOPIC" | "INVITE" | "AWAY" => self.on_presence(message),
            number if number.len() == 3 => self.on_numeric(number.parse().unwrap_or(0), message),
            _ => {}
        }
        (self.at, self.id) = (None, None);
        self.send_ready();
    }

    fn on_ping(&mut self, message: &Message) {
        self.send(Writer::new().command("PONG").trailing(message.params().last().unwrap_or_default()));
    }

    /// The label that the message, or the batch it is in, answers.
    fn label_of(&self, message: &Message) -> Option<String> {
        let batch = message.tag("batch").and_then(|batch| self.batches.get(batch.as_ref()).cloned());
        message.tag("label").map(String::from).or(batch)
    }

    fn on_batch(&mut self, message: &Message) {
        let reference = message.param(0).unwrap_or_default();
        if let (Some(opened), Some(label)) = (reference.strip_prefix('+'), self.label.take()) {
            if self.batches.len() < BATCHES_MAX {
                self.batches.insert(opened.to_owned(), label);
            }
        } else if let Some(closed) = reference.strip_prefix('-') {
            self.label = self.batches.remove(closed);
            self.settled();
        }
    }

    /// The server did what was labelled.
    fn settled(&mut self) {
        if let Some(label) = self.label.as_deref() {
            self.outbox.settle(label);
        }
    }

    fn on_said(&mut self, message: &Message, how: How) {
        let (Some(to), Some(text)) = (message.param(0), message.param(1)) else { return };
        let Some(from) = message.source_nick() else { return };
        let from_server = message.source().is_some_and(|source| !source.contains('!'));
        if from_server && !same(from, &self.nick) {
            return self.on_server_notice(from, to, text);
        }
        let own = same(from, &self.nick);
        if own {
            self.settled();
        }
        let Some((text, how)) = unwrap_ctcp(text, how) else { return };
        self.rooms.spoke(from);
        let (from, to, text) = (from.to_owned(), to.to_owned(), text.to_owned());
        self.emit(What::Said { from, to, own, how, text });
    }

    fn on_server_notice(&mut self, from: &str, to: &str, text: &str) {
        if !self.was_ready {
            return self.emit(What::Info { text: text.to_owned() });
        }
        self.emit(What::Announcement { from: from.to_owned(), to: to.to_owned(), text: text.to_owned() });
    }

    fn on_standard_reply(&mut self, message: &Message) {
        let text = message.params().last().unwrap_or_default();
        if !message.command().eq_ignore_ascii_case("FAIL") {
            self.emit(What::Info { text: text.to_owned() });
        } else if matches!(message.param(0), Some("REGISTER" | "PASSWD")) {
            self.on_account_refused(message);
        } else if message.param(1) == Some("ACCOUNT_REQUIRED") && self.stage == Stage::Registering {
            self.lock(Lock::AccountsOnly, text);
        } else {
            self.refuse(None, message.param(0).unwrap_or_default(), text);
        }
    }

    /// Something was refused; if it was something said, tells what.
    pub(super) fn refuse(&mut self, number: Option<u16>, subject: &str, reason: &str) {
        let unsaid = self.label.as_deref().and_then(|label| self.outbox.settle(label));
        self.emit(What::Refused {
            number,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
            unsaid: unsaid.map(|entry| entry.text),
        });
    }
}

/// `ACTION` is shown; every other CTCP request is nobody's business, and is not answered.
fn unwrap_ctcp(text: &str, how: How) -> Option<(&str, How)> {
    let Some(inner) = text.strip_prefix('\x01') else { return Some((text, how)) };
    let inner = inner.strip_suffix('\x01').unwrap_or(inner);
    let action = inner.strip_prefix("ACTION")?;
    Some((action.strip_prefix(' ').unwrap_or(action), How::Action))
}
