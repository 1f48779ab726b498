//! Where connections are taken, and from whom.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::directories::Directories;
use chat_wording::Mistake;

use super::place::wrong;
use super::{raw, value};
use crate::tls::{Bad, Certificate, Files};

const DEFAULT_PORT: u16 = 6667;
/// Everybody on the host may talk.
const DEFAULT_MODE: u32 = 0o666;

#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) place: Place,
    /// Whether users without an account are let in.
    pub(crate) guests: bool,
    /// What is shown where TLS is spoken.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// Whether the file leaves it out, so that nobody has asked for it.
    pub(crate) is_default: bool,
}

impl Listener {
    pub(crate) fn port(&self) -> Option<u16> {
        match self.place {
            Place::Unix { .. } => None,
            Place::Tcp { address } => Some(address.port()),
        }
    }

    /// Whether the two differ in nothing but the certificate, which can be changed while the daemon runs.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        (&self.place, self.guests, self.certificate.is_some())
            == (&other.place, other.guests, other.certificate.is_some())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Unix { path: PathBuf, mode: u32 },
    Tcp { address: SocketAddr },
}

/// What the file says, which gets what it leaves out.
pub(super) fn resolve(raw: &mut raw::Raw, directories: &Directories) -> Result<Vec<Listener>, Mistake> {
    let is_default = raw.listen.is_none();
    let list = raw.listen.get_or_insert_with(|| Spanned::new(0..0, defaults(directories)));
    let mut listeners: Vec<Listener> = Vec::new();
    for raw in list.get_mut() {
        let span = raw.span();
        let wrong = |message: String| wrong(span, message);
        let mut listener = match listener(raw.get_ref()) {
            Ok(listener) => listener,
            Err(message) => return Err(wrong(message.into())),
        };
        if listeners.iter().any(|other| other.place.clashes(&listener.place)) {
            return Err(wrong(format!("a second listener at {}: expected one", listener.place)));
        }
        listener.is_default = is_default;
        listener.certificate = raw.get_ref().tls.as_ref().map(certificate).transpose()?;
        complete(raw.get_mut(), &listener);
        listeners.push(listener);
    }
    if listeners.is_empty() {
        let message = "no listener: expected at least one, or no `listen` for the defaults";
        return Err(wrong(list.span(), message));
    }
    Ok(listeners)
}

fn defaults(directories: &Directories) -> Vec<Spanned<raw::Listen>> {
    let none = raw::Listen::default;
    let unix = Some(value::Path(directories.runtime.join("chat.sock")));
    let tcp = Some(value::Address((Ipv4Addr::LOCALHOST, DEFAULT_PORT).into()));
    [raw::Listen { unix, ..none() }, raw::Listen { tcp, ..none() }].map(|raw| Spanned::new(0..0, raw)).into()
}

fn complete(raw: &mut raw::Listen, resolved: &Listener) {
    raw.guests = Some(resolved.guests);
    raw.encrypted = raw.tls.is_some();
    if let (Some(tls), Some(certificate)) = (&mut raw.tls, &resolved.certificate) {
        tls.shows = certificate.in_short();
    }
    if let Place::Unix { mode, .. } = resolved.place {
        raw.mode = Some(value::Mode(mode));
    }
}

impl Place {
    /// Port 0 is whichever is free.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unix { path, .. }, Self::Unix { path: other, .. }) => path == other,
            (Self::Tcp { address }, Self::Tcp { address: other }) => address == other && address.port() != 0,
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { path, .. } => write!(f, "{}", path.display()),
            Self::Tcp { address } => write!(f, "{address}"),
        }
    }
}

pub(super) fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn listener(raw: &raw::Listen) -> Result<Listener, &'static str> {
    match raw {
        raw::Listen { unix: Some(path), tcp: None, insecure: None, tls: None, mode, guests, .. } => {
            let mode = mode.as_ref().map_or(DEFAULT_MODE, |mode| mode.0);
            let place = Place::Unix { path: path.0.clone(), mode };
            Ok(Listener { place, guests: guests.unwrap_or(true), certificate: None, is_default: false })
        }
        raw::Listen { tcp: Some(_), tls: Some(_), insecure: Some(true), .. } => {
            Err("both `tls` and `insecure`: expected one")
        }
        raw::Listen { unix: None, tcp: Some(address), mode: None, insecure, tls, guests, .. } => {
            let (address, local) = (address.0, is_local(address.0));
            if !local && tls.is_none() && *insecure != Some(true) {
                return Err(
                    "plain TCP that others can read on the way: expected `tls`, a loopback address, or \
                            `insecure = true`",
                );
            }
            let place = Place::Tcp { address };
            Ok(Listener { place, guests: guests.unwrap_or(local), certificate: None, is_default: false })
        }
        raw::Listen { unix: Some(_), tcp: Some(_), .. } => Err("both `unix` and `tcp`: expected one"),
        raw::Listen { unix: None, tcp: None, .. } => Err("neither `unix` nor `tcp`: expected one"),
        raw::Listen { mode: Some(_), .. } => Err("`mode` is for `unix` only"),
        raw::Listen { tls: Some(_), .. } => Err("`tls` is for `tcp` only"),
        raw::Listen { .. } => Err("`insecure` is for `tcp` only"),
    }
}

fn certificate(raw: &raw::Tls) -> Result<Arc<Certificate>, Mistake> {
    let files = Files { certificate: raw.certificate.get_ref().0.clone(), key: raw.key.get_ref().0.clone() };
    Certificate::load(files).map(Arc::new).map_err(|bad| match bad {
        Bad::Certificate(message) => wrong(raw.certificate.span(), message),
        Bad::Key(message) => wrong(raw.key.span(), message),
    })
}
