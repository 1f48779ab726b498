//! Who is on, and one person whole: WHO, WHOIS and, for those who have left, WHOWAS.

use chat_proto::message::{Message, Writer};
use chat_proto::name::same;
use chat_proto::numeric::{self as n, Numeric};
use jiff::Timestamp;
use serde::Serialize;

use crate::session::event::User;
use crate::session::status::Presence;
use crate::session::{Session, WHO_TOKEN, What};

/// What is collected until the line that ends it: bounded, since a server may never end it.
const ROWS_MAX: usize = 100_000;
const CHANNELS_MAX: usize = 1000;

/// What is known of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    pub name: String,
    pub real_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub bot: bool,
    pub operator: bool,
    /// Absent for those who are not here.
    #[serde(flatten)]
    pub presence: Option<Presence>,
    /// Seconds since they last did something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "crate::session::event::display")]
    pub connected: Option<Timestamp>,
    pub channels: Vec<String>,
    /// When they left, in the server's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

impl Session {
    pub fn ask_users(&mut self) {
        self.users.clear();
        let line = Writer::new().command("WHO").param("*");
        self.send(if self.whox { line.param(&format!("%tnfa,{WHO_TOKEN}")) } else { line });
    }

    /// Asks for all that is known of somebody.
    pub fn ask_person(&mut self, nick: &str) {
        self.person = Some(Person { name: nick.to_owned(), ..Person::default() });
        self.send(Writer::new().command("WHOIS").param(nick));
    }

    /// Takes a numeric that is about somebody; false if nobody was asked for, or it is about something else.
    pub(super) fn on_person(&mut self, number: Numeric, message: &Message) -> bool {
        // What answers something that was said has the label of that.
        let is_answer = self.label.is_none();
        let asked =
            |person: &&mut Person| is_answer && message.param(1).is_some_and(|name| same(name, &person.name));
        let Some(person) = self.person.as_mut().filter(asked) else { return false };
        let last = message.params().last().unwrap_or_default();
        match number {
            n::RPL_WHOISUSER | n::RPL_WHOWASUSER => {
                message.param(1).unwrap_or_default().clone_into(&mut person.name);
                last.clone_into(&mut person.real_name);
                if number == n::RPL_WHOISUSER {
                    person.presence = Some(Presence::default());
                }
            }
            n::RPL_AWAY => person.presence = Some(Presence::of(message, Some(last))),
            n::RPL_WHOISOPERATOR => person.operator = true,
            n::RPL_WHOISBOT => person.bot = true,
            n::RPL_WHOISACCOUNT => person.account = message.param(2).map(str::to_owned),
            n::RPL_WHOISIDLE => {
                person.idle = message.param(2).and_then(|seconds| seconds.parse().ok());
                let seconds = message.param(3).and_then(|seconds| seconds.parse().ok());
                person.connected = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
            }
            n::RPL_WHOISCHANNELS => {
                let room = CHANNELS_MAX.saturating_sub(person.channels.len());
                let names = last.split(' ').filter(|name| !name.is_empty()).take(room);
                person
                    .channels
                    .extend(names.map(|name| name.trim_start_matches(['~', '&', '@', '%', '+']).to_owned()));
            }
            n::RPL_WHOISSERVER if person.presence.is_none() => person.left = Some(last.to_owned()),
            n::RPL_ENDOFWHOIS if person.presence.is_none() => {
                let line = Writer::new().command("WHOWAS").param(&person.name).param("1");
                self.send(line);
            }
            n::RPL_ENDOFWHOIS | n::RPL_ENDOFWHOWAS => {
                if let Some(person) = self.person.take() {
                    self.emit(What::Person(person));
                }
            }
            n::ERR_NOSUCHNICK | n::ERR_WASNOSUCHNICK => {}
            other => return is_detail(other),
        }
        true
    }

    pub(super) fn on_whox(&mut self, message: &Message) {
        if message.param(1) == Some(WHO_TOKEN) {
            let account = message.param(4).filter(|account| *account != "0");
            self.on_who(message, [2, 3], account);
        }
    }

    /// A row of the list; `fields` are where the nick and the flags stand.
    pub(super) fn on_who(&mut self, message: &Message, fields: [usize; 2], account: Option<&str>) {
        let [nick, flags] = fields.map(|field| message.param(field).unwrap_or_default());
        if self.users.len() < ROWS_MAX && self.users.last().is_none_or(|user| user.name != nick) {
            let away = flags.starts_with('G');
            let presence = Presence::of(message, away.then_some(""));
            self.standings.note(nick, &presence);
            self.users.push(User {
                name: nick.to_owned(),
                account: account.map(str::to_owned),
                away,
                bot: flags.contains('B'),
                presence,
            });
        }
    }

    pub(super) fn on_who_end(&mut self) {
        let mut users = std::mem::take(&mut self.users);
        users.sort_by_cached_key(|user| user.name.to_ascii_lowercase());
        users.dedup_by(|a, b| a.name == b.name);
        self.emit(What::Users { users });
    }
}

/// Where from and how somebody is connected: for the administrators.
fn is_detail(number: Numeric) -> bool {
    matches!(
        number,
        n::RPL_WHOISSERVER
            | n::RPL_WHOISSECURE
            | n::RPL_WHOISACTUALLY
            | n::RPL_WHOISHOST
            | n::RPL_WHOISMODES
            | n::RPL_WHOISCERTFP
    )
}

#[cfg(test)]
mod tests;
