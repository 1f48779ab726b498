//! `chat`: talk, or say, list and follow from scripts.

mod address;
mod alive;
mod ask;
mod backoff;
mod cli;
mod client;
mod config;
mod engine;
mod errors;
mod failure;
mod identity;
mod input;
mod line;
mod link;
mod manual;
mod notify;
mod places;
mod query;
mod render;
mod scripts;
mod secret;
mod session;
mod settings;
mod theme;
mod trust;
mod ui;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use failure::Failure;
use settings::Settings;

fn main() -> ExitCode {
    if let Some(status) = chat_manual::answer(std::env::args_os(), manual::make) {
        return status;
    }
    let result = Cli::try_parse().map_or_else(
        |error| cli::answer(&error),
        |cli| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(Failure::Output).and_then(|runtime| runtime.block_on(run(cli)))
        },
    );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.status() != 0 {
                failure.lines().iter().for_each(|line| errors::report(line));
            }
            ExitCode::from(failure.status())
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let settings = || Settings::resolve(&cli.options);
    match cli.command {
        None => engine::run(settings()?).await,
        Some(Command::Config) => settings::report(&cli.options),
        Some(Command::Send { to, wait, text }) => {
            let outage = query::duration(&wait).map_err(|error| Failure::Usage(format!("--wait {error}")))?;
            scripts::send(&settings()?, &to, &text, outage).await
        }
        Some(Command::History { place, to, lines, since }) => {
            scripts::history(&settings()?, place.or(to).as_deref(), lines, since.as_deref()).await
        }
        Some(Command::List { user }) => scripts::list(&settings()?, user.as_deref()).await,
        Some(Command::Tail { channel }) => scripts::tail(&settings()?, channel.as_deref()).await,
    }
}
