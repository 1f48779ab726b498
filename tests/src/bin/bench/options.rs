//! What to measure, from the command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::scenario::Scenario;
use crate::servers::Kind;

pub(crate) const USAGE: &str = "\
Usage: bench [--server NAME]... [--scenario NAME]... [--seconds N] [--out FILE]

  --server NAME     relay-alone, relay-coalescing, inspircd, ngircd, chatd, chatd-normal, chatd-off
                    (default: all that are installed)
  --scenario NAME   fanout-1, fanout-16, steady, direct, echo-idle, echo-load, join, idle, stalled
                    (default: all)
  --seconds N       how long each scenario is measured (default: 5)
  --out FILE        also write the tables to FILE";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) servers: Vec<Kind>,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) measured: Duration,
    pub(crate) out: Option<PathBuf>,
}

impl Options {
    /// `None` asks for the usage.
    pub(crate) fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options =
            Self { servers: Vec::new(), scenarios: Vec::new(), measured: Duration::from_secs(5), out: None };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            if matches!(flag.as_str(), "-h" | "--help") {
                return Ok(None);
            }
            let Some(value) = rest.next() else { bail!("{flag} needs a value\n{USAGE}") };
            match flag.as_str() {
                "--server" => options.servers.push(value.parse()?),
                "--scenario" => options.scenarios.push(value.parse()?),
                "--seconds" => options.measured = Duration::from_secs(value.parse()?),
                "--out" => options.out = Some(value.into()),
                _ => bail!("unknown option {flag}\n{USAGE}"),
            }
        }
        if options.servers.is_empty() {
            options.servers = Kind::ALL.to_vec();
        }
        if options.scenarios.is_empty() {
            options.scenarios = Scenario::ALL.to_vec();
        }
        Ok(Some(options))
    }
}
