//! Who a server is: by an authority, by a fingerprint, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::trust::Fingerprint;
use crate::trust::known::Note;

/// What the certificate has to satisfy.
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// This one and no other.
    pub asked: Option<Fingerprint>,
    /// What is known of the server from earlier.
    pub known: Option<Note>,
    /// Whether the user may decide about one that nobody vouches for.
    pub may_ask: bool,
}

/// The authorities that are believed.
#[derive(Debug)]
pub struct Authorities {
    store: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Vouched,
    /// It is the one that was asked for, or that the user trusts.
    Recognised,
    Refused(Doubt),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Another than the one that was asked for.
    Another(Fingerprint),
    /// Another than the one that the user trusts.
    Changed(Fingerprint),
    /// An authority vouched for the server earlier, and for this none does.
    NoLongerVouched,
    /// Nobody vouches for it; the user may. With what the certificate says of other names.
    Stranger(Option<String>),
    /// What is wrong with it, as the end of "its certificate …".
    Wrong(String),
}

/// Judges the certificate in the handshake, and remembers what it saw.
#[derive(Debug)]
pub struct Verifier {
    authorities: Authorities,
    expectation: Expectation,
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Option<(Fingerprint, Verdict)>>,
}

impl Authorities {
    /// Certificates that can't be one are left aside, as other programs do.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.iter().cloned());
        Self { store, certificates }
    }

    /// A certificate that stands in the list itself needs no other to vouch for it.
    fn contain(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|known| known.as_ref() == certificate.as_ref())
    }
}

impl Verifier {
    pub fn new(
        authorities: Authorities,
        expectation: Expectation,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Arc<Self> {
        Arc::new(Self { authorities, expectation, algorithms, seen: Mutex::new(None) })
    }

    /// The certificate that the server has shown, and what to think of it.
    pub fn seen(&self) -> Option<(Fingerprint, Verdict)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(&self, presented: &Presented<'_>) -> Verdict {
        let Expectation { asked, known, may_ask } = self.expectation;
        let fingerprint = Fingerprint::of(presented.certificate);
        if let Some(asked) = asked {
            return if asked == fingerprint {
                Verdict::Recognised
            } else {
                Verdict::Refused(Doubt::Another(asked))
            };
        }
        let vouched = self.vouched(presented);
        Verdict::Refused(match (vouched, known) {
            (Ok(()), _) => return Verdict::Vouched,
            (_, Some(Note::Pinned(pinned))) if pinned == fingerprint => return Verdict::Recognised,
            (_, Some(Note::Pinned(pinned))) => Doubt::Changed(pinned),
            (Err(error), Some(Note::Authority)) if is_unvouched(&error) => Doubt::NoLongerVouched,
            (Err(error), _) if may_ask && is_unvouched(&error) => {
                Doubt::Stranger(presented.names().err().map(|error| describe(&error)))
            }
            (Err(error), _) => Doubt::Wrong(describe(&error)),
        })
    }

    /// Whether an authority vouches for the certificate, and for it being this server's.
    fn vouched(&self, presented: &Presented<'_>) -> Result<(), Error> {
        let certificate = ParsedCertificate::try_from(presented.certificate)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.authorities.store,
            presented.intermediates,
            presented.now,
            self.algorithms.all,
        );
        match chain {
            // Its dates were looked at before this.
            Err(error) if is_authority_itself(&error) && self.authorities.contain(presented.certificate) => {}
            other => other?,
        }
        verify_server_name(&certificate, presented.server)
    }
}

struct Presented<'a> {
    certificate: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    server: &'a ServerName<'a>,
    now: UnixTime,
}

impl Presented<'_> {
    fn names(&self) -> Result<(), Error> {
        verify_server_name(&ParsedCertificate::try_from(self.certificate)?, self.server)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge(&Presented { certificate, intermediates, server, now });
        let refused = matches!(verdict, Verdict::Refused(_));
        let seen = (Fingerprint::of(certificate), verdict);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        if refused {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether nothing is wrong with it but that no authority vouches for it: none of that name is known, or one that
/// has the same name and another key, perhaps of another kind.
fn is_unvouched(error: &Error) -> bool {
    use CertificateError::{
        BadSignature, UnknownIssuer, UnsupportedSignatureAlgorithmContext,
        UnsupportedSignatureAlgorithmForPublicKeyContext,
    };
    let Error::InvalidCertificate(reason) = error else { return false };
    matches!(
        reason,
        UnknownIssuer
            | BadSignature
            | UnsupportedSignatureAlgorithmContext { .. }
            | UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
    ) || is_authority_itself(error)
}

/// A self-signed certificate that calls itself an authority, as `openssl req -x509` makes them. The error has no
/// variant of its own.
fn is_authority_itself(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

/// The end of the sentence "its certificate …".
fn describe(error: &Error) -> String {
    let Error::InvalidCertificate(reason) = error else { return format!("can't be used: {error}") };
    match reason {
        _ if is_unvouched(error) => "isn't vouched for by an authority that is known here".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("expired on {}; its administrator has to renew it", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("isn't valid yet, but from {} on; is the clock of this host right?", date(*not_before))
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "names no host at all".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().take(5).map(|name| bare(name)).collect();
            format!("is for another name: {}", names.join(", "))
        }
        other => format!("can't be used: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// `DnsName("x")` and `IpAddress(x)` are how the names come.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')'));
    inner.trim_matches('"')
}
