//! The programs under test, built by cargo in the profile of the running test and found beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// The directory that holds `chatd`, `chatctl` and `chat`, after cargo has brought them up to date.
///
/// `cargo test --workspace` doesn't leave the binaries of members without integration tests in place, so the
/// harness builds them itself, once per process, into the target directory that it was itself built into.
pub fn directory() -> Result<&'static Path> {
    static DIRECTORY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match DIRECTORY.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(error) => anyhow::bail!("{error}"),
    }
}

/// The path of one program by name.
pub fn path(name: &str) -> Result<PathBuf> {
    let path = directory()?.join(name);
    ensure!(path.is_file(), "{} is missing: cargo did not build it", path.display());
    Ok(path)
}

fn build() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("CHATD_TEST_BINARIES") {
        return Ok(PathBuf::from(given));
    }
    let profile_directory = profile_directory()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--bins", "-p", "chatd", "-p", "chatctl", "-p", "chat"]);
    cargo.arg("--manifest-path").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
    cargo.arg("--target-dir").arg(profile_directory.parent().context("the target directory has no parent")?);
    match profile_directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            cargo.args(["--profile", profile]);
        }
    }
    let output = cargo.output().context("cannot run cargo to build the programs under test")?;
    ensure!(output.status.success(), "cargo build failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(profile_directory)
}

/// `target/debug` or `target/release`: where this executable lies, less `deps`.
pub(crate) fn profile_directory() -> Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let mut directory = executable.parent().context("the executable has no directory")?.to_path_buf();
    if directory.ends_with("deps") {
        directory.pop();
    }
    Ok(directory)
}
