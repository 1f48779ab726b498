//! JOIN, and the arrival in the lobby.

use std::fmt::Write as _;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::{ChannelName, Nick};
use chat_proto::numeric::{
    ERR_BADCHANMASK, ERR_BADCHANNELKEY, ERR_BANNEDFROMCHAN, ERR_CHANNELISFULL, ERR_INVITEONLYCHAN,
    ERR_NOSUCHCHANNEL, ERR_TOOMANYCHANNELS, ERR_TOOMANYTARGETS, Numeric, RPL_TOPIC, RPL_TOPICWHOTIME,
};

use crate::event::{ChannelEvent, Event, Room};
use crate::id::{ChannelId, ConnId};
use crate::limit_key::LimitKey;
use crate::mode::{Flags, ListKind};
use crate::policy::Limits;
use crate::project::{Author, join_line, mark_args};
use crate::reply::{Replies, Responder};
use crate::state::{Channel, Opener, State, User};
use crate::time::Uptime;
use crate::tx::{Caller, Tx};

use super::check::{self, on_list, word};
use super::{authenticate, idle, names, part, standing, targets};

pub fn join(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let names = message.param(0).unwrap_or_default();
    if names == "0" {
        idle::acted(tx, caller);
        return part::all(tx, caller);
    }
    let mut keys = message.param(1).unwrap_or_default().split(',');
    let most = tx.state().policy.limits.targets;
    for (index, name) in names.split(',').enumerate() {
        if index == most {
            return tx.numeric(ERR_TOOMANYTARGETS, format_args!("{} :Too many targets", word(name)));
        }
        if index > 0 && tx.is_spent() {
            let keys = targets::rest(message.param(1).unwrap_or_default(), index, most);
            return tx.postpone(targets::command(message, &[&targets::rest(names, index, most), &keys]));
        }
        let key = keys.next().filter(|key| !key.is_empty());
        match check::channel_name(&tx.state().policy.limits, name) {
            Ok(name) => join_one(tx, caller, &name, key),
            Err(error) => {
                let numeric = if name.starts_with('#') { ERR_BADCHANMASK } else { ERR_NOSUCHCHANNEL };
                tx.numeric(numeric, format_args!("{} :{error}", word(name)));
            }
        }
    }
}

/// Puts a user into the lobby whose first session this is, unless it is there on an errand. A user whom the lobby doesn't let in is told
/// so, and stays connected.
pub fn enter_lobby(tx: &mut Tx<'_>, caller: Caller) {
    let state = tx.state();
    let lobby = &state.policy.lobby;
    let is_in = state
        .channel_named(lobby.channel.as_str())
        .is_some_and(|(_, channel)| channel.members.contains_key(&caller.user));
    if lobby.auto_join && !is_in {
        let name = lobby.channel.clone();
        // On an errand it must be there to be spoken in.
        if is_on_errand(state, caller.conn) {
            drop(found(tx, &name));
        } else if may_enter(tx, caller, &name, None) {
            enter(tx, caller, &name);
        }
    }
}

/// Whether a session has asked not to be put into the lobby.
pub fn is_on_errand(state: &State, conn: ConnId) -> bool {
    state.sessions.get(conn).is_some_and(|session| session.caps.contains(Caps::NO_AUTO_JOIN))
}

/// Shows a new session the channels that its user is in.
pub fn show_all_to_session(tx: &mut Tx<'_>, caller: Caller) {
    let Some(user) = tx.state().user(caller.user) else { return };
    let channels: Vec<ChannelId> = user.channels.iter().copied().collect();
    for channel in channels {
        if let Some(frame) = arrival(tx.state(), caller.conn, channel, true) {
            tx.send_collected(caller.conn, &frame);
        }
    }
}

fn join_one(tx: &mut Tx<'_>, caller: Caller, name: &ChannelName, key: Option<&str>) {
    let state = tx.state();
    let Some(user) = state.user(caller.user) else { return };
    let existing = state.channel_named(name.as_str());
    if existing.is_some_and(|(_, channel)| channel.members.contains_key(&caller.user)) {
        return;
    }
    let limits = &state.policy.limits;
    if user.channels.len() >= limits.channels_per_user {
        return tx.numeric(ERR_TOOMANYCHANNELS, format_args!("{name} :You have joined too many channels"));
    }
    if existing.is_none()
        && !state.is_lobby(name)
        && let Some(opener) = opener(state, caller)
        && let Err(why) = may_create(state, &opener, tx.now().uptime)
    {
        return tx.numeric(ERR_TOOMANYCHANNELS, format_args!("{name} :{why}"));
    }
    if may_enter(tx, caller, name, key) {
        idle::acted(tx, caller);
        enter(tx, caller, name);
    }
}

