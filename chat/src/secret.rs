//! Passwords: never shown, wiped when they are no longer needed.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Bytes that a password can have; more fit into no line.
pub const PASSWORD_MAX: usize = 300;

/// A password. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Default for Secret {
    /// Empty, with room for all that it can become: it never moves, so no copy is left behind.
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(PASSWORD_MAX)))
    }
}

impl Secret {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes one more character, unless there are [`PASSWORD_MAX`] bytes.
    pub fn push(&mut self, character: char) {
        if self.0.len() + character.len_utf8() <= PASSWORD_MAX {
            self.0.push(character);
        }
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// The first line of a file that nobody else can read.
    ///
    /// # Errors
    /// It can't be read, others can read it as well, or there is no password in it.
    pub fn from_file(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let unreadable = |error| Failure::Usage(format!("cannot read the password from {shown}: {error}"));
        let file = open_private(path, "the password")?;
        let mut text = Zeroizing::new(String::with_capacity(PASSWORD_MAX + 1));
        file.take(PASSWORD_MAX as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() || line.len() > PASSWORD_MAX {
            return Err(Failure::Usage(format!(
                "there is no password in {shown}; expected one line of {PASSWORD_MAX} bytes at most"
            )));
        }
        Ok(Self::from(line))
    }
}

/// Opens a file that nobody else can read; `what` is in it.
///
/// # Errors
/// It can't be opened, or others can read it as well.
pub fn open_private(path: &Path, what: &str) -> Result<File, Failure> {
    let shown = path.display();
    let unreadable = |error| Failure::Usage(format!("cannot read {what} from {shown}: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::Usage(format!(
            "others can read {what} in {shown} (mode {:04o}); chmod 600 {shown}",
            mode & 0o7777
        )));
    }
    Ok(file)
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        let mut secret = Self::default();
        text.chars().for_each(|character| secret.push(character));
        secret
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn read(text: &str, mode: u32) -> Result<Secret, String> {
        let path =
            std::env::temp_dir().join(format!("chat-secret-{}-{mode:o}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let secret = Secret::from_file(&path).map_err(|failure| failure.to_string());
        std::fs::remove_file(path).unwrap();
        secret
    }

    #[test]
    fn the_first_line_of_a_private_file_is_a_password() {
        assert_eq!(read("correct horse\nrest\n", 0o600), Ok(Secret::from("correct horse")));
        assert!(read("", 0o600).unwrap_err().contains("there is no password"));
        assert!(read(&"x".repeat(400), 0o600).unwrap_err().contains("300 bytes"));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        for mode in [0o644, 0o640, 0o604] {
            assert!(read("secret", mode).unwrap_err().contains("chmod 600"), "{mode:o}");
        }
    }

    #[test]
    fn it_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "[redacted]");
    }
}
