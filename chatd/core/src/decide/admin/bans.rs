//! Who is kept out, by administrators.

use std::time::Duration;

use chat_proto::admin;
use chat_proto::name::Nick;

use crate::ban::{Ban, BanTarget, Suspect};
use crate::event::{BanEvent, Ending, Event};
use crate::id::ConnId;
use crate::input::Actor;
use crate::output::AdminAnswer;
use crate::state::{Session, State};
use crate::tx::Tx;

use super::{administrator, checked};

/// Bans there may be: each is compared with everybody who comes in.
const BANS_MAX: usize = 10_000;

/// The longest that a ban can have an end.
const DURATION_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

pub fn list(state: &State) -> AdminAnswer {
    AdminAnswer::Bans(state.bans.iter().map(describe).collect())
}

/// Keeps somebody out, and puts out those whom it fits.
pub fn ban(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (target, force): (String, bool),
    duration: Option<Duration>,
    reason: Option<String>,
) -> Result<AdminAnswer, admin::Error> {
    reason.as_deref().map_or(Ok(()), checked)?;
    let target = parse(target)?;
    if target.is_broad() && !force {
        return Err(admin::Error::TooBroad { target: target.to_string() });
    }
    if tx.state().bans.get(&target).is_none() && tx.state().bans.len() >= BANS_MAX {
        return Err(admin::Error::TooManyBans { limit: super::wide(BANS_MAX) });
    }
    let (at, by) = (tx.now().wall.0, administrator(actor));
    if duration.is_some_and(|duration| duration > DURATION_MAX) {
        let reason = String::from("it is longer than 100 years; without one a ban is for ever");
        return Err(admin::Error::InvalidDelay { reason });
    }
    let until = duration.map(|duration| at + u64::try_from(duration.as_millis()).unwrap_or_default());
    let said = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let ban = Ban { target: target.clone(), reason: reason.map(Into::into), by: by.name(), at, until };
    tx.emit(Event::Ban(BanEvent::Set { ban: Box::new(ban), by }));
    let fitting: Vec<ConnId> = tx
        .state()
        .sessions
        .iter()
        .filter(|session| fits(tx.state(), &target, session))
        .map(|session| session.conn)
        .collect();
    for conn in &fitting {
        tx.disconnect(*conn, Ending::Kicked, &format!("Banned{said}"));
    }
    Ok(AdminAnswer::Banned { target: target.to_string(), sessions: super::count(fitting.len()) })
}

pub fn unban(tx: &mut Tx<'_>, actor: &Actor, target: String) -> Result<AdminAnswer, admin::Error> {
    let parsed = parse(target.clone())?;
    if tx.state().bans.get(&parsed).is_none() {
        return Err(admin::Error::NoSuchBan { target });
    }
    tx.emit(Event::Ban(BanEvent::Lifted { target: parsed, by: administrator(actor) }));
    Ok(AdminAnswer::Done)
}

/// Bans that are over, come to an end.
pub fn expire(tx: &mut Tx<'_>) {
    let now = tx.now().expiry.0;
    let over: Vec<BanTarget> =
        tx.state().bans.iter().filter(|ban| ban.is_over(now)).map(|ban| ban.target.clone()).collect();
    for target in over {
        tx.emit(Event::Ban(BanEvent::Expired { target }));
    }
}

fn fits(state: &State, target: &BanTarget, session: &Session) -> bool {
    let user = session.user().and_then(|user| state.user(user));
    let source = user.map(|user| user.source().to_string());
    target.fits(&Suspect {
        nick: user.map(|user| user.nick.as_str()),
        account: user.and_then(|user| user.account.as_ref()).or(session.account.as_ref()).map(Nick::as_str),
        source: source.as_deref(),
        ..Suspect::of(&session.peer)
    })
}

fn parse(target: String) -> Result<BanTarget, admin::Error> {
    BanTarget::parse(&target)
        .map_err(|error| admin::Error::InvalidTarget { target, reason: error.to_string() })
}

fn describe(ban: &Ban) -> admin::Ban {
    admin::Ban {
        target: ban.target.to_string(),
        kind: match ban.target {
            BanTarget::Name(_) => admin::BanKind::Name,
            BanTarget::Mask(_) => admin::BanKind::Mask,
            BanTarget::Net(_) => admin::BanKind::Address,
        },
        by: ban.by.to_string(),
        at: ban.at,
        until: ban.until,
        reason: ban.reason.as_deref().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
