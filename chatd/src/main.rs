//! The chat daemon.

mod admin;
mod answers;
mod auth;
mod cli;
mod clock;
mod commit;
mod config;
mod conn;
mod control;
mod daemon;
mod disk_full;
mod egress;
mod fair_seats;
mod in_flight;
mod jobs;
mod listen;
mod lock;
mod logging;
mod mailbox;
mod manual;
mod metrics;
mod owner;
mod process;
mod pulse;
mod release;
mod run;
mod scrape;
mod signals;
mod slots;
mod socket;
mod stall;
mod store;
mod systemd;
mod tls;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    chat_manual::answer(std::env::args_os(), manual::make).unwrap_or_else(|| cli::main().into())
}
