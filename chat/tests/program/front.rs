//! TLS in front of the test's server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::server::Server;

/// A certificate with its key.
pub(crate) struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

/// Somebody who vouches for others.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Takes TLS on a port of the loopback address, and plain connections on another.
pub(crate) struct Front {
    runtime: tokio::runtime::Runtime,
    identity: Arc<Mutex<Arc<rustls::ServerConfig>>>,
    pub(crate) tls: u16,
    pub(crate) plain: u16,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(KeyPair::generate().unwrap())
    }

    /// One with a key of another kind than everything here has.
    pub(crate) fn of_another_kind() -> Self {
        Self::with(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap())
    }

    fn with(key: KeyPair) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn vouches_for(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate, key }
    }

    /// As a file of authorities.
    pub(crate) fn file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("authority.pem");
        std::fs::write(&path, self.0.pem()).unwrap();
        path
    }
}

impl Identity {
    pub(crate) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, key }
    }

    /// As a file of authorities.
    pub(crate) fn file(&self, directory: &Path) -> PathBuf {
        let path = directory.join("certificate.pem");
        std::fs::write(&path, self.certificate.pem()).unwrap();
        path
    }

    /// As `openssl x509 -fingerprint -sha256` shows it.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.certificate.der());
        digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    fn config(&self) -> Arc<rustls::ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![self.certificate.der().clone()],
                PrivateKeyDer::Pkcs8(self.key.serialize_der().into()),
            );
        Arc::new(config.unwrap())
    }
}

impl Front {
    pub(crate) fn start(server: &Server, identity: &Identity) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (tls, plain) = (bind(), bind());
        let identity = Arc::new(Mutex::new(identity.config()));
        let ports = (tls.local_addr().unwrap().port(), plain.local_addr().unwrap().port());
        let (socket, config) = (server.socket(), Arc::clone(&identity));
        runtime.spawn(accept(tls, move |stream| secure(stream, Arc::clone(&config), socket.clone())));
        let socket = server.socket();
        runtime.spawn(accept(plain, move |stream| forward(stream, socket.clone())));
        Self { runtime, identity, tls: ports.0, plain: ports.1 }
    }

    /// From now on it shows another certificate.
    pub(crate) fn become_another(&self, identity: &Identity) {
        *self.identity.lock().unwrap() = identity.config();
    }

    pub(crate) fn stop(self) {
        self.runtime.shutdown_background();
    }
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> F,
) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
}

async fn secure(stream: TcpStream, config: Arc<Mutex<Arc<rustls::ServerConfig>>>, socket: PathBuf) {
    let config = Arc::clone(&config.lock().unwrap());
    if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
        forward(stream, socket).await;
    }
}

async fn forward(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, socket: PathBuf) {
    let mut server = UnixStream::connect(socket).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut server).await;
}
