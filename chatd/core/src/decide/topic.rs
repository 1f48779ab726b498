//! TOPIC.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_CHANOPRIVSNEEDED, ERR_NOTONCHANNEL, RPL_NOTOPIC};

use crate::event::{ChannelEvent, Event};
use crate::mode::Flags;
use crate::tx::{Caller, Tx};

use super::{check, join};

pub fn topic(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let name = message.param(0).unwrap_or_default();
    let Some((id, channel)) = check::channel(tx, name) else { return };
    let name = channel.name.clone();
    if !channel.members.contains_key(&caller.user) {
        return tx.numeric(ERR_NOTONCHANNEL, format_args!("{name} :You're not on that channel"));
    }
    let Some(topic) = message.param(1) else { return show(tx, name.as_str()) };
    let locked = channel.flags.contains(Flags::TOPIC_LOCKED);
    let (state, channel) = (tx.state(), tx.state().channel(id));
    if locked && !channel.is_some_and(|channel| check::rules(state, caller.user, channel)) {
        return tx.numeric(ERR_CHANOPRIVSNEEDED, format_args!("{name} :You're not channel operator"));
    }
    let max = state.policy.limits.topic_length;
    let rest = "TOPIC  :".len() + name.as_str().len() + topic.len();
    if check::text_fits(tx, "topic", topic, max)
        && check::line_fits(tx, caller.user, rest)
        && let Some(room) = tx.state().room(id)
    {
        let id = tx.state().next_message();
        let (by, byline) = (caller.who(tx.state()), caller.byline(tx.state()));
        tx.emit(Event::Channel(room, ChannelEvent::TopicSet { id, by, topic: topic.into(), byline }));
    }
}

fn show(tx: &mut Tx<'_>, name: &str) {
    let (state, mut to) = tx.responder();
    match state.channel_named(name) {
        Some((_, channel)) if channel.topic.is_some() => join::topic(&mut to, channel),
        _ => to.numeric(RPL_NOTOPIC, format_args!("{name} :No topic is set")),
    }
}
