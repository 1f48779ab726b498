//! Confirmation of commands that cannot be undone.
//!
//! A command is irreversible when its definition has the option `--yes`. Such a command asks on a terminal before it
//! does anything, and its name cannot be abbreviated.

use clap::Args;

use super::Context;
use crate::client::Connector;
use crate::failure::Failure;

const OPTION: &str = "yes";

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Confirmation {
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Confirmation {
    pub(super) const fn is_given(self) -> bool {
        self.yes
    }

    /// Asks on a terminal. A script is not asked.
    ///
    /// # Errors
    /// The answer is not yes, or it cannot be asked for.
    pub(super) fn obtain(
        self,
        context: &mut Context<'_>,
        question: impl FnOnce(&Connector) -> String,
    ) -> Result<(), Failure> {
        if self.yes || !context.ask.is_attended() {
            return Ok(());
        }
        let question = format!("{} (yes/no) ", question(context.connector));
        if context.ask.confirm(&question)? { Ok(()) } else { Err(Failure::NotConfirmed) }
    }
}

/// Whether the command has `--yes`.
pub(crate) fn is_irreversible(command: &clap::Command) -> bool {
    command.get_arguments().any(|argument| argument.get_id() == OPTION)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Line;

    fn collect(group: &clap::Command, path: &str, found: &mut Vec<String>) {
        for command in group.get_subcommands() {
            let name = format!("{path}{}", command.get_name());
            found.extend(is_irreversible(command).then(|| name.clone()));
            collect(command, &format!("{name} "), found);
        }
    }

    #[test]
    fn irreversible_commands_are_these() {
        let mut found = Vec::new();
        collect(&Line::command(), "", &mut found);
        assert_eq!(
            found,
            [
                "ban",
                "redact",
                "account password",
                "account remove",
                "history erase",
                "history import",
                "shutdown",
                "clock accept",
                "call"
            ]
        );
    }
}
