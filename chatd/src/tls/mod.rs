//! Encrypted connections: the certificate that listeners show, and the handshake that opens a connection.

mod certificate;
mod handshake;
mod make;
mod server;
mod shown;

pub(crate) use self::certificate::{Bad, Certificate, Files};
pub(crate) use self::handshake::Handshakes;
pub(crate) use self::make::{advice, make};
pub(crate) use self::server::fingerprint_of_client;
pub(crate) use self::shown::Shown;

#[cfg(test)]
mod tests;
