//! `chatctl`, the administrator's console for chatd.

mod cli;
mod client;
mod commands;
mod console;
mod failure;
mod interrupt;
mod logs;
mod manual;
mod output;
mod permission;
mod secret;
mod service;
mod socket;
#[cfg(test)]
mod testing;
mod usage;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::Cli;
use crate::client::Connector;
use crate::commands::{Command, Context, OneShot};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;

fn main() -> ExitCode {
    if let Some(status) = chat_manual::answer(std::env::args_os(), manual::make) {
        return status;
    }
    match Cli::try_parse() {
        Ok(cli) => failure::finish(written_out().and_then(|()| run(cli))),
        Err(error) => failure::finish(cli::answer(&error, &Cli::command())),
    }
}

/// The command line was parsed, so that its words are text.
fn written_out() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into()).collect();
    cli::refuse_abbreviation(&words, &Cli::command())
}

fn run(cli: Cli) -> Result<(), Failure> {
    let owner = cli.socket_owner.as_deref().map(socket::uid_of).transpose()?;
    let connector = Connector::new(cli.socket.unwrap_or_else(socket::default_path)).with_socket_owner(owner);
    let mut output = Output::to_stdout(cli.json);
    match cli.command {
        Some(command) => {
            let connector = interruptible(connector, &command)?;
            let mut context = Context { connector: &connector, output: &mut output, ask: &mut OneShot };
            commands::run(&command, &mut context)
        }
        None if std::io::stdin().is_terminal() => console::interactive(connector, output),
        None => console::script(&connector, output, std::io::stdin().lock()),
    }
}

/// Ctrl-C is how a stream ends, and what was begun is cleared away; anything else it simply kills.
fn interruptible(connector: Connector, command: &Command) -> Result<Connector, Failure> {
    match command {
        Command::Watch { .. }
        | Command::Backup { .. }
        | Command::History { .. }
        | Command::Call { more: true, .. } => {
            Ok(connector.with_interrupt(Interrupt::on_ctrl_c().map_err(Failure::Setup)?.into()))
        }
        _ => Ok(connector),
    }
}
