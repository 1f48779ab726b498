//! What administrators ask.

mod accounts;
mod bans;

use std::time::Duration;

use chat_proto::admin;
use chat_proto::name::{Folded, Nick};

use crate::event::{Administrator, Event, Ranks, ServerEvent, UserEvent};
use crate::history::Entry;
use crate::id::UserId;
use crate::input::{Actor, AdminCommand};
use crate::output::AdminAnswer;
use crate::state::{Channel, Session, State, Status, User};
use crate::time::Now;
use crate::tx::Tx;

use super::{redact, tick};

/// Bytes of one line of an announcement, or of a reason: so that the line that users see has room for it.
const TEXT_MAX: usize = 320;
/// The longest delay of a shutdown.
const DELAY_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

pub use accounts::end_sessions_of;
pub use bans::expire;

/// Does what an administrator asks. Whether the actor may was settled before.
pub fn admin(tx: &mut Tx<'_>, actor: &Actor, command: AdminCommand) -> AdminAnswer {
    match command {
        AdminCommand::List => AdminAnswer::Users(
            tx.state().users.values().map(|user| describe(tx.state(), tx.now(), user)).collect(),
        ),
        AdminCommand::Show { name } => match tx.state().user_named(&name) {
            Some((_, user)) => AdminAnswer::User(Box::new(describe(tx.state(), tx.now(), user))),
            None => no_such_user(tx.state(), name),
        },
        AdminCommand::Channels => {
            let channels = tx.state().channels.values();
            AdminAnswer::Channels(channels.map(|channel| describe_channel(tx.state(), channel)).collect())
        }
        AdminCommand::Announce { text } => or_refused(announce(tx, actor, &text)),
        AdminCommand::Kick { name, reason, ban } => or_refused(kick(tx, actor, name, reason, ban)),
        AdminCommand::Accounts => accounts::list(tx.state()),
        AdminCommand::ShowAccount { name, login } => or_refused(accounts::show(tx.state(), name, login)),
        AdminCommand::AddAccount { name, credentials, login } => {
            or_refused(accounts::add(tx, actor, name, credentials, login))
        }
        AdminCommand::SetPassword { name, credentials, login } => {
            or_refused(accounts::password(tx, actor, name, credentials, login))
        }
        AdminCommand::SuspendAccount { name, reason, login } => {
            or_refused(accounts::suspend(tx, actor, name, reason, login))
        }
        AdminCommand::ResumeAccount { name } => or_refused(accounts::resume(tx, actor, name)),
        AdminCommand::RemoveAccount { name, login } => or_refused(accounts::remove(tx, actor, name, login)),
        AdminCommand::Bans => bans::list(tx.state()),
        AdminCommand::Ban { target, force, duration, reason } => {
            or_refused(bans::ban(tx, actor, (target, force), duration, reason))
        }
        AdminCommand::Unban { target } => or_refused(bans::unban(tx, actor, target)),
        AdminCommand::Redact { entry, reason } => or_refused(redact_message(tx, actor, &entry, reason)),
        AdminCommand::Shutdown { after, reason } => or_refused(shutdown(tx, actor, after, reason)),
        AdminCommand::CancelShutdown => cancel_shutdown(tx, actor),
        AdminCommand::Status => AdminAnswer::Status(status(tx.state(), tx.now())),
    }
}

fn or_refused(result: Result<AdminAnswer, admin::Error>) -> AdminAnswer {
    result.unwrap_or_else(AdminAnswer::Refused)
}

fn redact_message(
    tx: &mut Tx<'_>,
    actor: &Actor,
    entry: &Entry,
    reason: Option<String>,
) -> Result<AdminAnswer, admin::Error> {
    reason.as_deref().map_or(Ok(()), checked)?;
    redact::by_administrator(tx, administrator(actor), entry, reason.map(Into::into));
    Ok(AdminAnswer::Done)
}

fn announce(tx: &mut Tx<'_>, actor: &Actor, text: &str) -> Result<AdminAnswer, admin::Error> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(admin::Error::InvalidText { reason: "it is empty".to_owned() });
    }
    lines.iter().try_for_each(|line| of_one_line(line))?;
    for piece in lines.into_iter().flat_map(pieces) {
        let by = administrator(actor);
        tx.emit(Event::Server(ServerEvent::Announced { by, text: piece.into() }));
    }
    Ok(AdminAnswer::Announced { users: count(tx.state().users.len()) })
}

