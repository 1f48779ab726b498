//! PART.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_NOTONCHANNEL, ERR_TOOMANYTARGETS};

use crate::event::{ChannelEvent, Event};
use crate::id::ChannelId;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::targets;

pub fn part(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let reason = message.param(1).filter(|reason| !reason.is_empty());
    let most = tx.state().policy.limits.targets;
    for (index, name) in message.param(0).unwrap_or_default().split(',').enumerate() {
        if index == most {
            return tx.numeric(ERR_TOOMANYTARGETS, format_args!("{} :Too many targets", word(name)));
        }
        if index > 0 && tx.is_spent() {
            let names = targets::rest(message.param(0).unwrap_or_default(), index, most);
            return tx.postpone(targets::command(message, &[&names, reason.unwrap_or_default()]));
        }
        part_one(tx, caller, name, reason);
    }
}

/// Leaves every channel.
pub fn all(tx: &mut Tx<'_>, caller: Caller) {
    let channels = tx.state().user(caller.user).map(|user| user.channels.clone()).unwrap_or_default();
    for channel in channels {
        leave(tx, caller, channel, None);
    }
}

fn part_one(tx: &mut Tx<'_>, caller: Caller, name: &str, reason: Option<&str>) {
    let Some((id, channel)) = check::channel(tx, name) else { return };
    let name = channel.name.clone();
    if !channel.members.contains_key(&caller.user) {
        return tx.numeric(ERR_NOTONCHANNEL, format_args!("{name} :You're not on that channel"));
    }
    let rest = "PART  :".len() + name.as_str().len();
    let reason = reason.map(|reason| check::fitting(tx.state(), caller.user, rest, reason).into_owned());
    leave(tx, caller, id, reason.as_deref());
}

fn leave(tx: &mut Tx<'_>, caller: Caller, channel: ChannelId, reason: Option<&str>) {
    if let Some(room) = tx.state().room(channel) {
        let (who, byline) = (caller.who(tx.state()), caller.byline(tx.state()));
        let reason = reason.map(Into::into);
        tx.emit(Event::Channel(room, ChannelEvent::Parted { who, reason, byline }));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_long_reason_is_cut_and_the_user_leaves() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #c");
        let told = chat.say(alice, &format!("PART #c :{}", "x".repeat(500)));
        assert!(told[0].contains(" PART #c :x") && told[0].ends_with('…'), "{told:?}");
    }
}
