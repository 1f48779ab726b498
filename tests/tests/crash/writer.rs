//! Somebody who talks without a pause, and keeps what was shown.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use chat_proto::message::Message;
use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;

use crate::ROOM;

const CAPABILITIES: &str = "echo-message message-tags server-time chatd.org/client-id";
/// Lines under way at once.
const WINDOW: usize = 8;
/// Every so often it is a topic.
const TOPIC_EVERY: u64 = 16;

/// A line of the history as somebody sees it: the message's id, the command, and the text.
pub type Seen = (String, String, String);

/// Counts what is seen by all, and tells once when it is enough.
#[derive(Debug, Clone)]
pub struct Trigger {
    left: Arc<AtomicUsize>,
    pull: Sender<()>,
}

impl Trigger {
    pub fn new(lines: usize, pull: Sender<()>) -> Self {
        Self { left: Arc::new(AtomicUsize::new(lines)), pull }
    }

    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // Nobody listens any more when chatd is being killed.
            let _ = self.pull.send(());
        }
    }
}

#[derive(Debug)]
pub struct Writer {
    nick: String,
    said: u64,
    /// Sent, and its echo not seen.
    pending: VecDeque<u64>,
    /// In the order in which they came, since they were last compared.
    pub seen: Vec<Seen>,
}

impl Writer {
    pub fn new(index: usize) -> Self {
        Self { nick: format!("writer{index}"), said: 0, pending: VecDeque::new(), seen: Vec::new() }
    }

    pub fn enter(&self, daemon: &Daemon) -> Irc {
        let mut client = daemon.connect_tcp();
        client.register_with(&self.nick, CAPABILITIES);
        client.send(&format!("JOIN {ROOM}"));
        client.expect_containing(" 366 ");
        client
    }

    /// Until the connection breaks.
    pub fn live(&mut self, mut client: Irc, trigger: &Trigger) {
        let again: Vec<u64> = self.pending.iter().copied().collect();
        let mut alive = again.into_iter().all(|number| self.say(&mut client, number));
        while alive {
            while alive && self.pending.len() < WINDOW {
                self.said += 1;
                self.pending.push_back(self.said);
                alive = self.say(&mut client, self.said);
            }
            alive = alive && self.read(&mut client, trigger);
        }
        // What had arrived before the connection broke was shown, too.
        while self.read(&mut client, trigger) {}
    }

    fn say(&self, client: &mut Irc, number: u64) -> bool {
        let nick = &self.nick;
        let line = format!("@chatd.org/client-id={nick}-{number} PRIVMSG {ROOM} :{nick} {number}\r\n");
        let topic = if number.is_multiple_of(TOPIC_EVERY) {
            format!("TOPIC {ROOM} :{nick} about {number}\r\n")
        } else {
            String::new()
        };
        client.try_send_bytes(format!("{line}{topic}").as_bytes()).is_ok()
    }

    fn read(&mut self, client: &mut Irc, trigger: &Trigger) -> bool {
        let Ok(Some(line)) = client.read_line() else { return false };
        let Some(seen) = seen(&line) else { return true };
        if let Some(number) = seen.2.strip_prefix(&format!("{} ", self.nick)) {
            self.pending.retain(|pending| pending.to_string() != number);
        }
        // A repeat is answered as it was at first: it may have been seen before.
        self.seen.push(seen);
        trigger.count();
        true
    }
}

/// What is of the room's history in a line.
pub fn seen(line: &str) -> Option<Seen> {
    let message = Message::parse(line).ok()?;
    let command = Some(message.command()).filter(|command| ["PRIVMSG", "TOPIC"].contains(command))?;
    let id = message.tag("msgid").expect("what is kept has an id").into_owned();
    (message.param(0) == Some(ROOM))
        .then(|| (id, command.to_owned(), message.param(1).unwrap_or("").to_owned()))
}
