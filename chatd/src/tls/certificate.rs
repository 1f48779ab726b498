//! A certificate with its key, read from files and checked: alike at the start, at a reload and by `chatd check`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatd_core::Fingerprint;
use jiff::{SignedDuration, Timestamp};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use x509_cert::der::Decode;
use zeroize::Zeroizing;

use super::server;

/// More than any chain of certificates has.
const FILE_MAX: u64 = 1 << 20;
/// Eight pairs of digits.
const FINGERPRINT_START: usize = 8 * 3 - 1;
/// Four pairs of digits.
const CHAIN_START: usize = 4 * 3 - 1;
const EVERYBODY: u32 = 0o007;
/// How long before a certificate ends that is said.
const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Where a certificate and its key are kept, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The server's certificate first, then those that vouch for it.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What a listener shows to those who connect.
pub(crate) struct Certificate {
    pub(crate) files: Files,
    pub(crate) server: Arc<ServerConfig>,
    /// When it ends to be valid.
    pub(crate) until: Timestamp,
    fingerprint: Fingerprint,
    /// The fingerprint of the certificates behind the first one, taken together; absent if there are none.
    chain: Option<Fingerprint>,
    from: Timestamp,
    /// Everybody may read or change the key.
    exposed: bool,
}

fn pairs(fingerprint: Fingerprint) -> String {
    fingerprint.0.map(|byte| format!("{byte:02X}")).join(":")
}

/// Why there is no certificate, by the file that it is about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Bad {
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Key(String),
}

impl Certificate {
    /// # Errors
    /// A file can't be read or used.
    pub(crate) fn load(files: Files) -> Result<Self, Bad> {
        let chain = chain(&files.certificate).map_err(Bad::Certificate)?;
        let leaf = &chain[0];
        let (from, until) = validity(leaf).map_err(|error| {
            Bad::Certificate(format!("{}: the certificate is damaged: {error}", files.certificate.display()))
        })?;
        let fingerprint = server::fingerprint(leaf);
        let authorities = server::fingerprint_of(&chain[1..]);
        let (key, exposed) = key(&files.key).map_err(Bad::Key)?;
        let signing = any_supported_type(&key).map_err(|_| Bad::Key(unusable_key(&files.key)))?;
        let certified = CertifiedKey::new(chain, signing);
        certified.keys_match().map_err(|error| mismatch(&files, &error))?;
        let server = server::config(certified).map_err(|error| unusable(&files.certificate, &error))?;
        Ok(Self { files, server: Arc::new(server), until, fingerprint, chain: authorities, from, exposed })
    }

    /// The day that it ends to be valid, as a person writes it.
    pub(crate) fn last_day(&self) -> String {
        day(self.until)
    }

    /// Its SHA-256 hash in pairs of digits, as clients and openssl show it.
    pub(crate) fn fingerprint(&self) -> String {
        pairs(self.fingerprint)
    }

    /// Returns enough to tell it from others, the certificates behind it included.
    pub(crate) fn in_short(&self) -> String {
        let start: String = self.fingerprint().chars().take(FINGERPRINT_START).collect();
        let chain = self.chain.map(|chain| format!(", chain {}", &pairs(chain)[..CHAIN_START]));
        format!("{start}… until {}{}", self.last_day(), chain.unwrap_or_default())
    }

    /// What works, or did, but shouldn't stay so: each a line for the administrator.
    pub(crate) fn concerns(&self) -> Vec<String> {
        let (certificate, key) = (self.files.certificate.display(), self.files.key.display());
        let (now, until) = (Timestamp::now(), self.last_day());
        let ended = self.until <= now;
        let ends_soon = !ended && self.until <= now + NOTICE;
        let not_yet = self.from > now;
        [
            (ended, format!("{certificate}: expired on {until}, so clients refuse it; renew it and reload")),
            (ends_soon, format!("{certificate}: expires on {until}; renew it and reload")),
            (
                not_yet,
                format!("{certificate}: not valid before {}; is this host's clock right?", day(self.from)),
            ),
            (self.exposed, format!("{key}: every user of this host can get at the key; `chmod o= {key}`")),
        ]
        .into_iter()
        .filter_map(|(is_so, concern)| is_so.then_some(concern))
        .collect()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).field("until", &self.until).finish()
    }
}

/// Never empty.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let (text, _) = read(path, "certificate")?;
    let sections = sections(path, &text)?;
    let holds_key = sections.iter().any(|(kind, _)| key_of(*kind, Vec::new()).is_some());
    let chain: Vec<_> = sections
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| der.into())
        .collect();
    match (chain.is_empty(), holds_key) {
        (false, _) => Ok(chain),
        (true, true) => Err(format!("{}: a private key where a certificate is expected", path.display())),
        (true, false) => {
            Err(format!("{}: no certificate: expected PEM, -----BEGIN CERTIFICATE-----", path.display()))
        }
    }
}

