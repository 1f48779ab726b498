//! What the user wants of the server.

use chat_proto::caps::Caps;
use chat_proto::line::LINE_MAX;
use chat_proto::message::Writer;

use crate::session::event::How;
use crate::session::outbox::{CLIENT_ID_TAG, Entry, WAITING_MAX, WINDOW};
use crate::session::split::{Size, messages, split};
use crate::session::{Session, What};

const ACTION_START: &str = "\x01ACTION ";
const ACTION_END: &str = "\x01";

impl Session {
    /// Says `text` to a channel or a person, as one message where the server can take it; kept until it can be sent.
    /// False if too much is waiting already, and then nothing of it is said.
    #[must_use]
    pub fn say(&mut self, to: &str, text: &str, how: How) -> bool {
        let size = self.multiline.filter(|_| how != How::Action);
        let taken = self.outbox.push(to, messages(&split(text, self.room(to)), size), how);
        self.send_ready();
        taken
    }

    /// Bytes of text in one line to `to`.
    fn room(&self, to: &str) -> usize {
        let around = ": PRIVMSG  :\r\n".len() + ACTION_START.len() + ACTION_END.len();
        LINE_MAX.saturating_sub(around + self.prefix_len + to.len()).max(64)
    }

    /// How much can be said to `to` at once, and the bytes of the longest line that goes as one message. Where the server knows
    /// no messages of several lines, it is what may be on the way at once.
    pub fn size_of_message(&self, to: &str) -> (Size, usize) {
        let size = self.multiline.unwrap_or(Size { bytes: usize::MAX, lines: WINDOW });
        let lines = size.lines.clamp(1, WAITING_MAX);
        // The pieces of a line are cut between words, each more than half as long as it may be; each counts as one byte more.
        let line = (lines * self.room(to) / 2).min(size.bytes.saturating_sub(lines)).max(64);
        (Size { bytes: size.bytes.min(lines * self.room(to)), lines }, line)
    }

    /// Lines that were said and not answered.
    pub fn unanswered(&self) -> usize {
        self.outbox.lines()
    }

    /// Whether the server answers each message by itself.
    pub fn is_acknowledged(&self) -> bool {
        self.caps.contains(Caps::LABELED_RESPONSE | Caps::ECHO_MESSAGE | Caps::BATCH)
    }

    pub(super) fn send_ready(&mut self) {
        // What was on the way when the connection broke comes first, if it isn't found in the history.
        if !self.is_ready() || self.past.is_returning() {
            return;
        }
        if self.multiline.is_none() {
            self.outbox.divide();
        }
        let acknowledged = self.is_acknowledged();
        loop {
            let entries = self.outbox.ready();
            for entry in &entries {
                self.send_entry(entry, acknowledged);
            }
            if acknowledged || entries.is_empty() {
                return;
            }
            for entry in entries {
                self.taken_as_said(&entry.label);
            }
        }
    }

    fn send_entry(&mut self, entry: &Entry, acknowledged: bool) {
        let mut head = if acknowledged { Writer::new().tag("label", &entry.label) } else { Writer::new() };
        if let Some(id) = entry.id.as_ref().filter(|_| self.caps.contains(Caps::CLIENT_ID)) {
            head = head.tag(CLIENT_ID_TAG, id);
        }
        let to = &entry.to;
        if let [piece] = &entry.pieces[..] {
            let text = match entry.how {
                How::Action => format!("{ACTION_START}{}{ACTION_END}", piece.text),
                How::Text | How::Notice => piece.text.clone(),
            };
            return self.send(head.command("PRIVMSG").param(to).trailing(&text));
        }
        let batch = &entry.label;
        self.send(head.command("BATCH").param(&format!("+{batch}")).param("draft/multiline").param(to));
        for piece in &entry.pieces {
            let line = Writer::new().tag("batch", batch);
            let line = if piece.joined { line.tag("draft/multiline-concat", "") } else { line };
            self.send(line.command("PRIVMSG").param(to).trailing(&piece.text));
        }
        self.send(Writer::new().command("BATCH").param(&format!("-{batch}")));
    }

    /// A server that doesn't label its answers: what is written counts as said.
    fn taken_as_said(&mut self, label: &str) {
        let Some(entry) = self.outbox.settle(label) else { return };
        if !self.caps.contains(Caps::ECHO_MESSAGE) {
            let (from, text) = (self.nick.clone(), entry.text());
            self.emit(What::Said { from, to: entry.to, own: true, how: entry.how, text });
        }
    }

    /// Nothing that was shown can be seen any more.
    pub fn forget_shown(&mut self) {
        self.traces.cleared();
    }

    pub fn join(&mut self, channel: &str, key: Option<&str>) {
        self.moving = Some(channel.to_owned());
        let line = Writer::new().command("JOIN").param(channel);
        self.send(key.into_iter().fold(line, Writer::param));
    }

    pub fn part(&mut self, channel: &str, reason: &str) {
        self.moving = Some(channel.to_owned());
        self.send(Writer::new().command("PART").param(channel).trailing(reason));
    }

    pub fn ask_topic(&mut self, channel: &str) {
        self.send(Writer::new().command("TOPIC").param(channel));
    }

    pub fn set_topic(&mut self, channel: &str, topic: &str) {
        self.send(Writer::new().command("TOPIC").param(channel).trailing(topic));
    }

    /// Away with a text, or back without.
    pub fn set_away(&mut self, text: Option<&str>) {
        self.asked_away += 1;
        self.away_text = text.map(str::to_owned);
        let line = Writer::new().command("AWAY");
        self.send(text.into_iter().fold(line, Writer::trailing));
    }

    pub fn ask_channels(&mut self) {
        self.listed.clear();
        self.send(Writer::new().command("LIST"));
    }

    pub fn ask_names(&mut self, channel: &str) {
        self.asked_names = Some(channel.to_owned());
        self.send(Writer::new().command("NAMES").param(channel));
    }

    pub fn invite(&mut self, nick: &str, channel: &str) {
        self.send(Writer::new().command("INVITE").param(nick).param(channel));
    }

    pub fn rename(&mut self, nick: &str) {
        self.send(Writer::new().command("NICK").param(nick));
    }

    /// Says goodbye, once.
    pub fn quit(&mut self, reason: Option<&str>) {
        if !std::mem::replace(&mut self.quitting, true) {
            let line = Writer::new().command("QUIT");
            self.send(reason.into_iter().fold(line, Writer::trailing));
        }
    }

    /// Asks for a sign of life.
    pub fn ping(&mut self) {
        self.send(Writer::new().command("PING").param("chat-alive"));
    }

    /// [`Session::is_settled`] will wait for the answers to everything asked so far.
    pub fn place_fence(&mut self) {
        self.fences += 1;
        let token = format!("chat-fence-{}", self.fences);
        self.send(Writer::new().command("PING").param(&token));
        self.fence = Some(token);
    }

    /// Gives up waiting for such an answer.
    pub fn stop_moving(&mut self) {
        self.moving = None;
        self.waits_for_account = false;
        self.talks.awaits_answer = false;
    }
}
