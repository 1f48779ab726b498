//! NAMES.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::numeric::{ERR_TOOMANYMATCHES, RPL_ENDOFNAMES, RPL_NAMREPLY};
use compact_str::{CompactString, format_compact};

use crate::mode::UserModes;
use crate::reply::Responder;
use crate::state::{Channel, State};
use crate::tx::{Caller, Tx};

use super::check::{sees, word};
use super::targets::distinct;

pub fn names(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let Some(channels) = message.param(0).filter(|channels| !channels.is_empty()) else {
        return end(&mut tx.responder().1, "*");
    };
    let (state, mut to) = tx.responder();
    let Some(session) = state.sessions.get(caller.conn) else { return };
    for name in distinct(channels).take(state.policy.limits.targets) {
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
    if !to.list(RPL_NAMREPLY, &head, ' ', items) {
        to.numeric(
            ERR_TOOMANYMATCHES,
            format_args!("NAMES :{} has more members than one answer can list", channel.name),
        );
    }
}

pub fn end(to: &mut Responder<'_>, channels: &str) {
    to.numeric(RPL_ENDOFNAMES, format_args!("{channels} :End of /NAMES list"));
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;
    use crate::testing::Chat;

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        policy.limits.reply_bytes = 1000;
        let mut chat = Chat::with(policy);
        for number in 0..60 {
            let conn = chat.join(&format!("somebody-with-a-long-nick-{number}"));
            chat.say(conn, "JOIN #room");
        }
        let alice = chat.join("alice");
        let answer = chat.say(alice, "NAMES #room");
        assert!(answer.iter().map(String::len).sum::<usize>() < 2000, "{answer:?}");
        assert!(answer[answer.len() - 2].contains(" 416 alice NAMES :"), "{answer:?}");
        assert_eq!(answer.last().unwrap(), ":chat.local 366 alice #room :End of /NAMES list");
    }
}