/// Whether the channel, if there is one, lets the user in; says why not.
fn may_enter(tx: &mut Tx<'_>, caller: Caller, name: &ChannelName, key: Option<&str>) -> bool {
    let state = tx.state();
    let channel = state.channel_named(name.as_str());
    let refusal = channel
        .zip(state.user(caller.user))
        .and_then(|((id, channel), user)| refusal(id, channel, user, key));
    let steps = channel.map_or(0, |(_, channel)| check::mask_steps(channel));
    tx.compared(steps);
    let Some((numeric, why)) = refusal else { return true };
    tx.numeric(numeric, format_args!("{name} :{why}"));
    false
}

/// Why a channel doesn't let a user in. An operator's invitation opens every door; who has been operator or voiced needs neither that nor the key.
pub fn refusal(
    id: ChannelId,
    channel: &Channel,
    user: &User,
    key: Option<&str>,
) -> Option<(Numeric, &'static str)> {
    if user.invites.contains(&id) {
        return None;
    }
    let banned = || on_list(channel, ListKind::Ban, user) && !on_list(channel, ListKind::Exception, user);
    let is_known = !channel.standing(user.account.as_ref()).is_empty();
    let uninvited = || !on_list(channel, ListKind::InviteException, user);
    if !is_known && channel.key.as_deref().is_some_and(|wanted| key != Some(wanted)) {
        Some((ERR_BADCHANNELKEY, "Cannot join channel (+k)"))
    } else if !is_known && channel.flags.contains(Flags::INVITE_ONLY) && uninvited() {
        Some((ERR_INVITEONLYCHAN, "Cannot join channel (+i)"))
    } else if channel
        .limit
        .is_some_and(|limit| channel.members.len() >= usize::try_from(limit).unwrap_or(usize::MAX))
    {
        Some((ERR_CHANNELISFULL, "Cannot join channel (+l)"))
    } else if banned() {
        Some((ERR_BANNEDFROMCHAN, "Cannot join channel (+b)"))
    } else {
        None
    }
}

/// The channel of that name, made if there is none yet.
fn found(tx: &mut Tx<'_>, name: &ChannelName) -> Option<Room> {
    let existing = tx.state().channel_named(name.as_str()).map(|(id, _)| id);
    let id = existing.unwrap_or(tx.state().next_channel());
    if existing.is_none() {
        let room = Room { channel: id, name: name.clone() };
        let lobby = tx.state().is_lobby(name);
        tx.emit(Event::Channel(room, ChannelEvent::Created { lobby }));
    }
    tx.state().room(id)
}

/// Returns the keys that are charged for a channel that the caller is the first one in.
fn opener(state: &State, caller: Caller) -> Option<Opener> {
    let (session, user) = (state.sessions.get(caller.conn)?, state.user(caller.user)?);
    let account = user.account.as_ref().map(Nick::fold);
    Some(Opener { account, origin: LimitKey::from(&session.peer.origin) })
}

/// A kept channel can always be opened; the free places for new ones are shared.
///
/// # Errors
/// Why no channel may be created now.
fn may_create(state: &State, opener: &Opener, now: Uptime) -> Result<(), String> {
    let (limits, free) = (&state.policy.limits, state.free_channels());
    if free == 0 {
        return Err("there are too many channels".into());
    }
    for holder in opener.holders() {
        let open = state.open_channels.of(&holder);
        if open >= Limits::open_share(&holder, free) {
            return Err("too many channels were opened by your account or address; leave some first".into());
        }
        let delay = state.channel_creations.delay(&holder, limits.creation_rate(&holder), now);
        if delay > 0 {
            let delay = authenticate::seconds_long(delay.div_ceil(1000));
            return Err(format!(
                "too many channels were created by your account or address; try again in {delay}"
            ));
        }
    }
    Ok(())
}

fn enter(tx: &mut Tx<'_>, caller: Caller, name: &ChannelName) {
    let is_new = tx.state().channel_named(name.as_str()).is_none();
    let Some(room) = found(tx, name) else { return };
    let id = room.channel;
    if tx.state().channel(id).is_some_and(|channel| channel.is_empty() && !channel.lobby)
        && let Some(opener) = opener(tx.state(), caller)
    {
        tx.emit(Event::Channel(room.clone(), ChannelEvent::Opened { opener, is_new }));
    }
    let state = tx.state();
    let (Some(channel), Some(user)) = (state.channel(id), state.user(caller.user)) else { return };
    let (who, ranks, byline) = (caller.who(state), standing::on_entry(channel, user), user.byline());
    tx.emit(Event::Channel(room, ChannelEvent::Joined { who, ranks, byline }));
    standing::remember(tx, caller.user, id);
    let sessions = tx.state().user(caller.user).map(|user| user.sessions.clone()).unwrap_or_default();
    for conn in sessions {
        if let Some(frame) = arrival(tx.state(), conn, id, false) {
            tx.send_collected(conn, &frame);
        }
    }
}