fn kick(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: String,
    reason: Option<String>,
    ban: Option<Duration>,
) -> Result<AdminAnswer, admin::Error> {
    reason.as_deref().map_or(Ok(()), checked)?;
    let Some((id, user)) = tx.state().user_named(&name) else {
        return Ok(no_such_user(tx.state(), name));
    };
    // By the account where there is one: a nick is easily changed.
    let banned = ban.map(|duration| (user.account.as_ref().unwrap_or(&user.nick).to_string(), duration));
    let sessions = count(user.sessions.len());
    let by = name_of(actor);
    let said = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let again = reason.clone();
    let reason = reason.unwrap_or_default().into();
    tx.emit_user(id, UserEvent::Kicked { by: by.as_str().into(), uid: Some(actor.uid), reason });
    tx.disconnect_user(id, &format!("Kicked by {by}{said}"));
    if let Some((target, duration)) = banned {
        bans::ban(tx, actor, (target, false), Some(duration), again)?;
    }
    Ok(AdminAnswer::Kicked { sessions })
}

fn shutdown(
    tx: &mut Tx<'_>,
    actor: &Actor,
    after: Duration,
    reason: Option<String>,
) -> Result<AdminAnswer, admin::Error> {
    reason.as_deref().map_or(Ok(()), checked)?;
    if after > DELAY_MAX {
        return Err(admin::Error::InvalidDelay { reason: "it is longer than 30 days".to_owned() });
    }
    let at = tx.now().uptime.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
    if after.is_zero() {
        let said = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        tick::stop(tx, &format!("Server shutting down{said}"));
    } else {
        let (by, reason) = (administrator(actor), reason.map(Into::into));
        tx.emit(Event::Server(ServerEvent::ShutdownScheduled { by, at, reason }));
    }
    Ok(AdminAnswer::ShutdownAt { at: tx.now().wall_at(at).0 })
}

fn cancel_shutdown(tx: &mut Tx<'_>, actor: &Actor) -> AdminAnswer {
    if tx.state().shutdown.is_none() {
        return AdminAnswer::Refused(admin::Error::NothingScheduled {});
    }
    tx.emit(Event::Server(ServerEvent::ShutdownCancelled { by: administrator(actor) }));
    AdminAnswer::ShutdownCancelled
}

/// A reason, which is shown after other words in one line.
fn checked(text: &str) -> Result<(), admin::Error> {
    if text.len() > TEXT_MAX {
        let reason = format!("a reason has {} bytes, at most {TEXT_MAX} can be sent", text.len());
        return Err(admin::Error::InvalidText { reason });
    }
    of_one_line(text)
}

fn of_one_line(text: &str) -> Result<(), admin::Error> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(admin::Error::InvalidText { reason: "it has a line break or a NUL in it".to_owned() });
    }
    Ok(())
}

/// A line as several that can be sent, broken between words where there are any.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest.take()?;
        if line.len() <= TEXT_MAX {
            return Some(line);
        }
        // The blank itself may stand just behind what has room.
        let end = line.floor_char_boundary(TEXT_MAX);
        let blank = line[..line.floor_char_boundary(TEXT_MAX + 1)].trim_start().rfind(' ');
        let blank = blank.map(|blank| blank + line.len() - line.trim_start().len());
        let (piece, after) = line.split_at(blank.unwrap_or(end));
        rest = Some(after.trim_start()).filter(|after| !after.is_empty());
        Some(piece.trim_end())
    })
}

fn no_such_user(state: &State, name: String) -> AdminAnswer {
    if let Err(error) = Nick::new(&name) {
        return AdminAnswer::Refused(admin::Error::InvalidName { name, reason: error.to_string() });
    }
    let users = state.users.values().map(|user| user.nick.as_str());
    let suggestion = nearest(&name, users).map(str::to_owned);
    AdminAnswer::Refused(admin::Error::NoSuchUser { name, suggestion })
}

/// The nick that was probably meant: at most two slips away, and fewer than half of the letters.
fn nearest<'a>(name: &str, nicks: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let slips = |nick: &str| strsim::osa_distance(&name, &nick.to_ascii_lowercase());
    let (slips, nick) = nicks.map(|nick| (slips(nick), nick)).min()?;
    (slips <= 2 && slips * 2 <= name.len()).then_some(nick)
}

fn administrator(actor: &Actor) -> Administrator {
    Administrator { uid: actor.uid, login: actor.login.as_deref().map(Into::into) }
}

