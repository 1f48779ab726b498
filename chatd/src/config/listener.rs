//! Where connections are taken, and from whom.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_spanned::Spanned;

use super::directories::Directories;
use super::place::Wrong;
use super::raw;

const DEFAULT_PORT: u16 = 6667;
/// Everybody on the host may talk.
const DEFAULT_MODE: u32 = 0o666;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) place: Place,
    /// Whether users without an account are let in.
    pub(crate) guests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Unix { path: PathBuf, mode: u32 },
    Tcp { address: SocketAddr },
}

pub(super) fn resolve(
    raw: Option<Spanned<Vec<Spanned<raw::Listen>>>>,
    directories: &Directories,
) -> Result<Vec<Listener>, Wrong> {
    let Some(raw) = raw else { return Ok(defaults(directories)) };
    let span = raw.span();
    let listeners = raw.into_inner().into_iter().map(listener).collect::<Result<Vec<_>, _>>()?;
    if listeners.is_empty() {
        return Err(Wrong::new(span, "no listener: expected at least one, or no `listen` for the defaults"));
    }
    Ok(listeners)
}

fn defaults(directories: &Directories) -> Vec<Listener> {
    let path = directories.runtime.join("chat.sock");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    vec![
        Listener { place: Place::Unix { path, mode: DEFAULT_MODE }, guests: true },
        Listener { place: Place::Tcp { address }, guests: true },
    ]
}

fn listener(raw: Spanned<raw::Listen>) -> Result<Listener, Wrong> {
    let span = raw.span();
    let wrong = |message: &str| Wrong::new(span.clone(), message);
    match raw.into_inner() {
        raw::Listen { unix: Some(path), tcp: None, insecure: None, mode, guests } => {
            let mode = mode.map_or(DEFAULT_MODE, |mode| mode.0);
            Ok(Listener { place: Place::Unix { path: path.0, mode }, guests: guests.unwrap_or(true) })
        }
        raw::Listen { unix: None, tcp: Some(address), mode: None, insecure, guests } => {
            let address = address.0;
            let local = address.ip().to_canonical().is_loopback();
            if !local && insecure != Some(true) {
                return Err(wrong(
                    "plain TCP that others can read on the way: expected a loopback address, or `insecure = true`",
                ));
            }
            Ok(Listener { place: Place::Tcp { address }, guests: guests.unwrap_or(local) })
        }
        raw::Listen { unix: Some(_), tcp: Some(_), .. } => Err(wrong("both `unix` and `tcp`: expected one")),
        raw::Listen { unix: None, tcp: None, .. } => Err(wrong("neither `unix` nor `tcp`: expected one")),
        raw::Listen { mode: Some(_), .. } => Err(wrong("`mode` is for `unix` only")),
        raw::Listen { .. } => Err(wrong("`insecure` is for `tcp` only")),
    }
}
