//! What travels on chatd's sockets: the IRC protocol and the admin API, for the daemon and its clients alike.
//!
//! Depends on none of the programs. Nothing here does input or output.

pub mod admin;
pub mod caps;
pub mod line;
pub mod message;
pub mod name;
pub mod numeric;
pub mod resume;
pub mod sasl;
pub mod socket;
pub mod tag;
pub mod text;
