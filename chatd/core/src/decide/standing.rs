//! What accounts are in channels: remembered while they are away, given back when they come.

use chat_proto::name::Nick;

use crate::event::{ChannelEvent, Event, Ranks, Room};
use crate::id::{ChannelId, UserId};
use crate::mode::ModeChange;
use crate::state::{Channel, STANDING_MAX, User};
use crate::tx::Tx;

/// What a user is from the moment on that it enters. The first one in a channel becomes its operator, but not in the place of
/// one who may come back, and no guest inherits what was kept.
pub fn on_entry(channel: &Channel, user: &User) -> Ranks {
    let standing = channel.standing(user.account.as_ref());
    let is_new = channel.empty_since.is_none();
    let is_heir = user.account.is_some() && !channel.has_operator_to_come();
    if channel.is_empty() && !channel.lobby && (is_new || is_heir) {
        standing | Ranks::OPERATOR
    } else {
        standing
    }
}

/// Remembers a user who has come, or who has logged in while in the channel.
pub fn remember(tx: &mut Tx<'_>, user: UserId, id: ChannelId) {
    let state = tx.state();
    let (Some(channel), Some(found), Some(room)) = (state.channel(id), state.user(user), state.room(id))
    else {
        return;
    };
    let Some(account) = found.account.clone() else { return };
    let ranks = channel.ranks(user).unwrap_or_default() | channel.standing(Some(&account));
    if channel.founder.is_none() {
        let account = account.clone();
        tx.emit(Event::Channel(room.clone(), ChannelEvent::Founded { account }));
    }
    keep(tx, &room, account, ranks);
}

/// Remembers who logs in, in all the channels that it is in.
pub fn logged_in(tx: &mut Tx<'_>, user: UserId) {
    let channels = tx.state().user(user).map(|user| user.channels.clone()).unwrap_or_default();
    for channel in channels {
        remember(tx, user, channel);
    }
}

/// Ranks were given or taken.
pub fn changed(tx: &mut Tx<'_>, room: &Room, changes: &[ModeChange]) {
    for change in changes {
        let ModeChange::Rank { user, .. } = change else { continue };
        let account = tx.state().user(*user).and_then(|user| user.account.clone());
        let ranks = tx.state().channel(room.channel).and_then(|channel| channel.ranks(*user));
        if let (Some(account), Some(ranks)) = (account, ranks) {
            keep(tx, room, account, ranks);
        }
    }
}

/// What an account is to be no more when it comes back.
pub fn take(tx: &mut Tx<'_>, room: &Room, account: &Nick, rank: Ranks) {
    let Some(channel) = tx.state().channel(room.channel) else { return };
    let ranks = channel.standing(Some(account)) - rank;
    keep(tx, room, account.clone(), ranks);
}

/// Who is put out comes back, if at all, as anybody.
pub fn kicked(tx: &mut Tx<'_>, room: &Room, user: UserId) {
    if let Some(account) = tx.state().user(user).and_then(|user| user.account.clone()) {
        keep(tx, room, account, Ranks::empty());
    }
}

fn keep(tx: &mut Tx<'_>, room: &Room, account: Nick, ranks: Ranks) {
    let Some(channel) = tx.state().channel(room.channel) else { return };
    let known = channel.standing(Some(&account));
    let is_full = known.is_empty() && channel.standing.len() >= STANDING_MAX;
    if known != ranks && !is_full {
        tx.emit(Event::Channel(room.clone(), ChannelEvent::RankKept { account, ranks }));
    }
}
