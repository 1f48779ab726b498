//! Runs what was asked for and writes a Markdown table for each scenario.

use std::fmt::Write as _;

use anyhow::Result;

use crate::options::Options;
use crate::scenario::Scenario;
use crate::servers::{Kind, Server};

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut servers = options.servers.clone();
    servers.retain(|kind| match kind.missing() {
        Some(reason) => {
            eprintln!("{reason}");
            false
        }
        None => true,
    });
    let mut report = machine();
    for scenario in &options.scenarios {
        let table = table(*scenario, &servers, options)?;
        println!("{table}");
        report.push_str(&table);
    }
    if let Some(path) = &options.out {
        std::fs::write(path, report)?;
    }
    Ok(())
}

fn table(scenario: Scenario, servers: &[Kind], options: &Options) -> Result<String> {
    let columns = scenario.columns();
    let mut table = format!("\n## {} (`{}`)\n\n", scenario.title(), scenario.name());
    writeln!(table, "| server | {} |", columns.join(" | "))?;
    writeln!(table, "|---|{}", "---:|".repeat(columns.len()))?;
    for kind in servers.iter().filter(|kind| scenario.suits(**kind)) {
        eprintln!("{}: {kind} ...", scenario.name());
        let cells = Server::start(*kind).and_then(|server| scenario.run(&server, options.measured));
        match cells {
            Ok(cells) => writeln!(table, "| {kind} | {} |", cells.join(" | "))?,
            Err(error) => {
                eprintln!("{}: {kind} failed: {error:#}", scenario.name());
                writeln!(table, "| {kind} | failed |{}", " |".repeat(columns.len() - 1))?;
            }
        }
    }
    Ok(table)
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    format!("Measured on {cpus} × {model}.\n")
}
