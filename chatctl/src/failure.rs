//! What can go wrong, in one line, and the exit status it ends with.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use chat_proto::admin;
use chat_proto::socket::refusal;

use crate::logs::Format;
use crate::output;
use crate::permission::Denied;

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 3;
const DENIED: u8 = 4;

const OWN: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Admin(#[from] admin::Error),
    #[error(transparent)]
    Service(#[from] admin::ServiceError),
    #[error(
        "chatd has no method {0}; `call org.varlink.service.GetInterfaceDescription \
         '{{\"interface\":\"org.chatd.Admin\"}}'` lists those of org.chatd.Admin"
    )]
    NoMethod(String),
    /// Of a newer daemon, or one that isn't chatd.
    #[error("refused with {name} {parameters}, which this chatctl {OWN} is too old to explain")]
    Unknown { name: String, parameters: String },
    #[error("{failure}; chatd is version {version} and this chatctl {OWN}: update the older one")]
    OtherVersion { version: String, failure: Box<Failure> },
    #[error("{0}")]
    Usage(String),
    #[error("cannot read standard input: {0}")]
    Input(String),
    #[error("chatd is not running: there is no socket {}; start chatd, or name its socket with --socket", .0.display())]
    NoSocket(PathBuf),
    #[error("chatd is not running: nobody listens on {}; start chatd", .0.display())]
    NobodyListens(PathBuf),
    #[error("{} is not a socket; name chatd's admin socket with --socket", .0.display())]
    NotASocket(PathBuf),
    #[error("{}; if it is right, --socket-owner {user} accepts it", refusal(&path.display().to_string(), user))]
    ForeignSocket { path: PathBuf, user: String },
    #[error("cannot reach chatd on {}: {why}", path.display())]
    Unreachable { path: PathBuf, why: String },
    #[error(
        "chatd did not answer on {} for {seconds} s; {}",
        path.display(),
        if *held {
            "systemd listens for it, and it may not be starting: see `systemctl status chatd` and `journalctl -u chatd -p err`"
        } else {
            "it may hang: look at its log; or is this not its admin socket?"
        }
    )]
    Silent {
        path: PathBuf,
        seconds: u64,
        /// systemd holds the socket, so there may be no chatd behind it.
        held: bool,
    },
    #[error("chatd does not answer because it is stopped; `kill -CONT {pid}` lets it go on")]
    Stopped { pid: i32 },
    #[error("chatd closed the connection before it answered; it may be stopping: try again")]
    Closed,
    #[error("the watch broke off: chatd was killed, or gave up on this end because it did not read")]
    BrokenOff,
    #[error("what answers on {} does not speak as chatd's admin socket does: {why}", path.display())]
    Foreign { path: PathBuf, why: String },
    #[error("cannot read {}: {cause}", path.display())]
    CannotRead { path: PathBuf, cause: io::Error },
    #[error("cannot write {}: {cause}", path.display())]
    CannotWrite { path: PathBuf, cause: io::Error },
    #[error("{} is no log of {format}: line {line} is not understood, and no line says anything; is --format right?", path.display())]
    NotALog { path: PathBuf, format: Format, line: u64 },
    #[error("{} is there already; name another file, or replace it with --force", .0.display())]
    Exists(PathBuf),
    #[error("what was written is not what chatd sent; look at the disk, and try again")]
    BackupDamaged,
    #[error("nothing was changed")]
    NotConfirmed,
    #[error("{0}")]
    Password(&'static str),
    #[error("cannot set up: {0}")]
    Setup(io::Error),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// A confirmation is needed and nobody is there to give it.
    pub(crate) fn unattended() -> Self {
        Self::Usage("nobody can be asked whether to do it; add --yes".into())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Denied(_) | Self::Service(admin::ServiceError::PermissionDenied {}) => DENIED,
            Self::Usage(_) => USAGE,
            Self::NoSocket(_)
            | Self::NobodyListens(_)
            | Self::NotASocket(_)
            | Self::ForeignSocket { .. }
            | Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Stopped { .. }
            | Self::Closed
            | Self::BrokenOff
            | Self::Foreign { .. }
            | Self::Admin(admin::Error::Unavailable { .. }) => UNREACHABLE,
            Self::OtherVersion { failure, .. } => failure.status(),
            Self::Admin(_)
            | Self::Service(_)
            | Self::NoMethod(_)
            | Self::Unknown { .. }
            | Self::Input(_)
            | Self::CannotRead { .. }
            | Self::CannotWrite { .. }
            | Self::NotALog { .. }
            | Self::Exists(_)
            | Self::BackupDamaged
            | Self::NotConfirmed
            | Self::Password(_)
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
        assert_eq!(Failure::Silent { path: PathBuf::new(), seconds: 1, held: false }.status(), 3);
        assert_eq!(Failure::from(Denied::by_chatd(None)).status(), 4);
    }
}
