//! The user behind a Unix socket: nothing is sent to one who may only pretend to be chatd.

use std::io;
use std::path::Path;

use chat_proto::socket::{self, SERVICE_USER, TrustedUsers};
use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

use crate::failure::Failure;

/// Checks the credentials of the process that listens there. `named` is the user whom the caller trusts as well.
///
/// # Errors
/// The socket is another user's, or the kernel doesn't say whose.
pub(super) fn check(stream: &UnixStream, path: &Path, named: Option<u32>) -> Result<(), Failure> {
    let unknown = |error: io::Error| {
        Failure::Refused(format!(
            "cannot find out who listens at {}: {error}; nothing was sent",
            path.display()
        ))
    };
    check_user(stream.peer_cred().map_err(unknown)?.uid(), path, named)
}

fn check_user(uid: u32, path: &Path, named: Option<u32>) -> Result<(), Failure> {
    // The user database may be far away: it is asked only about users who aren't trusted anyhow.
    let own = TrustedUsers::new(Uid::effective().as_raw(), named);
    if own.contains(uid) || own.and(services()).contains(uid) {
        return Ok(());
    }
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let user = user.map_or_else(|| uid.to_string(), |user| user.name);
    let refusal = socket::refusal(&path.display().to_string(), &user);
    Err(Failure::Refused(format!("{refusal}; if it is right, --socket-owner {user} accepts it")))
}

/// The users that chatd may run as on this host.
fn services() -> impl Iterator<Item = u32> {
    let named = User::from_name(SERVICE_USER).ok().flatten();
    socket::services(named.map(|user| user.uid.as_raw()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn own_socket_is_accepted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        let stream = UnixStream::connect(&path).await.unwrap();
        check(&stream, &path, None).unwrap();
    }

    #[test]
    fn socket_of_another_user_is_refused_unless_named() {
        const STRANGER: u32 = 4_242_424;
        let path = Path::new("/run/user/1/chatd/chat.sock");
        let refused = check_user(STRANGER, path, None).unwrap_err().to_string();
        assert!(refused.contains("/run/user/1/chatd/chat.sock is served by 4242424"), "{refused}");
        assert!(
            refused.contains("nothing was sent") && refused.contains("--socket-owner 4242424"),
            "{refused}"
        );
        check_user(STRANGER, path, Some(STRANGER)).unwrap();
        check_user(0, path, None).unwrap();
    }
}
