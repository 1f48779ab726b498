//! PLAIN (RFC 4616): `authzid NUL authcid NUL password`.

use zeroize::Zeroizing;

/// A message of PLAIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// Whom to act as; empty for the one who logs in.
    pub authorize: String,
    /// Who logs in.
    pub name: String,
    pub password: Zeroizing<String>,
}

/// What is wrong with a message of PLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    #[error("not three parts of UTF-8")]
    Malformed,
    #[error("no name")]
    NoName,
    #[error("no password")]
    NoPassword,
}

impl Plain {
    /// Reads a message.
    ///
    /// # Errors
    /// There are not exactly three parts, they are not UTF-8, or name or password is empty.
    pub fn parse(message: &[u8]) -> Result<Self, PlainError> {
        let text = str::from_utf8(message).map_err(|_| PlainError::Malformed)?;
        let mut parts = text.split('\0');
        let (Some(authorize), Some(name), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(PlainError::Malformed);
        };
        if name.is_empty() {
            return Err(PlainError::NoName);
        }
        if password.is_empty() {
            return Err(PlainError::NoPassword);
        }
        let password = Zeroizing::new(password.to_owned());
        Ok(Self { authorize: authorize.to_owned(), name: name.to_owned(), password })
    }

    pub fn message(&self) -> Zeroizing<Vec<u8>> {
        let parts = [self.authorize.as_bytes(), self.name.as_bytes(), self.password.as_bytes()];
        Zeroizing::new(parts.join(&0))
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let plain =
            Plain { authorize: "a".into(), name: "alice".into(), password: String::from("s €").into() };
        assert_eq!(Plain::parse(&plain.message()), Ok(plain.clone()));
        assert!(!format!("{plain:?}").contains('€'));
    }

    #[test]
    fn what_is_not_three_parts_is_refused() {
        for bad in [&b""[..], b"alice", b"\0alice", b"\0alice\0a\0b", b"\0\xff\0a"] {
            assert_eq!(Plain::parse(bad), Err(PlainError::Malformed));
        }
        assert_eq!(Plain::parse(b"\0\0a"), Err(PlainError::NoName));
        assert_eq!(Plain::parse(b"\0alice\0"), Err(PlainError::NoPassword));
    }
}
