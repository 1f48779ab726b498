//! What the core's black-box tests share: a host that runs a core as the shell does, and what must always be true.

pub mod archive;
pub mod host;
pub mod invariants;
pub mod wire;
