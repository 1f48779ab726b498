//! Whether a server is the one that it should be: vouched for by an authority, or known by its fingerprint.
//!
//! 1. `--fingerprint` asks for one certificate; no other will do.
//! 2. `--ca` names the authorities; nothing else will do, and nothing is remembered.
//! 3. Else the host's authorities count, and, where none vouches, what the user has decided before.
//!
//! A certificate that an authority vouches for is good even if another was trusted before: who makes its own goes
//! over to a public authority without anybody's doing. The other way round is refused.

mod ask;
mod fingerprint;
mod known;
mod verifier;

pub use ask::ask;
pub use fingerprint::Fingerprint;
pub use verifier::{Verdict, Verifier};

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::failure::Failure;
use known::{Known, Note};
use verifier::{Authorities, Doubt, Expectation};

/// Whom to believe.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// A file with the authorities, instead of those of this host.
    pub ca: Option<PathBuf>,
    pub fingerprint: Option<Fingerprint>,
    /// Where is written what is known of servers.
    pub known: Option<PathBuf>,
    /// The user whose Unix socket is trusted, besides those of root, of chatd's user and of one's own.
    pub socket_owner: Option<u32>,
}

/// A server that nobody vouches for, and that the user hasn't decided about.
#[derive(Debug, Clone)]
pub struct Stranger {
    pub place: String,
    pub fingerprint: Fingerprint,
    /// What the certificate says of other names, as the end of "it …".
    pub names: Option<String>,
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, fingerprint, .. } = self;
        write!(
            f,
            "the certificate of {place} isn't vouched for by an authority that is known here; if its fingerprint \
             {fingerprint} is the right one, ask for it with --fingerprint, or name its authority with --ca FILE"
        )
    }
}

impl Trust {
    /// What will judge the certificate of the server at `place`.
    ///
    /// # Errors
    /// The authorities, or what is known of servers, can't be read.
    pub fn verifier(
        &self,
        place: &str,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<Arc<Verifier>, Failure> {
        let known = self.memory()?.and_then(|known| known.certificate(place));
        let expectation = Expectation { asked: self.fingerprint, known, may_ask: self.ca.is_none() };
        Ok(Verifier::new(self.authorities()?, expectation, algorithms))
    }

    /// Notes that an authority vouches for the server: from now on nothing less will do.
    pub fn vouched(&self, place: &str) {
        if let Ok(Some(known)) = self.memory()
            && known.certificate(place) != Some(Note::Authority)
            && let Some(path) = &self.known
        {
            // Not to have written it down only means that the user may be asked one day.
            let _ = Known::change(path, |known| known.set(place, Note::Authority));
        }
    }

    /// Trusts the stranger from now on.
    ///
    /// # Errors
    /// That can't be written down.
    pub fn pin(&self, stranger: &Stranger) -> Result<(), Failure> {
        let hint = "--fingerprint does without it";
        let Some(path) = &self.known else {
            return Err(Failure::Refused(format!(
                "there is no home directory to remember the certificate in; {hint}"
            )));
        };
        let failed = |error| Failure::Refused(format!("cannot remember the certificate: {error}; {hint}"));
        Known::change(path, |known| known.set(&stranger.place, Note::Pinned(stranger.fingerprint)))
            .map_err(failed)
    }

    /// The port for TLS, if the host has said over TLS that it wants nothing else.
    ///
    /// # Errors
    /// What is known of servers can't be read.
    pub fn tls_only(&self, host: &str) -> Result<Option<u16>, Failure> {
        let known = self.load()?;
        Ok(known.and_then(|known| known.tls_only(&host.to_ascii_lowercase(), Timestamp::now())))
    }

    /// Notes for how long from now the host wants nothing but TLS; no time at all ends it.
    pub fn note_tls_only(&self, host: &str, port: u16, seconds: u64) {
        let host = host.to_ascii_lowercase();
        let Some(path) = &self.known else { return };
        let time = i64::try_from(seconds).map_or(SignedDuration::MAX, SignedDuration::from_secs);
        // A policy that can't be kept is no reason not to talk.
        let _ = Known::change(path, |known| {
            let until = Timestamp::now().saturating_add(time).unwrap_or(Timestamp::MAX);
            match seconds {
                0 => known.forget(&host),
                _ => known.set(&host, Note::TlsOnly { port, until }),
            }
        });
    }

    /// Why we don't go on with this certificate.
    pub fn refusal(&self, place: &str, fingerprint: Fingerprint, doubt: &Doubt) -> Failure {
        let whereabouts =
            || self.memory().ok().flatten().map(|known| known.whereabouts(place)).unwrap_or_default();
        Failure::Refused(match doubt {
            Doubt::Stranger(names) => {
                let names = names.clone();
                return Failure::Stranger(Box::new(Stranger { place: place.to_owned(), fingerprint, names }));
            }
            Doubt::Another(asked) => format!(
                "the certificate of {place} is not the one that was asked for: its fingerprint is {fingerprint}, \
                 not {asked}; ask its administrator which is right"
            ),
            Doubt::Changed(pinned) => format!(
                "THE CERTIFICATE OF {place} HAS CHANGED, somebody may be listening in: its fingerprint was {pinned} \
                 and is {fingerprint} now; if its administrator says that this is right, remove {}",
                whereabouts()
            ),
            Doubt::NoLongerVouched => format!(
                "THE CERTIFICATE OF {place} HAS CHANGED, somebody may be listening in: an authority vouched for it \
                 and none does now (fingerprint {fingerprint}); if its administrator says that this is right, \
                 remove {}",
                whereabouts()
            ),
            Doubt::Wrong(what) => {
                let file = self.ca.as_ref().map(|ca| format!(" (--ca {})", ca.display())).unwrap_or_default();
                format!("nothing was sent to {place}: its certificate {what}{file}")
            }
        })
    }

    /// What is remembered of certificates; nothing is where the command line says whom to believe.
    fn memory(&self) -> Result<Option<Known>, Failure> {
        if self.ca.is_some() || self.fingerprint.is_some() { Ok(None) } else { self.load() }
    }

    fn load(&self) -> Result<Option<Known>, Failure> {
        self.known.as_deref().map(Known::load).transpose()
    }

    fn authorities(&self) -> Result<Authorities, Failure> {
        let certificates = match &self.ca {
            Some(file) => certificates_in(file)?,
            // A host without any leaves every server a stranger.
            None => rustls_native_certs::load_native_certs().certs,
        };
        Ok(Authorities::new(certificates))
    }
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let wrong = |what: String| {
        Failure::Usage(format!(
            "cannot use the authorities in {}: {what}; expected certificates as PEM",
            file.display()
        ))
    };
    let text = read_bounded(file).map_err(|error| wrong(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(wrong("there is no certificate".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// More than the authorities of the whole world take.
const FILE_MAX: u64 = 16 << 20;

fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
