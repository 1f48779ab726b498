//! The commands, one file each or a few that belong together.

mod announce;
mod call;
mod channels;
mod config;
mod help;
mod kick;
mod list;
mod log;
mod show;
mod shutdown;
mod status;
mod version;
mod watch;

use clap::Subcommand;

pub(crate) use self::help::entries;
use crate::client::Connector;
use crate::failure::Failure;
use crate::output::Output;

// The examples are shown by `help`; a test runs each of them through the parser.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// The commands with an example of each, or one command whole
    #[command(after_help = "Example: help kick")]
    Help {
        /// The command, or its beginning
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// Who is on, in what state, from where and since when
    #[command(after_help = "Example: list")]
    List,
    /// Tells every connected user
    #[command(after_help = "Example: announce \"reboot at 18:00\"")]
    Announce {
        /// What to say; - reads it from standard input
        #[arg(value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Disconnects all sessions of a user
    #[command(after_help = "Example: kick bob --reason \"please calm down\"")]
    Kick {
        /// Whom, by nick
        #[arg(value_name = "NAME")]
        name: String,
        /// What the user and the others are told
        #[arg(long, value_name = "TEXT", num_args = 1..)]
        reason: Vec<String>,
    },
    /// Stops chatd, now or later
    #[command(after_help = "Example: shutdown --in 10m --reason \"new kernel\"")]
    Shutdown {
        /// How long from now, such as 90s, 10m or 1h 30m; users are warned
        #[arg(long = "in", value_name = "DURATION", num_args = 1.., conflicts_with = "cancel")]
        after: Vec<String>,
        /// What users are told
        #[arg(long, value_name = "TEXT", num_args = 1.., conflicts_with = "cancel")]
        reason: Vec<String>,
        /// Calls off a shutdown that is scheduled
        #[arg(long)]
        cancel: bool,
    },
    /// Version, uptime, users, channels, messages, memory, listeners
    #[command(after_help = "Example: status")]
    Status,
    /// One user whole, or one channel
    #[command(after_help = "Example: show alice")]
    Show {
        /// A nick, or a channel with its #
        #[arg(value_name = "NAME|#CHANNEL")]
        name: String,
    },
    /// The channels with their members and topics
    #[command(after_help = "Example: channels")]
    Channels,
    /// What happens, as it happens, until Ctrl-C
    #[command(after_help = "Example: watch")]
    Watch,
    /// Reads the configuration and certificates again, all or nothing
    #[command(after_help = "Example: reload")]
    Reload,
    /// Validates the file that chatd runs on
    #[command(after_help = "Example: check")]
    Check,
    /// Sets what chatd logs until it restarts
    #[command(after_help = "Example: log debug")]
    Log {
        /// error, warn, info, debug or trace
        #[arg(value_name = "LEVEL")]
        level: chat_proto::admin::LogLevel,
    },
    /// The versions of chatctl and of the running chatd
    #[command(after_help = "Example: version")]
    Version,
    /// Calls a method of the admin API as it is
    #[command(after_help = "Example: call Show '{\"name\":\"alice\"}'")]
    Call {
        /// A method of org.chatd.Admin, or with its interface
        #[arg(value_name = "METHOD")]
        method: String,
        /// Its parameters, an object
        #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
        parameters: String,
        /// Ask for a stream of replies
        #[arg(long)]
        more: bool,
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

    fn may_read_stdin(&self) -> bool {
        true
    }
}

pub(crate) fn run(command: &Command, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        Command::Help { command } => help::run(context, command.as_deref()),
        Command::List => list::run(context),
        Command::Announce { text } => announce::run(context, text),
        Command::Kick { name, reason } => kick::run(context, name, reason),
        Command::Shutdown { cancel: true, .. } => shutdown::cancel(context),
        Command::Shutdown { after, reason, .. } => shutdown::run(context, after, reason),
        Command::Status => status::run(context),
        Command::Show { name } => show::run(context, name),
        Command::Channels => channels::run(context),
        Command::Watch => watch::run(context),
        Command::Reload => config::reload(context),
        Command::Check => config::check(context),
        Command::Log { level } => log::run(context, *level),
        Command::Version => version::run(context),
        Command::Call { method, parameters, more } => call::run(context, method, parameters, *more),
    }
}

/// The words of an option as one text, if there are any.
fn joined(words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}

fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
