//! What is kept of the passwords of accounts.

use std::sync::LazyLock;

use chat_proto::sasl::{ITERATIONS, ScramKeys, prepared};
use chatd_core::Credentials;

use super::password::{self, Cost, PasswordError};

const COST: Cost = Cost::Normal;

/// The outcome of a check.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) matches: bool,
    /// When it is right, and what is kept of it was made with less work than is due today.
    pub(crate) renewed: Option<Credentials>,
}

/// Takes tens of milliseconds and 19 MiB.
pub(crate) fn make(password: &str) -> Result<Credentials, PasswordError> {
    let password = prepared(password);
    let hash = password::hash(&password, COST)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(Credentials { hash: hash.as_str().into(), scram: ScramKeys::derive(&password, &salt, ITERATIONS) })
}

/// As much work without credentials as with them, so that the time doesn't tell which accounts there are.
pub(crate) fn check(credentials: Option<&Credentials>, password: &str) -> Checked {
    static NOBODY: LazyLock<String> = LazyLock::new(|| password::hash("", COST).unwrap_or_default());
    let prepared = prepared(password);
    let Some(credentials) = credentials else {
        password::matches(&NOBODY, &prepared);
        return Checked { matches: false, renewed: None };
    };
    let matches = password::matches(&credentials.hash.0, &prepared);
    let outdated =
        password::is_weaker(&credentials.hash.0, COST) || credentials.scram.iterations < ITERATIONS;
    Checked { matches, renewed: (matches && outdated).then(|| make(password).ok()).flatten() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_matches_and_is_not_renewed_for_nothing() {
        let credentials = make("correct horse").unwrap();
        let right = check(Some(&credentials), "correct horse");
        assert!(right.matches && right.renewed.is_none());
        assert!(!check(Some(&credentials), "correct cow").matches);
        assert!(!check(None, "").matches);
        assert_ne!(make("correct horse").unwrap(), credentials, "salts differ");
    }

    #[test]
    fn what_was_made_with_less_work_is_made_again_when_the_password_is_right() {
        let hash = password::hash("old", Cost::Low).unwrap();
        let weak = Credentials { hash: hash.as_str().into(), scram: ScramKeys::derive("old", b"salt", 4096) };
        let renewed = check(Some(&weak), "old").renewed.expect("new credentials");
        assert!(check(Some(&renewed), "old").matches);
        assert!(!password::is_weaker(&renewed.hash.0, COST) && renewed.scram.iterations == ITERATIONS);
        assert!(check(Some(&weak), "new").renewed.is_none());
    }
}
