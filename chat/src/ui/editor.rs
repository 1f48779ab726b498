//! A program of the user's own that edits the line: `$VISUAL`, `$EDITOR`, else vi or nano.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use crate::ui::{DRAFT_MAX, tty};

/// Where nothing else is said.
const USUAL: [&str; 2] = ["vi", "nano"];

/// What has become of the text. The program gets the terminal as the shell had it; `started` is told of it.
///
/// # Errors
/// One line that says why the text is as it was.
pub(super) fn edit(text: &str, started: impl FnOnce(u32)) -> Result<String, String> {
    let private = |error| format!("the line can't be given to an editor: {error}");
    let folder = tempfile::Builder::new()
        .prefix("chat-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(private)?;
    let path = folder.path().join("message.txt");
    write(&path, text).map_err(private)?;
    let (name, status) = tty::lend(|| run(&path, started))?;
    if !status.success() {
        return Err(format!("{name} failed ({status}); the line is as it was"));
    }
    read(&path)
        .map_err(|error| format!("what {name} has left can't be taken: {error}; the line is as it was"))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    // Editors complain of a last line without an end.
    file.write_all(if text.is_empty() { b"" } else { b"\n" })
}

fn run(path: &Path, started: impl FnOnce(u32)) -> Result<(String, ExitStatus), String> {
    let (name, mut child) = start(path)?;
    started(child.id());
    let status = child.wait().map_err(|error| format!("{name} can't be waited for: {error}"))?;
    Ok((name, status))
}

fn start(path: &Path) -> Result<(String, Child), String> {
    let wanted =
        ["VISUAL", "EDITOR"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    let commands = match wanted {
        Some(command) => vec![words(command)?],
        None => USUAL.map(|name| vec![name.to_owned()]).to_vec(),
    };
    let mut failure = String::new();
    for command in commands {
        match Command::new(&command[0]).args(&command[1..]).arg(path).spawn() {
            Ok(child) => return Ok((command[0].clone(), child)),
            Err(error) => {
                let name = &command[0];
                failure = format!("the editor {name} can't be started: {error}; set VISUAL to yours");
            }
        }
    }
    Err(failure)
}

/// A command with its arguments, in the shell's quotes, or the path of a program, which may have blanks in it.
fn words(command: OsString) -> Result<Vec<String>, String> {
    if let Some(path) = command.to_str().filter(|path| path.contains('/') && Path::new(path).is_file()) {
        return Ok(vec![path.to_owned()]);
    }
    let words = command.into_string().ok().and_then(|command| shlex::split(&command));
    words.filter(|words| !words.is_empty()).ok_or_else(|| "VISUAL or EDITOR is no command".to_owned())
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(DRAFT_MAX as u64 + 1).read_to_string(&mut text).map_err(|error| {
        match error.kind() {
            ErrorKind::InvalidData => io::Error::other("it is not UTF-8"),
            _ => error,
        }
    })?;
    if text.len() > DRAFT_MAX {
        return Err(io::Error::other(format!("it has more than {} KiB", DRAFT_MAX / 1024)));
    }
    // rustyline counts an escape byte and what follows it as of no width.
    Ok(text.replace("\r\n", "\n").replace('\x1b', "").trim_end_matches('\n').to_owned())
}
