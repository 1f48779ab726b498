//! The numeric replies.

use chat_proto::message::Message;
use chat_proto::numeric::{self as n, Numeric};

use crate::session::event::Channel;
use crate::session::{Session, Stage, Status, What};

/// What is collected until the line that ends it: bounded, since a server may never end it.
const ROWS_MAX: usize = 100_000;

impl Session {
    pub(super) fn on_numeric(&mut self, number: u16, message: &Message) {
        if self.on_person(Numeric(number), message) {
            return;
        }
        match Numeric(number) {
            n::RPL_WELCOME => self.on_welcome(message),
            n::RPL_ISUPPORT => self.on_isupport(message),
            n::RPL_ENDOFMOTD | n::ERR_NOMOTD => self.on_greeted(),
            n::RPL_AWAY | n::RPL_UNAWAY | n::RPL_NOWAWAY => self.on_away(Numeric(number), message),
            n::RPL_NOTOPIC => self.on_topic(param(message, 1), String::new(), None),
            n::RPL_TOPIC => self.on_topic(param(message, 1), param(message, 2), None),
            n::RPL_INVITING => self.on_inviting(message),
            n::RPL_NAMREPLY => self.on_names(&param(message, 2), &param(message, 3)),
            n::RPL_ENDOFNAMES => self.on_names_end(&param(message, 1)),
            n::RPL_WHOREPLY => self.on_who(message, [5, 6], None),
            n::RPL_WHOSPCRPL => self.on_whox(message),
            n::RPL_ENDOFWHO => self.on_who_end(),
            n::RPL_LIST => self.on_list(message),
            n::RPL_LISTEND => self.on_list_end(),
            Numeric(900..=909) => self.on_login_numeric(Numeric(number), message),
            Numeric(400..=599 | 900..) => self.on_refusal(Numeric(number), message),
            other => self.on_other(other, message),
        }
    }

    fn on_away(&mut self, number: Numeric, message: &Message) {
        let me = self.nick.clone();
        if number != n::RPL_AWAY {
            self.asked_away = self.asked_away.saturating_sub(1);
            self.away = number == n::RPL_NOWAWAY;
        }
        self.emit(match number {
            n::RPL_AWAY => return self.on_written_to_away(message),
            n::RPL_NOWAWAY => What::own_away(me, Status::Away),
            _ => What::own_away(me, Status::Available),
        });
    }

    fn on_inviting(&mut self, message: &Message) {
        let by = self.nick.clone();
        self.emit(What::Invited { by, name: param(message, 1), channel: param(message, 2) });
    }

    /// Answers worth showing as they stand; the greeting's counts and versions are not.
    fn on_other(&mut self, number: Numeric, message: &Message) {
        let told = !matches!(
            number,
            Numeric(0..=255 | 265 | 266 | 321 | 329 | 333 | 396) | n::RPL_MOTDSTART | n::RPL_CHANNELMODEIS
        );
        let text = message.params().skip(1).collect::<Vec<_>>().join(" ");
        let text = if number == n::RPL_MOTD { text.trim_start_matches("- ").to_owned() } else { text };
        if told {
            self.emit(What::Info { text });
        }
    }

    fn on_refusal(&mut self, number: Numeric, message: &Message) {
        let reason = message.params().last().unwrap_or_default();
        if self.stage == Stage::Registering && is_about_our_name(number) {
            return self.on_name_refused(number, reason);
        }
        if self.stage == Stage::Registering && message.param(1) == Some("CAP") && self.is_logging_in() {
            return self.cannot_log_in();
        }
        let count = message.params().len();
        let subject =
            message.params().take(count - usize::from(count > 0)).skip(1).last().unwrap_or_default();
        if self.moving.as_deref().is_some_and(|channel| channel.eq_ignore_ascii_case(subject)) {
            self.moving = None;
        }
        let reason = match number {
            n::ERR_NOSUCHNICK => format!("nobody here is called {subject}; <list> shows who is on"),
            n::ERR_NOSUCHCHANNEL => {
                format!("there is no channel {subject}; <channels> shows those there are")
            }
            _ if subject.is_empty() => reason.to_owned(),
            _ => format!("{subject}: {reason}"),
        };
        self.refuse(Some(number.0), subject, &reason);
    }

    fn on_names(&mut self, channel: &str, names: &str) {
        for name in names.split(' ').filter(|name| !name.is_empty()) {
            let nick = name.trim_start_matches(['~', '&', '@', '%', '+']);
            let nick = nick.split('!').next().unwrap_or(nick);
            if let Some(room) = self.rooms.room(channel) {
                room.add(nick);
            }
        }
    }

    fn on_names_end(&mut self, channel: &str) {
        let asked = self.asked_names.take().is_some_and(|name| name.eq_ignore_ascii_case(channel));
        let Some(room) = self.rooms.room(channel) else { return };
        let names = room.members.values().cloned().collect();
        self.emit(What::Names { channel: channel.to_owned(), names, asked });
    }

    fn on_list(&mut self, message: &Message) {
        if self.listed.len() < ROWS_MAX {
            let users = message.param(2).and_then(|count| count.parse().ok()).unwrap_or(0);
            self.listed.push(Channel { name: param(message, 1), users, topic: param(message, 3) });
        }
    }

    fn on_list_end(&mut self) {
        let channels = std::mem::take(&mut self.listed);
        self.emit(What::Channels { channels });
    }
}

fn is_about_our_name(number: Numeric) -> bool {
    matches!(
        number,
        n::ERR_NONICKNAMEGIVEN
            | n::ERR_ERRONEUSNICKNAME
            | n::ERR_NICKNAMEINUSE
            | Numeric(437)
            | n::ERR_PASSWDMISMATCH
    )
}

fn param(message: &Message, index: usize) -> String {
    message.param(index).unwrap_or_default().to_owned()
}
