//! TLS over a connection, with a server that is who it should be.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, InvalidMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::Failure;
use crate::identity::Identity;
use crate::trust::{Trust, Verdict, Verifier};

const HANDSHAKE: Duration = Duration::from_secs(10);
const NO_TLS: &str = "TLS is usually on port 6697, and --insecure-plain goes without it";

/// Where and whom we want to reach.
#[derive(Debug, Clone, Copy)]
pub struct Peer<'a> {
    pub host: &'a str,
    /// `HOST:PORT`.
    pub place: &'a str,
}

/// # Errors
/// It doesn't speak TLS, or it isn't the server that it should be.
pub async fn secure(
    stream: TcpStream,
    peer: Peer<'_>,
    trust: &Trust,
    identity: Option<&Identity>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let Peer { host, place } = peer;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = trust.verifier(place, provider.signature_verification_algorithms)?;
    let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
        .map_err(|_| Failure::Usage(format!("{host:?} can't be the name of a host")))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Unreachable(format!("cannot use TLS: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
    let config = match identity {
        Some(identity) => config.with_client_cert_resolver(identity.resolver()),
        None => config.with_no_client_auth(),
    };
    let handshake = timeout(HANDSHAKE, TlsConnector::from(Arc::new(config)).connect(name, stream));
    let late =
        |_| Failure::Unreachable(format!("{place} doesn't answer when it is spoken to in TLS; {NO_TLS}"));
    handshake.await.map_err(late)?.map_err(|error| refusal(&verifier, peer, trust, &error)).inspect(|_| {
        if matches!(verifier.seen(), Some((_, Verdict::Vouched))) {
            trust.vouched(place);
        }
    })
}

fn refusal(verifier: &Verifier, peer: Peer<'_>, trust: &Trust, error: &io::Error) -> Failure {
    match verifier.seen() {
        Some((fingerprint, Verdict::Refused(doubt))) => trust.refusal(peer.place, fingerprint, &doubt),
        _ => explain(peer.place, error),
    }
}

/// Why there was no handshake.
fn explain(place: &str, error: &io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    Failure::Unreachable(match tls {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            format!("{place} doesn't speak TLS; {NO_TLS}")
        }
        Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)) => {
            format!("{place} speaks no version of TLS that is safe")
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("{place} hung up when it was spoken to in TLS; {NO_TLS}")
        }
        _ => format!("cannot speak TLS with {place}: {error}"),
    })
}
