//! Errors of the configuration, with the place that they are at.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use chat_wording::Mistake;
use nix::unistd::{Uid, User};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{}: cannot read the configuration: {}", path.display(), words(cause))]
    Unreadable { path: PathBuf, cause: io::Error },
    /// In the order of the file.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
}

impl ConfigError {
    /// Returns each mistake as a line of its own.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec![self.to_string()],
            Self::Invalid(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A mistake in the file, at a line and column from 1.
#[derive(Debug)]
pub(crate) struct Invalid {
    path: PathBuf,
    line: usize,
    column: usize,
    message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, message } = self;
        write!(f, "{}:{line}:{column}: {message}", path.display())
    }
}

/// A mistake at a range of the file's bytes.
pub(super) fn wrong(span: Range<usize>, message: impl Into<String>) -> Mistake {
    Mistake { span, message: message.into() }
}

/// The parser's error about `text`.
pub(super) fn parser_error(error: &toml::de::Error, text: &str) -> Mistake {
    let (span, message) = chat_wording::wrong(error, text, super::SHIPPED);
    Mistake { span, message }
}

/// The mistakes of the file at `path`, whose contents are `text`.
pub(super) fn invalid(mistakes: Vec<Mistake>, path: &Path, text: &str) -> ConfigError {
    let at_place = |Mistake { span, message }: Mistake| {
        let (line, column) = chat_wording::place(text, span.start);
        Invalid { path: path.to_path_buf(), line, column, message }
    };
    ConfigError::Invalid(mistakes.into_iter().map(at_place).collect())
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
