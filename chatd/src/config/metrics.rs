//! Where metrics are shown: a socket, an address, both or nowhere.

use serde_spanned::Spanned;

use super::listener::{Place, is_local};
use chat_wording::Mistake;

use super::place::wrong;
use super::{raw, value};

const DEFAULT_MODE: u32 = 0o660;

/// What the file says, which gets what it leaves out.
pub(super) fn resolve(raw: Option<&mut Spanned<raw::Metrics>>) -> Result<Vec<Place>, Mistake> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let span = raw.span();
    places(raw.get_mut()).map_err(|message| wrong(span, message))
}

fn places(raw: &mut raw::Metrics) -> Result<Vec<Place>, &'static str> {
    let mut places = Vec::new();
    match (&raw.unix, &raw.mode) {
        (Some(path), mode) => {
            let mode = mode.as_ref().map_or(DEFAULT_MODE, |mode| mode.0);
            places.push(Place::Unix { path: path.0.clone(), mode });
            raw.mode = Some(value::Mode(mode));
        }
        (None, Some(_)) => return Err("`mode` is for `unix` only"),
        (None, None) => {}
    }
    match (&raw.tcp, raw.insecure) {
        (Some(address), insecure) if is_local(address.0) || insecure == Some(true) => {
            places.push(Place::Tcp { address: address.0 });
        }
        (Some(_), _) => {
            return Err("an address that others reach: expected a loopback address, or `insecure = true`");
        }
        (None, Some(_)) => return Err("`insecure` is for `tcp` only"),
        (None, None) => {}
    }
    Ok(places)
}
