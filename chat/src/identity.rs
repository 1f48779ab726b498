//! The certificate by which servers may know us.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::open_private;
use crate::trust::Fingerprint;

/// Bytes of a file with a certificate or a key; more is neither.
const FILE_MAX: u64 = 1 << 20;

/// A certificate with its key.
#[derive(Clone)]
pub struct Identity {
    fingerprint: Fingerprint,
    resolver: Arc<SingleCertAndKey>,
}

impl Identity {
    /// Reads them as PEM; the key may stand in the certificate's file.
    ///
    /// # Errors
    /// A file can't be read, others can read the key as well, or the two don't belong together.
    pub fn load(certificate: &Path, key: Option<&Path>) -> Result<Self, Failure> {
        let wrong = |file: &Path, what: &str| Failure::Usage(format!("{}: {what}", file.display()));
        let unreadable = |error| wrong(certificate, &format!("cannot read the certificate: {error}"));
        let text = read(File::open(certificate).map_err(unreadable)?).map_err(unreadable)?;
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().unwrap_or_default();
        let Some(own) = chain.first() else {
            return Err(wrong(certificate, "there is no certificate; expected PEM"));
        };
        let fingerprint = Fingerprint::of(own);
        let file = key.unwrap_or(certificate);
        let unreadable = |error| wrong(file, &format!("cannot read the key: {error}"));
        let text = read(open_private(file, "the key")?).map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            wrong(file, "there is no key; expected PEM without a passphrase, here or in the file of --key")
        })?;
        let provider = rustls::crypto::ring::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| {
            wrong(certificate, &format!("cannot use the certificate with its key: {error}"))
        })?;
        Ok(Self { fingerprint, resolver: Arc::new(certified.into()) })
    }

    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.resolver) as _
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.fingerprint).finish()
    }
}

fn read(file: File) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn pem() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn file(name: &str, text: &str, mode: u32) -> PathBuf {
        let path = std::env::temp_dir().join(format!("chat-identity-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn complaint(certificate: &Path, key: Option<&Path>) -> String {
        Identity::load(certificate, key).unwrap_err().to_string()
    }

    #[test]
    fn certificate_and_key_are_read_from_one_file_or_two() {
        let (certificate, key) = pem();
        let both = file("both", &format!("{key}{certificate}"), 0o600);
        let (alone, its_key) = (file("alone", &certificate, 0o644), file("key", &key, 0o600));
        let one = Identity::load(&both, None).unwrap();
        assert_eq!(one.fingerprint(), Identity::load(&alone, Some(&its_key)).unwrap().fingerprint());
        assert!(!format!("{one:?}").contains("PRIVATE"));
        for path in [both, alone, its_key] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_with_the_file() {
        let ((certificate, key), (_, other)) = (pem(), pem());
        let alone = file("lone", &certificate, 0o600);
        let open = file("open", &key, 0o644);
        let another = file("another", &other, 0o600);
        let nothing = file("nothing", "", 0o600);
        assert!(complaint(&alone, None).contains("there is no key"));
        assert!(complaint(&alone, Some(&open)).contains("others can read the key"));
        assert!(complaint(&alone, Some(&another)).contains("cannot use the certificate with its key"));
        assert!(complaint(&nothing, None).contains("there is no certificate"));
        assert!(complaint(Path::new("/nonexistent/file"), None).contains("/nonexistent/file"));
        for path in [alone, open, another, nothing] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
