//! How the program is run.

use std::process::Command;

use tempfile::TempDir;

use crate::server::Server;

/// An empty directory of its own, removed when dropped. Not below the target directory, whose path may be too long for
/// a socket.
pub(crate) fn directory() -> TempDir {
    tempfile::Builder::new().prefix("chat-test-").tempdir().unwrap()
}

/// The program, under the name of alice, with nothing of the developer's own settings.
pub(crate) fn chat(server: &Server) -> Command {
    let mut command = bare(server);
    command.arg("--server").arg(format!("unix:{}", server.socket().display()));
    command
}

/// The same, without saying where the server is.
pub(crate) fn bare(server: &Server) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command
        .env_clear()
        .env("HOME", server.directory())
        .env("TERM", "xterm-256color")
        .env("TZ", "UTC")
        .args(["--name", "alice"]);
    command
}
