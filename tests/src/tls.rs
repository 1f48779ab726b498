//! A chatd that speaks TLS, with a certificate that it made itself, and clients that trust that one alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::daemon::{Daemon, Setup, free_address, program};
use crate::irc::Irc;

/// A daemon with a TLS listener besides the others, which lets guests in.
#[derive(Debug)]
pub struct TlsDaemon {
    pub daemon: Daemon,
    pub address: SocketAddr,
    more: String,
}

impl TlsDaemon {
    pub fn start() -> Self {
        Self::configured("")
    }

    pub fn configured(more: &str) -> Self {
        let (setup, address) = (Setup::new(), free_address());
        make_certificate(&setup.path().join("tls"));
        let more = more.to_owned();
        setup.configure(&listener(setup.path(), address, &more));
        Self { daemon: setup.start(), address, more }
    }

    /// Where the certificate and key are.
    pub fn directory(&self) -> PathBuf {
        self.daemon.setup().path().join("tls")
    }

    /// What clients trust in, as the certificate is now.
    pub fn trust(&self) -> Arc<ClientConfig> {
        trusting(&self.directory(), rustls::ALL_VERSIONS)
    }

    /// An unregistered client.
    pub fn connect(&self) -> Irc {
        Irc::tls(self.address, self.trust()).expect("chatd can be connected to")
    }

    /// A registered client.
    pub fn client(&self, nick: &str) -> Irc {
        let mut client = self.connect();
        client.register(nick);
        client
    }

    /// Writes the configuration again, with this at the end of it.
    pub fn reconfigure(&self, more: &str) {
        let setup = self.daemon.setup();
        setup.configure(&listener(setup.path(), self.address, &format!("{}\n{more}", self.more)));
    }

    /// Puts a new certificate and key into the place of the old ones.
    pub fn renew_certificate(&self) {
        std::fs::remove_dir_all(self.directory()).expect("the old one can be removed");
        make_certificate(&self.directory());
    }
}

/// Makes `fullchain.pem` and `privkey.pem` for localhost.
pub fn make_certificate(directory: &Path) {
    std::fs::create_dir_all(directory).expect("a directory");
    let mut command = Command::new(program("chatd"));
    command.args(["make-certificate", "--name", "localhost", "--directory"]).arg(directory);
    let output = command.output().expect("chatd runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A client's configuration that trusts in the certificate of this directory.
pub fn trusting(directory: &Path, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let certificate = CertificateDer::from_pem_file(directory.join("fullchain.pem")).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions that are spoken")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn listener(directory: &Path, address: SocketAddr, more: &str) -> String {
    let directory = directory.join("tls");
    let directory = directory.display();
    format!(
        "[[listen]]\ntcp = \"{address}\"\nguests = true\n\
         tls = {{ certificate = \"{directory}/fullchain.pem\", key = \"{directory}/privkey.pem\" }}\n{more}"
    )
}
