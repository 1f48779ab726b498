//! The command line, and the same commands as the console takes them.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand, ValueHint};

use crate::commands::{self, Command};
use crate::failure::Failure;
use crate::output;

/// Administers chatd: who is on, announcements, kicks, shutdown. Without COMMAND: an interactive console.
///
/// Exit status: 0 done; 1 refused or failed; 2 wrong usage; 3 chatd cannot be reached; 4 permission denied.
#[derive(Debug, Parser)]
#[command(name = "chatctl", version, infer_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "`chatctl help` shows the commands with an example of each.")]
pub(crate) struct Cli {
    /// The admin socket [default: $CHATCTL_SOCKET, else that of this host's or your own chatd]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, global = true)]
    pub(crate) socket: Option<PathBuf>,
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
        _ => Err(Failure::Usage(one_line(error, commands))),
    }
}

fn one_line(error: &clap::Error, commands: &clap::Command) -> String {
    if let Some(several) = ambiguous(error, commands) {
        return several;
    }
    let text = error.to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let said = said.join(" ");
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let meant = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) if !names.is_empty() => {
            format!(" (did you mean {}?)", names.join(" or "))
        }
        _ => String::new(),
    };
    format!("{said}{meant}; see `help`")
}

/// clap calls an ambiguous abbreviation unknown.
fn ambiguous(error: &clap::Error, commands: &clap::Command) -> Option<String> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let names: Vec<String> = commands::entries(commands)
        .map(|entry| entry.name)
        .filter(|name| name.starts_with(word.as_str()))
        .collect();
    (names.len() > 1).then(|| format!("{word} can mean {}; write more of it", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn said(words: &[&str]) -> String {
        let error = Cli::try_parse_from([&["chatctl"], words].concat()).expect_err("an error");
        one_line(&error, &Cli::command())
    }

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
    fn ambiguous_abbreviations_are_refused_by_name() {
        assert_eq!(said(&["ch"]), "ch can mean channels or check; write more of it");
    }

    #[test]
    fn errors_are_one_line_and_say_what_to_do() {
        assert_eq!(said(&["kick"]), "the following required arguments were not provided: <NAME>; see `help`");
        assert_eq!(said(&["kcik"]), "unrecognized subcommand 'kcik' (did you mean kick?); see `help`");
        assert!(!said(&["list", "--what"]).contains('\n'));
    }
}
