//! SCRAM-SHA-256 (RFC 5802, RFC 7677), both ends, without channel binding.
//!
//! The server keeps [`ScramKeys`], which neither are the password nor let anybody log in who has stolen them. The messages of one
//! exchange: [`ClientFirst`], the server's [`Challenge`], [`ClientFinal`], and the server's proof.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::prepared;

/// Rounds for passwords that are set now (RFC 7677 asks for at least 4096; more would slow down the clients, which do the work).
pub const ITERATIONS: u32 = 15_000;
/// Rounds that a client agrees to: a hostile server shall not keep it busy for long.
pub const ITERATIONS_MAX: u32 = 1_000_000;
/// Rounds below which a client gives no proof: whoever is at the other end could guess the password from it (RFC 7677).
pub const ITERATIONS_MIN: u32 = 4096;
/// Bytes of a nonce, of either side, as text.
const NONCE_MAX: usize = 256;
const SALT_MAX: usize = 128;

type Key = [u8; 32];

/// What the server keeps of a password. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScramKeys {
    pub salt: Box<[u8]>,
    pub iterations: u32,
    pub stored_key: Key,
    pub server_key: Key,
}

/// What is wrong with an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    #[error("a malformed message")]
    Malformed,
    #[error("channel binding is not supported")]
    ChannelBinding,
    #[error("the other end has mixed up the exchange")]
    WrongNonce,
    #[error("too much work is asked for")]
    TooCostly,
    #[error("so little work is asked for that the password could be guessed")]
    TooCheap,
    #[error("the proof is wrong")]
    WrongProof,
}

/// The client's first message, as the server reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// Whom to act as; empty for the one who logs in.
    pub authorize: String,
    pub name: String,
    header: String,
    bare: String,
    nonce: String,
}

/// The server waits for the client's proof. Prints as its type only.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Challenge {
    keys: ScramKeys,
    nonce: String,
    /// The header of the client's first message, which the client repeats.
    header: String,
    /// Both first messages.
    said: String,
}

/// The client's end of an exchange, after its first message.
pub struct ScramClient {
    bare: String,
    nonce: String,
}

/// The client has sent its proof and waits for the server's.
pub struct ClientFinal {
    /// What to send.
    pub message: String,
    signature: Key,
}

impl ScramKeys {
    /// Takes time that is proportional to `iterations`.
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Self {
        let salted = salted(password, salt, iterations);
        let client_key = hmac(&salted, b"Client Key");
        Self {
            salt: salt.into(),
            iterations,
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, b"Server Key"),
        }
    }

    /// Keys that no password fits, the same for a name each time, so that a challenge doesn't tell whether there is such an account.
    pub fn unknown(secret: &[u8; 32], name: &str) -> Self {
        let salt = super::mac(secret, &[b"salt", name.as_bytes()]);
        Self { salt: salt[..16].into(), iterations: ITERATIONS, stored_key: [0; 32], server_key: salt }
    }
}

impl ClientFirst {
    /// Reads the client's first message.
    ///
    /// # Errors
    /// It is malformed or asks for channel binding or an extension.
    pub fn parse(message: &[u8]) -> Result<Self, ScramError> {
        let text = str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let mut parts = text.splitn(3, ',');
        let (Some(binding), Some(authorize), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ScramError::Malformed);
        };
        match binding {
            "n" | "y" => {}
            _ if binding.starts_with("p=") => return Err(ScramError::ChannelBinding),
            _ => return Err(ScramError::Malformed),
        }
        let authorize = match authorize {
            "" => String::new(),
            _ => unescaped(authorize.strip_prefix("a=").ok_or(ScramError::Malformed)?)?,
        };
        // An extension that must be understood would come first.
        let fields = fields(bare)?;
        let name = unescaped(bare.strip_prefix("n=").and(fields.get(&'n')).ok_or(ScramError::Malformed)?)?;
        let nonce = checked_nonce(fields.get(&'r').ok_or(ScramError::Malformed)?)?;
        let header = text[..text.len() - bare.len()].to_owned();
        Ok(Self { authorize, name, header, bare: bare.to_owned(), nonce: nonce.to_owned() })
    }

    /// The server's answer, and what it is to remember. `nonce` is unguessable printable ASCII without a comma.
    pub fn challenge(self, keys: ScramKeys, nonce: &str) -> (Challenge, String) {
        let nonce = format!("{}{nonce}", self.nonce);
        let message = format!("r={nonce},s={},i={}", STANDARD.encode(&keys.salt), keys.iterations);
        let said = format!("{},{message}", self.bare);
        (Challenge { keys, nonce, header: self.header, said }, message)
    }
}

impl Challenge {
    /// Whether it asks for the password that these keys were made of.
    pub fn is_about(&self, keys: &ScramKeys) -> bool {
        self.keys == *keys
    }

