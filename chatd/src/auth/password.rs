//! Passwords and their Argon2id hashes in PHC form.

use std::cell::RefCell;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};

/// The most memory that checking one password may take, in KiB; a hash that asks for more is refused.
const MEMORY_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;
/// Blocks of memory that a thread reserves; it uses the first of them, and only those that are used are resident. The C library gives
/// what is larger than 32 MiB back to the system when it is freed, and keeps what is smaller.
const RESERVED: usize = 33 * 1024;

thread_local! {
    /// What a thread works in, one hash after the other, until it ends.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

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
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| failed(&error))?,
        hash: Some(output(password, &salt, params, Version::V0x13).map_err(|error| failed(&error))?),
        salt: Some(salt),
    };
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
        && expected(hash).is_some_and(|(expected, salt, params, version)| {
            output(password, &salt, params, version).is_ok_and(|output| output == expected)
        })
}

fn expected(hash: &str) -> Option<(Output, Salt, Params, Version)> {
    let parsed = PasswordHash::new(hash).ok()?;
    let version = parsed.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    Some((parsed.hash?, parsed.salt?, Params::try_from(&parsed).ok()?, version))
}

/// Two outputs are compared in constant time.
fn output(password: &str, salt: &Salt, params: Params, version: Version) -> argon2::Result<Output> {
    let blocks = params.block_count();
    let mut output = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN).min(output.len());
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    MEMORY.with_borrow_mut(|memory| {
        let more = blocks.max(RESERVED).saturating_sub(memory.len());
        memory.try_reserve_exact(more).map_err(|_| argon2::Error::OutOfMemory)?;
        memory.resize(blocks, Block::new());
        let out = &mut output[..length];
        let hashed = argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut *memory);
        // Nothing is left that a guess could be compared with.
        memory.fill(Block::new());
        if memory.capacity() > RESERVED {
            *memory = Vec::new();
        }
        hashed
    })?;
    Output::new(&output[..length]).map_err(|_| argon2::Error::OutputTooLong)
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
