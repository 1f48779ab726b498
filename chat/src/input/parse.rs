//! Takes a typed line apart, and asks for the arguments that were left out.

use crate::input::slip::{Slip, is_secret};
use crate::input::suggest::meant;
use crate::input::{Spec, Verb, find};

/// How to say a line that looks like a command.
const AS_IT_IS: &str = "<say> before the line says it as it is";

/// What a typed line means.
#[derive(Debug)]
pub enum Typed {
    Nothing,
    Say(String),
    Command(Request),
    /// A command that can't be: what is wrong with it.
    Wrong(String),
}

/// A command with the arguments given so far.
#[derive(Debug)]
pub struct Request {
    spec: &'static Spec,
    given: Vec<String>,
}

/// The meaning of a blank at the beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indent {
    /// The line is said as it is, whatever it looks like: a promise to programs.
    Literal,
    /// Nothing: somebody who types a blank before a command has made a slip.
    Ignored,
}

/// `<name> …` and `/name …` are commands. `//x` says `/x`, and `<say>` says anything. Other lines are said, unless they
/// begin so much like a command that they may be a mistyped one: what was meant for one person must not be told to all.
pub fn parse(line: &str, indent: Indent) -> Typed {
    if line.starts_with("//") || (indent == Indent::Literal && line.starts_with(char::is_whitespace)) {
        return said(line);
    }
    let Some((name, rest)) = command_word(line) else {
        return refused(line).map_or_else(|| said(line), Typed::Wrong);
    };
    let several = line.trim_end().contains('\n');
    match find(name) {
        None if several => refused(line).map_or_else(|| said(line), Typed::Wrong),
        // A pasted text that happens to begin so: it must neither be obeyed nor, as a slip of the pen, be told to everybody.
        Some(spec) if several && !takes_several(spec) => {
            Typed::Wrong(format!("<{name}> takes one line; {AS_IT_IS}"))
        }
        // `<quit>!` may have been meant as either: it neither leaves nor tells everyone.
        Some(spec) if needs_nothing(spec) && is_glued(line) => {
            Typed::Wrong(format!("a blank is missing behind <{name}>; {AS_IT_IS}"))
        }
        Some(spec) if spec.is_secret() && !rest.trim().is_empty() => Typed::Wrong(format!(
            "what stands in the line can be seen, so it wasn't taken as a password; <{name}> alone asks for it without \
             showing it"
        )),
        Some(spec) => Request { spec, given: Vec::new() }.take(rest),
        None => Typed::Wrong(format!("not said: {}; {AS_IT_IS}", unknown(name))),
    }
}

/// Why a line that is no command isn't said either. Of several lines, which are rarely typed, only what may hold a secret is
/// refused.
fn refused(line: &str) -> Option<String> {
    let several = line.trim_end().contains('\n');
    let is_refused = |slip: &Slip<'_>| !several || slip.is_confidential();
    if let Some(slip) = command_or_slip(line).filter(is_refused) {
        return Some(slip_refused(&slip.name));
    }
    let secret = line.lines().skip(1).filter_map(command_or_slip).find(holds_password)?;
    Some(format!("not said: one of the lines looks like <{}> with a password; {AS_IT_IS}", secret.name))
}

fn slip_refused(name: &str) -> String {
    match find(name).or_else(|| meant(name)) {
        Some(spec) => {
            format!("not said: it begins like a command and is none; did you mean {}? {AS_IT_IS}", spec.usage)
        }
        None => format!("not said: {}; {AS_IT_IS}", unknown(name)),
    }
}

/// The beginning of a command, right or wrong.
fn command_or_slip(line: &str) -> Option<Slip<'_>> {
    let slip = |(name, rest): (&str, _)| Slip { name: name.to_ascii_lowercase(), rest };
    command_word(line).map(slip).or_else(|| Slip::find(line))
}

/// Whether what stands behind it is a password, or is for a service that takes passwords.
fn holds_password(slip: &Slip<'_>) -> bool {
    let is_private =
        find(&slip.name).or_else(|| meant(&slip.name)).is_some_and(|spec| spec.verb == Verb::Private);
    let to = slip.rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_login = is_private && first_word(to).0.to_ascii_lowercase().starts_with("nickserv");
    is_secret(&slip.name) || is_login
}

