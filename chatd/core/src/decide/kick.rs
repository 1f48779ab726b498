//! KICK.

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_CHANOPRIVSNEEDED, ERR_NOSUCHNICK, ERR_NOTONCHANNEL, ERR_TOOMANYTARGETS, ERR_USERNOTINCHANNEL,
};

use crate::event::{ChannelEvent, Event};
use crate::id::ChannelId;
use crate::reply::shortened;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::{standing, targets};

/// One channel with many nicks, or as many channels as nicks.
pub fn kick(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let (channels, nicks) = (message.param(0).unwrap_or_default(), message.param(1).unwrap_or_default());
    let reason = message.param(2).filter(|reason| !reason.is_empty());
    let max = tx.state().policy.limits.kick_length;
    let reason = reason.map(|reason| shortened(reason, max));
    let most = tx.state().policy.limits.targets;
    let mut channels = channels.split(',');
    let mut channel = channels.next().unwrap_or_default();
    for (index, nick) in nicks.split(',').enumerate() {
        if index == most {
            return tx.numeric(ERR_TOOMANYTARGETS, format_args!("{} :Too many targets", word(nick)));
        }
        if index > 0 && tx.is_spent() {
            let nicks = targets::rest(nicks, index, most);
            // The last channel is that of all further nicks.
            let channels = std::iter::once(channel).chain(channels);
            let channels = channels.take(most).collect::<Vec<_>>().join(",");
            return tx.postpone(targets::command(
                message,
                &[&channels, &nicks, reason.as_deref().unwrap_or_default()],
            ));
        }
        if let Some(id) = ruled_channel(tx, caller, channel) {
            kick_one(tx, caller, id, nick, reason.as_deref());
        }
        channel = channels.next().unwrap_or(channel);
    }
}

/// The channel of that name if the caller may put users out of it; says why not.
fn ruled_channel(tx: &mut Tx<'_>, caller: Caller, name: &str) -> Option<ChannelId> {
    let (id, channel) = check::visible_channel(tx, caller.user, name)?;
    let (name, inside) = (channel.name.clone(), channel.members.contains_key(&caller.user));
    let state = tx.state();
    if state.channel(id).is_some_and(|channel| check::rules(state, caller.user, channel)) {
        return Some(id);
    }
    if inside {
        tx.numeric(ERR_CHANOPRIVSNEEDED, format_args!("{name} :You're not channel operator"));
    } else {
        tx.numeric(ERR_NOTONCHANNEL, format_args!("{name} :You're not on that channel"));
    }
    None
}

fn kick_one(tx: &mut Tx<'_>, caller: Caller, channel: ChannelId, nick: &str, reason: Option<&str>) {
    let state = tx.state();
    let Some(room) = state.room(channel) else { return };
    let Some((id, user)) = state.user_named(nick) else {
        return tx.numeric(ERR_NOSUCHNICK, format_args!("{} :No such nick", word(nick)));
    };
    let nick = user.nick.clone();
    if !user.channels.contains(&channel) {
        let name = room.name;
        return tx.numeric(ERR_USERNOTINCHANNEL, format_args!("{nick} {name} :They aren't on that channel"));
    }
    let by = caller.who(state);
    let reason = reason.unwrap_or(by.nick.as_str());
    let rest = "KICK   :".len() + room.name.as_str().len() + nick.as_str().len();
    let reason = check::fitting(state, caller.user, rest, reason).into();
    let Some(who) = state.who(id) else { return };
    let byline = caller.byline(state);
    tx.emit(Event::Channel(room.clone(), ChannelEvent::Kicked { who, by, reason, byline }));
    standing::kicked(tx, &room, id);
}
