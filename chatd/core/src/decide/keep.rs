//! Channels that nobody is in: which are kept, and for how long.

use std::cmp::Reverse;

use crate::event::{ChannelEvent, Event};
use crate::id::ChannelId;
use crate::shares::Shares;
use crate::state::{Channel, State};
use crate::tx::Tx;

/// Ends the channels that have been empty for long enough, those over a founder's share, and those that are too many.
pub fn expire(tx: &mut Tx<'_>) {
    let state = tx.state();
    let (keep, now) = (state.policy.keep_channels, tx.now().expiry.0);
    let is_over = |since: u64| since.saturating_add(keep) <= now;
    let ends = state.empty_channels.iter().take_while(|(since, _)| is_over(*since));
    let ends: Vec<ChannelId> = ends.map(|(_, id)| *id).collect();
    for id in ends.into_iter().chain(too_many(state)) {
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

/// A channel that may have to end for others.
struct Candidate {
    id: ChannelId,
    since: u64,
    has_history: bool,
    /// Its place among those of its founder, the first to be kept being 1. The founder of most channels has the highest.
    rank: usize,
}

/// Returns those over a founder's share; and, if there are still too many, those in which nothing was said, then the others,
/// each time of the founder who has most. Founders are counted by account and by origin, so that neither many accounts nor many
/// addresses drive out the channels of others.
fn too_many(state: &State) -> Vec<ChannelId> {
    let limits = &state.policy.limits;
    if state.empty_channels.len() <= limits.kept_channels.min(limits.channels_per_user) {
        return Vec::new();
    }
    let channels = state.empty_channels.iter();
    let channels = channels.filter_map(|(since, id)| Some((*since, *id, state.channel(*id)?)));
    let mut channels: Vec<(u64, ChannelId, &Channel)> = channels.collect();
    channels.sort_by_key(|(since, id, channel)| Reverse((channel.has_history, *since, *id)));
    let (mut shares, mut ends, mut kept) = (Shares::default(), Vec::new(), Vec::new());
    for (since, id, channel) in channels {
        let mut candidate = Candidate { id, since, has_history: channel.has_history, rank: 0 };
        let mut is_over = false;
        for holder in channel.founders() {
            let most = limits.kept_share(&holder);
            let share = shares.add(holder);
            is_over |= share > most;
            candidate.rank = candidate.rank.max(share);
        }
        if is_over { ends.push(id) } else { kept.push(candidate) }
    }
    let excess = kept.len().saturating_sub(limits.kept_channels);
    kept.sort_by_key(|channel| (channel.has_history, Reverse(channel.rank), channel.since, channel.id));
    ends.extend(kept.iter().take(excess).map(|channel| channel.id));
    ends
}

fn tell(tx: &mut Tx<'_>, id: ChannelId, event: ChannelEvent) {
    if let Some(room) = tx.state().room(id) {
        tx.emit(Event::Channel(room, event));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Chat, START};
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
    fn kept_channels_stay_while_the_clock_is_in_doubt() {
        let (mut chat, alice) = with(|_| {});
        visit(&mut chat, alice, &["#room"]);
        let wall = START + 365 * DAY;
        chat.set_doubtful_clock(wall);
        assert_eq!(channels(&mut chat), ["#room"]);
        chat.set_clock(wall);
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

    /// Enters channels and leaves them: `count` of them, each called `prefix` and a number.
    fn found(chat: &mut Chat, conn: ConnId, prefix: &str, count: usize) {
        for number in 0..count {
            chat.say(conn, &format!("JOIN #{prefix}{number}"));
            chat.say(conn, &format!("PART #{prefix}{number}"));
        }
    }

    #[test]
    fn accounts_of_one_origin_end_only_their_own_channels() {
        let (mut chat, alice) = with(|policy| {
            (policy.limits.channels_per_user, policy.limits.kept_channels) = (4, 10);
        });
        let bob = chat.sign_up_at("192.0.2.2", "bob");
        visit(&mut chat, alice, &["#a"]);
        visit(&mut chat, bob, &["#b"]);
        for number in 0..11 {
            let name = format!("mallory{number}");
            let mallory = chat.sign_up_at("198.51.100.7", &name);
            found(&mut chat, mallory, &name, 4);
        }
        let kept = channels(&mut chat);
        assert!(kept.contains(&"#a".into()) && kept.contains(&"#b".into()), "{kept:?}");
        assert_eq!(kept.len(), 6, "an origin keeps as many as one account: {kept:?}");
    }

    #[test]
    fn founder_who_has_most_loses_channels_when_there_are_too_many() {
        let (mut chat, alice) = with(|policy| {
            (policy.limits.channels_per_user, policy.limits.kept_channels) = (5, 8);
        });
        found(&mut chat, alice, "a", 2);
        for number in 0..3 {
            let mallory = chat.sign_up_at(&format!("198.51.100.{number}"), &format!("mallory{number}"));
            found(&mut chat, mallory, &format!("m{number}"), 5);
        }
        let kept = channels(&mut chat);
        assert_eq!(kept[..2], ["#a0", "#a1"]);
        for number in 0..3 {
            let prefix = format!("#m{number}");
            assert_eq!(kept.iter().filter(|name| name.starts_with(&prefix)).count(), 2, "{kept:?}");
        }
    }

    #[test]
    fn channel_with_history_outlives_channels_without() {
        let (mut chat, alice) = with(|policy| policy.limits.kept_channels = 3);
        for (channel, line) in [("#said", "PRIVMSG #said :hi"), ("#topic", "TOPIC #topic :tea")] {
            chat.say(alice, &format!("JOIN {channel}"));
            chat.say(alice, line);
            chat.say(alice, &format!("PART {channel}"));
        }
        chat.pass(1000);
        for number in 0..5 {
            let mallory = chat.sign_up_at(&format!("198.51.100.{number}"), &format!("mallory{number}"));
            found(&mut chat, mallory, &format!("m{number}"), 1);
        }
        let kept = channels(&mut chat);
        assert_eq!((kept.len(), &kept[..2]), (3, &["#said".to_owned(), "#topic".to_owned()][..]));
    }

    #[test]
    fn nobody_drives_out_the_rooms_of_others() {
        let (mut chat, alice) = with(|policy| policy.limits.channels_per_user = 2);
        let bob = chat.sign_up_at("192.0.2.2", "bob");
        visit(&mut chat, alice, &["#a"]);
        visit(&mut chat, bob, &["#b", "#c", "#d", "#e"]);
        assert_eq!(channels(&mut chat), ["#a", "#d", "#e"]);
    }

    #[test]
    fn kept_channel_can_be_entered_when_no_other_can_be_created() {
        let (mut chat, alice) = with(|policy| policy.limits.channels = 1);
        visit(&mut chat, alice, &["#a", "#b"]);
        chat.say(alice, "JOIN #a");
        assert!(chat.say(alice, "JOIN #new")[0].contains(" 405 "));
        assert!(chat.say(alice, "JOIN #b")[0].contains(" JOIN "));
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
