//! The console: the same commands, one after the other.

mod complete;
mod history;
mod words;

use std::io::{self, BufRead, Read};
use std::time::Duration;

use clap::Parser;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use self::complete::Completion;
pub(crate) use self::words::words;
use crate::cli::{self, ConsoleCommand, Line};
use crate::client::Connector;
use crate::commands::{self, Ask, Command, Context, NoQuestions};
use crate::failure::{self, Failure};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};

const PROMPT: &str = "chatctl> ";
/// Completion that takes longer is in the way of typing.
const COMPLETION_PATIENCE: Duration = Duration::from_secs(1);
const MAX_LINE: u64 = 64 * 1024;

type Terminal = Editor<Completion, FileHistory>;

/// What a line did to the console.
enum Next {
    Another,
    Clear,
    Exit,
}

/// On a terminal. Ctrl-C goes back to the prompt, Ctrl-D and `exit` leave.
pub(crate) fn interactive(connector: Connector, mut output: Output) -> Result<(), Failure> {
    let connector = connector.with_interrupt(Interrupt::on_ctrl_c().map_err(Failure::Setup)?);
    commands::run(&Command::Version, &mut context(&connector, &mut output, &mut NoQuestions))?;
    output::print(&format!("connected to {}; `help` lists the commands", connector.path().display()))?;
    let mut terminal = terminal(&connector)?;
    let history = history::load(&mut terminal);
    loop {
        let line = match terminal.readline(PROMPT) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(Failure::Input(error.to_string())),
        };
        history::add(&mut terminal, history.as_deref(), &line);
        match obey(&line, &connector, &mut output, &mut Questions(&mut terminal)) {
            Ok(Next::Another) | Err(Failure::Interrupted) => {}
            Ok(Next::Clear) => terminal.clear_screen().map_err(|error| Failure::Input(error.to_string()))?,
            Ok(Next::Exit) => break,
            Err(failure) => {
                failure::finish(Err(failure));
            }
        }
    }
    Ok(())
}

/// From a pipe or a file: without a prompt, up to the end or the first command that fails.
pub(crate) fn script(connector: &Connector, mut output: Output, input: impl BufRead) -> Result<(), Failure> {
    let mut input = input;
    loop {
        let mut line = String::new();
        let read = input.by_ref().take(MAX_LINE).read_line(&mut line);
        if read.map_err(|error| Failure::Input(error.to_string()))? == 0 {
            return Ok(());
        }
        match obey(&line, connector, &mut output, &mut NobodyThere)? {
            Next::Another | Next::Clear => {}
            Next::Exit => return Ok(()),
        }
    }
}

fn obey(line: &str, connector: &Connector, output: &mut Output, ask: &mut dyn Ask) -> Result<Next, Failure> {
    let words = words(line).map_err(|error| Failure::Usage(error.to_string()))?;
    if words.is_empty() {
        return Ok(Next::Another);
    }
    let line = match Line::try_parse_from(words) {
        Ok(line) => line,
        Err(error) => return cli::answer(&error).map(|()| Next::Another),
    };
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

fn terminal(connector: &Connector) -> Result<Terminal, Failure> {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(false).build();
    let failed = |error: ReadlineError| Failure::Setup(io::Error::other(error));
    let mut terminal = Terminal::with_config(config).map_err(failed)?;
    let connector = Connector::new(connector.path().clone()).with_patience(COMPLETION_PATIENCE);
    terminal.set_helper(Some(Completion::new(connector)));
    Ok(terminal)
}

/// Asks at the prompt.
struct Questions<'a>(&'a mut Terminal);

impl Ask for Questions<'_> {
    fn ask(&mut self, question: &str) -> Option<String> {
        self.0.readline(question).ok()
    }

    fn may_read_stdin(&self) -> bool {
        false
    }
}

/// Standard input holds the commands.
struct NobodyThere;

impl Ask for NobodyThere {
    fn ask(&mut self, _question: &str) -> Option<String> {
        None
    }

    fn may_read_stdin(&self) -> bool {
        false
    }
}
