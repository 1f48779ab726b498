//! SASL as IRC carries it: mechanisms, the base64 lines of AUTHENTICATE, and the messages inside.
//!
//! Sources: IRCv3 `sasl` 3.1 and 3.2, RFC 4616 (PLAIN), RFC 4422 appendix A (EXTERNAL), RFC 5802 and RFC 7677 (SCRAM-SHA-256).

mod frame;
mod plain;
mod scram;

pub use self::frame::{AUTHENTICATE_MAX, FrameError, MESSAGE_MAX, Reassembly, frames};
pub use self::plain::{Plain, PlainError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use self::scram::{
    Challenge, ClientFinal, ClientFirst, ITERATIONS, ITERATIONS_MAX, ITERATIONS_MIN, ScramClient, ScramError,
    ScramKeys,
};

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Mechanism {
    /// By what the connection itself proves: the login on a Unix socket, the certificate on TLS.
    External,
    /// By the password in clear text.
    Plain,
    /// By a proof of knowing the password, which shows it to nobody.
    ScramSha256,
}

impl Mechanism {
    /// In the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::External, Self::Plain, Self::ScramSha256];

    /// The mechanism of that name, in whatever case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// As the registry of SASL mechanisms has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::External => "EXTERNAL",
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }
}

/// Printable ASCII that nobody can guess without the secret, the same for the same `about`: for nonces, and for salts of accounts that are not
/// there.
pub fn token(secret: &[u8; 32], about: &[&[u8]]) -> String {
    STANDARD.encode(mac(secret, about))
}

/// The parts are told apart: nobody who chooses one of them can have it taken for another.
fn mac(secret: &[u8; 32], about: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    for part in about {
        mac.update(&part.len().to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A password in the form in which it is hashed and compared: SASLprep (RFC 4013) where the text allows it, else as it is.
pub fn prepared(password: &str) -> zeroize::Zeroizing<String> {
    let prepared = stringprep::saslprep(password).map_or_else(|_| password.to_owned(), String::from);
    zeroize::Zeroizing::new(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_known_by_name_in_any_case() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::named(&mechanism.name().to_lowercase()), Some(mechanism));
        }
        assert_eq!(Mechanism::named("SCRAM-SHA-1"), None);
    }

    #[test]
    fn a_password_typed_on_another_keyboard_is_the_same_password() {
        assert_eq!(*prepared("I\u{ad}X"), "IX");
        assert_eq!(*prepared("\u{2168}"), "IX");
        assert_eq!(*prepared("\u{7}"), "\u{7}", "what SASLprep forbids stays as it is");
    }
}
