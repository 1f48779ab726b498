//! Tab: commands, then what they take: nicks, accounts, channels, bans, options, levels.

use std::cell::Cell;
use std::time::{Duration, Instant};

use chat_proto::admin::{Accounts, Bans, Channels, DEFINITION, List, LogLevel};
use chat_proto::text::SafeText;
use clap::CommandFactory;
use rustyline::completion::Completer;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};

use crate::cli::{Line, meant};
use crate::client::Connector;
use crate::failure::Failure;

/// Who waits longer for a Tab thinks that the console hangs.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a daemon that was too slow isn't asked again.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Helper, Highlighter, Hinter, Validator)]
pub(super) struct Completion {
    connector: Connector,
    too_slow: Cell<Option<Instant>>,
}

impl Completion {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, too_slow: Cell::new(None) }
    }

    /// What may stand after the words before, of which the first is the command.
    fn choices(&self, before: &[&str], word: &str) -> Vec<String> {
        let line = Line::command();
        let (command, arguments) = named(&line, before);
        if word.starts_with('-') && !before.is_empty() {
            return options(&line, command);
        }
        let first = arguments.is_empty();
        match command.get_name() {
            _ if first && command.has_subcommands() => names(command),
            "help" => names(named(&line, arguments).0),
            "show" if first && word.starts_with('#') => self.channels(),
            "show" if first && before.len() > 1 => self.accounts(),
            "kick" | "show" | "ban" if first => self.nicks(),
            "unban" if first => self.bans(),
            "password" | "suspend" | "resume" | "remove" if first => self.accounts(),
            "erase" if first => self.accounts(),
            "export" | "import" if word.starts_with('#') => self.channels(),
            "announce" if word.starts_with('#') => self.channels(),
            "announce" => self.nicks(),
            "log" if first => LogLevel::ALL.map(|level| level.to_string()).to_vec(),
            "call" if first => methods().collect(),
            _ => Vec::new(),
        }
    }

    fn accounts(&self) -> Vec<String> {
        self.asked(|connector| {
            connector
                .list(&Accounts {}, |reply| reply.accounts.into_iter().map(|account| account.name).collect())
        })
    }

    fn bans(&self) -> Vec<String> {
        self.asked(|connector| {
            connector.list(&Bans {}, |reply| reply.bans.into_iter().map(|ban| ban.target).collect())
        })
    }

    fn nicks(&self) -> Vec<String> {
        self.asked(|connector| {
            connector.list(&List {}, |reply| reply.users.into_iter().map(|user| user.nick).collect())
        })
    }

    fn channels(&self) -> Vec<String> {
        self.asked(|connector| {
            connector
                .list(&Channels {}, |reply| reply.channels.into_iter().map(|channel| channel.name).collect())
        })
    }

    /// None if chatd doesn't answer quickly; the command itself will say why.
    fn asked(&self, ask: impl Fn(&Connector) -> Result<Vec<String>, Failure>) -> Vec<String> {
        if self.too_slow.get().is_some_and(|at| at.elapsed() < PAUSE) {
            return Vec::new();
        }
        let names = ask(&self.connector.hurried(PATIENCE));
        let slow = matches!(names, Err(Failure::Silent { .. } | Failure::Stopped { .. }));
        self.too_slow.set(slow.then(Instant::now));
        names.unwrap_or_default()
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..pos];
        let start = typed.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let (before, word) = typed.split_at(start);
        let before: Vec<&str> = before.split_whitespace().collect();
        let mut found = self.choices(&before, word);
        found.retain(|choice| starts_with(choice, word) && is_harmless(choice));
        found.sort_unstable();
        if let [only] = found.as_mut_slice() {
            only.push(' ');
        }
        Ok((start, found))
    }
}

/// The command that the words name, and those after its name.
fn named<'a, 'b>(line: &'a clap::Command, words: &'b [&'b str]) -> (&'a clap::Command, &'b [&'b str]) {
    let (mut command, mut arguments) = (line, words);
    while let Some((word, rest)) = arguments.split_first()
        && let Some(below) = meant(command, word)
    {
        (command, arguments) = (below, rest);
    }
    (command, arguments)
}

fn names(group: &clap::Command) -> Vec<String> {
    group.get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

fn options(line: &clap::Command, command: &clap::Command) -> Vec<String> {
    let options = command.get_arguments().chain(line.get_arguments());
    options.filter_map(clap::Arg::get_long).map(|name| format!("--{name}")).collect()
}

/// Those of the interface as this program knows it.
fn methods() -> impl Iterator<Item = String> {
    let names = DEFINITION.lines().filter_map(|line| line.strip_prefix("method ")?.split('(').next());
    names.map(str::to_owned)
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
        assert_eq!(complete(&completion, "shut --"), ["--cancel", "--in", "--json", "--reason", "--yes"]);
        assert_eq!(complete(&completion, "list -"), ["--json "]);
        assert_eq!(complete(&completion, "call SetL"), ["SetLogLevel "]);
        assert_eq!(complete(&completion, "help cle"), ["clear "]);
        assert_eq!(complete(&completion, "acc re"), ["remove", "resume"]);
        assert_eq!(complete(&completion, "help account su"), ["suspend "]);
        assert_eq!(complete(&completion, "account add x --"), ["--generate", "--json"]);
        assert!(complete(&completion, "frob re").is_empty());
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

    #[test]
    fn accounts_and_bans_are_asked_for() {
        let account =
            r#"{"name":"carol","createdAt":0,"login":false,"password":true,"certificates":[],"sessions":0}"#;
        let accounts = Played::answering(&[&format!(r#"{{"parameters":{{"accounts":[{account}]}}}}"#)]);
        let completion = Completion::new(Connector::new(accounts.path()));
        assert_eq!(complete(&completion, "account pass c"), ["carol "]);
        let ban = r#"{"target":"192.0.2.0/24","kind":"address","by":"root","at":0}"#;
        let bans = Played::answering(&[&format!(r#"{{"parameters":{{"bans":[{ban}]}}}}"#)]);
        let completion = Completion::new(Connector::new(bans.path()));
        assert_eq!(complete(&completion, "unban 1"), ["192.0.2.0/24 "]);
    }

    #[test]
    fn a_daemon_that_hangs_is_asked_once_and_left_alone_for_a_while() {
        let played = Played::silent();
        let completion = Completion::new(Connector::new(played.path()));
        assert!(complete(&completion, "kick b").is_empty());
        assert!(completion.too_slow.get().is_some());
        let gone = played.leave();
        // It would be forgotten if it had been asked again: nobody listens any more.
        assert!(complete(&completion, "kick b").is_empty());
        assert!(completion.too_slow.get().is_some());
        drop(gone);
    }
}
