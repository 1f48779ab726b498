//! Collects what a command answers to its own client, so that labels and batches come by themselves.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use bytes::Bytes;
use chat_proto::caps::Caps;
use chat_proto::line::LINE_MAX;
use chat_proto::message::{push_tag, unescape_tag};
use chat_proto::numeric::{Numeric, RPL_AWAY};
use compact_str::CompactString;

use crate::project::{Tags, presence_tags};
use crate::state::Presence;

/// The most bytes of a label (labeled-response). A longer one is none.
const LABEL_MAX: usize = 64;

/// The lines for the client whose command is being decided. Its room is used again for the next command.
#[derive(Debug, Default)]
pub struct Replies {
    lines: String,
    /// How many lines there are; a batch counts as one.
    count: usize,
}

impl Replies {
    /// Appends a whole line: `write` writes it with its tags and without its line end. It may be a batch of several, too, which is
    /// one answer: the label is on its first line.
    pub fn line(&mut self, write: impl FnOnce(&mut String)) {
        self.count += 1;
        write(&mut self.lines);
        self.lines.push_str("\r\n");
    }

    /// Takes the collected lines as one frame; `None` when there is nothing to send.
    ///
    /// With a label (labeled-response): nothing becomes ACK, one line is labelled itself, several become a batch.
    pub fn take(&mut self, label: Option<&Label>, server: &str) -> Option<Bytes> {
        let frame = match (label, self.count) {
            (None, 0) => None,
            (None, _) => Some(Bytes::copy_from_slice(self.lines.as_bytes())),
            (Some(label), 0) => Some(format!("@label={} :{server} ACK\r\n", label.escaped).into()),
            (Some(label), 1) => Some(label.tagged(&self.lines).into()),
            (Some(label), _) => Some(self.batched(label, server).into()),
        };
        self.lines.clear();
        self.count = 0;
        frame
    }

    /// How much is collected.
    pub fn bytes(&self) -> usize {
        self.lines.len()
    }

    /// The collected lines as they are, to be sent by themselves.
    pub fn into_lines(self) -> String {
        self.lines
    }

    /// Appends whole lines that were collected elsewhere.
    pub fn append(&mut self, lines: &str) {
        for line in lines.split_inclusive("\r\n") {
            self.count += 1;
            self.lines.push_str(line);
        }
    }

    fn batched(&self, label: &Label, server: &str) -> String {
        let mut frame = String::with_capacity(self.lines.len() + 16 * self.count + 128);
        let reference = &label.reference;
        let _ = write!(frame, "@label={} :{server} BATCH +{reference} labeled-response\r\n", label.escaped);
        for line in self.lines.split_inclusive("\r\n") {
            // What is in a batch within this one says so, and comes to this one with it.
            if line.starts_with("@batch=") {
                frame.push_str(line);
            } else {
                tag_line(&mut frame, "batch", reference, line);
            }
        }
        let _ = write!(frame, ":{server} BATCH -{reference}\r\n");
        frame
    }
}

/// A client's label for its command, and the reference of the batch that may be needed for the answer.
#[derive(Debug, Clone)]
pub struct Label {
    escaped: CompactString,
    reference: CompactString,
}

impl Label {
    /// The label, if the client may use labels; `number` makes the batch's reference its own.
    pub fn new(caps: Caps, label: &str, number: u64) -> Option<Self> {
        let needed = Caps::LABELED_RESPONSE | Caps::BATCH;
        if !caps.contains(needed) || label.is_empty() || label.len() > LABEL_MAX {
            return None;
        }
        let mut tag = String::new();
        push_tag(&mut tag, "label", label);
        let escaped = CompactString::from(tag.trim_start_matches("@label="));
        Some(Self { escaped, reference: CompactString::from(format!("l{number}")) })
    }

    pub fn text(&self) -> Cow<'_, str> {
        unescape_tag(&self.escaped)
    }

    fn tagged(&self, line: &str) -> String {
        let mut labelled = String::with_capacity(line.len() + self.escaped.len() + 16);
        tag_line(&mut labelled, "label", &self.escaped, line);
        labelled
    }
}

fn tag_line(out: &mut String, key: &str, escaped: &str, line: &str) {
    let _ = match line.strip_prefix('@') {
        Some(rest) => write!(out, "@{key}={escaped};{rest}"),
        None => write!(out, "@{key}={escaped} {line}"),
    };
}

/// Answers a client in the server's name.
#[derive(Debug)]
pub struct Responder<'a> {
    pub replies: &'a mut Replies,
    pub server: &'a str,
    /// The client's nick, or `*`.
    pub client: &'a str,
    /// The client's.
    pub caps: Caps,
    /// Bytes after which a long list is cut: well within what a connection's send queue holds, so that nobody who asks for
    /// a list is taken for somebody who doesn't read.
    pub max: usize,
}

