//! How a guest's client proves that it is the one that a dead connection belonged to (`chatd.org/resume`).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Characters of a token: 128 random bits take 22 in Base64 and 32 in hexadecimal.
const LENGTH: std::ops::RangeInclusive<usize> = 22..=64;

/// The SHA-256 of a token, which is all that the server keeps: it doesn't let anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeKey([u8; 32]);

impl ResumeKey {
    /// Returns the key of a token, which has 22 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn of(token: &str) -> Option<Self> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_token = LENGTH.contains(&token.len()) && token.chars().all(is_allowed);
        is_token.then(|| Self(Sha256::digest(token).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_plain_tokens_have_a_key() {
        let token = "0123456789abcdefABCD_-";
        assert_eq!(ResumeKey::of(token), ResumeKey::of(token));
        assert_ne!(ResumeKey::of(token), ResumeKey::of("0123456789abcdefABCD_x"));
        let long = "a".repeat(65);
        for wrong in ["", &token[1..], &long, "0123456789abcdefABCD_-.", "0123456789abcdefABCD_-ä"] {
            assert!(ResumeKey::of(wrong).is_none(), "{wrong}");
        }
    }
}