/// Whether the line is a command that there is, in whatever form.
pub fn is_command(line: &str) -> bool {
    command_word(line).is_some_and(|(name, _)| find(name).is_some())
}

/// The command that the line is, while nothing stands behind it.
pub fn begun(line: &str) -> Option<Verb> {
    let (name, rest) = command_word(line)?;
    find(name).filter(|_| rest.trim().is_empty()).map(|spec| spec.verb)
}

/// The line as it may be seen again: a password that stands behind a command, where it doesn't belong, is left out.
pub fn without_secrets(line: &str) -> &str {
    let secret = command_or_slip(line).filter(holds_password);
    secret.map_or(line, |slip| &line[..line.len() - slip.rest.len()])
}

/// Whether it may be about several lines.
fn takes_several(spec: &Spec) -> bool {
    matches!(spec.verb, Verb::Private | Verb::Announce | Verb::Me | Verb::Say)
}

fn is_glued(line: &str) -> bool {
    let behind = line.strip_prefix('<').and_then(|inner| inner.split_once('>'));
    behind.is_some_and(|(_, rest)| rest.starts_with(|c: char| !c.is_whitespace()))
}

fn needs_nothing(spec: &Spec) -> bool {
    spec.args.first().is_none_or(|arg| arg.question.is_none() || arg.default.is_some())
}

impl Request {
    pub fn verb(&self) -> Verb {
        self.spec.verb
    }

    pub fn arg(&self, index: usize) -> Option<&str> {
        self.given.get(index).map(String::as_str)
    }

    /// The same with another first argument.
    #[must_use]
    pub fn with_first(mut self, word: String) -> Self {
        if let Some(first) = self.given.first_mut() {
            *first = word;
        }
        self
    }

    /// What to ask for, while something that is needed was left out.
    pub fn question(&self) -> Option<String> {
        let question = self.spec.args.get(self.given.len())?.question?;
        Some(question.replace("{}", self.given.first().map_or("", String::as_str)))
    }

    /// What it is called between the brackets.
    pub fn name(&self) -> &'static str {
        self.spec.name
    }

    /// Takes the answer to the question; without one, what is usual, or the command is dropped.
    pub fn answer(self, line: &str) -> Typed {
        let line = if line.starts_with("//") { &line[1..] } else { line };
        let default = self.spec.args.get(self.given.len()).and_then(|arg| arg.default);
        match default {
            _ if !line.trim().is_empty() => self.take(line),
            Some(default) => self.take(default),
            None => Typed::Wrong("never mind, then".to_owned()),
        }
    }

    fn take(mut self, line: &str) -> Typed {
        let mut line = line.trim();
        while let Some(arg) = self.spec.args.get(self.given.len()).filter(|_| !line.is_empty()) {
            let (word, rest) = if arg.rest { (line, "") } else { first_word(line) };
            self.given.push(word.to_owned());
            line = rest;
        }
        if line.is_empty() {
            Typed::Command(self)
        } else {
            Typed::Wrong(format!("nothing was done: there are more words than {} takes", self.spec.usage))
        }
    }
}

