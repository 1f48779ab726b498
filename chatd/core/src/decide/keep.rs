//! Channels that nobody is in: which are kept, and for how long.

use std::collections::BTreeMap;

use chat_proto::name::Folded;

use crate::event::{ChannelEvent, Event};
use crate::id::ChannelId;
use crate::state::{Channel, State};
use crate::tx::Tx;

/// Ends those that have been empty for long enough, and the longest empty where there are too many.
pub fn expire(tx: &mut Tx<'_>) {
    let state = tx.state();
    let (keep, now) = (state.policy.keep_channels, tx.now().wall.0);
    let too_many = state.empty_channels.len().saturating_sub(state.policy.limits.kept_channels);
    let is_over = |since: u64| since.saturating_add(keep) <= now;
    let ends = state.empty_channels.iter().enumerate();
    let ends = ends.take_while(|(index, (since, _))| *index < too_many || is_over(*since));
    let ends: Vec<ChannelId> = ends.map(|(_, (_, id))| *id).collect();
    for id in ends.into_iter().chain(of_greedy_founders(state)) {
        tell(tx, id, ChannelEvent::Ended);
    }
}

/// The channel that the policy names is the lobby, and no other. What was it before is kept or ends, if nobody is in it.
pub fn appoint_lobby(tx: &mut Tx<'_>) {
    let state = tx.state();
    let changed = state.channels.iter().filter(|(_, channel)| channel.lobby != state.is_lobby(&channel.name));
    let changed: Vec<(ChannelId, bool)> = changed.map(|(id, channel)| (*id, !channel.lobby)).collect();
    for (id, lobby) in changed {
        tell(tx, id, ChannelEvent::Appointed { lobby });
        if !lobby && tx.state().channel(id).is_some_and(Channel::is_empty) {
            let kept = tx.state().keeps(id);
            tell(tx, id, if kept { ChannelEvent::Emptied } else { ChannelEvent::Ended });
        }
    }
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

fn tell(tx: &mut Tx<'_>, id: ChannelId, event: ChannelEvent) {
    if let Some(room) = tx.state().room(id) {
        tx.emit(Event::Channel(room, event));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{ConnId, Input, Policy};

    const DAY: u64 = 24 * 3600 * 1000;

    fn with(change: impl FnOnce(&mut Policy)) -> (Chat, ConnId) {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        change(&mut policy);
        let mut chat = Chat::with(policy);
        let alice = chat.log_in("alice");
        (chat, alice)
    }

    fn visit(chat: &mut Chat, conn: ConnId, channels: &[&str]) {
        for channel in channels {
            chat.say(conn, &format!("JOIN {channel}"));
            chat.pass(1000);
            chat.say(conn, &format!("PART {channel}"));
        }
    }

    fn channels(chat: &mut Chat) -> Vec<String> {
        chat.feed(Input::Tick);
        chat.core().state().channels.values().map(|channel| channel.name.to_string()).collect()
    }

    #[test]
    fn a_channel_is_kept_for_as_long_as_the_policy_says_after_it_was_empty_last() {
        let (mut chat, alice) = with(|_| {});
        visit(&mut chat, alice, &["#room"]);
        chat.pass(29 * DAY);
        assert_eq!(channels(&mut chat), ["#room"]);
        visit(&mut chat, alice, &["#room"]);
        chat.pass(30 * DAY - 1);
        assert_eq!(channels(&mut chat), ["#room"]);
        chat.pass(1);
        assert_eq!(channels(&mut chat), [""; 0]);
    }

    #[test]
    fn a_channel_of_guests_ends_with_the_last_of_them_as_all_do_when_none_is_kept() {
        let (mut chat, alice) = with(|_| {});
        let guest = chat.join("guest");
        visit(&mut chat, guest, &["#guests"]);
        assert!(chat.core().state().channels.is_empty());
        visit(&mut chat, alice, &["#room"]);
        let mut policy = chat.core().state().policy.clone();
        policy.keep_channels = 0;
        chat.feed(Input::Policy(Box::new(policy)));
        assert_eq!(channels(&mut chat), [""; 0]);
        visit(&mut chat, alice, &["#room"]);
        assert!(chat.core().state().channels.is_empty());
    }

    #[test]
    fn the_longest_empty_go_first_when_there_are_too_many() {
        let (mut chat, alice) = with(|policy| policy.limits.kept_channels = 2);
        visit(&mut chat, alice, &["#a", "#b", "#c", "#a"]);
        assert_eq!(channels(&mut chat), ["#a", "#c"]);
    }

    #[test]
    fn nobody_drives_out_the_rooms_of_others() {
        let (mut chat, alice) = with(|policy| policy.limits.channels_per_user = 2);
        let bob = chat.log_in("bob");
        visit(&mut chat, alice, &["#a"]);
        visit(&mut chat, bob, &["#b", "#c", "#d", "#e"]);
        assert_eq!(channels(&mut chat), ["#a", "#d", "#e"]);
    }

    #[test]
    fn those_that_are_empty_take_nobodys_place() {
        let (mut chat, alice) = with(|policy| policy.limits.channels = 1);
        visit(&mut chat, alice, &["#a", "#b"]);
        chat.say(alice, "JOIN #a");
        assert!(chat.say(alice, "JOIN #b")[0].contains(" 405 "));
        assert_eq!(channels(&mut chat).len(), 2);
    }

    #[test]
    fn what_was_the_lobby_is_kept_as_any_other_channel() {
        let (mut chat, alice) = with(|_| {});
        visit(&mut chat, alice, &["#lobby"]);
        let mut policy = chat.core().state().policy.clone();
        policy.lobby.channel = "#hall".parse().unwrap();
        chat.feed(Input::Policy(Box::new(policy)));
        chat.pass(29 * DAY);
        assert_eq!(channels(&mut chat), ["#lobby"]);
        chat.pass(DAY);
        assert_eq!(channels(&mut chat), [""; 0]);
    }
}
