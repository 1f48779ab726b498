//! Support for the end-to-end tests and the benchmark: finding, building and starting the real programs.

pub mod programs;
