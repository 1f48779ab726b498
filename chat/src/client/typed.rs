//! What the user types: an answer, a command, or something to say.

use chat_proto::name::same;

use crate::client::Client;
use crate::input::{Indent, Request, Typed, Verb, bare_private, is_command, parse, without_secrets};
use crate::line::{Line, Style};
use crate::session::How;

impl Client {
    /// Takes a line that was typed.
    pub fn typed(&mut self, line: &str) {
        self.interrupts = 0;
        self.saw();
        let prompt = self.question_or_place();
        if self.prompted.dialog
            && !is_command(line)
            && let Some(dialog) = self.dialog.take()
        {
            self.echo_behind(&prompt, line);
            let at_door = dialog.is_at_door();
            return self.go_on(dialog.said(line), at_door);
        }
        // It may be the password, typed into the line that all would see.
        if self.is_at_door() && !is_command(line) {
            if !line.trim().is_empty() {
                self.complain("not said: log in first");
            }
            return;
        }
        if self.is_answer(line) || (self.asking.is_none() && self.is_old_word(line)) {
            return;
        }
        if !self.is_at_door() && self.dialog.take_if(|_| self.prompted.dialog).is_some() {
            self.drop_dialog(false);
        }
        let (typed, dropped) = match self.asking.take() {
            Some(request) if request.verb() != Verb::Say && self.is_meant_as_command(line) => {
                (self.parsed(line), Some(request.name()))
            }
            Some(request) => (request.answer(line), None),
            None => (self.parsed(line), None),
        };
        if !matches!(typed, Typed::Nothing | Typed::Say(_)) {
            self.echo_behind(&prompt, line);
        }
        if let Some(name) = dropped {
            self.remark(&format!(
                "<{name}> is dropped for another command; // before an answer makes it one"
            ));
        }
        match typed {
            Typed::Nothing => {}
            Typed::Say(text) => self.say_here(&text, How::Text),
            Typed::Wrong(text) => self.complain(&text),
            Typed::Command(request) => self.request(request),
        }
        if let Some(question) =
            self.asking.as_ref().and_then(Request::question).filter(|_| !self.manner.prompt)
        {
            self.print(Line::of(Style::Plain, &question));
        }
    }

    fn parsed(&self, line: &str) -> Typed {
        let indent = if self.manner.json { Indent::Literal } else { Indent::Ignored };
        match parse(line, indent) {
            Typed::Say(text) => match bare_private(&text).filter(|name| self.is_on(name)) {
                Some(name) => Typed::Wrong(format!(
                    "not said: did you mean <private> {name}? <say> before the line says it as it is"
                )),
                None => Typed::Say(text),
            },
            typed => typed,
        }
    }

    /// Whether it is a command, or a slip of the pen on the way to one, and no answer to a question.
    fn is_meant_as_command(&self, line: &str) -> bool {
        is_command(line) || matches!(self.parsed(line), Typed::Wrong(_))
    }

    fn is_on(&self, name: &str) -> bool {
        self.session.people().iter().any(|known| same(known, name))
    }

    /// Shows a line again that vanished with its prompt and will not come back as what was said.
    pub(super) fn echo(&mut self, line: &str) {
        let prompt = self.question_or_place();
        self.echo_behind(&prompt, line);
    }

    fn echo_behind(&mut self, prompt: &str, line: &str) {
        if self.manner.prompt {
            self.print(Line::of(Style::Dim, prompt).text(Style::Dim, without_secrets(line)));
        }
    }

    /// Ctrl-C: drops what was begun, such as a line; the second time in a row that there was nothing it leaves.
    pub fn interrupted(&mut self, dropped: bool) {
        self.interrupts += 1;
        if let Some(dialog) = self.dialog.take_if(|_| self.prompts.ask_for_dialog()) {
            self.interrupts = 0;
            self.drop_dialog(dialog.is_at_door());
        } else if self.asking.take().is_some() || dropped {
            self.interrupts = 0;
        } else if !self.session.asking().is_empty() {
            self.interrupts = 0;
            self.session.cancel_talk(None);
        } else if self.interrupts > 1 {
            self.leaving = true;
        } else {
            self.remark(match self.partner() {
                Some(_) => "<end> leaves the conversation; Ctrl-C once more leaves chat, as <quit> does",
                None => "Ctrl-C once more leaves; so does <quit>",
            });
        }
    }
}
