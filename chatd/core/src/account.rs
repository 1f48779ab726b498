//! Accounts: the lasting identities of people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chat_proto::name::{Folded, Nick};
use chat_proto::sasl::ScramKeys;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::lookalike::Looks;
use crate::policy::PasswordHash;

/// A person's lasting identity. Times are in milliseconds since the Unix epoch.
///
/// A login of the host has its account by the kernel's word and needs no entry here; it has one once it was given a password, a
/// certificate or a suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// As it was first written.
    pub name: Nick,
    pub created_at: u64,
    /// Where its owner can be reached, as the owner says.
    pub email: Option<Box<str>>,
    /// Without them nobody gets in by a password.
    pub credentials: Option<Credentials>,
    /// Certificates that prove to be its owner.
    pub certificates: BTreeSet<Fingerprint>,
    pub suspended: Option<Suspension>,
    /// Whether it is that of a login of this host, as far as was known when it was made.
    pub login: bool,
}

/// What is kept of a password. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// For a password that comes in clear text over a safe connection.
    pub hash: PasswordHash,
    /// For SCRAM-SHA-256.
    pub scram: ScramKeys,
}

/// An administrator has shut an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Who did it: a login, or `uid` and a number.
    pub by: CompactString,
    pub reason: Option<Box<str>>,
    pub at: u64,
}

/// The SHA-256 of a certificate in DER. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 32]);

/// Names of logins remembered; each has some hundred bytes.
const LOGINS_MAX: usize = 20_000;

/// The logins of the host that are known: those that were there when the chat began, and those that have come since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins {
    looks: Looks,
    count: usize,
}

/// All accounts there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    named: BTreeMap<Folded, Account>,
    looks: Looks,
    certified: BTreeMap<Fingerprint, Folded>,
}

impl Account {
    pub fn new(name: Nick, created_at: u64, login: bool) -> Self {
        Self {
            name,
            created_at,
            email: None,
            credentials: None,
            certificates: BTreeSet::new(),
            suspended: None,
            login,
        }
    }
}

impl Logins {
    /// Whether there is one of that name, in whatever case.
    pub fn contains(&self, name: &Folded) -> bool {
        self.looks.contains(name)
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.count
    }

    /// One that `name` could be taken for, other than itself.
    pub fn look_alike(&self, name: &str) -> Option<&str> {
        self.looks.alike(name).map(Folded::as_str)
    }

    pub(crate) fn insert(&mut self, name: &Nick) {
        if self.count < LOGINS_MAX && self.looks.insert(name) {
            self.count += 1;
        }
    }
}

impl Accounts {
    pub fn named(&self, name: &str) -> Option<&Account> {
        self.named.get(&Folded::new(name))
    }

    /// The account that a certificate proves.
    pub fn certified(&self, fingerprint: &Fingerprint) -> Option<&Account> {
        self.named.get(self.certified.get(fingerprint)?)
    }

    /// An account that `name` could be taken for, other than its own.
    pub fn look_alike(&self, name: &str) -> Option<&Account> {
        self.looks.alike(name).and_then(|folded| self.named.get(folded))
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.named.values()
    }

    pub fn len(&self) -> usize {
        self.named.len()
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// In place of one of the same name. A certificate proves the account that got it last.
    pub(crate) fn insert(&mut self, account: Account) {
        let folded = account.name.fold();
        self.remove(&folded);
        self.looks.insert(&account.name);
        for fingerprint in &account.certificates {
            self.certified.insert(*fingerprint, folded.clone());
        }
        self.named.insert(folded, account);
    }

    pub(crate) fn remove(&mut self, folded: &Folded) {
        let Some(account) = self.named.remove(folded) else { return };
        self.certified.retain(|_, owner| owner != folded);
        self.looks.remove(&account.name);
    }

    /// Forgets what the former owner set. A suspension stays until an administrator lifts it.
    pub(crate) fn change_owner(&mut self, folded: &Folded, at: u64) {
        let Some(account) = self.named.get(folded) else { return };
        let (name, login, suspended) = (account.name.clone(), account.login, account.suspended.clone());
        self.remove(folded);
        if suspended.is_some() {
            self.insert(Account { suspended, ..Account::new(name, at, login) });
        }
    }

    /// Changes an account that is there. The name stays.
    pub(crate) fn change(&mut self, folded: &Folded, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.named.get_mut(folded) {
            change(account);
        }
    }

    pub(crate) fn certify(&mut self, folded: &Folded, fingerprint: Fingerprint) {
        self.revoke(&fingerprint);
        if let Some(account) = self.named.get_mut(folded) {
            account.certificates.insert(fingerprint);
            self.certified.insert(fingerprint, folded.clone());
        }
    }

    pub(crate) fn revoke(&mut self, fingerprint: &Fingerprint) {
        let Some(owner) = self.certified.remove(fingerprint) else { return };
        self.change(&owner, |account| {
            account.certificates.remove(fingerprint);
        });
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAFingerprint;

impl fmt::Display for NotAFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, with colons or without",
        )
    }
}

impl std::error::Error for NotAFingerprint {}

impl std::str::FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(NotAFingerprint))
            .collect::<Result<_, _>>()?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        if digits.len() != 64 {
            return Err(NotAFingerprint);
        }
        bytes.try_into().map(Self).map_err(|_| NotAFingerprint)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, NotAFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Nick {
        name.parse().expect("a name")
    }

    #[test]
    fn accounts_are_found_by_name_look_and_certificate() {
        let mut accounts = Accounts::default();
        accounts.insert(Account::new(name("Alice"), 1, false));
        accounts.insert(Account::new(name("bob"), 2, true));
        let certificate = Fingerprint([7; 32]);
        accounts.certify(&name("alice").fold(), certificate);
        assert_eq!(accounts.named("aLICE").map(|account| account.created_at), Some(1));
        assert_eq!(accounts.look_alike("a1ice").map(|account| account.name.as_str()), Some("Alice"));
        assert_eq!(accounts.look_alike("alice"), None);
        assert_eq!(accounts.certified(&certificate).map(|account| account.name.as_str()), Some("Alice"));
        accounts.certify(&name("bob").fold(), certificate);
        assert_eq!(accounts.certified(&certificate).map(|account| account.name.as_str()), Some("bob"));
        assert!(accounts.named("alice").is_some_and(|account| account.certificates.is_empty()));
        accounts.remove(&name("bob").fold());
        assert_eq!(accounts.certified(&certificate), None);
        assert_eq!((accounts.len(), accounts.look_alike("b0b")), (1, None));
    }

    #[test]
    fn a_fingerprint_is_read_with_colons_and_without() {
        let plain = "0123456789abcdef".repeat(4);
        let fingerprint: Fingerprint = plain.parse().expect("a fingerprint");
        assert_eq!(fingerprint.to_string(), plain);
        let colons: Vec<String> = plain
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into())
            .collect();
        assert_eq!(colons.join(":").parse(), Ok(fingerprint));
        for bad in ["", "01", "xy", &plain[1..], &format!("{plain}0")] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(NotAFingerprint), "{bad}");
        }
    }
}