/// What a session is told of a channel that it is in from now on: its topic and its members, and, when that isn't
/// shown to everybody anyway, that it is in.
fn arrival(state: &State, conn: ConnId, id: ChannelId, with_join: bool) -> Option<String> {
    let (session, channel) = (state.sessions.get(conn)?, state.channel(id)?);
    let (user, name) = (state.user(session.user()?)?, &channel.name);
    let mut replies = Replies::default();
    if with_join {
        let author = Author { user, time_tag: "" };
        let caps = session.caps - Caps::SERVER_TIME;
        replies.line(|line| join_line(author, name.as_str(), caps, line));
    }
    let (server, client, caps) = (&state.policy.server_name, user.nick.as_str(), session.caps);
    let mut to =
        Responder { replies: &mut replies, server, client, caps, max: state.policy.limits.reply_bytes };
    topic(&mut to, channel);
    if session.caps.contains(Caps::READ_MARKER) {
        let marks = state.marks_of(session.user()?);
        let at = marks.and_then(|marks| marks.get(&name.fold())).copied();
        to.server_line(format_args!("{}", mark_args(name.as_str(), at)));
    }
    names::of_channel(state, &mut to, session.caps, channel, true);
    names::end(&mut to, name.as_str());
    Some(replies.into_lines())
}

