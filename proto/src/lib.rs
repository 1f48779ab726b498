//! What travels on the sockets.

pub mod admin;
