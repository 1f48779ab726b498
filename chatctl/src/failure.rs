//! What can go wrong, in one line, and the exit status it ends with.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use chat_proto::admin;

use crate::output;

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 3;
const DENIED: u8 = 4;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Admin(#[from] admin::Error),
    #[error(transparent)]
    Service(#[from] admin::ServiceError),
    /// Of a newer daemon, or one that isn't chatd.
    #[error("refused with {name} {parameters}")]
    Unknown { name: String, parameters: String },
    #[error("{0}")]
    Usage(String),
    #[error("cannot read standard input: {0}")]
    Input(String),
    #[error("chatd is not running: there is no socket {}; start chatd, or name its socket with --socket", .0.display())]
    NoSocket(PathBuf),
    #[error("chatd is not running: nobody listens on {}; start chatd", .0.display())]
    NobodyListens(PathBuf),
    #[error("cannot reach chatd on {}: {why}", path.display())]
    Unreachable { path: PathBuf, why: String },
    #[error("chatd did not answer for {seconds} s; it may hang or be stopped: look at its log and its state")]
    Silent { seconds: u64 },
    #[error("chatd closed the connection before it answered; it may be stopping: try again")]
    Closed,
    #[error("the watch broke off: chatd was killed, or gave up on this end because it did not read")]
    BrokenOff,
    #[error("what listens on this socket does not speak as chatd does: {0}")]
    Garbled(String),
    #[error("cannot set up: {0}")]
    Setup(io::Error),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Self::Admin(admin::Error::PermissionDenied { .. })
            | Self::Service(admin::ServiceError::PermissionDenied {}) => DENIED,
            Self::Usage(_) => USAGE,
            Self::NoSocket(_)
            | Self::NobodyListens(_)
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Closed
            | Self::BrokenOff
            | Self::Garbled(_)
            | Self::Admin(admin::Error::Unavailable { .. }) => UNREACHABLE,
            Self::Admin(_)
            | Self::Service(_)
            | Self::Unknown { .. }
            | Self::Input(_)
            | Self::Setup(_)
            | Self::Output(_)
            | Self::Interrupted => REFUSED,
        }
    }

    /// Whoever read our output has read enough, which is no failure of ours.
    fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Says what went wrong, if anything did, and turns it into an exit status.
pub(crate) fn finish(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            ExitCode::from(failure.status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_tell_refusal_usage_absence_and_permission_apart() {
        let refused = admin::Error::NoSuchUser { name: "bob".into(), suggestion: None };
        assert_eq!(Failure::from(refused).status(), 1);
        assert_eq!(Failure::Usage(String::new()).status(), 2);
        assert_eq!(Failure::NoSocket(PathBuf::new()).status(), 3);
        assert_eq!(Failure::Silent { seconds: 1 }.status(), 3);
        assert_eq!(Failure::from(admin::Error::PermissionDenied { group: None }).status(), 4);
    }
}
