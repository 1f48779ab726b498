//! The user's settings: `$XDG_CONFIG_HOME/chat/config.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::theme::Theme;

/// Every key is optional; unknown ones are errors.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub server: Option<String>,
    pub ca: Option<PathBuf>,
    pub fingerprint: Option<String>,
    pub name: Option<String>,
    pub password_file: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub server_password_file: Option<PathBuf>,
    pub theme: Option<Theme>,
    pub bell: Option<bool>,
    pub times: Option<bool>,
}

impl Config {
    /// Reads the file; without one, the defaults.
    ///
    /// # Errors
    /// It can't be read, or something in it is wrong: `FILE:LINE:COLUMN: what`.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", path.display()))),
        }
    }

    fn parse(text: &str, file: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let before = &text[..text.floor_char_boundary(error.span().map_or(0, |span| span.start))];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Failure::Usage(format!("{file}:{line}:{column}: {}", error.message().replace('\n', " ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_is_valid_and_changes_nothing() {
        let text = include_str!("../../etc/chat.toml");
        assert_eq!(Config::parse(text, "chat.toml").unwrap(), Config::default());
        let uncommented: String =
            text.lines().filter_map(|l| l.strip_prefix("#:")).map(|l| format!("{l}\n")).collect();
        let all = Config::parse(&uncommented, "chat.toml").unwrap();
        assert!(
            all.server.is_some() && all.name.is_some() && all.password_file.is_some() && all.theme.is_some()
        );
        assert!(all.ca.is_some() && all.fingerprint.is_some());
        assert!(all.certificate.is_some() && all.key.is_some() && all.server_password_file.is_some());
        assert!(all.bell.is_some() && all.times.is_some());
    }

    #[test]
    fn an_unknown_key_is_an_error_that_says_where() {
        let error = Config::parse("bell = false\n\n  colour = true\n", "f.toml").unwrap_err().to_string();
        assert!(error.starts_with("f.toml:3:3: ") && error.contains("colour"), "{error}");
    }
}
