//! The server over a real socket, in front of a daemon that is played.

mod agreement;
mod fake;
mod independent_client;
mod limits;
mod protocol;
mod watching;
