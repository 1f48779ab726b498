//! The command line, the environment and the configuration file, resolved.

use std::env;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use nix::unistd::{Uid, User};

use crate::address::{Address, PLAIN_PORT, TLS_PORT};
use crate::cli::Options;
use crate::config::Config;
use crate::failure::Failure;
use crate::identity::Identity;
use crate::link::Access;
use crate::notify::Ways;
use crate::secret::Secret;
use crate::session::{Entry, Way};
use crate::theme::{Palette, Theme};
use crate::trust::Trust;

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
        self.terminal && !left_behind.into_iter().flatten().any(|path| path.exists())
    }

    /// # Errors
    /// The configuration is wrong, the address makes no sense, or the name can't be one.
    pub fn resolve(options: &Options) -> Result<Self, Failure> {
        let mut config = match base("XDG_CONFIG_HOME", ".config") {
            Some(base) => Config::load(&base.join("chat/config.toml"))?,
            None => Config::default(),
        };
        let login = login()?;
        let usual = config.name.take().unwrap_or_else(|| login.clone());
        let name = options.name.clone().unwrap_or_else(|| usual.clone());
        chat_proto::name::Nick::new(&name).map_err(|error| {
            Failure::Usage(format!("{name:?} can't be a name: {error}; choose another with --name"))
        })?;
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !is_dumb();
        let colors = !options.no_color && variable("NO_COLOR").is_none();
        let colors = colors && std::io::stdout().is_terminal() && !is_dumb();
        let theme = if colors { config.theme.unwrap_or_default() } else { Theme::None };
        let (mut access, is_configured) = access(options, &config)?;
        if !(is_configured && name == usual) {
            (config.password_file, config.certificate) = (None, None);
        }
        access.identity = identity(options, &config, access.way())?;
        let server_password = config.server_password_file.take().filter(|_| is_configured);
        let server_password = options.server_password_file.clone().or(server_password);
        Ok(Self {
            entry: entry(options, &config, &access, name == login)?,
            server_password: server_password.as_deref().map(Secret::from_file).transpose()?,
            access,
            name,
            login,
            json: options.json,
            palette: Palette::choose(theme, variable),
            notify: config.notify.unwrap_or_default(),
            tmux: variable("TMUX").is_some(),
            fold: config.fold.unwrap_or(true) && std::io::stdout().is_terminal(),
            times: config.times.unwrap_or(true),
            terminal: terminal && !options.json,
            can_ask: std::io::stdin().is_terminal(),
            history: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/history")),
            places: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/channels")),
        })
    }
}

/// Whom to believe by the configuration is about the server that stands there, and about no other. Also tells whether it is
/// that one.
fn access(options: &Options, config: &Config) -> Result<(Access, bool), Failure> {
    let plain = options.insecure_plain;
    let parse = |text: &String| Address::parse(text, if plain { PLAIN_PORT } else { TLS_PORT });
    let configured = config.server.as_ref().map(parse).transpose()?;
    let given = options.server.clone().or_else(|| variable("CHAT_SERVER")).as_ref().map(parse).transpose()?;
    let is_configured = given.is_none() || given == configured;
    let fingerprint = match (&config.fingerprint, is_configured) {
        (Some(text), true) => Some(text.parse().map_err(Failure::Usage)?),
        _ => None,
    };
    let trust = Trust {
        ca: options.ca.clone().or_else(|| config.ca.clone().filter(|_| is_configured)),
        fingerprint: options.fingerprint.or(fingerprint),
        known: base("XDG_STATE_HOME", ".local/state").map(|base| base.join("chat/known-servers")),
    };
    let address = given.or(configured).unwrap_or_else(this_host);
    Ok((Access { address, plain, trust, identity: None }, is_configured))
}

/// The command line's certificate goes with the command line's key. It is good for nothing where no TLS is spoken.
fn identity(options: &Options, config: &Config, way: Way) -> Result<Option<Identity>, Failure> {
    let (certificate, key) = match &options.certificate {
        Some(certificate) => (Some(certificate), &options.key),
        None => (config.certificate.as_ref(), &config.key),
    };
    let certificate = certificate.filter(|_| way == Way::Tls);
    certificate.map(|certificate| Identity::load(certificate, key.as_deref())).transpose()
}

/// A certificate comes first; a password may be there as well, until the certificate is added to the account.
fn entry(options: &Options, config: &Config, access: &Access, is_login: bool) -> Result<Entry, Failure> {
    let file = options.password_file.as_ref().or(config.password_file.as_ref());
    // On this host's socket the kernel says who we are.
    let file = file.filter(|_| !(access.is_local() && is_login));
    let password = file.map(|file| Secret::from_file(file)).transpose()?;
    Ok(match password {
        otherwise if access.identity.is_some() => Entry::Certificate { otherwise },
        Some(password) => Entry::Password(password),
        None => Entry::Name,
    })
}

fn this_host() -> Address {
    Address::of_this_host(
        variable("XDG_RUNTIME_DIR").map(PathBuf::from).as_deref(),
        Uid::effective().as_raw(),
    )
}

fn login() -> Result<String, Failure> {
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        _ => Err(Failure::Refused(format!(
            "user {uid} of this host has no login name; choose one with --name"
        ))),
    }
}

fn is_dumb() -> bool {
    variable("TERM").is_none_or(|term| matches!(term.as_str(), "dumb" | "cons25" | "emacs"))
}

/// An XDG directory; by its specification a relative one is ignored.
fn base(name: &str, below_home: &str) -> Option<PathBuf> {
    let set = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(below_home)))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
