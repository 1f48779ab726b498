//! `help [COMMAND]`, made from the definitions of the commands themselves.

use clap::{ColorChoice, CommandFactory};
use serde::Serialize;

use super::Context;
use crate::cli::Line;
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table};

const EXAMPLE: &str = "Example: ";

/// A command as `help` lists it.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    does: String,
    pub(crate) example: String,
}

/// All commands, each followed by those below it: `account`, `account list`.
pub(crate) fn entries(commands: &clap::Command) -> impl Iterator<Item = Entry> {
    let mut entries = Vec::new();
    collect(commands, "", &mut entries);
    entries.into_iter()
}

fn collect(commands: &clap::Command, group: &str, entries: &mut Vec<Entry>) {
    for command in commands.get_subcommands() {
        let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let name = format!("{group}{}", command.get_name());
        let below = format!("{name} ");
        entries.push(Entry {
            name,
            does: command.get_about().map(ToString::to_string).unwrap_or_default(),
            example: example.strip_prefix(EXAMPLE).unwrap_or_default().to_owned(),
        });
        collect(command, &below, entries);
    }
}

pub(super) fn run(context: &mut Context<'_>, words: &[String]) -> Result<(), Failure> {
    let commands = Line::command().color(ColorChoice::Never);
    if words.is_empty() {
        let entries = entries(&commands).collect();
        return Ok(context.output.show(&Overview(entries))?);
    }
    let (mut command, mut names) = (&commands, Vec::new());
    for word in words {
        command = meant(command, word)?;
        names.push(command.get_name());
    }
    Ok(context.output.show(&Whole::of(command, names.join(" ")))?)
}

fn meant<'a>(commands: &'a clap::Command, word: &str) -> Result<&'a clap::Command, Failure> {
    let found: Vec<&clap::Command> = commands
        .get_subcommands()
        .filter(|command| {
            command.get_name() == word || command.get_visible_aliases().any(|name| name == word)
        })
        .collect();
    let found = if found.is_empty() { starting_with(commands, word) } else { found };
    match found.as_slice() {
        [command] => Ok(command),
        [] => Err(Failure::Usage(format!("there is no command {word}; see `help`"))),
        several => {
            let names: Vec<&str> = several.iter().map(|command| command.get_name()).collect();
            Err(Failure::Usage(format!("{word} can mean {}; write more of it", names.join(" or "))))
        }
    }
}

fn starting_with<'a>(commands: &'a clap::Command, word: &str) -> Vec<&'a clap::Command> {
    commands.get_subcommands().filter(|command| command.get_name().starts_with(word)).collect()
}

struct Overview(Vec<Entry>);

impl Show for Overview {
    fn text(&self, page: &mut Page) {
        let mut table = Table::with_heading(&["COMMAND", "DOES", "EXAMPLE"]);
        for entry in &self.0 {
            table.push([&entry.name, &entry.does, &entry.example]);
        }
        page.table(&table);
        page.line(
            "Unambiguous abbreviations will do: `ann` for announce; but not of a command that cannot be",
        );
        page.line("undone, such as shutdown. `clear` and `exit` are of the console.");
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|entry| records.push(entry))
    }
}

struct Whole {
    name: String,
    help: String,
}

impl Whole {
    fn of(command: &clap::Command, name: String) -> Self {
        let command =
            command.clone().disable_help_flag(true).disable_help_subcommand(true).color(ColorChoice::Never);
        Self { help: command.bin_name(&name).render_long_help().to_string(), name }
    }
}

impl Show for Whole {
    fn text(&self, page: &mut Page) {
        page.lines(&self.help);
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&serde_json::json!({"name": self.name, "help": self.help}))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::console;

    #[test]
    fn every_command_has_an_example_that_parses_to_it() {
        for entry in entries(&Line::command()) {
            let words = console::words(&entry.example).expect("words");
            assert!(words.join(" ").starts_with(&entry.name), "{entry:?}");
            assert!(Line::try_parse_from(words).is_ok(), "{entry:?}");
            assert!(!entry.does.is_empty(), "{entry:?}");
        }
    }
}
