//! Channels that nobody is in: which are kept, and for how long.

use std::collections::BTreeMap;

use chat_proto::name::Folded;

use crate::event::{ChannelEvent, Event};
use crate::id::ChannelId;
use crate::state::State;
use crate::tx::Tx;

/// Ends those that have been empty for long enough, and the longest empty where there are too many.
pub fn expire(tx: &mut Tx<'_>) {
    let state = tx.state();
    let (keep, now) = (state.policy.keep_channels, tx.now().0);
    let too_many = state.empty_channels.len().saturating_sub(state.policy.limits.kept_channels);
    let is_over = |since: u64| since.saturating_add(keep) <= now;
    let ends = state.empty_channels.iter().enumerate();
    let ends = ends.take_while(|(index, (since, _))| *index < too_many || is_over(*since));
    let ends: Vec<ChannelId> = ends.map(|(_, (_, id))| *id).collect();
    for id in ends.into_iter().chain(of_greedy_founders(state)) {
        end(tx, id);
    }
}

/// What was the lobby before a reload is kept or ends, if nobody is in it.
pub fn dismiss_lobby(tx: &mut Tx<'_>) {
    let state = tx.state();
    let is_left = |id: &ChannelId| {
        state
            .channel(*id)
            .is_some_and(|found| found.is_empty() && !found.lobby && found.empty_since.is_none())
    };
    let Some(id) = state.channels.keys().copied().find(is_left) else { return };
    if state.keeps(id) { tell(tx, id, ChannelEvent::Emptied) } else { end(tx, id) }
}

/// So that nobody drives out the rooms of all others by making ever more. Those are ended that are over one account's share.
fn of_greedy_founders(state: &State) -> Vec<ChannelId> {
    let share = state.policy.limits.channels_per_user;
    if state.empty_channels.len() <= share {
        return Vec::new();
    }
    let mut shares: BTreeMap<&Folded, usize> = BTreeMap::new();
    let newest_first = state.empty_channels.iter().rev();
    newest_first
        .filter(|(_, id)| {
            let founder = state.channel(*id).and_then(|channel| channel.founder.as_ref());
            founder.is_some_and(|founder| {
                let share_so_far = shares.entry(founder).or_default();
                *share_so_far += 1;
                *share_so_far > share
            })
        })
        .map(|(_, id)| *id)
        .collect()
}

fn end(tx: &mut Tx<'_>, id: ChannelId) {
    tell(tx, id, ChannelEvent::Ended);
}

fn tell(tx: &mut Tx<'_>, id: ChannelId, event: ChannelEvent) {
    if let Some(room) = tx.state().room(id) {
        tx.emit(Event::Channel(room, event));
    }
}
