//! How chatd does with a long history: how soon it is there, how soon it answers, and how much memory it takes.
//!
//! `cargo run --release -p chat-tests --bin scale -- [MESSAGES]` fills a database with ten million messages, or as many as it is
//! told, and prints a Markdown table. A first table is that of an empty history, to be compared with.

mod ask;
mod fill;

use std::time::Instant;

use anyhow::{Context, Result};
use chat_tests::daemon::{Daemon, Setup};
use chat_tests::programs;

const MESSAGES: u64 = 10_000_000;

fn main() -> Result<()> {
    let messages =
        std::env::args().nth(1).map_or(Ok(MESSAGES), |text| text.parse()).context("MESSAGES is a number")?;
    // Built before any time is taken.
    programs::directory()?;
    let setup =
        Setup::configured("[limits]\nmessages-per-second = 0\nwork-per-second = 0\nchannels-per-user = 100");
    let daemon = start(setup);
    ask::furnish(&daemon);
    ask::report(&daemon)?;
    let setup = daemon.crash();
    let began = Instant::now();
    let size = fill::fill(&setup.path().join("chatd.db"), messages)?;
    eprintln!("{messages} messages written in {} s, {} MiB", began.elapsed().as_secs(), size / (1024 * 1024));
    println!("\n## {messages} messages, {} MiB\n", size / (1024 * 1024));
    ask::report(&start(setup))
}

fn start(setup: Setup) -> Daemon {
    let began = Instant::now();
    let daemon = setup.start();
    println!("Ready after {} ms.\n", began.elapsed().as_millis());
    daemon
}
