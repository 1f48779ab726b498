//! Files that are taken, and what is said of those that aren't.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::certificate::{Bad, Certificate, Files};
use super::make::{MakeError, make};

fn made(days: u32) -> (TempDir, Files) {
    let directory = tempfile::tempdir().unwrap();
    let files = make(directory.path(), &[String::from("chat.example.org")], days).unwrap().files;
    (directory, files)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

fn refusal(files: &Files) -> Bad {
    Certificate::load(files.clone()).unwrap_err()
}

#[test]
fn what_is_made_is_taken_and_for_its_owner_only() {
    let (directory, files) = made(30);
    let certificate = Certificate::load(files.clone()).unwrap();
    assert!(certificate.until > Timestamp::now() && certificate.concerns().is_empty());
    assert_eq!(certificate.fingerprint().len(), 32 * 3 - 1);
    let mode = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files.key) & 0o037, 0);
    assert_eq!(mode(&files.certificate), 0o644);
    let again = make(directory.path(), &[String::from("other")], 30).unwrap_err();
    assert!(matches!(again, MakeError::Exists { .. }));
    assert_eq!(Certificate::load(files).unwrap().fingerprint(), certificate.fingerprint());
}

#[test]
fn a_key_without_its_certificate_is_not_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("fullchain.pem"), directory.path().join("privkey.pem"));
    write(&certificate, "precious");
    let refused = make(directory.path(), &[String::from("a")], 1).unwrap_err();
    assert!(matches!(refused, MakeError::Exists { path } if path == certificate));
    assert!(!key.exists());
    assert_eq!(std::fs::read_to_string(&certificate).unwrap(), "precious");
}

#[test]
fn a_certificate_is_made_for_names_only() {
    let directory = tempfile::tempdir().unwrap();
    for bad in ["", "a b", "chat.example.org:6697", "-", "https://a"] {
        let refused = make(directory.path(), &[String::from(bad)], 1).unwrap_err();
        assert!(matches!(refused, MakeError::Name { .. }), "{bad}: {refused}");
    }
    let names = ["*.example.org", "chathost", "192.0.2.1", "2001:db8::1"].map(str::to_owned);
    make(directory.path(), &names, 1).unwrap();
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let (directory, files) = made(30);
    let pipe = directory.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for key in [pipe, directory.path().to_path_buf()] {
        let Bad::Key(said) = refusal(&Files { key, ..files.clone() }) else { panic!("it was read") };
        assert!(said.contains("not a file"), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let (directory, files) = made(30);
    let key = std::fs::read_to_string(&files.key).unwrap();
    let missing = Files { certificate: directory.path().join("nowhere.pem"), ..files.clone() };
    assert!(matches!(refusal(&missing), Bad::Certificate(said) if said.contains("no such file")));
    for (text, expected) in [
        ("", "no certificate"),
        ("nonsense", "no certificate"),
        (&key, "a private key where a certificate is expected"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "damaged"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged"),
    ] {
        write(&files.certificate, text);
        let Bad::Certificate(said) = refusal(&files) else { panic!("{text}") };
        assert!(said.contains(expected) && said.contains("fullchain.pem"), "{text}: {said}");
        assert!(!said.contains("AAAA"), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_key_is_told_and_nothing_of_it() {
    let (_directory, files) = made(30);
    let certificate = std::fs::read_to_string(&files.certificate).unwrap();
    let (_other_directory, other) = made(30);
    let other_key = std::fs::read_to_string(&other.key).unwrap();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let useless = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (text, expected) in [
        ("", "no private key"),
        (&certificate, "a certificate where a private key is expected"),
        (&other_key, "not that of the first certificate"),
        (encrypted, "passphrase"),
        (useless, "can't use"),
    ] {
        write(&files.key, text);
        let Bad::Key(said) = refusal(&files) else { panic!("{text}") };
        assert!(said.contains(expected) && said.contains("privkey.pem"), "{text}: {said}");
        assert!(!said.contains("AAAA"), "{said}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told_with_its_owner_and_mode() {
    if nix::unistd::geteuid().is_root() {
        // Root may read everything.
        return;
    }
    let (_directory, files) = made(30);
    std::fs::set_permissions(&files.key, Permissions::from_mode(0o000)).unwrap();
    let Bad::Key(said) = refusal(&files) else { panic!("it was read") };
    assert!(said.contains("with mode 0000") && said.contains("chmod 640"), "{said}");
}

#[test]
fn changed_chain_is_told_from_the_former_one() {
    let (_directory, files) = made(30);
    let (_other, other) = made(30);
    let leaf = std::fs::read_to_string(&files.certificate).unwrap();
    let shown = |text: &str| {
        write(&files.certificate, text);
        Certificate::load(files.clone()).unwrap().in_short()
    };
    let (alone, twice) = (shown(&leaf), shown(&format!("{leaf}{leaf}")));
    let behind = shown(&format!("{leaf}{}", std::fs::read_to_string(&other.certificate).unwrap()));
    assert!(alone != twice && twice != behind && behind.contains(", chain "), "{alone} {twice} {behind}");
    assert!(behind.chars().count() <= 60, "a reload shows it whole: {behind}");
}

#[test]
fn what_should_not_stay_so_is_said_and_no_hindrance() {
    let (_directory, files) = made(10);
    std::fs::set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
    let concerns = Certificate::load(files.clone()).unwrap().concerns();
    assert!(concerns.len() == 2 && concerns[0].contains("expires on"), "{concerns:?}");
    assert!(concerns[1].contains("chmod o= "), "{concerns:?}");
    let key = KeyPair::generate().unwrap();
    let mut old = CertificateParams::new([String::from("a")]).unwrap();
    old.not_after = rcgen::date_time_ymd(2020, 1, 31);
    write(&files.certificate, &old.self_signed(&key).unwrap().pem());
    write(&files.key, &key.serialize_pem());
    let concerns = Certificate::load(files).unwrap().concerns();
    assert!(concerns[0].contains("expired on 2020-01-31"), "{concerns:?}");
}
