//! The command line, the environment and the configuration file, resolved.

mod chosen;
mod home;
mod report;

use std::env;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use nix::unistd::{Uid, User};

use crate::cli::Options;
use crate::config::Config;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::link::Access;
use crate::notify::Ways;
use crate::secret::Secret;
use crate::session::{Entry, Way};
use crate::settings::chosen::Chosen;
use crate::settings::home::base;
use crate::theme::Palette;
use crate::trust::Trust;

pub use report::report;

#[derive(Debug, Clone)]
pub struct Settings {
    pub access: Access,
    pub name: String,
    pub login: String,
    pub entry: Entry,
    pub server_password: Option<Secret>,
    pub json: bool,
    pub palette: Palette,
    pub notify: Ways,
    /// The terminal is tmux's.
    pub tmux: bool,
    pub fold: bool,
    pub times: bool,
    /// Both ends are a terminal that understands cursor movement.
    pub terminal: bool,
    /// Somebody can be asked for a password.
    pub can_ask: bool,
    pub history: Option<PathBuf>,
    /// Where it stands which channels we were in.
    pub places: Option<PathBuf>,
}

impl Settings {
    /// Whether nobody has talked here before.
    pub fn is_first_time(&self) -> bool {
        let left_behind = [&self.history, &self.places];
        self.can_ask
            && std::io::stdout().is_terminal()
            && !left_behind.into_iter().flatten().any(|path| path.exists())
    }

    /// The palette of lines that commands print. Without colours they have no escape codes at all.
    pub fn printed_palette(&self) -> Palette {
        if self.palette == Palette::Uncoloured { Palette::None } else { self.palette }
    }

    /// # Errors
    /// The configuration is wrong, the address makes no sense, or the name can't be one.
    pub fn resolve(options: &Options) -> Result<Self, Failure> {
        let config = config_file().as_deref().map(Config::load).transpose()?.unwrap_or_default();
        let login = login();
        let chosen = Chosen::of(options, config, &login, variable)?;
        let access = access(options, &chosen)?;
        let is_screen = std::io::stdout().is_terminal() && !is_dumb();
        let palette = Palette::choose(chosen.theme.value, variable);
        let server_password = chosen.server_password_file.value.as_deref();
        Ok(Self {
            entry: entry(&chosen, &access, &login)?,
            server_password: server_password.map(Secret::from_file).transpose()?,
            name: chosen.name.value,
            access,
            login,
            json: options.json,
            palette: if is_screen { palette } else { Palette::None },
            notify: chosen.notify.value,
            tmux: variable("TMUX").is_some(),
            fold: chosen.fold.value && std::io::stdout().is_terminal(),
            times: chosen.times.value,
            terminal: is_screen && std::io::stdin().is_terminal() && !options.json,
            can_ask: std::io::stdin().is_terminal(),
            history: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/history")),
            places: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/channels")),
        })
    }
}

fn access(options: &Options, chosen: &Chosen) -> Result<Access, Failure> {
    let trust = Trust {
        ca: chosen.ca.value.clone(),
        fingerprint: chosen.fingerprint.value,
        known: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/known-servers")),
        socket_owner: options.socket_owner.as_deref().map(uid_of).transpose()?,
    };
    let address = chosen.server.value.clone();
    let access = Access { address, plain: options.insecure_plain, trust, identity: None };
    let identity = identity(chosen, access.way())?;
    Ok(Access { identity, ..access })
}

/// The user of that name or number.
fn uid_of(user: &str) -> Result<u32, Failure> {
    let named = User::from_name(user).ok().flatten().map(|user| user.uid.as_raw());
    named
        .or_else(|| user.parse().ok())
        .ok_or_else(|| Failure::Usage(format!("--socket-owner: there is no user {user} on this host")))
}

/// It is good for nothing where no TLS is spoken.
fn identity(chosen: &Chosen, way: Way) -> Result<Option<Identity>, Failure> {
    let certificate = chosen.certificate.value.as_ref().filter(|_| way == Way::Tls);
    certificate.map(|certificate| Identity::load(certificate, chosen.key.value.as_deref())).transpose()
}

/// A certificate comes first; a password may be there as well, until the certificate is added to the account.
fn entry(chosen: &Chosen, access: &Access, login: &str) -> Result<Entry, Failure> {
    // On this host's socket the kernel says who we are.
    let is_known = access.is_local() && chosen.name.value == login;
    let file = chosen.password_file.value.as_ref().filter(|_| !is_known);
    let password = file.map(|file| Secret::from_file(file)).transpose()?;
    Ok(match password {
        otherwise if access.identity.is_some() => Entry::Certificate { otherwise },
        Some(password) => Entry::Password(password),
        None => Entry::Name,
    })
}

fn config_file() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config").map(|base| base.join("chat/config.toml"))
}

/// The user's name on this host. A user without an entry in the user database, as in a container, has one made of the number.
fn login() -> String {
    let uid = Uid::effective();
    User::from_uid(uid).ok().flatten().map_or_else(|| format!("user{uid}"), |user| user.name)
}

fn is_dumb() -> bool {
    variable("TERM").is_none_or(|term| matches!(term.as_str(), "dumb" | "cons25" | "emacs"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
