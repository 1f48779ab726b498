//! The command line: what is asked for, and the exit status that says how it went.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, bail};
use clap::{CommandFactory, Parser, Subcommand, ValueHint};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use zeroize::Zeroizing;

use crate::auth::password::{self, Cost};
use crate::config::{self, Config, Directories};
use crate::daemon::{self, Start};
use crate::listen::ActivationError;
use crate::lock::Lock;
use crate::logging::{print_error, print_warning, report_panics};
use crate::{logging, owner, store, tls};

/// More than anybody types.
const PASSWORD_MAX: usize = 1024;

/// The chat daemon. Runs in the foreground and logs to standard error.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = false)]
#[command(after_help = "Exit status: 0 done; 1 failed; 2 wrong usage; 78 the configuration cannot be used.")]
struct Cli {
    /// The configuration; without it /etc/chatd/chatd.toml if that is there, else the defaults
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Validate the configuration and exit
    Check,
    /// Put a backup in place of the database, while chatd is stopped
    Restore {
        /// What `chatctl backup` has made
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Read a password and print the hash that the configuration wants
    HashPassword {
        /// How much work checking it shall be
        #[arg(long, value_enum, default_value_t = Cost::Normal)]
        cost: Cost,
    },
    /// Make a certificate that nobody else vouches for, and its key
    MakeCertificate {
        /// A name or address that clients use for this host; may be given again [default: the host name]
        #[arg(long = "name", value_name = "HOST")]
        names: Vec<String>,
        /// How long it shall be valid
        #[arg(long, value_name = "N", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: u32,
        /// Where to put both files [default: /etc/chatd]
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// The configuration can't be used (`EX_CONFIG` of sysexits).
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The command line's definition.
pub(crate) fn definition() -> clap::Command {
    Cli::command().name("chatd")
}

pub(crate) fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && logging::is_in_journal() => {
            print_error(&error.render().to_string());
            return Exit::Usage;
        }
        Err(error) => error.exit(),
    };
    // In the log and in answers to administrators, who are elsewhere.
    let config = cli.config.map(|path| std::path::absolute(&path).unwrap_or(path));
    let outcome = match cli.command {
        None => return serve(config),
        Some(Command::Check) => return check(config.as_ref()),
        Some(Command::Restore { file }) => restore(&file),
        Some(Command::HashPassword { cost }) => hash_password(cost),
        Some(Command::MakeCertificate { names, days, directory }) => make_certificate(names, days, directory),
    };
    outcome.map_or_else(|error| fail(&error), |()| Exit::Done)
}

fn serve(asked_for: Option<PathBuf>) -> Exit {
    report_panics();
    let directories = Directories::from_environment();
    let config = match load(asked_for.as_ref(), &directories) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let Err(error) = daemon::run(Start { config, asked_for, directories }) else { return Exit::Done };
    match fail(&error) {
        // Starting again doesn't help either.
        _ if error.is::<ActivationError>() => Exit::Configuration,
        exit => exit,
    }
}

fn check(asked_for: Option<&PathBuf>) -> Exit {
    let directories = Directories::from_environment();
    match load(asked_for, &directories) {
        Ok(config @ Config { file: Some(_), .. }) => {
            config.concerns().for_each(|concern| print_warning(&format!("warning: {concern}")));
            say(&format!("{} is valid", config.file.unwrap_or_default().display()))
        }
        Ok(Config { file: None, .. }) => {
            let directory = directories.configuration.display();
            say(&format!("There is no {directory}/chatd.toml, so the defaults hold"))
        }
        Err(exit) => exit,
    }
}

fn load(asked_for: Option<&PathBuf>, directories: &Directories) -> Result<Config, Exit> {
    config::load(asked_for.map(PathBuf::as_path), directories).map_err(|error| {
        // Without the program's name, so that editors find the place.
        error.lines().iter().for_each(|line| print_error(line));
        Exit::Configuration
    })
}

fn restore(file: &Path) -> anyhow::Result<()> {
    let state = Directories::from_environment().state;
    let backup = store::open_backup(file)?;
    owner::become_owner_of(&state)?;
    let _lock = Lock::take(&state)?;
    let restored = store::restore(&backup, &state)?;
    writeln!(io::stdout(), "{restored}").context("cannot print what was restored")
}

fn hash_password(cost: Cost) -> anyhow::Result<()> {
    let password = if io::stdin().is_terminal() {
        ask_twice()?
    } else {
        read_line().context("cannot read a password")?
    };
    if password.is_empty() {
        bail!("the password is empty; give one on standard input");
    }
    let hash = password::hash(&password, cost)?;
    writeln!(io::stdout(), "{hash}").context("cannot print the hash")
}

fn make_certificate(mut names: Vec<String>, days: u32, directory: Option<PathBuf>) -> anyhow::Result<()> {
    if names.is_empty() {
        names.push(config::host_name().to_string());
    }
    let directories = Directories::from_environment();
    let directory = directory.unwrap_or(directories.configuration);
    let directory = std::path::absolute(directory).context("cannot find the directory")?;
    let made = tls::make(&directory, &names, days)?;
    let advice = tls::advice(&made, &names, &directories.runtime);
    writeln!(io::stdout(), "{advice}").context("cannot print what was made")
}

fn ask_twice() -> anyhow::Result<Zeroizing<String>> {
    let first = ask("Password: ")?;
    let second = ask("Again: ")?;
    if first != second {
        bail!("the passwords differ; try again");
    }
    Ok(first)
}

/// Asks on the terminal, which doesn't show what is typed.
fn ask(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let terminal = io::stdin();
    write!(io::stderr(), "{prompt}")?;
    let before = tcgetattr(&terminal).context("cannot ask for a password")?;
    let restoring = restore_when_interrupted(before.clone()).context("cannot listen to signals")?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent).context("cannot ask for a password")?;
    let answer = read_line();
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &before).context("cannot restore the terminal")?;
    restoring.close();
    writeln!(io::stderr())?;
    answer.context("cannot read a password")
}

/// Who gives up with Ctrl-C shall have a terminal that shows what is typed.
fn restore_when_interrupted(before: Termios) -> io::Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGQUIT])?;
    let handle = signals.handle();
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            // If it can't be restored, there is nothing better to do.
            let _ = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &before);
            std::process::exit(Exit::Failed as i32);
        }
    });
    Ok(handle)
}

/// Byte by byte, so that nothing is left behind in a buffer.
fn read_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_MAX));
    for byte in io::stdin().lock().bytes() {
        match byte? {
            b'\n' => break,
            _ if line.len() == PASSWORD_MAX => {
                return Err(io::Error::other(format!("it is longer than {PASSWORD_MAX} bytes")));
            }
            byte => line.push(byte),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = str::from_utf8(&line).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A reader that has gone away is no failure.
fn say(line: &str) -> Exit {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed,
        _ => Exit::Done,
    }
}

fn fail(error: &anyhow::Error) -> Exit {
    print_error(&format!("chatd: {error:#}"));
    Exit::Failed
}
