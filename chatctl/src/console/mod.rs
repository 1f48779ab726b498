//! The console: the same commands, one after the other.

mod complete;
mod presence;
mod prompt;
mod words;

use std::io::{BufRead, Read};
use std::rc::Rc;

use chat_proto::admin::Password;
use clap::{CommandFactory, Parser};

use self::presence::Presence;
use self::prompt::Prompt;
pub(crate) use self::words::words;
use crate::cli::{self, ConsoleCommand, Line};
use crate::client::Connector;
use crate::commands::{self, Ask, Command, Context};
use crate::failure::{self, Failure};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};
use crate::secret;

const PROMPT: &str = "chatctl> ";
const MAX_LINE: u64 = 64 * 1024;

/// What a line did to the console.
enum Next {
    Another,
    Clear,
    Exit,
}

/// On a terminal. Ctrl-C goes back to the prompt, Ctrl-D and `exit` leave.
pub(crate) fn interactive(connector: Connector, mut output: Output) -> Result<(), Failure> {
    commands::run(&Command::Version, &mut context(&connector, &mut output, &mut NobodyThere))?;
    output::print(&format!("connected to {}; `help` lists the commands", connector.path().display()))?;
    let interrupt = Rc::new(Interrupt::on_ctrl_c().map_err(Failure::Setup)?);
    let connector = connector.with_interrupt(Rc::clone(&interrupt));
    let for_completion = connector.again();
    let mut prompt = prompt::new(&interrupt, for_completion)?;
    let mut presence = Presence::default();
    presence.news(&connector);
    loop {
        let line = match prompt.read(PROMPT) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(Failure::Interrupted) => continue,
            Err(failure) => return Err(failure),
        };
        prompt.remember(&line);
        for command in words::commands(&line) {
            if let Some(news) = presence.news(&connector) {
                output::print(&news)?;
            }
            match obey(command, &connector, &mut output, &mut Questions(&mut *prompt)) {
                Ok(Next::Another) => {}
                Ok(Next::Clear) => prompt.clear()?,
                Ok(Next::Exit) => return Ok(()),
                // The rest of what was pasted is not meant any more.
                Err(Failure::Interrupted) => break,
                Err(failure) => {
                    failure::finish(Err(failure));
                }
            }
        }
    }
}

/// From a pipe or a file: without a prompt, up to the end or the first command that fails.
pub(crate) fn script(
    connector: &Connector,
    mut output: Output,
    mut input: impl BufRead,
) -> Result<(), Failure> {
    let mut empty = true;
    while let Some(line) = next_line(&mut input)? {
        empty &= line.trim().is_empty();
        match obey(&line, connector, &mut output, &mut NobodyThere)? {
            Next::Another | Next::Clear => {}
            Next::Exit => return Ok(()),
        }
    }
    if empty { Err(Failure::Usage("there is no command; see `chatctl help`".into())) } else { Ok(()) }
}

/// A line is taken whole or not at all: what was cut off would be taken for a command.
fn next_line(input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut line = String::new();
    let read = input.by_ref().take(MAX_LINE).read_line(&mut line);
    let read = read.map_err(|error| Failure::Input(error.to_string()))? as u64;
    if read == MAX_LINE && !line.ends_with('\n') {
        return Err(Failure::Input(format!("a line is longer than {MAX_LINE} bytes")));
    }
    Ok((read > 0).then_some(line))
}

fn obey(line: &str, connector: &Connector, output: &mut Output, ask: &mut dyn Ask) -> Result<Next, Failure> {
    let words = words(line).map_err(|error| Failure::Usage(error.to_string()))?;
    if words.is_empty() {
        return Ok(Next::Another);
    }
    let line = match Line::try_parse_from(&words) {
        Ok(line) => line,
        Err(error) => return cli::answer(&error, &Line::command()).map(|()| Next::Another),
    };
    cli::refuse_abbreviation(&words, &Line::command())?;
    let usual = output.json;
    output.json |= line.json;
    let next = match line.command {
        ConsoleCommand::Common(command) => {
            commands::run(&command, &mut context(connector, output, ask)).map(|()| Next::Another)
        }
        ConsoleCommand::Clear => Ok(Next::Clear),
        ConsoleCommand::Exit => Ok(Next::Exit),
    };
    output.json = usual;
    next
}

fn context<'a>(connector: &'a Connector, output: &'a mut Output, ask: &'a mut dyn Ask) -> Context<'a> {
    Context { connector, output, ask }
}

/// Asks at the prompt. Ctrl-C and Ctrl-D take the command back.
struct Questions<'a>(&'a mut dyn Prompt);

impl Ask for Questions<'_> {
    fn ask(&mut self, question: &str) -> Result<Option<String>, Failure> {
        self.0.read(question)?.ok_or(Failure::Interrupted).map(Some)
    }

    fn is_attended(&self) -> bool {
        true
    }

    /// Past the prompt, so that it gets into no history.
    fn password(&mut self, whose: &str) -> Result<Password, Failure> {
        secret::ask_twice(whose)
    }

    fn may_read_stdin(&self) -> bool {
        false
    }
}

/// Standard input holds the commands.
struct NobodyThere;

impl Ask for NobodyThere {
    fn ask(&mut self, _question: &str) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    fn is_attended(&self) -> bool {
        false
    }

    fn password(&mut self, _whose: &str) -> Result<Password, Failure> {
        Err(Failure::Usage(
            "there is nobody to ask for the password; use --generate, or give it on the standard input of \
             `chatctl account` itself"
                .into(),
        ))
    }

    fn may_read_stdin(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_refused_and_its_end_is_no_command() {
        let most = "x".repeat(MAX_LINE as usize - 1) + "\n";
        assert_eq!(next_line(&mut most.as_bytes()).expect("a line"), Some(most.clone()));
        let more = format!("x{most}list\n");
        assert!(next_line(&mut more.as_bytes()).is_err());
        assert_eq!(next_line(&mut "".as_bytes()).expect("no line"), None);
    }
}
