//! The command line, and the same commands as the console takes them.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueHint};

use crate::commands::{Command, is_irreversible};
use crate::failure::Failure;
use crate::{output, usage};

/// Administers chatd: who is on, announcements, kicks, shutdown. Without COMMAND: an interactive console.
///
/// Root, chatd's own user and the members of the group `chatd-admin` may use it. An error is one line on
/// standard error that says what was wrong and what to do.
///
/// Exit status: 0 done; 1 refused or failed: no such user, a configuration that is not valid; 2 wrong usage;
/// 3 chatd is not running, cannot be reached or does not answer; 4 permission denied.
#[derive(Debug, Parser)]
#[command(name = "chatctl", version, infer_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "`chatctl help` shows the commands with an example of each.")]
pub(crate) struct Cli {
    /// The admin socket [default: $CHATCTL_SOCKET, else that of this host's or your own chatd]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, global = true)]
    pub(crate) socket: Option<PathBuf>,
    /// Accept an admin socket that this user serves, besides root, chatd's user and yourself
    #[arg(long, value_name = "USER", value_hint = ValueHint::Username, global = true)]
    pub(crate) socket_owner: Option<String>,
    /// One JSON object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// A line of the console.
#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, infer_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) command: ConsoleCommand,
    /// One JSON object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    #[command(flatten)]
    Common(Command),
    /// Clears the screen
    #[command(after_help = "Example: clear")]
    Clear,
    /// Leaves the console
    #[command(visible_alias = "quit", after_help = "Example: exit")]
    Exit,
}

/// What clap has to say: help and version as asked for, everything else as a one-line error.
pub(crate) fn answer(error: &clap::Error, commands: &clap::Command) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(output::print(&error.to_string())?),
        _ => Err(Failure::Usage(usage::one_line(error, commands))),
    }
}

/// The command that a word means: by its name, or by an abbreviation that no other has.
pub(crate) fn meant<'a>(group: &'a clap::Command, word: &str) -> Option<&'a clap::Command> {
    let mut begun = group.get_subcommands().filter(|command| command.get_name().starts_with(word));
    let only = begun.next().filter(|_| begun.next().is_none());
    group.find_subcommand(word).or(only)
}

/// A slip of one letter must not stop chatd, so a command that cannot be undone is written out.
///
/// # Errors
/// The words, which were parsed, abbreviate such a command.
pub(crate) fn refuse_abbreviation(words: &[String], root: &clap::Command) -> Result<(), Failure> {
    let (mut command, mut names, mut abbreviated) = (root, Vec::new(), false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            if takes_the_next_word(root, word) {
                words.next();
            }
            continue;
        }
        let Some(below) = meant(command, word) else { break };
        names.push(below.get_name());
        abbreviated |= below.get_name() != word && below.get_all_aliases().all(|alias| alias != word);
        command = below;
    }
    if abbreviated && is_irreversible(command) {
        let name = names.join(" ");
        return Err(Failure::Usage(format!(
            "{name} cannot be undone and takes no abbreviation; write {name}"
        )));
    }
    Ok(())
}

/// Whether it is an option whose value is the word after it.
fn takes_the_next_word(root: &clap::Command, option: &str) -> bool {
    let mut arguments = root.get_arguments();
    option.strip_prefix("--").is_some_and(|name| {
        arguments.any(|argument| argument.get_long() == Some(name) && argument.get_action().takes_values())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
        Line::command().debug_assert();
    }

    #[test]
    fn unambiguous_abbreviations_are_accepted() {
        let cli = Cli::try_parse_from(["chatctl", "ann", "hello", "world"]).expect("a command");
        assert!(matches!(cli.command, Some(Command::Announce { text }) if text == ["hello", "world"]));
    }

    #[test]
    fn irreversible_commands_take_no_abbreviation() {
        let refused = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            refuse_abbreviation(&words, &Cli::command()).err().map(|failure| failure.to_string())
        };
        for words in [
            &["shu"][..],
            &["shutdow", "--reason", "shutdown"],
            &["--json", "red", "ml29f9c0-7k"],
            &["--socket", "shutdown", "shu"],
            &["hist", "erase", "carol"],
            &["account", "--json", "rem", "carol"],
        ] {
            let said = refused(words).unwrap_or_default();
            assert!(said.contains("takes no abbreviation; write "), "{words:?}: {said}");
        }
        for words in [
            &["shutdown"][..],
            &["--socket", "shu", "shutdown"],
            &["--socket=shu", "shutdown", "--in", "5m"],
            &["history", "erase", "shu"],
            &["acc", "list"],
            &["ann", "shutdown"],
        ] {
            assert_eq!(refused(words), None, "{words:?}");
        }
    }
}
