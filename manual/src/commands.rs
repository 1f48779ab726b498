//! Options and commands as clap knows them. The definitions are taken as written, before clap adds its own `help`
//! command to each and hands the global options down.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};
use roff::{Inline, Roff, bold, roman};

use crate::text::{running, usage};

const EXAMPLE: &str = "Example: ";
const EXIT_STATUS: &str = "Exit status: ";

/// Synopsis, description, options and commands of a program.
pub(crate) fn program(roff: &mut Roff, command: &Command) {
    let commands = if command.has_subcommands() { " [COMMAND]" } else { "" };
    roff.control("SH", ["SYNOPSIS"]).text(usage(&format!("{}{commands}", line(command))));
    roff.control("SH", ["DESCRIPTION"]);
    paragraphs(roff, command.get_long_about().or(command.get_about()));
    paragraphs(roff, command.get_after_help());
    roff.control("SH", ["OPTIONS"]);
    arguments(roff, command);
    roff.control("TP", []).text(usage("-h, --help")).text([roman("Prints help.")]);
    roff.control("TP", []).text(usage("-V, --version")).text([roman("Prints the version.")]);
    if command.has_subcommands() {
        roff.control("SH", ["COMMANDS"]);
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            subcommand(roff, command.get_name(), "", sub);
        }
    }
    exit_status(roff, command);
}

/// Text that is shown as it is, line by line.
pub(crate) fn literal(roff: &mut Roff, lines: &str) {
    roff.control("RS", ["4"]).control("EX", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("EE", []).control("RE", []);
}

/// `Exit status: 0 done; 1 failed.` has a section of its own on a page.
fn exit_status(roff: &mut Roff, command: &Command) {
    let texts = [command.get_long_about(), command.get_after_help()];
    let texts = texts.into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
    let Some(statuses) = texts.split("\n\n").find_map(|text| text.strip_prefix(EXIT_STATUS)) else { return };
    roff.control("SH", ["EXIT STATUS"]);
    for status in statuses.trim_end_matches('.').split("; ") {
        let (number, meaning) = status.split_once(' ').unwrap_or((status, ""));
        roff.control("TP", []).text([bold(number)]).text(running(meaning));
    }
}

/// With those below it, whose names begin with its own.
fn subcommand(roff: &mut Roff, program: &str, group: &str, command: &Command) {
    roff.control("TP", []).text(usage(&format!("{group}{}", line(command))));
    roff.text(about(command));
    roff.control("RS", []);
    arguments(roff, command);
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    match after.strip_prefix(EXAMPLE) {
        Some(example) => {
            roff.control("PP", []).text([roman(EXAMPLE), bold(format!("{program} {example}"))]);
        }
        None => paragraphs(roff, command.get_after_help()),
    }
    roff.control("RE", []);
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        subcommand(roff, program, &format!("{group}{} ", command.get_name()), sub);
    }
}

fn about(command: &Command) -> Vec<Inline> {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let also: Vec<&str> = command.get_visible_aliases().collect();
    let also = if also.is_empty() { String::new() } else { format!(" (also `{}`)", also.join("`, `")) };
    // Only what is written as sentences ends in a full stop; the line that help lists doesn't.
    let (first, rest) = about.split_once("\n\n").unwrap_or((&about, ""));
    let rest = if rest.is_empty() { String::new() } else { format!("\n\n{rest}") };
    running(&format!("{}{also}.{rest}", first.trim_end_matches('.')))
}

fn paragraphs(roff: &mut Roff, text: Option<&StyledStr>) {
    for paragraph in text.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        if !paragraph.is_empty() && !paragraph.starts_with(EXIT_STATUS) {
            let end = if paragraph.ends_with(['.', ':']) { "" } else { "." };
            roff.control("PP", []).text(running(&format!("{paragraph}{end}")));
        }
    }
}

fn arguments(roff: &mut Roff, command: &Command) {
    let shown = || command.get_arguments().filter(|argument| !argument.is_hide_set());
    for argument in shown().filter(|a| a.is_positional()).chain(shown().filter(|a| !a.is_positional())) {
        let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string);
        roff.control("TP", []).text(usage(&term(argument)));
        roff.text(running(&format!(
            "{}.{}",
            help.unwrap_or_default().trim_end_matches('.'),
            values(argument)
        )));
    }
}

/// The values that there are to choose from, and which holds when none is chosen.
fn values(argument: &Arg) -> String {
    let names = |names: Vec<String>| format!("`{}`", names.join("`, `"));
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let mut text = String::new();
    if !possible.is_empty() && argument.get_action().takes_values() {
        text += &format!(" One of {}.", names(possible));
    }
    if !defaults.is_empty() && argument.get_action().takes_values() && !argument.is_hide_default_value_set() {
        text += &format!(" Default: {}.", names(defaults));
    }
    text
}

/// `kick [--reason TEXT...] NAME`
fn line(command: &Command) -> String {
    let shown = || command.get_arguments().filter(|argument| !argument.is_hide_set());
    let mut words = vec![command.get_name().to_owned()];
    words.extend(shown().filter(|a| !a.is_positional()).map(bracketed));
    words.extend(shown().filter(|a| a.is_positional()).map(bracketed));
    words.join(" ")
}

fn bracketed(argument: &Arg) -> String {
    let repeated = if is_repeatable_option(argument) { "..." } else { "" };
    match argument.is_required_set() {
        true => format!("{}{repeated}", term(argument)),
        false => format!("[{}]{repeated}", term(argument)),
    }
}

fn is_repeatable_option(argument: &Arg) -> bool {
    !argument.is_positional()
        && matches!(argument.get_action(), ArgAction::Append)
        && argument.get_num_args().is_none_or(|values| values.max_values() == 1)
}

/// `--reason TEXT...`, or `NAME`
fn term(argument: &Arg) -> String {
    let mut words = Vec::new();
    words.extend(argument.get_short().map(|short| format!("-{short}")));
    words.extend(argument.get_long().map(|long| format!("--{long}")));
    let option = words.join(", ");
    if !argument.get_action().takes_values() {
        return option;
    }
    let id = argument.get_id().as_str().to_uppercase();
    let names = argument
        .get_value_names()
        .map_or(id, |names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let several = argument.get_num_args().is_some_and(|values| values.max_values() > 1);
    let value = if several { format!("{names}...") } else { names };
    if option.is_empty() { value } else { format!("{option} {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("kick")
            .about("Sends away")
            .after_help("Example: kick bob")
            .arg(Arg::new("name").value_name("NAME").required(true).help("Whom"))
            .arg(Arg::new("reason").long("reason").value_name("TEXT").num_args(1..).help("Why"))
            .arg(Arg::new("to").long("to").value_name("X").action(ArgAction::Append))
            .arg(Arg::new("quiet").short('q').long("quiet").action(ArgAction::SetTrue))
            .arg(Arg::new("secret").long("secret").hide(true))
    }

    #[test]
    fn a_line_tells_what_may_be_left_out_or_repeated() {
        assert_eq!(line(&command()), "kick [--reason TEXT...] [--to X]... [-q, --quiet] NAME");
    }

    #[test]
    fn a_page_has_every_option_and_command_that_is_not_hidden() {
        let program = Command::new("ctl").version("1").about("Rules").subcommand(command());
        let page = crate::Page::of_program(&program, "8", "rules").render();
        for part in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS", ".SH COMMANDS"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        for part in ["Sends away.", "Whom.", "Why.", "quiet", "Example: ", "ctl kick bob"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("secret"));
    }
}
