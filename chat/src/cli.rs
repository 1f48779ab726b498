//! The command line.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};

use crate::failure::Failure;
use crate::trust::Fingerprint;

/// Chat with the people of this host
///
/// Without a command: talk. <help> shows what can be typed.
#[derive(Debug, Parser)]
#[command(name = "chat", version, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done; 1 refused or failed; 2 usage; 3 chatd is not running or cannot be \
                        reached; 4 permission denied; 5 all was stored, but not all as it came."
)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Args)]
pub struct Options {
    /// Where chatd is: unix:PATH or HOST[:PORT] [default: $CHAT_SERVER, the configuration file, this host's]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub server: Option<String>,
    /// The name to be known by [default: your login]: your account's, or a guest's
    #[arg(long, global = true)]
    pub name: Option<String>,
    /// Log in to the account with the password in FILE, which nobody else can read
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Log in to the account with the certificate in FILE (PEM), over TLS; <certificate> adds it to the account
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// The certificate's key, if it isn't in the same file; nobody else can read it
    #[arg(long, global = true, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// What the server asks everybody for is in FILE, which nobody else can read [default: chat asks]
    #[arg(long, global = true, value_name = "FILE")]
    pub server_password_file: Option<PathBuf>,
    /// Print one JSON object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// No colours; $NO_COLOR does the same
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Believe the authorities in this file (PEM) instead of this host's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Accept the certificate with this SHA-256 and no other
    #[arg(long, global = true, value_name = "SHA256")]
    pub fingerprint: Option<Fingerprint>,
    /// Trust the Unix socket of this user as well [default: of root, chatd's user and yourself]
    #[arg(long, global = true, value_name = "USER")]
    pub socket_owner: Option<String>,
    /// Connect to HOST without TLS: everybody on the way can read and change everything
    #[arg(long, global = true, conflicts_with_all = ["ca", "fingerprint", "certificate"])]
    pub insecure_plain: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say something and leave: 0 means that the server has stored it
    #[command(
        after_help = "Standard input is said as it comes: lines that come together are one message, and no more is read \
                            than the server takes. While the server can't be reached, or when the connection breaks, it \
                            is tried again for as long as --wait says; what was sent before is not said twice. A line \
                            that is too long for a message is cut, and what is no text is made visible. Status 3: the \
                            server has nothing of what came last, or it may have it; 5: all was stored, but some lines \
                            were cut or not UTF-8. With --json what is stored is printed as by chat tail."
    )]
    Send {
        /// To whom; may be given more than once [default: the lobby]
        #[arg(long, value_name = "NAME|#CHANNEL")]
        to: Vec<String>,
        /// How long an outage may last before it fails: 30s, 2m, 1h; 0 tries once
        #[arg(long, value_name = "TIME", default_value = "30s")]
        wait: String,
        /// What to say; - or nothing says standard input as it comes
        text: Vec<String>,
    },
    /// Show the settings in force, where each comes from, and where their file is
    #[command(
        after_help = "With --json it is {\"file\" or null, \"exists\", \"settings\": {KEY: {\"value\" or null, \"from\": \"default\", \
                            \"file\", \"unused\" (for another server or name), \"$VARIABLE\" or \"--option\"}}}."
    )]
    Config,
    /// Show who is on, or whether somebody is
    #[command(
        after_help = "With --json each user is {\"name\", \"away\", \"bot\", \"status\": \"available\", \"away\", \"idle\" or \
                            \"busy\"}, with the \"account\" unless a guest's, \"since\" if the server says it, the \"text\" of \
                            who is away, and \"with\" whom the busy talk."
    )]
    List {
        /// Only this one; status 1 if nobody has that name
        #[arg(value_name = "NAME")]
        user: Option<String>,
    },
    /// Print what was said before
    #[command(
        after_help = "With --json each line is as that of chat tail, with \"past\": true. A channel that you are not \
                            in is entered for a moment, if it lets you in."
    )]
    History {
        /// Of a channel, or what was written with somebody in private [default: the lobby]
        #[arg(value_name = "#CHANNEL|NAME")]
        place: Option<String>,
        /// The same, as with send
        #[arg(long, value_name = "#CHANNEL|NAME", conflicts_with = "place")]
        to: Option<String>,
        /// How many lines, the last ones, up to 10000 [default: 50; with --since all]
        #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: Option<u32>,
        /// Nothing from before: 2026-11-30, 2026-11-30T14:05, 14:05, yesterday, monday, 90m, 3h, 3d, 2w
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
    /// Print what is said, until interrupted; what is missed while the connection is broken comes later
    #[command(
        after_help = "Only a signal, a closed pipe, or a server that doesn't let us in any more ends it. With --json each is {\"at\", \"event\": \"said\", \"from\", \"to\", \"own\", \
                            \"how\": \"text\", \"action\" or \"notice\", \"text\"} or {\"at\", \"event\": \
                            \"announcement\", \"from\", \"to\", \"text\"}, with the server's \"id\" of it, and \"past\": true \
                            if it was missed; more keys may be added."
    )]
    Tail {
        /// Only there [default: the lobby and what is for you]
        #[arg(value_name = "#CHANNEL")]
        channel: Option<String>,
    },
}

/// What clap has to say: help and version as asked for, everything else as a one-line error.
///
/// # Errors
/// Always, but for help and version.
pub fn answer(error: &clap::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.print().map_err(Failure::Output),
        _ => Err(Failure::Usage(one_line(error))),
    }
}

fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let said = said.join(" ");
    let said = said.strip_prefix("error: ").unwrap_or(&said);
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    let meant = suggested.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::Strings(names) if !names.is_empty() => Some(names.join(" or ")),
        ContextValue::String(name) => Some(name.clone()),
        _ => None,
    });
    let meant = meant.map(|names| format!(" (did you mean {names}?)")).unwrap_or_default();
    format!("{said}{meant}; see chat --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_line_and_say_what_to_do() {
        for (words, line) in [
            (vec!["lsit"], "unrecognized subcommand 'lsit' (did you mean list?); see chat --help"),
            (vec!["--jsn"], "unexpected argument '--jsn' found (did you mean --json?); see chat --help"),
            (
                vec!["--name"],
                "a value is required for '--name <NAME>' but none was supplied; see chat --help",
            ),
            (
                vec!["--fingerprint", "x"],
                "invalid value 'x' for '--fingerprint <SHA256>': \"x\" is no fingerprint; expected the 64 \
                 hexadecimal digits of a SHA-256; see chat --help",
            ),
        ] {
            let error = Cli::try_parse_from([vec!["chat"], words].concat()).unwrap_err();
            assert_eq!(one_line(&error), line);
        }
    }
}