/// Topic, who set it, and when in seconds since the Unix epoch.
pub fn topic(to: &mut Responder<'_>, channel: &Channel) {
    if let Some(topic) = &channel.topic {
        to.numeric(RPL_TOPIC, format_args!("{} :{}", channel.name, topic.text));
        let mut who = String::new();
        let _ = write!(who, "{} {} {}", channel.name, topic.by, topic.at / 1000);
        to.numeric(RPL_TOPICWHOTIME, format_args!("{who}"));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{ConnId, Input, Policy};

    fn on_errand(chat: &mut Chat, nick: &str) -> ConnId {
        let conn = chat.connect();
        chat.say(conn, "CAP REQ :chatd.org/no-auto-join echo-message");
        chat.say(conn, &format!("NICK {nick}"));
        chat.say(conn, &format!("USER {nick} 0 * :{nick}"));
        chat.say(conn, "CAP END");
        conn
    }

    fn with_lobby() -> Chat {
        let mut policy = Policy::default();
        policy.lobby.auto_join = true;
        Chat::with(policy)
    }

    #[test]
    fn who_comes_on_an_errand_speaks_in_the_lobby_and_is_not_announced() {
        let mut chat = with_lobby();
        let bob = chat.join("bob");
        chat.hear_all();
        let alice = on_errand(&mut chat, "alice");
        let said = [":alice!~alice@host.example PRIVMSG #lobby :it is done"];
        assert_eq!(chat.say(alice, "PRIVMSG #lobby :it is done"), said);
        chat.say(alice, "QUIT");
        assert_eq!(chat.heard(bob), said);
    }

    #[test]
    fn an_errand_gives_no_right_to_speak_elsewhere_and_finds_a_lobby_that_nobody_has_entered() {
        let mut chat = with_lobby();
        let alice = on_errand(&mut chat, "alice");
        assert!(chat.say(alice, "PRIVMSG #lobby :first")[0].contains(" PRIVMSG #lobby "));
        let bob = chat.join("bob");
        chat.say(bob, "JOIN #room");
        assert!(chat.say(alice, "PRIVMSG #room :hi")[0].contains(" 404 "));
        let lobby = chat.core().state().channel_named("#lobby").unwrap().1;
        assert!(!lobby.members.contains_key(&chat.core().state().user_id("alice").unwrap()));
    }

    /// Joins channels that are new until it may not, and returns how many it has joined.
    fn open_all(chat: &mut Chat, conn: ConnId, prefix: &str) -> usize {
        let may = |number: &usize| chat.say(conn, &format!("JOIN #{prefix}{number}"))[0].contains(" JOIN ");
        (0..1000).take_while(may).count()
    }

    #[test]
    fn guests_of_one_address_share_what_it_may_open() {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        (policy.limits.channels, policy.limits.channels_per_user) = (90, 6);
        let mut chat = Chat::with(policy);
        let opened: Vec<usize> = (0..4)
            .map(|number| {
                let guest = chat.join_at("192.0.2.7", &format!("guest{number}"));
                open_all(&mut chat, guest, &format!("g{number}-"))
            })
            .collect();
        assert_eq!(opened, [6, 4, 0, 0]);
        let other = chat.join_at("192.0.2.8", "other");
        assert_eq!(open_all(&mut chat, other, "o"), 6);
    }

    #[test]
    fn many_addresses_leave_channels_for_the_next_one() {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        (policy.limits.channels, policy.limits.channels_per_user) = (100, 100);
        let mut chat = Chat::with(policy);
        for number in 0..20 {
            let guest = chat.join_at(&format!("192.0.2.{number}"), &format!("guest{number}"));
            assert!(open_all(&mut chat, guest, &format!("g{number}-")) > 0, "guest {number}");
        }
    }

    #[test]
    fn channel_counts_for_its_opener_until_it_is_empty() {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        (policy.limits.channels, policy.limits.channels_per_user) = (10, 1);
        let mut chat = Chat::with(policy);
        let (alice, bob) = (chat.join_at("192.0.2.1", "alice"), chat.join_at("192.0.2.2", "bob"));
        chat.say(alice, "JOIN #room");
        chat.say(bob, "JOIN #room");
        chat.say(alice, "PART #room");
        assert!(chat.say(alice, "JOIN #other")[0].contains(" 405 "));
        chat.say(bob, "PART #room");
        assert!(chat.say(alice, "JOIN #other")[0].contains(" JOIN "));
    }

    #[test]
    fn channels_are_created_at_a_bounded_rate() {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        policy.limits.channel_creations = 3;
        let mut chat = Chat::with(policy);
        let alice = chat.join_at("192.0.2.1", "alice");
        let again = |chat: &mut Chat| {
            let answer = chat.say(alice, "JOIN #room").remove(0);
            chat.say(alice, "PART #room");
            answer
        };
        for _ in 0..3 {
            assert!(again(&mut chat).contains(" JOIN "));
        }
        assert!(again(&mut chat).ends_with("try again in 1200 seconds"));
        let bob = chat.join_at("192.0.2.2", "bob");
        assert!(chat.say(bob, "JOIN #other")[0].contains(" JOIN "));
        chat.pass(1_200_000);
        assert!(again(&mut chat).contains(" JOIN "));
    }

    #[test]
    fn a_reload_that_names_another_lobby_ends_the_old_one_when_it_is_empty() {
        let mut chat = Chat::with(Policy::default());
        let alice = chat.join("alice");
        let mut policy = Policy::default();
        policy.lobby.channel = "#hall".parse().unwrap();
        chat.feed(Input::Policy(Box::new(policy)));
        chat.join("bob");
        assert!(chat.core().state().channel_named("#hall").unwrap().1.lobby);
        assert!(!chat.core().state().channel_named("#lobby").unwrap().1.lobby);
        chat.say(alice, "PART #lobby");
        assert!(chat.core().state().channel_named("#lobby").is_none());
    }

    #[test]
    fn a_channel_that_becomes_the_lobby_stays_when_it_is_empty() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #hall");
        let mut policy = Policy::default();
        policy.lobby.channel = "#hall".parse().unwrap();
        chat.feed(Input::Policy(Box::new(policy)));
        chat.say(alice, "PART #hall");
        assert!(chat.core().state().channel_named("#hall").is_some());
    }

    #[test]
    fn the_lobby_keeps_its_doors_shut_on_the_next_connection() {
        for (modes, numeric) in [("+b *!~mallory@*", 474), ("+k key", 475), ("+i", 473), ("+l 1", 471)] {
            let operators = vec![crate::Operator { name: "boss".into(), password_hash: "pw".into() }];
            let policy = Policy { operators, ..Policy::default() };
            let mut chat = Chat::with(policy);
            let boss = chat.join("boss");
            chat.say(boss, "OPER boss pw");
            chat.say(boss, &format!("MODE #lobby {modes}"));
            chat.hear_all();
            let conn = chat.connect();
            let told = chat.register(conn, "mallory");
            assert!(
                told.iter().any(|line| line.contains(&format!(" {numeric} mallory #lobby "))),
                "{told:?}"
            );
            assert!(!chat.is_closed(conn));
            assert_eq!(chat.heard(boss), [""; 0]);
        }
    }

    #[test]
    fn only_an_operators_invitation_opens_a_channel() {
        for (modes, numeric) in [("+b mallory", 474), ("+k key", 475), ("+l 1", 471), ("+i", 473)] {
            let mut chat = Chat::new();
            let (op, member, mallory) = (chat.join("op"), chat.join("member"), chat.join("mallory"));
            chat.say(op, "JOIN #c");
            chat.say(member, "JOIN #c");
            assert!(chat.say(member, "INVITE mallory #c")[0].contains(" 341 "));
            chat.say(op, &format!("MODE #c {modes}"));
            chat.hear_all();
            assert!(chat.say(mallory, "JOIN #c")[0].contains(&format!(" {numeric} ")), "{modes}");
            chat.say(op, "INVITE mallory #c");
            chat.hear_all();
            assert!(chat.say(mallory, "JOIN #c")[0].contains(" JOIN "), "{modes}");
        }
    }
}
