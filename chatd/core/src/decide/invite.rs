//! INVITE.

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_CHANOPRIVSNEEDED, ERR_NEEDMOREPARAMS, ERR_NOSUCHNICK, ERR_NOTONCHANNEL, ERR_USERONCHANNEL,
    RPL_ENDOFINVITELIST, RPL_INVITELIST, RPL_INVITING,
};

use crate::event::{ChannelEvent, Event};
use crate::mode::Flags;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::presence;

pub fn invite(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    match (message.param(0), message.param(1)) {
        (None, _) => list(tx, caller),
        (Some(nick), Some(channel)) => invite_to(tx, caller, nick, channel),
        (Some(_), None) => tx.numeric(ERR_NEEDMOREPARAMS, format_args!("INVITE :Not enough parameters")),
    }
}

fn list(tx: &mut Tx<'_>, caller: Caller) {
    let (state, mut to) = tx.responder();
    for id in state.user(caller.user).into_iter().flat_map(|user| &user.invites) {
        if let Some(channel) = state.channel(*id) {
            to.numeric(RPL_INVITELIST, format_args!("{}", channel.name));
        }
    }
    to.numeric(RPL_ENDOFINVITELIST, format_args!(":End of /INVITE list"));
}

fn invite_to(tx: &mut Tx<'_>, caller: Caller, nick: &str, channel: &str) {
    let Some((id, user)) = tx.state().user_named(nick) else {
        return tx.numeric(ERR_NOSUCHNICK, format_args!("{} :No such nick", word(nick)));
    };
    let nick = user.nick.clone();
    let Some((channel_id, channel)) = check::visible_channel(tx, caller.user, channel) else { return };
    let name = channel.name.clone();
    if !channel.members.contains_key(&caller.user) {
        return tx.numeric(ERR_NOTONCHANNEL, format_args!("{name} :You're not on that channel"));
    }
    let (closed, inside) = (channel.flags.contains(Flags::INVITE_ONLY), channel.members.contains_key(&id));
    let state = tx.state();
    let opens = state.channel(channel_id).is_some_and(|channel| check::rules(state, caller.user, channel));
    if closed && !opens {
        return tx.numeric(ERR_CHANOPRIVSNEEDED, format_args!("{name} :You're not channel operator"));
    }
    if inside {
        return tx.numeric(ERR_USERONCHANNEL, format_args!("{nick} {name} :is already on channel"));
    }
    tx.numeric(RPL_INVITING, format_args!("{nick} {name}"));
    presence::tell(tx, caller, id);
    if let (Some(room), Some(who)) = (tx.state().room(channel_id), tx.state().who(id)) {
        let by = caller.who(tx.state());
        tx.emit(Event::Channel(room, ChannelEvent::Invited { who, by, opens }));
    }
}
