//! What the process asks of its host.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that aren't for connections: listeners, administrators, files, and the like.
const RESERVED: u64 = 64;
const FEWEST: usize = 16;

/// Raises the number of descriptors to what the host allows, and returns for how many connections that is enough.
pub(crate) fn raise_descriptors() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return FEWEST };
    let raise = || if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) };
    let limit = match raise() {
        Ok(()) => hard,
        Err(error) => {
            tracing::warn!("cannot raise the number of open files from {soft} to {hard}: {error}");
            soft
        }
    };
    let left = limit.saturating_sub(RESERVED);
    usize::try_from(left).unwrap_or(usize::MAX).max(FEWEST)
}

/// Whatever breaks down, no image of the memory is left on a disk: there may be passwords in it.
pub(crate) fn forbid_core_dumps() {
    // Lowering a limit is always allowed; root can raise it again from outside.
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!("cannot forbid core dumps, which can have passwords in them: {error}");
    }
}