impl Responder<'_> {
    /// `:server 123 client args`
    pub fn numeric(&mut self, numeric: Numeric, args: fmt::Arguments<'_>) {
        let (server, client) = (self.server, self.client);
        self.replies.line(|line| {
            let _ = write!(line, ":{server} {numeric} {client} {args}");
        });
    }

    /// `:server args`
    pub fn server_line(&mut self, args: fmt::Arguments<'_>) {
        let server = self.server;
        self.replies.line(|line| {
            let _ = write!(line, ":{server} {args}");
        });
    }

    /// A batch of whole lines that are marked as part of it already; one answer to a command.
    pub fn batch(&mut self, reference: &str, kind: &str, lines: &str) {
        let server = self.server;
        self.replies.line(|reply| {
            let _ =
                write!(reply, ":{server} BATCH +{reference} {kind}\r\n{lines}:{server} BATCH -{reference}");
        });
    }

    /// `:server 123 client head` and then `text`; a text that would break the line's limit is cut, and ends in `…`.
    pub fn text(&mut self, numeric: Numeric, head: &str, text: &str) {
        let text = shortened(text, self.room().saturating_sub(head.len()));
        self.numeric(numeric, format_args!("{head}{text}"));
    }

    /// As [`Responder::text`], with the tags that tell a user's presence.
    pub fn about(&mut self, presence: Presence<'_>, numeric: Numeric, head: &str, text: &str) {
        let text = shortened(text, self.room().saturating_sub(head.len()));
        let (server, client, caps) = (self.server, self.client, self.caps);
        self.replies.line(|line| {
            let mut tags = Tags::new(line);
            presence_tags(caps, &mut tags, presence, numeric != RPL_AWAY);
            tags.end();
            let _ = write!(line, ":{server} {numeric} {client} {head}{text}");
        });
    }

    /// Whether a long list must be cut here.
    pub fn is_full(&self) -> bool {
        self.replies.lines.len() >= self.max
    }

    /// How many bytes a numeric's parameters can have.
    pub fn room(&self) -> usize {
        LINE_MAX.saturating_sub(self.server.len() + self.client.len() + ": 123  \r\n".len())
    }

    /// Lists items in as few lines as hold them: `:server 123 client head item item …`, each line within the limit. Returns whether
    /// there was room for all of them.
    pub fn list(
        &mut self,
        numeric: Numeric,
        head: &str,
        separator: char,
        items: impl Iterator<Item = CompactString>,
    ) -> bool {
        let room = self.room().saturating_sub(head.len());
        let mut text = String::new();
        for item in items {
            if !text.is_empty() && text.len() + 1 + item.len() > room {
                self.numeric(numeric, format_args!("{head}{text}"));
                text.clear();
                if self.is_full() {
                    return false;
                }
            }
            if !text.is_empty() {
                text.push(separator);
            }
            text.push_str(&item);
        }
        if !text.is_empty() {
            self.numeric(numeric, format_args!("{head}{text}"));
        }
        true
    }
}

/// At most `max` bytes of what a client sent, for quoting it in an answer.
pub fn quote(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A text of at most `max` bytes; a longer one is cut and ends in `…`.
pub fn shortened(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    match max.checked_sub('…'.len_utf8()) {
        Some(room) => Cow::Owned(format!("{}…", quote(text, room))),
        None => Cow::Borrowed(quote(text, max)),
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;
    use crate::policy::{Limits, Policy};
    use crate::testing::Chat;

    /// [`Chat::heard`] holds every line to the limit.
    #[test]
    fn no_answer_is_too_long_with_the_longest_names_and_texts() {
        let mut policy = Policy { server_name: "s".repeat(63).into(), ..Policy::default() };
        policy.description = "d".repeat(300);
        policy.motd = vec!["m".repeat(600)];
        policy.limits = Limits { nick_length: 64, away_length: 390, ..Limits::default() };
        let mut chat = Chat::with(policy);
        let conn = chat.connect();
        let nick = "n".repeat(64);
        chat.say(conn, &format!("NICK {nick}"));
        chat.say(conn, &format!("USER {} 0 * :{}", "u".repeat(32), "é".repeat(64)));
        let channel = format!("#{}", "c".repeat(63));
        chat.say(conn, &format!("JOIN {channel}"));
        chat.say(conn, &format!("TOPIC {channel} :{}", "t".repeat(250)));
        chat.say(conn, &format!("AWAY :{}", "a".repeat(300)));
        for line in [
            format!("WHO {channel}"),
            format!("WHO {nick} %tcuihsnfdlaor,123"),
            format!("WHOIS {nick}"),
            "LIST".to_owned(),
            format!("USERHOST {}", [nick.as_str(); 5].join(" ")),
            format!("ISON {}", [nick.as_str(); 6].join(" ")),
            format!("MONITOR + {}", [nick.as_str(); 6].join(",")),
            "MONITOR S".to_owned(),
            format!("HELP {}", "h".repeat(480)),
            format!("WHO {}", "*".repeat(480)),
            format!("LINKS {}", "l".repeat(480)),
            format!("WHOWAS {}", "w".repeat(480)),
            format!("WHOIS {} {}", "s".repeat(240), "w".repeat(240)),
            "INFO".to_owned(),
            "VERSION".to_owned(),
            "MOTD".to_owned(),
            "LUSERS".to_owned(),
        ] {
            assert!(!chat.say(conn, &line).is_empty(), "{line}");
        }
    }

    #[test]
    fn a_shortened_text_is_within_any_limit() {
        for max in 0..9 {
            assert!(shortened("naïveté", max).len() <= max, "{max}");
        }
        assert_eq!(shortened("naïveté", 6), "na…");
        assert_eq!(shortened("naïveté", 9), "naïveté");
    }
}
