//! Wrong usage, told in one line: what was wrong, and what would be right.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::commands::{Entry, entries};

pub(crate) fn one_line(error: &clap::Error, commands: &clap::Command) -> String {
    let command = concerned(error, commands);
    match error.kind() {
        ErrorKind::InvalidSubcommand => no_command(error, commands),
        ErrorKind::MissingRequiredArgument => missing(error, command.as_ref()),
        ErrorKind::InvalidValue if text(error, ContextKind::InvalidValue).is_empty() => {
            missing(error, command.as_ref())
        }
        ErrorKind::ValueValidation => invalid(error),
        ErrorKind::UnknownArgument => unknown(error, command.as_ref()),
        ErrorKind::ArgumentConflict => {
            let (one, other) = (text(error, ContextKind::InvalidArg), text(error, ContextKind::PriorArg));
            let twice = if one == other {
                "is given twice".into()
            } else {
                format!("does not go with {}", name(&other))
            };
            format!("{} {twice}; {}", name(&one), see(command.as_ref()))
        }
        _ => format!("{}; {}", first_line(error), see(command.as_ref())),
    }
}

fn no_command(error: &clap::Error, commands: &clap::Command) -> String {
    let word = text(error, ContextKind::InvalidSubcommand);
    let group = concerned(error, commands).map(|group| format!("{} ", group.name)).unwrap_or_default();
    // clap calls an ambiguous abbreviation unknown.
    let names: Vec<String> = entries(commands)
        .filter_map(|entry| entry.name.strip_prefix(&group).map(str::to_owned))
        .filter(|name| name.starts_with(&word) && !name.contains(' '))
        .collect();
    if names.len() > 1 {
        return format!("{word} can mean {}; write more of it", names.join(" or "));
    }
    let meant = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) if !names.is_empty() => {
            format!(" (did you mean {}?)", names.join(" or "))
        }
        _ => String::new(),
    };
    match group.trim_end() {
        "" => format!("there is no command {word}{meant}; see `help`"),
        group => format!("there is no command {group} {word}{meant}; see `help {group}`"),
    }
}

fn missing(error: &clap::Error, command: Option<&Entry>) -> String {
    let argument = text(error, ContextKind::InvalidArg);
    let value = argument.split(['<', '>']).nth(1).unwrap_or("value");
    let article = if value.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    let who = match (argument.starts_with('-'), command) {
        (false, Some(command)) => command.name.clone(),
        _ => name(&argument),
    };
    let example = command.map(|command| format!(", for example: {}", command.example)).unwrap_or_default();
    format!("{who} needs {article} {value}{example}")
}

fn invalid(error: &clap::Error) -> String {
    let (value, argument) = (text(error, ContextKind::InvalidValue), text(error, ContextKind::InvalidArg));
    let argument = argument.split(['<', '>']).nth(1).unwrap_or("value");
    let why = std::error::Error::source(error).map(|why| format!(": {why}")).unwrap_or_default();
    format!("{value} is not a {argument}{why}")
}

fn unknown(error: &clap::Error, command: Option<&Entry>) -> String {
    let argument = text(error, ContextKind::InvalidArg);
    let meant = text(error, ContextKind::SuggestedArg);
    let meant = if meant.is_empty() { meant } else { format!(" (did you mean {}?)", name(&meant)) };
    match command {
        Some(command) => format!("{} does not take {argument}{meant}; {}", command.name, see(Some(command))),
        None => format!("there is no option {argument}{meant}; see `help`"),
    }
}

fn see(command: Option<&Entry>) -> String {
    command.map_or_else(|| "see `help`".into(), |command| format!("see `help {}`", command.name))
}

/// The command that was being read: the usage that clap would show tells, or the option that only it has.
fn concerned(error: &clap::Error, commands: &clap::Command) -> Option<Entry> {
    let found = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => named_in(&usage.to_string()),
        _ => owner(&name(&text(error, ContextKind::InvalidArg)), commands)?,
    };
    entries(commands).find(|entry| entry.name == found)
}

