//! Who comes and goes, is away, is invited; and what channels are about.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::same;

use crate::session::{Presence, Session, Status, What};

impl Session {
    pub(super) fn on_presence(&mut self, message: &Message) {
        let Some(name) = message.source_nick().map(str::to_owned) else { return };
        let own = same(&name, &self.nick);
        let param = |index: usize| message.param(index).unwrap_or_default().to_owned();
        match message.command().to_ascii_uppercase().as_str() {
            "JOIN" => self.on_join(message, name, own),
            "PART" => self.on_part(name, own, param(0), param(1)),
            "QUIT" => self.on_quit(name, own, param(0)),
            "KICK" => self.on_kick(name, param(0), param(1), param(2)),
            "TOPIC" => self.on_topic(param(0), param(1), Some(name)),
            "INVITE" => self.emit(What::Invited { by: name, name: param(0), channel: param(1) }),
            _ => self.on_away_notify(message, name, own),
        }
    }

    fn on_join(&mut self, message: &Message, name: String, own: bool) {
        let Some(channel) = message.param(0) else { return };
        if own {
            self.prefix_len = message.source().map_or(self.prefix_len, str::len);
            self.rooms.enter(channel);
            self.moving = None;
            self.past_of_channel(channel);
            if let Some(account) = message.param(1).filter(|_| self.caps.contains(Caps::EXTENDED_JOIN)) {
                self.account = Some(account.to_owned()).filter(|account| account != "*");
            }
        }
        if let Some(room) = self.rooms.room(channel) {
            room.add(&name);
        }
        self.emit(What::Joined { name, channel: channel.to_owned(), own });
    }

    fn on_part(&mut self, name: String, own: bool, channel: String, reason: String) {
        self.take_out(&channel, &name, own);
        self.emit(What::Left { name, channel, own, reason });
    }

    fn on_kick(&mut self, by: String, channel: String, name: String, reason: String) {
        let own = same(&name, &self.nick);
        self.take_out(&channel, &name, own);
        self.emit(What::Kicked { name, channel, own, by, reason });
    }

    fn take_out(&mut self, channel: &str, name: &str, own: bool) {
        if own {
            self.rooms.leave(channel);
            self.moving = None;
        } else if let Some(room) = self.rooms.room(channel) {
            room.remove(name);
        }
    }

    fn on_quit(&mut self, name: String, own: bool, reason: String) {
        if !own {
            self.rooms.remove_everywhere(&name);
            self.standings.forget(&name);
            self.emit(What::Gone { name, reason });
        }
    }

    /// Of ourselves we hear twice: an answer, and a note like everybody else's. Nobody needs to be told that they talk, or do
    /// nothing.
    fn on_away_notify(&mut self, message: &Message, name: String, own: bool) {
        let text = message.param(0);
        let presence = Presence::of(message, text);
        if !own {
            let quiet = !self.concerns_us(&name, &presence) | !self.standings.change(&name, &presence);
            return self.emit(What::Away { name, own, presence, quiet });
        }
        let ours = matches!(presence.status, Status::Available | Status::Away);
        if ours && self.asked_away == 0 && self.away != text.is_some() {
            self.away = text.is_some();
            self.away_text = text.map(str::to_owned);
            self.emit(What::Away { name, own, presence, quiet: false });
        }
    }

    /// Whether it may matter to the user that somebody begins or ends to talk with somebody: if they had to do with each other, and
    /// unless it is told otherwise. In a channel of many there would be no end to such lines.
    fn concerns_us(&self, name: &str, presence: &Presence) -> bool {
        let (begins_with, ends_with) = (presence.with.as_deref(), self.standings.partner(name));
        let Some(partner) = begins_with.or(ends_with) else { return true };
        let asked = |name: &str| self.asking().iter().any(|asked| same(asked, name));
        let is_close = self.standings.is_contact(name)
            || begins_with.is_some_and(|partner| self.standings.is_contact(partner));
        is_close && !(same(partner, &self.nick) || asked(name) || asked(partner))
    }

    /// The answer to what was said to somebody who is away: the same is told once.
    pub(super) fn on_written_to_away(&mut self, message: &Message) {
        let param = |index: usize| message.param(index).unwrap_or_default();
        let (name, presence) = (param(1).to_owned(), Presence::of(message, Some(param(2))));
        let quiet = !self.standings.tell(&name, &presence);
        self.emit(What::Away { name, own: false, presence, quiet });
    }

    pub(super) fn on_topic(&mut self, channel: String, text: String, by: Option<String>) {
        if let Some(room) = self.rooms.room(&channel) {
            room.topic.clone_from(&text);
        }
        self.emit(What::Topic { channel, text, by });
    }
}
