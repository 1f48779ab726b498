//! A password on its way to chatd.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Prints as `[redacted]`, and is wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(password: Zeroizing<String>) -> Self {
        Self(password)
    }

    /// What nobody but the one who checks or keeps it needs to see.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::super::SetPassword;
    use super::*;

    #[test]
    fn a_password_travels_and_is_not_printed() {
        let password = Password::new(Zeroizing::new("hunter2".into()));
        let request = SetPassword { name: "alice".into(), password };
        assert!(!format!("{request:?}").contains("hunter2"));
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(json, r#"{"name":"alice","password":"hunter2"}"#);
        assert_eq!(serde_json::from_str::<SetPassword>(&json).unwrap().password.reveal(), "hunter2");
    }
}
