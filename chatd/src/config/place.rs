//! Errors of the configuration, with the place that they are at.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{}: cannot read the configuration: {}", path.display(), words(cause))]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, column: usize, message: String },
}

/// Something wrong at a range of the file's bytes.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Wrong {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// The parser's error about `text`.
    pub(super) fn of(error: &toml::de::Error, text: &str) -> Self {
        let (span, message) = chat_wording::wrong(error, text, super::SHIPPED);
        Self { span, message }
    }

    pub(super) fn at(self, path: &Path, text: &str) -> ConfigError {
        let (line, column) = chat_wording::place(text, self.span.start);
        ConfigError::Invalid { path: path.to_path_buf(), line, column, message: self.message }
    }
}

/// The operating system's words, without its numbers and with a hint.
fn words(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => {
            let user = User::from_uid(Uid::effective()).ok().flatten();
            let user = user.map_or_else(|| format!("uid {}", Uid::effective()), |user| user.name);
            format!("permission denied; chatd runs as {user}, who must be able to read it")
        }
        _ => cause.to_string(),
    }
}
