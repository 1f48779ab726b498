//! How the program is run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::Server;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// An empty directory of its own.
pub(crate) fn directory() -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
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
