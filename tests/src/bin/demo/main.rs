//! The demonstration in the README: a session of three users and the administrator, played through with the real programs.
//!
//! `cargo run -p chat-tests --bin demo -- [DIRECTORY]` writes `demo.svg`, an animated picture, and `demo.cast`, a recording for
//! asciinema, into `docs/` or into the directory that it is told.

mod cast;
mod colour;
mod film;
mod scene;
mod stage;
mod story;
mod svg;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map_or_else(|| Path::new(DOCS).to_owned(), PathBuf::from);
    let film = story::play();
    for (name, text) in [("demo.svg", svg::render(&film)), ("demo.cast", cast::render(&film))] {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