fn command_word(line: &str) -> Option<(&str, &str)> {
    if let Some(inner) = line.strip_prefix('<') {
        let (name, rest) = inner.split_once('>')?;
        return is_word(name).then_some((name, rest));
    }
    let (name, rest) = first_word(line.strip_prefix('/')?);
    is_word(name).then_some((name, rest))
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

fn said(line: &str) -> Typed {
    let text = if line.starts_with("//") { &line[1..] } else { line };
    if text.trim().is_empty() { Typed::Nothing } else { Typed::Say(text.to_owned()) }
}

/// What to say of a command that there isn't.
pub fn unknown(name: &str) -> String {
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_one_of(&["kick", "ban", "unban"]) {
        return format!(
            "chat has no <{name}>: an IRC client has it for a channel, and chatctl for the administrator"
        );
    }
    if is_one_of(&["mode", "op", "deop", "voice"]) {
        return format!("chat has no <{name}>: an IRC client has it, for a channel's operators");
    }
    if is_one_of(&["oper", "su", "sudo"]) {
        return format!("chat has no <{name}>: chatctl is for the administrator");
    }
    match meant(name) {
        Some(spec) => format!("there is no command <{name}>; did you mean <{}>?", spec.name),
        None if is_one_of(&["pm", "dm", "tell", "notice", "reply"]) => {
            format!("there is no command <{name}>; did you mean <private>?")
        }
        None if is_secret(name) => format!(
            "there is no command <{name}>: chat --name NAME logs in, <password> sets a password, and both ask for it \
             without showing it"
        ),
        None => format!("there is no command <{name}>; <help> shows what there is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Request {
        match parse(line, Indent::Ignored) {
            Typed::Command(request) => request,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn wrong(line: &str) -> String {
        match parse(line, Indent::Ignored) {
            Typed::Wrong(text) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn brackets_and_slashes_mean_the_same() {
        for line in
            ["<private> bob hi  there", "/msg bob hi  there", "<PRIVATE>bob  hi  there", "/w bob hi  there"]
        {
            let request = command(line);
            assert_eq!(
                (request.verb(), request.arg(0), request.arg(1)),
                (Verb::Private, Some("bob"), Some("hi  there"))
            );
        }
    }

    #[test]
    fn of_several_lines_only_those_that_tell_something_to_somebody_are_a_command() {
        assert!(wrong("<quit>\nsecond").contains("one line"));
        assert!(wrong("/part #lobby\nsecond").contains("one line"));
        let said = parse("<html>\n<b>x</b>", Indent::Ignored);
        assert!(matches!(&said, Typed::Say(text) if text == "<html>\n<b>x</b>"), "{said:?}");
        assert_eq!(command("/msg bob one\ntwo").arg(1), Some("one\ntwo"));
        assert_eq!(command("<quit>\n").verb(), Verb::Quit);
    }

    #[test]
    fn what_is_no_command_is_said_as_it_stands() {
        for (line, text) in [
            ("hello", "hello"),
            ("<3 you", "<3 you"),
            ("//quit", "/quit"),
            ("/etc/passwd is gone", "/etc/passwd is gone"),
            ("a < b > c", "a < b > c"),
            ("/usr/bin/x is broken\nsecond", "/usr/bin/x is broken\nsecond"),
        ] {
            assert!(matches!(parse(line, Indent::Ignored), Typed::Say(said) if said == text), "{line}");
        }
        assert!(matches!(parse(" \t ", Indent::Ignored), Typed::Nothing));
    }

    #[test]
    fn mistyped_command_is_refused_with_the_right_form() {
        for line in [
            "<private bob> my pin is 1234",
            "<private bob hi",
            "/msg, bob hello",
            " /msg bob x",
            "／msg bob x",
        ] {
            let text = wrong(line);
            assert!(
                text.starts_with("not said") && text.contains("<private> [NAME [TEXT]]"),
                "{line}: {text}"
            );
            assert!(text.contains("<say>") && !text.contains("1234"), "{line}: {text}");
        }
        assert!(wrong("< list >").contains("<list>") && wrong("/?").contains("<help>"));
        for line in ["/pass secret", "/identify secret", "/ns identify secret", "\\oper x secret"] {
            let text = wrong(line);
            assert!(text.contains("<password>") || text.contains("chatctl"), "{line}: {text}");
            assert!(!text.contains("secret"), "{line}: {text}");
        }
    }

    #[test]
    fn say_takes_a_line_that_looks_like_a_command() {
        for text in ["<private bob hi", "/msg bob x", "//x", "<quit>", "one\n/quit"] {
            let request = command(&format!("<say> {text}"));
            assert_eq!((request.verb(), request.arg(0)), (Verb::Say, Some(text)));
        }
    }

    #[test]
    fn indented_command_is_said_for_programs_only() {
        let typed = parse(" <quit>", Indent::Literal);
        assert!(matches!(&typed, Typed::Say(text) if text == " <quit>"), "{typed:?}");
        assert!(wrong(" <quit>").contains("<quit>"));
        assert!(wrong("\t/msg bob x").contains("<private>"));
    }

    #[test]
    fn of_several_lines_what_may_hold_a_secret_is_refused() {
        for text in [
            "<private bob my pin\nis 1234",
            "/privat bob\n1234",
            "hello\n/msg nickserv identify x",
            "a\n/pass x",
        ] {
            assert!(wrong(text).starts_with("not said"), "{text}");
        }
        for text in ["<div class=x>\n<list>", "/foo\nbar", "a\n<b>"] {
            assert!(matches!(parse(text, Indent::Ignored), Typed::Say(said) if said == text), "{text}");
        }
    }

    #[test]
    fn what_was_left_out_is_asked_for_in_turn() {
        let request = command("<private>");
        assert_eq!(request.question().as_deref(), Some("To whom?"));
        let Typed::Command(request) = request.answer("bob") else { panic!() };
        assert_eq!(request.question().as_deref(), Some("What do you want to tell bob?"));
        let Typed::Command(request) = request.answer("hi there") else { panic!() };
        assert_eq!((request.question(), request.arg(1)), (None, Some("hi there")));
        assert!(matches!(command("<me>").answer(" "), Typed::Wrong(_)));
    }

    #[test]
    fn an_answer_may_have_a_default_and_may_begin_with_a_slash() {
        let request = command("<away>");
        assert_eq!(request.question().as_deref(), Some("What are others told? (Enter: away)"));
        assert!(matches!(request.answer(""), Typed::Command(away) if away.arg(0) == Some("away")));
        assert!(matches!(command("<me>").answer("//x"), Typed::Command(me) if me.arg(0) == Some("/x")));
    }

    #[test]
    fn what_is_glued_to_a_command_neither_leaves_nor_is_told_everyone() {
        for line in ["<quit>x", "<clear>!", "<away>?", "<list>:"] {
            assert!(wrong(line).contains("a blank is missing"), "{line}");
        }
    }

    #[test]
    fn a_password_behind_a_command_is_neither_taken_nor_seen_again() {
        for (line, left) in [
            ("<register> hunter2", "<register>"),
            ("/password hunter2", "/password "),
            ("<pasword>hunter2", "<pasword>"),
            ("/regsiter * hunter2", "/regsiter "),
            ("/msg NickServ IDENTIFY hunter2", "/msg "),
            ("<private> nickserv hunter2", "<private>"),
            (" /msg nickserv identify hunter2", " /msg"),
            ("/msg, nickserv identify hunter2", "/msg"),
            ("/identify hunter2", "/identify "),
            ("<password hunter2", "<password"),
            ("／pass hunter2", "／pass"),
            ("nickserv identify hunter2", "nickserv"),
            ("<private> bob hi", "<private> bob hi"),
            ("<private bob hi", "<private bob hi"),
            ("hello", "hello"),
        ] {
            assert_eq!(without_secrets(line), left);
        }
        assert!(wrong("<password> hunter2").contains("<password> alone asks for it"));
        assert!(!wrong("<password> hunter2").contains("hunter2"));
    }

    #[test]
    fn only_commands_that_there_are_count_as_commands() {
        assert!(is_command("<quit>") && is_command("/msg bob hi") && is_command("<LIST> x"));
        assert!(!is_command("<b>hi</b>") && !is_command("/etc/passwd") && !is_command("//quit"));
    }

    #[test]
    fn a_wrong_command_names_the_nearest_right_one() {
        assert!(wrong("<privat> bob").contains("<private>"));
        assert!(wrong("/ann hi").contains("<announce>"));
        assert!(wrong("<lsit>").contains("<list>"));
        assert!(wrong("<xyzzy>").contains("<help>"));
        assert!(wrong("/kick bob").contains("chatctl") && wrong("/MODE +o bob").contains("an IRC client"));
    }

    #[test]
    fn more_than_a_command_takes_is_an_error_that_shows_its_form() {
        assert!(wrong("<invite> bob #a #b").contains("<invite> NAME [#CHANNEL]"));
        assert_eq!(
            wrong("<decline> bob not now"),
            "nothing was done: there are more words than <decline> [NAME] takes"
        );
    }
}
