//! JOIN, and the arrival in the lobby.

use std::fmt::Write as _;

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::ChannelName;
use chat_proto::numeric::{
    ERR_BADCHANMASK, ERR_BADCHANNELKEY, ERR_BANNEDFROMCHAN, ERR_CHANNELISFULL, ERR_INVITEONLYCHAN,
    ERR_NOSUCHCHANNEL, ERR_TOOMANYCHANNELS, ERR_TOOMANYTARGETS, Numeric, RPL_TOPIC, RPL_TOPICWHOTIME,
};

use crate::event::{ChannelEvent, Event, Room};
use crate::id::{ChannelId, ConnId};
use crate::mode::{Flags, ListKind};
use crate::project::{Author, join_line, mark_args};
use crate::reply::{Replies, Responder};
use crate::state::{Channel, State, User};
use crate::tx::{Caller, Tx};

use super::check::{self, on_list, word};
use super::{idle, names, part, standing, targets};

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

/// Puts a user into the lobby whose first session this is, unless it is there on an errand.
pub fn enter_lobby(tx: &mut Tx<'_>, caller: Caller) {
    let state = tx.state();
    let lobby = &state.policy.lobby;
    let is_in = state
        .channel_named(lobby.channel.as_str())
        .is_some_and(|(_, channel)| channel.members.contains_key(&caller.user));
    if lobby.auto_join && !is_in {
        let name = lobby.channel.clone();
        // On an errand it must be there to be spoken in.
        if is_on_errand(state, caller.conn) { drop(found(tx, &name)) } else { enter(tx, caller, &name) }
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
    let opens = existing.is_none_or(|(_, channel)| channel.empty_since.is_some());
    if opens && state.channels.len() - state.empty_channels.len() >= limits.channels {
        return tx.numeric(ERR_TOOMANYCHANNELS, format_args!("{name} :There are too many channels"));
    }
    let refusal = existing.and_then(|(id, channel)| refusal(id, channel, user, key));
    let steps = existing.map_or(0, |(_, channel)| check::mask_steps(channel));
    tx.compared(steps);
    match refusal {
        Some((numeric, why)) => tx.numeric(numeric, format_args!("{name} :{why}")),
        None => {
            idle::acted(tx, caller);
            enter(tx, caller, name);
        }
    }
}

/// Why a channel doesn't let a user in. An invitation opens every door; who has been operator or voiced needs neither that nor the key.
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

fn enter(tx: &mut Tx<'_>, caller: Caller, name: &ChannelName) {
    let Some(room) = found(tx, name) else { return };
    let id = room.channel;
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
    use crate::Input;
    use crate::testing::Chat;

    fn on_errand(chat: &mut Chat, nick: &str) -> crate::ConnId {
        let conn = chat.connect();
        chat.say(conn, "CAP REQ :chatd.org/no-auto-join echo-message");
        chat.say(conn, &format!("NICK {nick}"));
        chat.say(conn, &format!("USER {nick} 0 * :{nick}"));
        chat.say(conn, "CAP END");
        conn
    }

    fn with_lobby() -> Chat {
        let mut policy = crate::Policy::default();
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

    #[test]
    fn a_reload_that_names_another_lobby_ends_the_old_one_when_it_is_empty() {
        let mut chat = Chat::with(crate::Policy::default());
        let alice = chat.join("alice");
        let mut policy = crate::Policy::default();
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
        let mut policy = crate::Policy::default();
        policy.lobby.channel = "#hall".parse().unwrap();
        chat.feed(Input::Policy(Box::new(policy)));
        chat.say(alice, "PART #hall");
        assert!(chat.core().state().channel_named("#hall").is_some());
    }
}
