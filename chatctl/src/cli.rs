//! The command line, and the same commands as the console takes them.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueHint};

use crate::commands::Command;
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
}
