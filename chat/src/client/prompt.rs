//! What the prompts said: a line means what it meant when it was begun, whatever has happened since.

use std::collections::VecDeque;

use chat_proto::name::same;
use chat_proto::text::SafeText;

use crate::client::Client;
use crate::client::dialog::Dialog;
use crate::input::Request;
use crate::ui::{MARK, Prompt};

/// Prompts that took each other's place before a line was entered; of more, the oldest is forgotten, and a line that was begun behind
/// it goes nowhere.
const PROMPTS_MAX: usize = 100;

/// The prompts that a line may have been begun behind, oldest first.
#[derive(Debug, Default)]
pub(super) struct Prompts {
    given: VecDeque<Prompted>,
    counter: u64,
    /// The number of the last one that was forgotten before a line was entered.
    forgotten: Option<u64>,
}

/// What a prompt said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prompted {
    number: u64,
    /// Where the line goes.
    pub place: Option<String>,
    /// A question of a dialog was asked.
    pub dialog: bool,
    /// Who would like to talk, and is answered with yes or no.
    pub question: Option<String>,
    text: String,
}

impl Prompts {
    fn give(&mut self, prompted: Prompted) -> u64 {
        self.counter += 1;
        if self.given.len() == PROMPTS_MAX {
            self.forgotten = self.given.pop_front().map(|prompted| prompted.number);
        }
        self.given.push_back(Prompted { number: self.counter, ..prompted });
        self.counter
    }

    /// The number of the last one.
    #[cfg(test)]
    pub fn number(&self) -> u64 {
        self.counter
    }

    /// Whether the last one asked the question of a dialog that still waits for the answer.
    pub fn ask_for_dialog(&self) -> bool {
        self.given.back().is_some_and(|prompted| prompted.dialog)
    }

    /// Another dialog has begun: what is answered to the prompts so far is not meant for it.
    pub fn forget_dialogs(&mut self) {
        self.given.iter_mut().for_each(|prompted| prompted.dialog = false);
    }

    /// Somebody is called otherwise: what is meant for them goes to the same.
    pub fn rename(&mut self, from: &str, to: &str) {
        let names = self.given.iter_mut().flat_map(|prompted| [&mut prompted.place, &mut prompted.question]);
        names.flatten().filter(|name| same(name, from)).for_each(|name| to.clone_into(name));
    }

    /// A line was entered that was begun behind this prompt; `None` if that is forgotten.
    fn take(&mut self, number: u64) -> Option<Prompted> {
        self.given.retain(|prompted| prompted.number >= number);
        let is_known = self.forgotten.is_none_or(|forgotten| number > forgotten);
        is_known.then(|| self.given.front().cloned().unwrap_or_default())
    }

    /// The last line was dealt with.
    fn clear(&mut self) {
        self.given.clear();
        self.forgotten = None;
    }
}

impl Client {
    /// What stands before the next line, when the last one was dealt with: where it goes, or what was asked.
    pub fn prompt(&mut self) -> Prompt {
        self.prompts.clear();
        self.give_prompt(self.present())
    }

    fn give_prompt(&mut self, prompted: Prompted) -> Prompt {
        let text = prompted.text.clone();
        Prompt { number: self.prompts.give(prompted), text, secret: self.asks_secret() }
    }

    /// What would stand before the line that may be typed now, if that is something else by now.
    pub fn newer_prompt(&mut self) -> Option<Prompt> {
        let last = self.prompts.given.back()?;
        let is_asked = last.dialog || self.dialog.is_some() || self.asking.is_some();
        let newer = self.present();
        let is_same = Prompted { number: last.number, ..newer.clone() } == *last;
        let may = self.manner.prompt && !is_asked && !is_same;
        may.then(|| self.give_prompt(newer))
    }

    /// What a prompt says now.
    fn present(&self) -> Prompted {
        let is_asked = self.dialog.is_some() || self.asking.is_some();
        let may_answer = self.manner.prompt && !is_asked && self.partner().is_none();
        let question = self.asked_by().filter(|_| may_answer).map(str::to_owned);
        let mark =
            question.as_ref().map(|name| format!("[{}: yes/no] ", SafeText::name(name))).unwrap_or_default();
        Prompted {
            number: 0,
            text: mark + &self.question_or_place(),
            place: self.place().map(str::to_owned),
            dialog: self.dialog.is_some(),
            question,
        }
    }

    pub(super) fn question_or_place(&self) -> String {
        let question = self.dialog.as_ref().map(Dialog::question);
        match question.or_else(|| self.asking.as_ref().and_then(Request::question)) {
            Some(question) => format!("{} ", SafeText::line(&question)),
            None => match self.partner() {
                Some(partner) => format!("{MARK}{}> ", SafeText::name(partner)),
                None => format!("{}> ", SafeText::name(self.here.as_deref().unwrap_or("chat"))),
            },
        }
    }

    /// Takes a line that was begun behind the prompt of that number.
    pub fn entered(&mut self, line: &str, prompt: u64) {
        match self.prompts.take(prompt) {
            Some(prompted) => {
                self.prompted = prompted;
                self.typed(line);
            }
            None => self.complain("nothing was done: the prompt has changed too often meanwhile; see it"),
        }
    }
}