    /// Checks the client's proof; returns the server's.
    ///
    /// # Errors
    /// The message is malformed or of another exchange, or the proof is wrong.
    pub fn verify(&self, message: &[u8]) -> Result<String, ScramError> {
        let text = str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let (unproved, proof) = text.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let fields = fields(unproved)?;
        let header = fields.get(&'c').and_then(|c| STANDARD.decode(c).ok()).ok_or(ScramError::Malformed)?;
        if header != self.header.as_bytes() {
            return Err(ScramError::ChannelBinding);
        }
        if fields.get(&'r').copied() != Some(self.nonce.as_str()) {
            return Err(ScramError::WrongNonce);
        }
        let proof: Key = STANDARD
            .decode(proof)
            .ok()
            .and_then(|proof| proof.try_into().ok())
            .ok_or(ScramError::Malformed)?;
        let said = format!("{},{unproved}", self.said);
        let client_key = xor(&proof, &hmac(&self.keys.stored_key, said.as_bytes()));
        let stored_key: Key = Sha256::digest(client_key).into();
        if !bool::from(stored_key.ct_eq(&self.keys.stored_key)) {
            return Err(ScramError::WrongProof);
        }
        Ok(format!("v={}", STANDARD.encode(hmac(&self.keys.server_key, said.as_bytes()))))
    }
}

impl ScramClient {
    /// Begins as `name`; also returns the first message. `nonce` is unguessable printable ASCII without a comma.
    pub fn begin(name: &str, nonce: &str) -> (Self, String) {
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={escaped},r={nonce}");
        let message = format!("n,,{bare}");
        (Self { bare, nonce: nonce.to_owned() }, message)
    }

    /// Answers the server's challenge. Takes the time that the server's rounds cost.
    ///
    /// # Errors
    /// The challenge is malformed, answers somebody else, or asks for fewer than [`ITERATIONS_MIN`] or more than
    /// [`ITERATIONS_MAX`] rounds.
    pub fn answer(self, challenge: &[u8], password: &str) -> Result<ClientFinal, ScramError> {
        let text = str::from_utf8(challenge).map_err(|_| ScramError::Malformed)?;
        let fields = fields(text)?;
        let field = |key: char| fields.get(&key).copied().ok_or(ScramError::Malformed);
        let nonce = checked_nonce(field('r')?)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::WrongNonce);
        }
        let salt = STANDARD.decode(field('s')?).map_err(|_| ScramError::Malformed)?;
        let iterations: u32 = field('i')?.parse().map_err(|_| ScramError::Malformed)?;
        if iterations < ITERATIONS_MIN {
            return Err(ScramError::TooCheap);
        }
        if iterations > ITERATIONS_MAX || salt.len() > SALT_MAX {
            return Err(ScramError::TooCostly);
        }
        let salted = salted(password, &salt, iterations);
        let client_key = hmac(&salted, b"Client Key");
        let stored_key: Key = Sha256::digest(client_key).into();
        let unproved = format!("c={},r={nonce}", STANDARD.encode("n,,"));
        let said = format!("{},{text},{unproved}", self.bare);
        let proof = xor(&client_key, &hmac(&stored_key, said.as_bytes()));
        let message = format!("{unproved},p={}", STANDARD.encode(proof));
        Ok(ClientFinal { message, signature: hmac(&hmac(&salted, b"Server Key"), said.as_bytes()) })
    }
}

impl ClientFinal {
    /// Whether the server, too, knows the password's keys.
    ///
    /// # Errors
    /// The message is malformed, an error of the server's, or a wrong proof.
    pub fn check(&self, message: &[u8]) -> Result<(), ScramError> {
        let text = str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let proof = text.strip_prefix("v=").ok_or(ScramError::WrongProof)?;
        let proof = STANDARD.decode(proof).map_err(|_| ScramError::Malformed)?;
        if bool::from(proof.ct_eq(&self.signature)) { Ok(()) } else { Err(ScramError::WrongProof) }
    }
}

fn salted(password: &str, salt: &[u8], iterations: u32) -> Key {
    let mut salted = Key::default();
    pbkdf2::pbkdf2_hmac::<Sha256>(prepared(password).as_bytes(), salt, iterations, &mut salted);
    salted
}

