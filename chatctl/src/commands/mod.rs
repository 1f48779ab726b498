//! The commands, one file each or a few that belong together.

mod account;
mod announce;
mod backup;
mod ban;
mod call;
mod channels;
mod clock;
mod config;
mod confirmation;
mod duration;
mod help;
mod history;
mod kick;
mod list;
mod log;
mod redact;
mod show;
mod shutdown;
mod status;
mod version;
mod watch;

use std::io::{self, IsTerminal, Write};

use chat_proto::admin::Password;
use chat_proto::text::SafeText;
use clap::Subcommand;

use self::account::AccountCommand;
use self::clock::ClockCommand;
use self::confirmation::Confirmation;
pub(crate) use self::confirmation::is_irreversible;
pub(crate) use self::help::{Entry, entries};
use self::history::HistoryCommand;
use crate::client::Connector;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret;

// The examples are shown by `help`; a test runs each of them through the parser.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// The commands, or one of them whole
    #[command(after_help = "Example: help kick")]
    Help {
        /// The command, or its beginning
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Who is on, from where and since when
    ///
    /// Of each user: the nick, the account, the status, how many sessions, and of each session where it comes
    /// from, how long it has been there and how long nothing has been done in it by hand. The status is
    /// available, away with a text, idle (automatically away) or busy with a partner, and for how long. A session
    /// of this host has the login and the process id, others the address and port.
    #[command(after_help = "Example: list")]
    List,
    /// Tells every connected user
    ///
    /// Each line is a message of its own; one that is longer than a message may be becomes several. In the
    /// console, without TEXT, it is asked for.
    #[command(after_help = "Example: announce \"reboot at 18:00\"")]
    Announce {
        /// What to say; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Disconnects all sessions of a user
    ///
    /// The user and those in the same channels are told who did it and why. Nothing keeps the user from
    /// coming back, unless there is a --ban: of the account, or of the nick if there is none.
    #[command(after_help = "Example: kick bob --reason \"too loud\"")]
    Kick {
        /// Whom, by nick
        #[arg(value_name = "NAME")]
        name: String,
        /// What the user and the others are told
        #[arg(long, value_name = "TEXT", num_args = 1..)]
        reason: Vec<String>,
        /// Keeps the user out for so long, such as 30s, 10m, 2h or 7d
        #[arg(long, value_name = "DURATION")]
        ban: Option<String>,
    },
    /// Keeps somebody out
    ///
    /// By the name of an account, login or nick, by a mask such as *!*@host, or by an address or prefix such
    /// as 192.0.2.0/24 or 2001:db8::/32. Whoever is on and is meant is put out. It outlives a restart of
    /// chatd. Another ban of the same replaces it. On a terminal it asks before a mask or a prefix, which can
    /// disconnect many.
    #[command(after_help = "Example: ban 192.0.2.0/24 --for 2h --reason \"too many guesses\"")]
    Ban {
        /// Whom
        #[arg(value_name = "TARGET")]
        target: String,
        /// How long, such as 30s, 10m, 2h or 7d; for ever if left out
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<String>,
        /// What those who are kept out are told
        #[arg(long, value_name = "TEXT", num_args = 1..)]
        reason: Vec<String>,
        /// Even if it keeps out everybody, or nearly, as *!*@* and 0.0.0.0/0 do
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Takes back a message
    ///
    /// Its words are removed, from the disk too; that it was said, and that you took it back, stays. `history export` tells the ids
    /// of messages. It cannot be undone, and asks on a terminal.
    #[command(after_help = "Example: redact ml29f9c0-7k --reason \"a password\"")]
    Redact {
        /// The message's id
        #[arg(value_name = "MSGID")]
        id: String,
        /// What those who were told it are told
        #[arg(long, value_name = "TEXT", num_args = 1..)]
        reason: Vec<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Lifts a ban
    #[command(after_help = "Example: unban 192.0.2.0/24")]
    Unban {
        /// Against whom, as `bans` has it
        #[arg(value_name = "TARGET")]
        target: String,
    },
    /// Who is kept out, until when, by whom and why
    #[command(after_help = "Example: bans")]
    Bans,
    /// Accounts, by which people log in from elsewhere
    ///
    /// Without a command, lists them. A login of this host has its account by itself.
    #[command(after_help = "Example: account")]
    Account {
        #[command(subcommand)]
        command: Option<AccountCommand>,
    },
    /// Writes a whole copy of the database, while chatd runs
    ///
    /// It is of one moment, checked before and after it is written, and for your eyes only. FILE is named from where you are, and
    /// may be replaced only with --force. `chatd restore FILE` puts it in place.
    #[command(after_help = "Example: backup /root/chat.db")]
    Backup {
        /// Where to
        #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        file: std::path::PathBuf,
        /// Replaces FILE if it is there
        #[arg(long)]
        force: bool,
    },
    /// What was said: printed for other programs, erased for a person, taken over from elsewhere
    #[command(after_help = "Example: history export")]
    History {
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// Stops chatd, now or later
    ///
    /// Users are told why, and everything is stored. With --in they are warned, and again as the time
    /// comes near; another shutdown replaces the one that is scheduled. On a terminal it asks first, unless a
    /// minute or more is left to call it off. systemd does not start chatd again after it:
    /// `systemctl start chatd` does.
    #[command(after_help = "Example: shutdown --in 10m")]
    Shutdown {
        /// How long from now, such as 90s, 10m, 1h 30m or 2d; 30 days at most
        #[arg(long = "in", value_name = "DURATION", num_args = 1.., conflicts_with = "cancel")]
        after: Vec<String>,
        /// What users are told
        #[arg(long, value_name = "TEXT", num_args = 1.., conflicts_with = "cancel")]
        reason: Vec<String>,
        /// Calls off a shutdown that is scheduled
        #[arg(long)]
        cancel: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Version, uptime, users, memory and more
    ///
    /// Also the listeners, the configuration file, the log level and a shutdown that is scheduled. With
    /// `--json` the metrics too.
    #[command(after_help = "Example: status")]
    Status,
    /// One user whole, or one channel
    #[command(after_help = "Example: show alice")]
    Show {
        /// A nick, or a channel with its #
        #[arg(value_name = "NAME|#CHANNEL")]
        name: String,
    },
    /// The channels, their members and topics
    #[command(after_help = "Example: channels")]
    Channels,
    /// What happens, as it happens
    ///
    /// Who comes and goes, joins and leaves, kicks, failed logins, and what administrators do; never what
    /// users say. It goes on after a restart of chatd, and says so on standard error. It ends with Ctrl-C, with
    /// status 0, or when chatd stays away, with status 3.
    #[command(after_help = "Example: watch")]
    Watch {
        /// How long to wait for chatd to come back; with 0s the end of chatd is the end, with status 0
        #[arg(long, value_name = "DURATION", default_value = "10m")]
        wait: String,
    },
    /// Reads the configuration again
    ///
    /// All or nothing: what is wrong is told with file, line and column, and then everything stays as it was.
    /// It tells which settings wait for a restart.
    #[command(after_help = "Example: reload")]
    Reload,
    /// Validates the file that chatd runs on
    #[command(after_help = "Example: check")]
    Check,
    /// Sets what chatd logs for now
    ///
    /// Until chatd restarts, or a reload finds that the level in the file has changed.
    #[command(after_help = "Example: log debug")]
    Log {
        /// The least that is logged, from the gravest to everything
        #[arg(value_name = "LEVEL", value_parser = log::Levels)]
        level: chat_proto::admin::LogLevel,
    },
    /// Confirm the clock of chatd's host
    ///
    /// When the clock jumps ahead by more than a day, nothing that is stored expires until it is confirmed: `status` shows that.
    #[command(after_help = "Example: clock accept")]
    Clock {
        #[command(subcommand)]
        command: ClockCommand,
    },
    /// The versions of chatctl and chatd
    ///
    /// When chatd cannot be reached, that of chatctl, and the exit status tells.
    #[command(after_help = "Example: version")]
    Version,
    /// Calls a method of the admin API as it is
    ///
    /// The reply is printed as JSON. Methods that cannot be undone ask on a terminal. `call org.varlink.service.GetInterfaceDescription
    /// '{"interface":"org.chatd.Admin"}'` prints what methods there are.
    #[command(after_help = "Example: call Show '{\"name\":\"alice\"}'")]
    Call {
        /// A method of org.chatd.Admin, or with its interface
        #[arg(value_name = "METHOD")]
        method: String,
        /// Its parameters, an object
        #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
        parameters: String,
        /// Ask for a stream of replies, which Ctrl-C ends
        #[arg(long)]
        more: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// What a command works with.
pub(crate) struct Context<'a> {
    pub(crate) connector: &'a Connector,
    pub(crate) output: &'a mut Output,
    pub(crate) ask: &'a mut dyn Ask,
}

/// How to ask for what was left out.
pub(crate) trait Ask {
    /// `None` when nobody can be asked.
    fn ask(&mut self, question: &str) -> Result<Option<String>, Failure>;
    /// Whether a person is there who can confirm something.
    fn is_attended(&self) -> bool;
    /// Whether the answer is yes.
    fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        match self.ask(question)? {
            Some(answer) => Ok(matches!(answer.trim(), "yes" | "y")),
            None => Err(Failure::unattended()),
        }
    }
    /// A new password.
    fn password(&mut self, whose: &str) -> Result<Password, Failure>;
    /// Whether standard input is ours to read.
    fn may_read_stdin(&self) -> bool;
}

/// One-shot: who is asked may be a script.
#[derive(Debug)]
pub(crate) struct OneShot;

impl Ask for OneShot {
    fn ask(&mut self, _question: &str) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    fn is_attended(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        // With standard error elsewhere the question would wait for an answer unseen.
        if !self.is_attended() || !io::stderr().is_terminal() {
            return Err(Failure::unattended());
        }
        write!(io::stderr(), "{}", SafeText::line(question))?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| Failure::Input(error.to_string()))?;
        Ok(matches!(answer.trim(), "yes" | "y"))
    }

    /// From the terminal, or from the pipe that stands in for it.
    fn password(&mut self, whose: &str) -> Result<Password, Failure> {
        if io::stdin().is_terminal() { secret::ask_twice(whose) } else { secret::first_line() }
    }

    fn may_read_stdin(&self) -> bool {
        true
    }
}

pub(crate) fn run(command: &Command, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        Command::Help { command } => help::run(context, command),
        Command::List => list::run(context),
        Command::Announce { text } => announce::run(context, text),
        Command::Kick { name, reason, ban } => kick::run(context, name, reason, ban.as_deref()),
        Command::Ban { target, duration, reason, force, confirmation } => {
            ban::confirm(context, (target, *force), *confirmation)?;
            ban::ban(context, (target, *force), duration.as_deref(), reason)
        }
        Command::Redact { id, reason, confirmation } => redact::run(context, id, reason, *confirmation),
        Command::Unban { target } => ban::unban(context, target),
        Command::Bans => ban::list(context),
        Command::Account { command } => {
            account::run(context, command.as_ref().unwrap_or(&AccountCommand::List))
        }
        Command::Backup { file, force } => backup::run(context, file, *force),
        Command::History { command } => history::run(context, command),
        Command::Shutdown { cancel: true, .. } => shutdown::cancel(context),
        Command::Shutdown { after, reason, confirmation, .. } => {
            shutdown::run(context, after, reason, *confirmation)
        }
        Command::Status => status::run(context),
        Command::Show { name } => show::run(context, name),
        Command::Channels => channels::run(context),
        Command::Watch { wait } => watch::run(context, wait),
        Command::Reload => config::reload(context),
        Command::Check => config::check(context),
        Command::Clock { command: ClockCommand::Accept { confirmation } } => {
            clock::accept(context, *confirmation)
        }
        Command::Log { level } => log::run(context, *level),
        Command::Version => version::run(context),
        Command::Call { method, parameters, more, confirmation } => {
            call::run(context, method, parameters, *more, *confirmation)
        }
    }
}

/// The words of an option as one text, if there are any.
fn joined(words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}

fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
