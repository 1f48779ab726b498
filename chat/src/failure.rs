//! Why a program run failed, and its exit status.

use std::io;

use crate::trust::Stranger;

/// A failure for standard error; texts of the server are made harmless where they are printed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Usage(String),
    /// Mistakes in the settings, in the order of the file.
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Stranger(Box<Stranger>),
    /// All was done, but not all as it was wanted.
    #[error("{0}")]
    Partial(String),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// The lines to print: one, or one for each mistake in the settings.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Settings(mistakes) => mistakes.clone(),
            _ => vec![self.to_string()],
        }
    }

    /// 1 refused or failed, 2 usage, 3 not running or unreachable, 4 permission denied, 5 stored in part; 0 if nobody reads the
    /// output any more.
    pub fn status(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Refused(_) | Self::Stranger(_) | Self::Output(_) => 1,
            Self::Usage(_) | Self::Settings(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Denied(_) => 4,
            Self::Partial(_) => 5,
        }
    }
}
