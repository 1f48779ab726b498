//! Tab: commands, then what they take: nicks, channels, options, levels.

use std::ops::ControlFlow;

use chat_proto::admin::{Channels, List, LogLevel};
use chat_proto::text::SafeText;
use clap::CommandFactory;
use rustyline::completion::Completer;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};

use crate::cli::Line;
use crate::client::Connector;
use crate::commands::entries;

#[derive(Helper, Highlighter, Hinter, Validator)]
pub(super) struct Completion {
    connector: Connector,
}

impl Completion {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector }
    }

    /// What may stand after the words before, of which the first is the command.
    fn choices(&self, before: &[&str]) -> Vec<String> {
        let Some((word, arguments)) = before.split_first() else { return commands() };
        let command = unabbreviated(word);
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match command.as_str() {
            "help" if arguments.is_empty() => commands(),
            "show" if arguments.is_empty() => [self.nicks(), self.channels()].concat(),
            "kick" if arguments.is_empty() => self.nicks(),
            "kick" => owned(&["--reason"]),
            "announce" => [self.nicks(), self.channels()].concat(),
            "shutdown" => owned(&["--in", "--reason", "--cancel"]),
            "log" if arguments.is_empty() => LogLevel::ALL.map(|level| level.to_string()).to_vec(),
            _ => Vec::new(),
        }
    }

    /// None if chatd doesn't answer quickly; the command itself will say why.
    fn nicks(&self) -> Vec<String> {
        let mut nicks = Vec::new();
        let _ = self.connector.stream(&List {}, |reply| {
            nicks.extend(reply.users.into_iter().map(|user| user.nick));
            Ok(ControlFlow::Continue(()))
        });
        nicks
    }

    fn channels(&self) -> Vec<String> {
        let mut names = Vec::new();
        let _ = self.connector.stream(&Channels {}, |reply| {
            names.extend(reply.channels.into_iter().map(|channel| channel.name));
            Ok(ControlFlow::Continue(()))
        });
        names
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..pos];
        let start = typed.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let (before, word) = typed.split_at(start);
        let before: Vec<&str> = before.split_whitespace().collect();
        let mut found = self.choices(&before);
        found.retain(|choice| starts_with(choice, word) && is_harmless(choice));
        found.sort_unstable();
        if let [only] = found.as_mut_slice() {
            only.push(' ');
        }
        Ok((start, found))
    }
}

fn commands() -> Vec<String> {
    entries(&Line::command()).map(|entry| entry.name).collect()
}

/// The command that a word means, or the word itself.
fn unabbreviated(word: &str) -> String {
    let mut meant = commands().into_iter().filter(|name| name.starts_with(word));
    match (meant.next(), meant.next()) {
        (Some(command), None) => command,
        _ => word.to_owned(),
    }
}

fn starts_with(choice: &str, word: &str) -> bool {
    choice.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// A name that would do something to the terminal is not offered to it.
fn is_harmless(choice: &str) -> bool {
    SafeText::name(choice).as_str() == choice
}

#[cfg(test)]
mod tests {
    use rustyline::history::DefaultHistory;

    use super::*;
    use crate::testing::Played;

    fn complete(completion: &Completion, line: &str) -> Vec<String> {
        let history = DefaultHistory::new();
        completion.complete(line, line.len(), &Context::new(&history)).expect("candidates").1
    }

    #[test]
    fn commands_come_first_and_then_what_they_take() {
        let completion = Completion::new(Connector::new("/nowhere/admin.sock".into()));
        assert_eq!(complete(&completion, "ch"), ["channels", "check"]);
        assert_eq!(complete(&completion, "log d"), ["debug "]);
        assert_eq!(complete(&completion, "shut --"), ["--cancel", "--in", "--reason"]);
        assert_eq!(complete(&completion, "help cl"), ["clear "]);
        assert!(complete(&completion, "kick b").is_empty());
    }

    #[test]
    fn nicks_are_asked_for_and_offered_if_they_are_harmless() {
        let user = |nick: &str| {
            format!(
                r#"{{"nick":"{nick}","guest":true,"status":"available","realname":"","modes":"",
                    "channels":[],"connectedAt":0,"lastActiveAt":0,"sessions":[]}}"#
            )
        };
        let users = [user("bob"), user("Bert"), user("b\\u001b[2J"), user("carol")].join(",");
        let played = Played::answering(&[&format!(r#"{{"parameters":{{"users":[{users}]}}}}"#)]);
        let completion = Completion::new(Connector::new(played.path()));
        assert_eq!(complete(&completion, "kick b"), ["Bert", "bob"]);
    }
}