/// Tells besides whether everybody may read or change it.
fn key(path: &Path) -> Result<(PrivateKeyDer<'static>, bool), String> {
    let (text, mode) = read(path, "key")?;
    let shown = path.display();
    let sections = sections(path, &text)?;
    let holds_certificate = sections.iter().any(|(kind, _)| *kind == SectionKind::Certificate);
    if let Some(key) = sections.into_iter().find_map(|(kind, der)| key_of(kind, der)) {
        return Ok((key, mode & EVERYBODY != 0));
    }
    if text.windows(9).any(|bytes| bytes == b"ENCRYPTED") {
        return Err(format!(
            "{shown}: the key has a passphrase; `openssl pkey -in {shown}` writes it without"
        ));
    }
    if holds_certificate {
        return Err(format!("{shown}: a certificate where a private key is expected"));
    }
    Err(format!("{shown}: no private key: expected PEM, -----BEGIN PRIVATE KEY-----"))
}

fn key_of(kind: SectionKind, der: Vec<u8>) -> Option<PrivateKeyDer<'static>> {
    match kind {
        SectionKind::PrivateKey => Some(PrivateKeyDer::Pkcs8(der.into())),
        SectionKind::RsaPrivateKey => Some(PrivateKeyDer::Pkcs1(der.into())),
        SectionKind::EcPrivateKey => Some(PrivateKeyDer::Sec1(der.into())),
        _ => None,
    }
}

fn sections(path: &Path, text: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, String> {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|_| format!("{}: damaged: expected whole PEM sections, BEGIN to END", path.display()))
}

/// The file and its permissions.
fn read(path: &Path, what: &str) -> Result<(Zeroizing<Vec<u8>>, u32), String> {
    let attempt = || {
        // A pipe would have us wait for ever.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        // Twice as much as needed, so that no part of a key is left behind when it grows.
        let size = metadata.len().min(FILE_MAX).saturating_mul(2);
        let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default()));
        file.take(FILE_MAX).read_to_end(&mut text)?;
        Ok((text, metadata.mode()))
    };
    attempt().map_err(|error| unreadable(path, what, &error))
}

fn unreadable(path: &Path, what: &str, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{shown}: there is no such file; `chatd make-certificate` makes a certificate and key")
        }
        io::ErrorKind::PermissionDenied => {
            format!("{shown}: chatd may not read the {what}: {}", why_denied(path))
        }
        _ => format!("{shown}: cannot read the {what}: {error}"),
    }
}

fn why_denied(path: &Path) -> String {
    let us = user_name(nix::unistd::geteuid().as_raw());
    let Ok(metadata) = path.metadata() else {
        return format!("{us} may not enter its directory; put a copy where {us} can read it");
    };
    let (owner, mode) = (user_name(metadata.uid()), metadata.mode() & 0o777);
    let group = nix::unistd::Group::from_gid(metadata.gid().into()).ok().flatten();
    let group = group.map_or_else(|| metadata.gid().to_string(), |group| group.name);
    let shown = path.display();
    format!(
        "it belongs to {owner}:{group} with mode {mode:04o} and chatd runs as {us}; do `chgrp {us} {shown}` and \
         `chmod 640 {shown}`, or use systemd's LoadCredential="
    )
}

fn user_name(uid: u32) -> String {
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    user.map_or_else(|| format!("uid {uid}"), |user| user.name)
}

fn validity(leaf: &CertificateDer<'_>) -> x509_cert::der::Result<(Timestamp, Timestamp)> {
    let certificate = x509_cert::Certificate::from_der(leaf)?;
    let validity = certificate.tbs_certificate().validity();
    Ok((timestamp(validity.not_before.to_unix_duration()), timestamp(validity.not_after.to_unix_duration())))
}

fn timestamp(since_epoch: Duration) -> Timestamp {
    let time = UNIX_EPOCH.checked_add(since_epoch).unwrap_or_else(SystemTime::now);
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn unusable_key(path: &Path) -> String {
    format!(
        "{}: a kind of key that chatd can't use: expected ECDSA (P-256, P-384), RSA or Ed25519",
        path.display()
    )
}

fn mismatch(files: &Files, error: &rustls::Error) -> Bad {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let (certificate, key) = (files.certificate.display(), files.key.display());
            Bad::Key(format!("{key}: the key is not that of the first certificate in {certificate}"))
        }
        error => unusable(&files.certificate, error),
    }
}

fn unusable(path: &Path, error: &rustls::Error) -> Bad {
    Bad::Certificate(format!("{}: the certificate can't be used: {error}", path.display()))
}
