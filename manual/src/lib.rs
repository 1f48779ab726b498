//! What a program says of itself: its man page and its completions, made from its command definitions by the program
//! itself, so that they can't drift from it.
//!
//! `PROGRAM --generate KIND` prints one of them. It is for whoever packs the programs, so no help mentions it.

mod commands;
mod page;
mod text;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap_complete::Shell;

pub use crate::page::{Page, Section};

const FLAG: &str = "--generate";
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// Prints what is asked for when the command line is `--generate KIND`, and nothing otherwise. `make` gives the text
/// of a kind, or `None` if there is no such kind.
pub fn answer(
    arguments: impl IntoIterator<Item = OsString>,
    make: impl FnOnce(&str) -> Option<String>,
) -> Option<ExitCode> {
    let arguments: Vec<OsString> = arguments.into_iter().skip(1).collect();
    let [flag, kind] = arguments.as_slice() else { return None };
    if flag != FLAG {
        return None;
    }
    Some(match kind.to_str().and_then(make) {
        Some(text) => print(&text),
        None => {
            eprintln!("{FLAG} makes man, bash, zsh or fish, and chatd's makes man-config");
            ExitCode::from(USAGE)
        }
    })
}

/// The completions of `command` for a shell: bash, zsh or fish.
pub fn completions(shell: &str, mut command: clap::Command) -> Option<String> {
    let shell = match shell {
        "bash" => Shell::Bash,
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => return None,
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8(script).ok()
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("cannot write: {error}");
            ExitCode::from(FAILED)
        }
        _ => ExitCode::SUCCESS,
    }
}
