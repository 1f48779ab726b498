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

pub(crate) fn entries(commands: &clap::Command) -> impl Iterator<Item = Entry> {
    commands.get_subcommands().map(|command| {
        let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        Entry {
            name: command.get_name().to_owned(),
            does: command.get_about().map(ToString::to_string).unwrap_or_default(),
            example: example.strip_prefix(EXAMPLE).unwrap_or_default().to_owned(),
        }
    })
}

pub(super) fn run(context: &mut Context<'_>, word: Option<&str>) -> Result<(), Failure> {
    let commands = Line::command().color(ColorChoice::Never);
    let Some(word) = word else {
        let entries = entries(&commands).collect();
        return Ok(context.output.show(&Overview(entries))?);
    };
    let found: Vec<&clap::Command> = commands
        .get_subcommands()
        .filter(|command| {
            command.get_name() == word || command.get_visible_aliases().any(|name| name == word)
        })
        .collect();
    let found = if found.is_empty() { starting_with(&commands, word) } else { found };
    match found.as_slice() {
        [command] => Ok(context.output.show(&Whole::of(command))?),
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
            "Unambiguous abbreviations will do: `ann` for announce. `clear` and `exit` are of the console.",
        );
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
    fn of(command: &clap::Command) -> Self {
        let mut command = command.clone().disable_help_flag(true).color(ColorChoice::Never);
        Self { name: command.get_name().to_owned(), help: command.render_long_help().to_string() }
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
            assert_eq!(words.first(), Some(&entry.name));
            assert!(Line::try_parse_from(words).is_ok(), "{entry:?}");
            assert!(!entry.does.is_empty(), "{entry:?}");
        }
    }
}
