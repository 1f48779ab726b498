//! A certificate that nobody but chatd itself vouches for: clients are told its fingerprint by a person.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::unistd::{Group, Uid};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::ServerName;
use zeroize::Zeroizing;

use super::certificate::{Bad, Certificate, Files};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PUBLIC: u32 = 0o644;
const FOR_GROUP: u32 = 0o640;
const FOR_OWNER: u32 = 0o600;
/// Whom the package lets run chatd.
const GROUP: &str = "chatd";

#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    #[error("{} is there already; move it away, or give another place with --directory", path.display())]
    Exists { path: PathBuf },
    #[error("cannot write {}: {cause}; another place can be given with --directory", path.display())]
    Write { path: PathBuf, cause: io::Error },
    #[error("{name:?} is neither a host's name nor an address; give one such as chat.example.org")]
    Name { name: String },
    #[error("cannot make the certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("the new certificate can't be used: {0}")]
    Unusable(#[from] Bad),
}

/// Makes `fullchain.pem` and `privkey.pem`. Overwrites nothing.
///
/// # Errors
/// A name is no host's name, or a file is there already or can't be written.
pub(crate) fn make(directory: &Path, names: &[String], days: u32) -> Result<Certificate, MakeError> {
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(MakeError::Name { name: name.clone() });
    }
    let files = Files { certificate: directory.join("fullchain.pem"), key: directory.join("privkey.pem") };
    let key = KeyPair::generate()?;
    let certificate = parameters(names, days)?.self_signed(&key)?;
    let secret = Zeroizing::new(key.serialize_pem());
    write(&files.key, FOR_OWNER, secret.as_bytes(), give_to_group)?;
    if let Err(error) = write(&files.certificate, PUBLIC, certificate.pem().as_bytes(), |_| Ok(())) {
        // It belongs to no certificate, and would be in the way the next time.
        let _ = std::fs::remove_file(&files.key);
        return Err(error);
    }
    Ok(Certificate::load(files)?)
}

/// A wildcard is one, too.
fn is_name(name: &str) -> bool {
    ServerName::try_from(name.strip_prefix("*.").unwrap_or(name)).is_ok()
}

fn parameters(names: &[String], days: u32) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, names.first().map_or("chatd", String::as_str));
    parameters.distinguished_name = subject;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    // Clocks differ.
    parameters.not_before = (now - DAY).into();
    parameters.not_after = (now + DAY * days).into();
    Ok(parameters)
}

fn write(
    path: &Path,
    mode: u32,
    text: &[u8],
    open_to_others: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), MakeError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = made.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => MakeError::Exists { path: path.to_path_buf() },
        _ => MakeError::Write { path: path.to_path_buf(), cause },
    })?;
    file.set_permissions(Permissions::from_mode(mode))
        .and_then(|()| open_to_others(&file))
        .and_then(|()| file.write_all(text))
        .and_then(|()| file.sync_all())
        .map_err(|cause| {
            // Half of it is of no use.
            let _ = std::fs::remove_file(path);
            MakeError::Write { path: path.to_path_buf(), cause }
        })
}

/// What root makes is root's, so that chatd can't change it, and chatd's group may read it.
fn give_to_group(file: &File) -> io::Result<()> {
    let group = Group::from_name(GROUP).ok().flatten();
    let Some(group) = group.filter(|_| Uid::effective().is_root()) else { return Ok(()) };
    fchown(file, None, Some(group.gid.as_raw()))?;
    file.set_permissions(Permissions::from_mode(FOR_GROUP))
}

/// What to do with a new certificate, for who made it.
pub(crate) fn advice(made: &Certificate, names: &[String], runtime: &Path) -> String {
    let Files { certificate, key } = &made.files;
    let (certificate, key, socket) = (certificate.display(), key.display(), runtime.join("chat.sock"));
    format!(
        "Made {certificate} and {key}, for {names}, valid until {until}.\n\
         Its SHA-256 fingerprint, to be compared with what clients show:\n\
         {fingerprint}\n\n\
         In chatd.toml (the first two are the defaults, which a [[listen]] of your own replaces), before a restart:\n\n\
         [[listen]]\n\
         unix = \"{socket}\"\n\
         [[listen]]\n\
         tcp = \"127.0.0.1:6667\"\n\
         [[listen]]\n\
         tcp = \"[::]:6697\"\n\
         tls = {{ certificate = \"{certificate}\", key = \"{key}\" }}\n\
         guests = true",
        names = names.join(", "),
        until = made.last_day(),
        fingerprint = made.fingerprint(),
        socket = socket.display(),
    )
}
