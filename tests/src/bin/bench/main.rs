//! The benchmark: chatd, other IRC servers and two bare-syscall relays under the same load, in one run.
//!
//! `cargo run --release -p chat-tests --bin bench` measures everything and prints Markdown tables;
//! `-- --help` tells how to choose servers and scenarios.

mod clients;
mod cpu;
mod options;
mod payload;
mod relay;
mod report;
mod scenario;
mod servers;

use anyhow::Result;
use options::Options;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, style, port] = arguments.as_slice()
        && command == "relay"
    {
        return relay::run(style.parse()?, port.parse()?);
    }
    let Some(options) = Options::parse(&arguments)? else {
        println!("{}", options::USAGE);
        return Ok(());
    };
    raise_descriptor_limit()?;
    report::run(&options)
}

/// Ten thousand connections need ten thousand descriptors on each side; children inherit the limit.
fn raise_descriptor_limit() -> Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}