fn name_of(actor: &Actor) -> String {
    actor.login.clone().unwrap_or_else(|| format!("uid {}", actor.uid))
}

fn status(state: &State, now: Now) -> admin::CoreStatus {
    admin::CoreStatus {
        users: wide(state.users.len()),
        sessions: wide(state.counts.sessions),
        connections: wide(state.sessions.len()),
        channels: wide(state.channels.len()),
        messages: state.messages(),
        shutdown: state.shutdown.as_ref().map(|shutdown| admin::PendingShutdown {
            at: now.wall_at(shutdown.at).0,
            reason: shutdown.reason.as_deref().map(str::to_owned),
        }),
    }
}

fn describe(state: &State, now: Now, user: &User) -> admin::User {
    let presence = state.presence(user, now);
    let (status, away, partner) = match presence.status {
        Status::Available => (admin::UserStatus::Available, None, None),
        Status::Away(text) => (admin::UserStatus::Away, Some(text), None),
        Status::Idle => (admin::UserStatus::Idle, None, None),
        Status::Busy(partner) => (admin::UserStatus::Busy, None, Some(partner)),
    };
    let sessions = user.sessions.iter().filter_map(|conn| state.sessions.get(*conn));
    admin::User {
        nick: user.nick.to_string(),
        account: user.account.as_ref().map(ToString::to_string),
        guest: user.account.is_none(),
        status,
        status_since: Some(presence.since.0),
        away: away.map(str::to_owned),
        talking_with: partner.map(Nick::to_string),
        realname: user.realname.to_string(),
        modes: user.modes.letters().collect(),
        channels: state.channels_of(user).map(|(_, channel)| channel.name.to_string()).collect(),
        connected_at: now.wall_at(user.arrived_at).0,
        last_active_at: now.wall_at(user.acted_at).0,
        sessions: sessions.map(|session| describe_session(now, session)).collect(),
    }
}

fn describe_session(now: Now, session: &Session) -> admin::Session {
    admin::Session {
        from: (&session.peer.origin).into(),
        connected_at: now.wall_at(session.opened_at).0,
        last_active_at: now.wall_at(session.acted_at).0,
        capabilities: session.caps.names().map(str::to_owned).collect(),
    }
}

fn describe_channel(state: &State, channel: &Channel) -> admin::Channel {
    let topic = channel.topic.as_ref();
    let member = |(id, ranks): (&UserId, &Ranks)| {
        Some(admin::Member {
            nick: state.user(*id)?.nick.to_string(),
            operator: ranks.contains(Ranks::OPERATOR),
            voice: ranks.contains(Ranks::VOICE),
        })
    };
    let standing = |(account, ranks): (&Folded, &Ranks)| admin::Standing {
        account: account.as_str().to_owned(),
        operator: ranks.contains(Ranks::OPERATOR),
        voice: ranks.contains(Ranks::VOICE),
    };
    admin::Channel {
        name: channel.name.to_string(),
        topic: topic.map(|topic| topic.text.to_string()),
        topic_by: topic.map(|topic| topic.by.to_string()),
        topic_at: topic.map(|topic| topic.at),
        modes: channel.modes(true).to_string(),
        created_at: channel.created_at,
        empty_since: channel.empty_since,
        members: channel.members.iter().filter_map(member).collect(),
        remembered: channel.standing.iter().map(standing).collect(),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_and_a_long_word_between_characters() {
        let words = "word ".repeat(200);
        let broken: Vec<&str> = pieces(words.trim_end()).collect();
        assert_eq!(broken.join(" "), words.trim_end());
        assert!(broken.iter().all(|piece| piece.len() <= TEXT_MAX && piece.ends_with("word")), "{broken:?}");
        assert_eq!(broken.len(), 4);
        let word = "é".repeat(400);
        let broken: Vec<&str> = pieces(&word).collect();
        assert_eq!(broken.concat(), word);
        assert!(broken.iter().all(|piece| piece.len() <= TEXT_MAX));
    }

    #[test]
    fn a_line_that_just_fits_stays_whole() {
        let fits = "x".repeat(TEXT_MAX);
        assert_eq!(pieces(&fits).collect::<Vec<_>>(), [fits.as_str()]);
        let two = format!("{fits} y");
        assert_eq!(pieces(&two).collect::<Vec<_>>(), [fits.as_str(), "y"]);
        let indented = format!("   {fits}");
        assert!(pieces(&indented).all(|piece| !piece.is_empty()));
    }
}
