//! Support for the end-to-end tests and the benchmark: building, starting and talking to the real programs.
//!
//! Nothing here sleeps: whoever waits, waits for an event, with [`PATIENCE`] as the limit of what a loaded machine
//! may need. A failed expectation panics with everything that was seen.

pub mod daemon;
pub mod disk;
pub mod irc;
pub mod outside;
pub mod programs;
pub mod proxy;
pub mod skipped;
pub mod terminal;
pub mod tls;

use std::time::Duration;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
