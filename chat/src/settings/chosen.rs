//! What is in force, and where it comes from: the command line, the environment, the file, or nothing of these.

use std::fmt;
use std::path::PathBuf;

use nix::unistd::Uid;

use crate::address::{Address, PLAIN_PORT, TLS_PORT};
use crate::cli::Options;
use crate::config::Config;
use crate::failure::Failure;
use crate::notify::Ways;
use crate::theme::Theme;
use crate::trust::Fingerprint;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Default,
    File,
    /// It stands in the file, but is for another server, or another name.
    Unused,
    Environment(&'static str),
    Option(&'static str),
}

/// A value, and where it comes from.
#[derive(Debug, Clone)]
pub struct Choice<T> {
    pub value: T,
    pub origin: Origin,
}

/// Everything that can be set, before anything of it is used: no file that it names was read.
#[derive(Debug)]
pub struct Chosen {
    pub server: Choice<Address>,
    pub ca: Choice<Option<PathBuf>>,
    pub fingerprint: Choice<Option<Fingerprint>>,
    pub name: Choice<String>,
    pub password_file: Choice<Option<PathBuf>>,
    pub certificate: Choice<Option<PathBuf>>,
    pub key: Choice<Option<PathBuf>>,
    pub server_password_file: Choice<Option<PathBuf>>,
    pub theme: Choice<Theme>,
    pub notify: Choice<Ways>,
    pub fold: Choice<bool>,
    pub times: Choice<bool>,
}

impl<T> Choice<T> {
    fn usual(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Takes what a place with precedence over the former ones says.
    fn or(self, origin: Origin, value: Option<T>) -> Self {
        match value {
            Some(value) => Self { value, origin },
            None => self,
        }
    }

    fn file(self, value: Option<T>) -> Self {
        self.or(Origin::File, value)
    }
}

impl<T> Choice<Option<T>> {
    fn none() -> Self {
        Self::usual(None)
    }

    /// Takes what the file says, if it is about this server and name.
    fn file_if(self, applies: bool, value: Option<T>) -> Self {
        match value {
            Some(_) if !applies => Self { origin: Origin::Unused, ..self },
            value => self.maybe(Origin::File, value),
        }
    }

    fn maybe(self, origin: Origin, value: Option<T>) -> Self {
        self.or(origin, value.map(Some))
    }
}

impl Chosen {
    /// # Errors
    /// The address makes no sense, or the name can't be one.
    pub fn of(
        options: &Options,
        config: Config,
        login: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let port = if options.insecure_plain { PLAIN_PORT } else { TLS_PORT };
        let parse = |text: Option<String>| text.map(|text| Address::parse(&text, port)).transpose();
        let configured = parse(config.server)?;
        let environment = variable("CHAT_SERVER").filter(|_| options.server.is_none());
        let here = Choice::usual(this_host(&variable)).file(configured.clone());
        let server = here
            .or(Origin::Environment("CHAT_SERVER"), parse(environment)?)
            .or(Origin::Option("--server"), parse(options.server.clone())?);
        let usual = Choice::usual(login.to_owned()).file(config.name);
        let name = usual.clone().or(Origin::Option("--name"), options.name.clone());
        check_name(&name.value)?;
        // Whom to believe and what to tell by the file is about the server that stands there, and about no other.
        let is_configured = matches!(server.origin, Origin::Default | Origin::File)
            || configured.as_ref() == Some(&server.value);
        let is_usual = is_configured && name.value == usual.value;
        let fingerprint = config.fingerprint.map(|text| text.parse().map_err(Failure::Usage)).transpose()?;
        let own_certificate = options.certificate.is_some();
        Ok(Self {
            ca: Choice::none()
                .file_if(is_configured, config.ca)
                .maybe(Origin::Option("--ca"), options.ca.clone()),
            fingerprint: Choice::none()
                .file_if(is_configured, fingerprint)
                .maybe(Origin::Option("--fingerprint"), options.fingerprint),
            password_file: Choice::none()
                .file_if(is_usual, config.password_file)
                .maybe(Origin::Option("--password-file"), options.password_file.clone()),
            certificate: Choice::none()
                .file_if(is_usual, config.certificate)
                .maybe(Origin::Option("--certificate"), options.certificate.clone()),
            // The command line's certificate goes with the command line's key.
            key: Choice::none()
                .file_if(is_usual && !own_certificate, config.key)
                .maybe(Origin::Option("--key"), options.key.clone()),
            server_password_file: Choice::none()
                .file_if(is_configured, config.server_password_file)
                .maybe(Origin::Option("--server-password-file"), options.server_password_file.clone()),
            theme: Choice::usual(Theme::default())
                .file(config.theme)
                .or(Origin::Environment("NO_COLOR"), variable("NO_COLOR").map(|_| Theme::None))
                .or(Origin::Option("--no-color"), options.no_color.then_some(Theme::None)),
            notify: Choice::usual(Ways::default()).file(config.notify),
            fold: Choice::usual(true).file(config.fold),
            times: Choice::usual(true).file(config.times),
            server,
            name,
        })
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    chat_proto::name::Nick::new(name).map(drop).map_err(|error| {
        Failure::Usage(format!("{name:?} can't be a name: {error}; choose another with --name"))
    })
}

fn this_host(variable: impl Fn(&str) -> Option<String>) -> Address {
    Address::of_this_host(
        variable("XDG_RUNTIME_DIR").map(PathBuf::from).as_deref(),
        Uid::effective().as_raw(),
    )
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File => f.write_str("file"),
            Self::Unused => f.write_str("unused"),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Option(name) => f.write_str(name),
        }
    }
}
