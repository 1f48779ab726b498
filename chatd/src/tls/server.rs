//! How chatd speaks TLS: versions 1.2 and 1.3, resumption by tickets that cost no memory, client certificates from
//! whoever has one.

use std::sync::Arc;

use chatd_core::Fingerprint;
use ring::digest::{SHA256, digest};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, ServerConnection, SignatureScheme, version,
};

/// The name that the registry of ALPN protocols has for IRC. Who names other protocols only isn't served, so that
/// nobody can pass off this service as another one.
const IRC: &[u8] = b"irc";

pub(super) fn config(certified: CertifiedKey) -> Result<ServerConfig, Error> {
    let provider = Arc::new(crypto::ring::default_provider());
    let clients = Arc::new(AnyClient { algorithms: provider.signature_verification_algorithms });
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![IRC.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = crypto::ring::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
    Fingerprint(bytes)
}

/// The fingerprint of several certificates taken together; absent if there are none.
pub(super) fn fingerprint_of(certificates: &[CertificateDer<'_>]) -> Option<Fingerprint> {
    let each: Vec<u8> = certificates.iter().flat_map(|certificate| fingerprint(certificate).0).collect();
    (!each.is_empty()).then(|| fingerprint(&each.into()))
}

/// Of the certificate that the client has shown, if it did.
pub(crate) fn fingerprint_of_client(connection: &ServerConnection) -> Option<Fingerprint> {
    connection.peer_certificates()?.first().map(fingerprint)
}

/// Takes any certificate, since what counts is its fingerprint; that the client has its key is verified.
#[derive(Debug)]
struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
