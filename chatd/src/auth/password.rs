//! Passwords and their Argon2id hashes in PHC form.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// The most memory that checking one password may take, in KiB; a hash that asks for more is refused.
const MEMORY_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;

/// How hard guessing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Cost {
    /// 19 MiB, two passes, one lane: what OWASP recommends.
    Normal,
    /// 8 MiB, one pass: for tests and for small machines.
    Low,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("not an Argon2id hash in PHC form ($argon2id$v=19$…)")]
    NotAHash,
    #[error("an Argon2id hash that asks for too much work")]
    TooCostly,
    #[error("the password cannot be hashed: {0}")]
    Failed(String),
}

impl Cost {
    /// Memory in KiB, and passes.
    fn memory_and_passes(self) -> (u32, u32) {
        match self {
            Self::Normal => (19 * 1024, 2),
            Self::Low => (8 * 1024, 1),
        }
    }
}

pub(crate) fn hash(password: &str, cost: Cost) -> Result<String, PasswordError> {
    let (memory, passes) = cost.memory_and_passes();
    let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
    let params = Params::new(memory, passes, 1, None).map_err(|error| failed(&error))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher.hash_password(password.as_bytes()).map_err(|error| failed(&error))?;
    Ok(hash.to_string())
}

/// Whether `hash` can be checked against at a bearable cost.
pub(crate) fn check_hash(hash: &str) -> Result<(), PasswordError> {
    let parsed = PasswordHash::new(hash).map_err(|_| PasswordError::NotAHash)?;
    if parsed.algorithm.as_str() != "argon2id" || parsed.hash.is_none() || parsed.salt.is_none() {
        return Err(PasswordError::NotAHash);
    }
    let params = Params::try_from(&parsed).map_err(|_| PasswordError::NotAHash)?;
    if params.m_cost() > MEMORY_MAX || params.t_cost() > PASSES_MAX || params.p_cost() > LANES_MAX {
        return Err(PasswordError::TooCostly);
    }
    Ok(())
}

/// Whether a hash was made with less work than one of that cost is made with.
pub(crate) fn is_weaker(hash: &str, cost: Cost) -> bool {
    let (memory, passes) = cost.memory_and_passes();
    let params = PasswordHash::new(hash).ok().and_then(|parsed| Params::try_from(&parsed).ok());
    params.is_some_and(|params| params.m_cost() < memory || params.t_cost() < passes)
}

/// Takes tens of milliseconds and tens of mebibytes.
pub(crate) fn matches(hash: &str, password: &str) -> bool {
    check_hash(hash).is_ok()
        && PasswordHash::new(hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches_its_hash() {
        let hash = hash("correct horse", Cost::Low).unwrap();
        assert!(matches(&hash, "correct horse"));
        assert!(!matches(&hash, "correct horse "));
        assert!(!matches(&hash, ""));
    }

    #[test]
    fn a_hash_that_asks_for_gigabytes_is_refused() {
        let costly = hash("x", Cost::Low).unwrap().replace("m=8192", "m=8388608");
        assert_eq!(check_hash(&costly), Err(PasswordError::TooCostly));
        assert!(!matches(&costly, "x"));
    }

    #[test]
    fn what_is_no_argon2id_hash_is_refused() {
        for bad in ["", "secret", "$1$abc$def", "$argon2id$v=19$m=8192,t=1,p=1"] {
            assert_eq!(check_hash(bad), Err(PasswordError::NotAHash), "{bad:?}");
        }
    }
}
