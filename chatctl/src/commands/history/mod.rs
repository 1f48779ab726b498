//! `history export`, `history erase NAME` and `history import FILE`

mod erase;
mod export;
mod import;
mod moment;

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

use super::confirmation::Confirmation;
use super::{Context, plural};
use crate::failure::Failure;
use crate::logs::Format;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Prints what was said and what happened, one JSON object per line, oldest first
    ///
    /// Of all channels, or of one, or what an account has said, then in private too. What others said in private is left out
    /// unless there is --private.
    #[command(after_help = "Example: history export --channel \"#lobby\" --since 7d")]
    Export {
        /// Of this channel
        #[arg(long, value_name = "#CHANNEL", conflicts_with_all = ["account", "private"])]
        channel: Option<String>,
        /// What this account has said
        #[arg(long, value_name = "NAME", conflicts_with = "private")]
        account: Option<String>,
        /// From then on: a day, such as 2026-11-21, a time, such as 2026-11-21T18:00, or so long ago, such as 7d
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Before then
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// What was said in private, too, by anybody
        #[arg(long)]
        private: bool,
    },
    /// Removes all that somebody has said, for good
    ///
    /// In channels and in private, topics, joins and the like, as an account and by the same name without one; what was imported
    /// too. What others said to them is theirs and stays. It cannot be undone; backups that were made before still have it.
    /// It asks on a terminal, and needs --yes in a script.
    #[command(after_help = "Example: history erase carol --yes")]
    Erase {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Puts the log of another program into a channel
    ///
    /// Lines find their place by their times; those that are there already are left, so it may be repeated. Nicks in them are no
    /// accounts. Joins, parts and the like are left out. The channel must be there.
    #[command(
        after_help = "Example: history import lobby.log --format irssi --channel \"#lobby\" --time-zone Europe/Berlin"
    )]
    Import {
        /// The log, or - for standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Which program has written it
        #[arg(long, value_name = "irssi|weechat")]
        format: Format,
        /// Into which channel
        #[arg(long, value_name = "#CHANNEL")]
        channel: String,
        /// Where its clock was; this host's if left out
        #[arg(long, value_name = "AREA/CITY")]
        time_zone: Option<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(super) fn run(context: &mut Context<'_>, command: &HistoryCommand) -> Result<(), Failure> {
    match command {
        HistoryCommand::Export { channel, account, since, until, private } => {
            let since = since.as_deref().map(moment::milliseconds).transpose()?;
            let until = until.as_deref().map(moment::milliseconds).transpose()?;
            let private = private.then_some(true);
            export::run(context, channel.as_ref(), account.as_ref(), (since, until), private)
        }
        HistoryCommand::Erase { name, confirmation } => erase::run(context, name, *confirmation),
        HistoryCommand::Import { file, format, channel, time_zone, confirmation } => {
            confirmation.obtain(context, |_| {
                format!("import {} into {channel}? it cannot be taken out again as a whole", file.display())
            })?;
            import::run(context, file, *format, channel, time_zone.as_deref())
        }
    }
}