/// `kick` of `Usage: chatctl kick [OPTIONS] <NAME>`
fn named_in(usage: &str) -> String {
    let words = usage.split_whitespace().take_while(|word| !word.starts_with(['[', '<', '-']));
    words.filter(|word| !["Usage:", "chatctl"].contains(word)).collect::<Vec<_>>().join(" ")
}

fn owner(option: &str, commands: &clap::Command) -> Option<String> {
    let option = option.strip_prefix("--")?;
    let mut owners = commands
        .get_subcommands()
        .filter(|command| command.get_arguments().any(|argument| argument.get_long() == Some(option)));
    match (owners.next(), owners.next()) {
        (Some(only), None) => Some(only.get_name().to_owned()),
        _ => None,
    }
}

/// What an error says under a key: several arguments as one, of which only the first counts.
fn text(error: &clap::Error, key: ContextKind) -> String {
    match error.get(key) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// `--in` of `--in <DURATION>...`
fn name(argument: &str) -> String {
    argument.split(' ').next().unwrap_or_default().to_owned()
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let said = said.join(" ");
    said.strip_prefix("error: ").unwrap_or(&said).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::{Cli, Line};

    fn said(words: &[&str]) -> String {
        let error = Cli::try_parse_from([&["chatctl"], words].concat()).expect_err("an error");
        one_line(&error, &Cli::command())
    }

    #[test]
    fn what_is_missing_is_told_with_an_example_in_the_console_too() {
        let kick = "kick needs a NAME, for example: kick bob --reason \"too loud\"";
        assert_eq!(said(&["kick"]), kick);
        let error = Line::try_parse_from(["ki"]).expect_err("an error");
        assert_eq!(one_line(&error, &Line::command()), kick);
        assert_eq!(said(&["log"]), "log needs a LEVEL, for example: log debug");
        assert_eq!(said(&["show"]), "show needs a NAME|#CHANNEL, for example: show alice");
        assert_eq!(said(&["shutdown", "--in"]), "--in needs a DURATION, for example: shutdown --in 10m");
        assert_eq!(said(&["--socket"]), "--socket needs a PATH");
    }

    #[test]
    fn an_ambiguous_abbreviation_and_a_slip_are_told_with_what_may_be_meant() {
        assert_eq!(said(&["ch"]), "ch can mean channels or check; write more of it");
        assert_eq!(said(&["kcik"]), "there is no command kcik (did you mean kick?); see `help`");
        assert_eq!(
            said(&["kick", "bob", "--raeson", "x"]),
            "kick does not take --raeson (did you mean --reason?); see `help kick`"
        );
        assert_eq!(said(&["--jsno", "list"]), "there is no option --jsno (did you mean --json?); see `help`");
    }

    #[test]
    fn a_command_of_two_words_is_told_by_both() {
        assert_eq!(said(&["account", "add"]), "account add needs a NAME, for example: account add carol");
        assert_eq!(
            said(&["account", "ad", "carol", "sesame"]),
            "account add does not take sesame; see `help account add`"
        );
        assert_eq!(said(&["account", "carol"]), "there is no command account carol; see `help account`");
        assert_eq!(said(&["account", "re", "x"]), "re can mean resume or remove; write more of it");
        let error = Line::try_parse_from(["account", "suspend"]).expect_err("an error");
        let suspend = "account suspend needs a NAME, for example: account suspend carol --reason holidays";
        assert_eq!(one_line(&error, &Line::command()), suspend);
    }

    #[test]
    fn what_cannot_be_is_told_with_the_reason() {
        assert_eq!(
            said(&["log", "loud"]),
            "loud is not a LEVEL: no such log level; use error, warn, info, debug or trace"
        );
        assert_eq!(said(&["list", "all"]), "list does not take all; see `help list`");
        assert_eq!(
            said(&["shutdown", "--cancel", "--in", "5m"]),
            "--cancel does not go with --in; see `help shutdown`"
        );
        assert_eq!(said(&["call", "X", "--more", "--more"]), "--more is given twice; see `help call`");
    }
}
