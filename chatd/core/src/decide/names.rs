//! NAMES.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::{RPL_ENDOFNAMES, RPL_NAMREPLY};
use compact_str::{CompactString, format_compact};

use crate::mode::UserModes;
use crate::reply::Responder;
use crate::state::{Channel, State};
use crate::tx::{Caller, Tx};

use super::check::{sees, word};

pub fn names(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let Some(channels) = message.param(0).filter(|channels| !channels.is_empty()) else {
        return end(&mut tx.responder().1, "*");
    };
    let (state, mut to) = tx.responder();
    let Some(session) = state.sessions.get(caller.conn) else { return };
    for name in channels.split(',').take(state.policy.limits.targets) {
        if let Some((_, channel)) = state.channel_named(name)
            && sees(state, caller.user, channel)
        {
            let inside = channel.members.contains_key(&caller.user);
            of_channel(state, &mut to, session.caps, channel, inside);
        }
    }
    end(&mut to, word(channels));
}

/// Who is in a channel, in as few lines as hold them; invisible users are for members only.
pub fn of_channel(state: &State, to: &mut Responder<'_>, caps: Caps, channel: &Channel, inside: bool) {
    let symbol = if channel.is_secret() { '@' } else { '=' };
    let head = format_compact!("{symbol} {} :", channel.name);
    let items = channel.members.iter().filter_map(|(id, ranks)| {
        let user = state.user(*id).filter(|user| inside || !user.modes.contains(UserModes::INVISIBLE))?;
        let prefix = ranks.prefix(caps.contains(Caps::MULTI_PREFIX));
        Some(if caps.contains(Caps::USERHOST_IN_NAMES) {
            format_compact!("{prefix}{}", user.source())
        } else {
            let mut item = CompactString::from(prefix);
            item.push_str(user.nick.as_str());
            item
        })
    });
    to.list(RPL_NAMREPLY, &head, ' ', items);
}

pub fn end(to: &mut Responder<'_>, channels: &str) {
    to.numeric(RPL_ENDOFNAMES, format_args!("{channels} :End of /NAMES list"));
}
