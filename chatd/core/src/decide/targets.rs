//! Lists of targets: each target once, and the rest of a command whose turn is over.

use std::borrow::Cow;

use chat_proto::message::{Message, Writer};

/// The targets of a list, each once.
pub fn distinct(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').enumerate().filter_map(move |(index, target)| {
        let mut before = list.split(',').take(index);
        (!before.any(|other| other.eq_ignore_ascii_case(target))).then_some(target)
    })
}

/// The same as a list.
pub fn without_duplicates(list: &str) -> Cow<'_, str> {
    if list.contains(',') { distinct(list).collect::<Vec<_>>().join(",").into() } else { list.into() }
}

/// Returns the targets of a list from `from` on, up to the most that a command may have.
pub fn rest(list: &str, from: usize, most: usize) -> String {
    list.split(',').take(most).skip(from).collect::<Vec<_>>().join(",")
}

/// A command like `message` with other parameters; its label has been used.
pub fn command(message: &Message, params: &[&str]) -> Option<Message> {
    let mut line = Writer::new();
    for (key, value) in message.tags().filter(|(key, _)| *key != "label") {
        line = line.tag(key, &value);
    }
    let (last, params) = params.split_last()?;
    line = params.iter().fold(line.command(message.command()), |line, param| line.param(param));
    let line = line.trailing(last).finish();
    Message::parse(line.trim_end_matches("\r\n")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Chat;

    #[test]
    fn targets_are_distinct_whatever_their_case() {
        assert_eq!(without_duplicates("#a,#b,#A,#a,c"), "#a,#b,c");
        assert_eq!(without_duplicates("#a"), "#a");
    }

    #[test]
    fn names_lists_each_channel_once() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #room");
        let answer = chat.say(alice, &format!("NAMES {}", ["#room"; 20].join(",")));
        assert_eq!(answer.iter().filter(|line| line.contains(" 353 ")).count(), 1, "{answer:?}");
    }

    #[test]
    fn message_reaches_each_target_once() {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "PRIVMSG bob,Bob,bob :hello");
        assert_eq!(chat.heard(bob), [":alice!~alice@host.example PRIVMSG bob :hello"]);
    }

    #[test]
    fn monitor_reports_each_nick_once() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(chat.say(alice, "MONITOR + bob,bob,Bob"), [":chat.local 731 alice :bob"]);
    }

    #[test]
    fn rest_of_a_command_keeps_its_tags_but_the_label() {
        let message = Message::parse("@label=x;+draft/reply=1 JOIN #a,#b k1,k2").unwrap();
        let rest = command(&message, &[&rest("#a,#b,#c", 1, 2), &rest("k1,k2", 1, 2)]).unwrap();
        assert_eq!(rest.as_str(), "@+draft/reply=1 JOIN #b :k2");
    }
}
