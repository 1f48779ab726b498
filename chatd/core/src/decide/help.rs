//! HELP and HELPOP: what the command table says, and what the mode letters mean.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_HELPNOTFOUND, RPL_ENDOFHELP, RPL_HELPSTART, RPL_HELPTXT};

use crate::reply::Responder;
use crate::tx::{Caller, Tx};

use super::check::word;
use super::table::{self, COMMANDS, Command};

/// A subject that is no command.
struct Topic {
    name: &'static str,
    title: &'static str,
    lines: &'static [&'static str],
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "CMODES",
        title: "the modes of channels",
        lines: &[
            "b mask   ban: may neither join nor speak; m:mask may not speak",
            "e mask   may although a ban fits",
            "I mask   needs no invitation",
            "k key    the key is needed to join",
            "l number so many members at most",
            "o nick   an operator of the channel",
            "v nick   may speak although moderated",
            "C        no CTCP but ACTION",
            "i        by invitation only",
            "m        moderated: only operators and the voiced speak",
            "n        only members speak",
            "s        secret: outsiders don't see that it exists",
            "t        only operators set the topic",
        ],
    },
    Topic {
        name: "UMODES",
        title: "the modes of users",
        lines: &[
            "B        a bot",
            "i        invisible: found only by those who share a channel or know the nick",
            "o        an operator of the server",
            "r        has an account",
            "w        receives WALLOPS",
        ],
    },
];

pub fn help(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let (_, mut to) = tx.responder();
    let Some(subject) = message.param(0).filter(|subject| !subject.is_empty()) else { return index(&mut to) };
    let topic = TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(subject));
    if let Some(topic) = topic {
        page(&mut to, topic.name, topic.title, topic.lines);
    } else if let Some(Command { name, usage, summary, .. }) = table::find(subject) {
        page(&mut to, name, &format!("{name} {usage}"), &[summary]);
    } else {
        let subject = word(subject);
        to.numeric(
            ERR_HELPNOTFOUND,
            format_args!("{subject} :No help on this, HELP alone lists what there is"),
        );
    }
}

fn index(to: &mut Responder<'_>) {
    let commands = COMMANDS.iter().map(|command| (command.name, command.summary));
    let topics = TOPICS.iter().map(|topic| (topic.name, topic.title));
    let lines: Vec<String> = commands.chain(topics).map(|(name, says)| format!("{name:8} {says}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    page(to, "*", "The commands; HELP with one of them tells its parameters", &lines);
}

fn page(to: &mut Responder<'_>, subject: &str, title: &str, lines: &[&str]) {
    let head = format!("{subject} :");
    to.text(RPL_HELPSTART, &head, title);
    for line in lines {
        to.text(RPL_HELPTXT, &head, line);
    }
    to.numeric(RPL_ENDOFHELP, format_args!("{subject} :End of /HELP"));
}

#[cfg(test)]
mod tests {
    use crate::decide::table::COMMANDS;
    use crate::testing::Chat;

    #[test]
    fn a_command_is_explained_in_any_case() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        for command in ["HELP privmsg", "HELPOP PRIVMSG"] {
            assert_eq!(
                chat.say(alice, command),
                [
                    ":chat.local 704 alice PRIVMSG :PRIVMSG target[,target ...] :text",
                    ":chat.local 705 alice PRIVMSG :says something to users and channels",
                    ":chat.local 706 alice PRIVMSG :End of /HELP",
                ]
            );
        }
        assert!(chat.say(alice, "HELP cmodes").len() > 10);
    }

    #[test]
    fn help_alone_lists_every_command() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let lines = chat.say(alice, "HELP");
        for command in COMMANDS {
            let entry = format!(" 705 alice * :{:8} {}", command.name, command.summary);
            assert!(lines.iter().any(|line| line.ends_with(&entry)), "{}", command.name);
        }
    }

    #[test]
    fn an_unknown_subject_is_one_error() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let answer = chat.say(alice, "HELP nosuchthing");
        assert!(
            answer.len() == 1 && answer[0].starts_with(":chat.local 524 alice nosuchthing :"),
            "{answer:?}"
        );
    }
}
