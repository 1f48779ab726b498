//! What the server says, one function per kind of message.

use chat_proto::message::{Message, Writer};

use crate::session::batch::{Batch, Gathered};
use crate::session::said::{Utterance, time_of};
use crate::session::{Lock, Session, Stage, What};

impl Session {
    /// Takes one message of the server.
    pub fn receive(&mut self, message: &Message) {
        if self.gather(message) {
            return;
        }
        self.at = time_of(message);
        self.heard = self.heard.max(self.at);
        self.label = self.label_of(message);
        match message.command().to_ascii_uppercase().as_str() {
            "PING" => self.on_ping(message),
            "PONG" => self.on_pong(message),
            "CAP" => self.on_cap(message),
            "BATCH" => self.on_batch(message),
            "ACK" => self.on_ack(),
            "PRIVMSG" | "NOTICE" => {
                if let Some(said) = Utterance::of_line(message) {
                    self.on_said(said);
                }
            }
            "TALK" => self.on_talk(message),
            "REDACT" => self.on_redact(message),
            "MARKREAD" => self.on_read(message),
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
        self.at = None;
        self.send_ready();
    }

    fn on_ping(&mut self, message: &Message) {
        self.send(Writer::new().command("PONG").trailing(message.params().last().unwrap_or_default()));
    }

    /// The label that the message, or the batch it is in, answers.
    fn label_of(&self, message: &Message) -> Option<String> {
        let batch = message.tag("batch").and_then(|batch| self.batches.label(&batch));
        message.tag("label").map(String::from).or(batch)
    }

    fn on_batch(&mut self, message: &Message) {
        let reference = message.param(0).unwrap_or_default();
        if let Some(opened) = reference.strip_prefix('+') {
            self.batches.open(opened, message, self.label.take());
        } else if let Some(batch) = reference.strip_prefix('-').and_then(|closed| self.batches.close(closed))
        {
            self.on_batch_end(batch);
        }
    }

    fn on_batch_end(&mut self, batch: Batch) {
        let answers = batch.label.clone();
        match batch.gathered {
            Gathered::Message(said) => {
                self.label = batch.label;
                self.at = said.at;
                self.file(said, batch.parent.as_deref());
            }
            Gathered::Nothing => {
                self.label = batch.label;
                self.settled();
            }
            gathered => self.on_past(answers.as_deref(), gathered),
        }
    }

    /// Words: old ones belong to the history that was asked for.
    fn file(&mut self, said: Utterance, batch: Option<&str>) {
        let gathers = |batch: &Batch| matches!(batch.gathered, Gathered::Lines(..));
        let Some(batch) = batch.filter(|name| self.batches.get_mut(name).is_some_and(|batch| gathers(batch)))
        else {
            return self.on_said(said);
        };
        if let Some(event) = self.told(said, true)
            && let Some(batch) = self.batches.get_mut(batch)
        {
            batch.add(event);
        }
    }

    /// Whether it is part of something that is gathered, and needs nothing more to be done.
    fn gather(&mut self, message: &Message) -> bool {
        let Some(reference) =
            message.tag("batch").filter(|_| !message.command().eq_ignore_ascii_case("BATCH"))
        else {
            return false;
        };
        let Some(batch) = self.batches.get_mut(&reference) else { return false };
        if batch.takes(message) {
            return true;
        }
        if !matches!(batch.gathered, Gathered::Lines(..)) {
            return false;
        }
        if let Some(said) = Utterance::of_line(message)
            && matches!(message.command().to_ascii_uppercase().as_str(), "PRIVMSG" | "NOTICE")
        {
            self.file(said, Some(&reference));
        }
        true
    }

    fn on_ack(&mut self) {
        self.settled();
        if let Some(label) = self.label.clone() {
            self.on_past(Some(&label), Gathered::Nothing);
        }
    }

    /// The server did what was labelled.
    pub(super) fn settled(&mut self) {
        if let Some(label) = self.label.as_deref() {
            self.outbox.settle(label);
        }
    }

    fn on_standard_reply(&mut self, message: &Message) {
        let text = message.params().last().unwrap_or_default();
        self.talks.awaits_answer &= message.param(0) != Some("TALK");
        if !message.command().eq_ignore_ascii_case("FAIL") {
            self.emit(What::Info { text: text.to_owned() });
        } else if matches!(message.param(0), Some("REGISTER" | "PASSWD")) {
            self.on_account_refused(message);
        } else if self.on_past_refused(code_of_past(message), text) || message.param(0) == Some("MARKREAD") {
            // What can't be marked is not the user's concern.
        } else if message.param(1) == Some("ACCOUNT_REQUIRED") && self.stage == Stage::Registering {
            self.lock(Lock::AccountsOnly, text);
        } else {
            self.refuse(None, message.param(0).unwrap_or_default(), text);
        }
    }

    /// Something was refused; if it was something said, tells what.
    pub(super) fn refuse(&mut self, number: Option<u16>, subject: &str, reason: &str) {
        if self.on_past_refused(None, reason) {
            return;
        }
        let unsaid = self.label.as_deref().and_then(|label| self.outbox.settle(label));
        self.emit(What::Refused {
            number,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
            unsaid: unsaid.map(|entry| entry.text()),
        });
    }
}

/// What is wrong with a question to the history: the code of the failure, or which part of a search.
fn code_of_past(message: &Message) -> Option<&str> {
    match (message.param(0), message.param(1)) {
        (Some("SEARCH"), Some("INVALID_PARAMS")) => message.param(2),
        (_, code) => code,
    }
}
