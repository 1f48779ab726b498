//! TOPIC.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_CHANOPRIVSNEEDED, ERR_NOTONCHANNEL, RPL_NOTOPIC};

use crate::event::{ChannelEvent, Event};
use crate::mode::Flags;
use crate::tx::{Caller, Tx};

use super::{check, join};

pub fn topic(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let name = message.param(0).unwrap_or_default();
    let Some((id, channel)) = check::visible_channel(tx, caller.user, name) else { return };
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
    let max = state.policy.topic_length();
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

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_topic_of_the_stated_length_fits_any_names() {
        let mut policy = crate::Policy { server_name: "s".repeat(63).into(), ..crate::Policy::default() };
        policy.limits.nick_length = 64;
        let length = policy.topic_length();
        let mut chat = Chat::with(policy);
        let origin = crate::Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
        let host = "h".repeat(63).into();
        let conn =
            chat.connect_from(crate::Peer { origin, host, guests: true, secure: true, certificate: None });
        chat.say(conn, &format!("NICK {}", "n".repeat(64)));
        let welcome = chat.say(conn, &format!("USER {} 0 * :N", "u".repeat(32)));
        assert!(welcome.iter().any(|line| line.contains(&format!("TOPICLEN={length} "))), "{welcome:?}");
        let channel = format!("#{}", "c".repeat(63));
        chat.say(conn, &format!("JOIN {channel}"));
        let topic = "t".repeat(length);
        assert!(chat.say(conn, &format!("TOPIC {channel} :{topic}"))[0].ends_with(&topic));
        assert!(chat.say(conn, &format!("TOPIC {channel}"))[0].ends_with(&topic));
        assert!(chat.say(conn, &format!("TOPIC {channel} :{topic}t"))[0].contains(" 417 "));
    }
}
