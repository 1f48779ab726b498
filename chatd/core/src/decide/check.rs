//! Checks that several commands need: names, lengths, masks, who may.

use std::borrow::Cow;

use chat_proto::line::LINE_MAX;
use chat_proto::name::{ChannelName, NameError, Nick};
use chat_proto::numeric::{ERR_INPUTTOOLONG, ERR_NOSUCHCHANNEL};

use crate::id::{ChannelId, UserId};
use crate::mask::fits;
use crate::mode::{EXTBAN_ACCOUNT, EXTBAN_MUTE, ListKind};
use crate::policy::Limits;
use crate::reply::{quote, shortened};
use crate::service::Service;
use crate::state::{Channel, State, User};
use crate::tx::Tx;

use super::QUOTE;

/// A nick within the configured length.
pub fn nick(limits: &Limits, name: &str) -> Result<Nick, NameError> {
    if name.len() > limits.nick_length {
        return Err(NameError::TooLong { max: limits.nick_length });
    }
    if Service::is_like(name) {
        return Err(NameError::Reserved);
    }
    Nick::new(name)
}

/// A channel's name within the configured length.
pub fn channel_name(limits: &Limits, name: &str) -> Result<ChannelName, NameError> {
    if name.len() > limits.channel_length {
        return Err(NameError::TooLong { max: limits.channel_length });
    }
    ChannelName::new(name)
}

/// The channel of that name; says so if there is none.
pub fn channel<'a>(tx: &'a mut Tx<'_>, name: &str) -> Option<(ChannelId, &'a Channel)> {
    if tx.state().channel_named(name).is_none() {
        no_such_channel(tx, name);
        return None;
    }
    tx.state().channel_named(name)
}

/// As [`channel`]; a channel that the caller may not see is none.
pub fn visible_channel<'a>(
    tx: &'a mut Tx<'_>,
    viewer: UserId,
    name: &str,
) -> Option<(ChannelId, &'a Channel)> {
    let state = tx.state();
    if !state.channel_named(name).is_some_and(|(_, channel)| sees(state, viewer, channel)) {
        no_such_channel(tx, name);
        return None;
    }
    tx.state().channel_named(name)
}

pub fn no_such_channel(tx: &mut Tx<'_>, name: &str) {
    tx.numeric(ERR_NOSUCHCHANNEL, format_args!("{} :No such channel", word(name)));
}

/// What a client wrote, fit to stand as a middle parameter of an answer.
pub fn word(text: &str) -> &str {
    let word = quote(text.split(' ').next().unwrap_or_default(), QUOTE);
    if word.is_empty() || word.starts_with(':') { "*" } else { word }
}

/// Whether a line that others see, `:source rest`, is within the limit.
pub fn source_fits(state: &State, user: UserId, rest: usize) -> bool {
    let Some(user) = state.user(user) else { return false };
    let source = user.nick.as_str().len() + user.ident.len() + user.host.len() + ":!@ \r\n".len();
    source + rest <= LINE_MAX
}

/// As much of a text as a line that others see, `:source rest text`, has room for. For what is done whatever the text is.
pub fn fitting<'t>(state: &State, user: UserId, rest: usize, text: &'t str) -> Cow<'t, str> {
    let source = state.user(user).map_or(0, |user| user.source().to_string().len());
    shortened(text, LINE_MAX.saturating_sub(source + rest + ": \r\n".len()))
}

/// As [`source_fits`]; says so if it isn't.
pub fn line_fits(tx: &mut Tx<'_>, user: UserId, rest: usize) -> bool {
    let fits = source_fits(tx.state(), user, rest);
    if !fits {
        tx.numeric(ERR_INPUTTOOLONG, format_args!(":Input line was too long"));
    }
    fits
}

/// Whether an answer that repeats what a client sent, `:server rest`, is within the limit; says so if it isn't.
pub fn answer_fits(tx: &mut Tx<'_>, rest: usize) -> bool {
    let fits = tx.state().policy.server_name.len() + ": \r\n".len() + rest <= LINE_MAX;
    if !fits {
        tx.numeric(ERR_INPUTTOOLONG, format_args!(":Input line was too long"));
    }
    fits
}

/// Whether a text has at most `max` bytes; says so if not.
pub fn text_fits(tx: &mut Tx<'_>, what: &str, text: &str, max: usize) -> bool {
    let fits = text.len() <= max;
    if !fits {
        tx.numeric(ERR_INPUTTOOLONG, format_args!(":The {what} is too long, it can have {max} bytes"));
    }
    fits
}

/// Steps of comparing a user with all masks of a channel.
pub fn mask_steps(channel: &Channel) -> usize {
    const STEPS_OF_A_MASK: usize = 250;
    (channel.bans.len() + channel.exceptions.len() + channel.invite_exceptions.len()) * STEPS_OF_A_MASK
}

/// Whether any mask of a list fits the user.
pub fn on_list(channel: &Channel, list: ListKind, user: &User) -> bool {
    let source = user.source().to_string();
    let masks = channel.list(list).iter().map(|entry| entry.mask.as_str());
    masks.filter(|mask| !mask.starts_with(EXTBAN_MUTE)).any(|mask| is_meant(mask, user, &source))
}

/// Whether a user is kept from speaking by a ban or a mute, and no exception lets it.
pub fn is_silenced(channel: &Channel, user: &User) -> bool {
    if channel.bans.is_empty() {
        return false;
    }
    let source = user.source().to_string();
    let on = |list: ListKind| {
        let masks = channel.list(list).iter().map(|entry| entry.mask.as_str());
        masks
            .map(|mask| mask.strip_prefix(EXTBAN_MUTE).unwrap_or(mask))
            .any(|mask| is_meant(mask, user, &source))
    };
    on(ListKind::Ban) && !on(ListKind::Exception)
}

/// Whether a mask fits the user, by the account or by `source`.
fn is_meant(mask: &str, user: &User, source: &str) -> bool {
    match mask.strip_prefix(EXTBAN_ACCOUNT) {
        Some(name) => user.account.as_ref().is_some_and(|account| fits(name, account.as_str())),
        None => fits(mask, source),
    }
}

/// Whether the state lets `viewer` see that the channel exists.
pub fn sees(state: &State, viewer: UserId, channel: &Channel) -> bool {
    !channel.is_secret()
        || channel.members.contains_key(&viewer)
        || state.user(viewer).is_some_and(User::is_operator)
}

/// Whether a user may rule a channel: as its operator, or as an operator of the server in the lobby.
pub fn rules(state: &State, user: UserId, channel: &Channel) -> bool {
    channel.is_operator(user) || channel.lobby && state.user(user).is_some_and(User::is_operator)
}