fn hmac(key: &[u8], text: &[u8]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn xor(a: &Key, b: &Key) -> Key {
    std::array::from_fn(|index| a[index] ^ b[index])
}

/// `k=value,k=value`; each key at most once.
fn fields(text: &str) -> Result<HashMap<char, &str>, ScramError> {
    let mut fields = HashMap::new();
    for field in text.split(',') {
        let (key, value) = field.split_once('=').ok_or(ScramError::Malformed)?;
        let mut key = key.chars();
        let (Some(key), None) = (key.next(), key.next()) else { return Err(ScramError::Malformed) };
        if key == 'm' || fields.insert(key, value).is_some() {
            return Err(ScramError::Malformed);
        }
    }
    Ok(fields)
}

fn checked_nonce(nonce: &str) -> Result<&str, ScramError> {
    let printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
    if nonce.is_empty() || nonce.len() > NONCE_MAX || !printable {
        Err(ScramError::Malformed)
    } else {
        Ok(nonce)
    }
}

/// `=2C` is a comma and `=3D` an equals sign; no other `=` may be there.
fn unescaped(name: &str) -> Result<String, ScramError> {
    let plain = name.replace("=2C", "").replace("=3D", "");
    if name.is_empty() || plain.contains('=') {
        return Err(ScramError::Malformed);
    }
    Ok(name.replace("=2C", ",").replace("=3D", "="))
}

impl std::fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge")
    }
}

impl std::fmt::Debug for ScramClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScramClient")
    }
}

impl std::fmt::Debug for ClientFinal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientFinal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3.
    const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

    fn keys() -> ScramKeys {
        ScramKeys::derive("pencil", &STANDARD.decode(SALT).expect("base64"), 4096)
    }

    #[test]
    fn the_exchange_of_the_standard_comes_out_byte_by_byte() {
        let (client, first) = ScramClient::begin("user", CLIENT_NONCE);
        assert_eq!(first, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let first = ClientFirst::parse(first.as_bytes()).expect("a first message");
        assert_eq!((first.name.as_str(), first.authorize.as_str()), ("user", ""));
        let (challenge, message) = first.challenge(keys(), SERVER_NONCE);
        assert_eq!(
            message,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let last = client.answer(message.as_bytes(), "pencil").expect("an answer");
        assert_eq!(
            last.message,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        let proof = challenge.verify(last.message.as_bytes()).expect("the right proof");
        assert_eq!(proof, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert_eq!(last.check(proof.as_bytes()), Ok(()));
    }

    fn proof_of(password: &str, name: &str, keys: ScramKeys) -> Result<String, ScramError> {
        let (client, first) = ScramClient::begin(name, "abc");
        let (challenge, message) = ClientFirst::parse(first.as_bytes())?.challenge(keys, "def");
        challenge.verify(client.answer(message.as_bytes(), password)?.message.as_bytes())
    }

    #[test]
    fn a_wrong_password_and_an_unknown_name_are_refused_alike() {
        assert!(proof_of("pencil", "a,b=c", keys()).is_ok());
        assert_eq!(proof_of("pencils", "user", keys()), Err(ScramError::WrongProof));
        assert_eq!(
            proof_of("pencil", "user", ScramKeys::unknown(&[1; 32], "user")),
            Err(ScramError::WrongProof)
        );
        assert_eq!(ScramKeys::unknown(&[1; 32], "a").salt, ScramKeys::unknown(&[1; 32], "a").salt);
    }

    #[test]
    fn a_proof_is_good_for_its_own_exchange_only() {
        let (client, first) = ScramClient::begin("user", "abc");
        let first = ClientFirst::parse(first.as_bytes()).expect("a first message");
        let (_, message) = first.clone().challenge(keys(), "one");
        let (other, _) = first.challenge(keys(), "two");
        let last = client.answer(message.as_bytes(), "pencil").expect("an answer");
        assert_eq!(other.verify(last.message.as_bytes()), Err(ScramError::WrongNonce));
    }

    #[test]
    fn hostile_messages_are_refused() {
        for bad in [
            "",
            "n",
            "n,,",
            "x,,n=a,r=b",
            "n,,n=a",
            "n,,n=,r=b",
            "n,,n=a=b,r=c",
            "n,,m=x,n=a,r=b",
            "n,b,n=a,r=b",
            "n,,n=a,r=",
        ] {
            assert_eq!(ClientFirst::parse(bad.as_bytes()), Err(ScramError::Malformed), "{bad}");
        }
        assert_eq!(ClientFirst::parse(b"p=tls-unique,,n=a,r=b"), Err(ScramError::ChannelBinding));
        for (bad, error) in [
            ("r=abc,s=AAAA,i=1", ScramError::WrongNonce),
            ("r=xyzabc,s=AAAA,i=1", ScramError::WrongNonce),
            ("r=abcd,s=AAAA,i=0", ScramError::TooCheap),
            ("r=abcd,s=AAAA,i=4095", ScramError::TooCheap),
            ("r=abcd,s=AAAA,i=4000000000", ScramError::TooCostly),
            ("r=abcd,s=AAAA", ScramError::Malformed),
            ("e=other-error", ScramError::Malformed),
        ] {
            let (client, _) = ScramClient::begin("user", "abc");
            assert_eq!(client.answer(bad.as_bytes(), "x").err(), Some(error), "{bad}");
        }
    }
}
