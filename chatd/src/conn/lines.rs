//! From bytes to messages, a bounded number at a time.

use chat_proto::line::{Line, LineReader, Sender};
use chat_proto::message::Message;
use chatd_core::Incoming;
use compact_str::CompactString;
use memchr::memchr2_iter;

/// The most lines of one connection that are handed over before others have their turn.
pub(super) const LINES_MAX: usize = 16;

/// The type of the first record and the major version, alike in all versions of TLS.
const TLS_HANDSHAKE: &[u8] = &[22, 3];

/// Commands that are read even when their line is too long or not UTF-8. Their clients wait for an answer of the command's own, which
/// a general error is not: such a client would wait until it is timed out, or would take itself for gone.
const REPAIRED: [&str; 6] = ["AUTHENTICATE", "CAP", "NICK", "PART", "QUIT", "USER"];

/// The most bytes of an unreadable line's command that are kept.
const COMMAND_MAX: usize = 64;

/// Frames and parses what one connection sends.
#[derive(Debug)]
pub(super) struct Lines {
    /// Absent until the first bytes.
    reader: Option<LineReader>,
}

/// Lines to hand over, and what was read behind them.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) lines: Vec<Incoming>,
    pub(super) rest: Vec<u8>,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { reader: None }
    }

    /// Whether these bytes, the first ones, want to begin an encrypted connection.
    pub(super) fn is_handshake(&self, bytes: &[u8]) -> bool {
        self.reader.is_none() && bytes.starts_with(TLS_HANDSHAKE)
    }

    /// Nothing when no line is whole yet.
    pub(super) fn take_in(&mut self, bytes: &[u8]) -> Option<Turn> {
        let reader = self.reader.get_or_insert_with(|| LineReader::new(Sender::Client));
        // Most of the time one line comes at once.
        let mut lines = Vec::with_capacity(1);
        let mut rest = bytes;
        while lines.is_empty() && !rest.is_empty() {
            let (now, later) = rest.split_at(end_of_lines(rest, LINES_MAX));
            reader.feed(now, |line| lines.push(incoming(line)));
            rest = later;
        }
        (!lines.is_empty()).then(|| Turn { lines, rest: rest.to_vec() })
    }
}

/// The length of the first `count` lines of `bytes`, or of everything if there are fewer.
fn end_of_lines(bytes: &[u8], count: usize) -> usize {
    memchr2_iter(b'\n', b'\r', bytes).nth(count - 1).map_or(bytes.len(), |end| end + 1)
}

fn incoming(line: Line<'_>) -> Incoming {
    match line {
        Line::Whole(bytes) => match str::from_utf8(bytes) {
            Ok(line) => Message::parse(line).map_or(Incoming::Malformed, Incoming::Message),
            Err(_) => repaired(bytes, |command| Incoming::NotUtf8 { command }),
        },
        Line::TooLong(head) => repaired(head, |command| Incoming::TooLong { command }),
    }
}

/// Takes as much of a broken line as can be read, if its command is one of [`REPAIRED`].
fn repaired(bytes: &[u8], refused: impl FnOnce(Option<CompactString>) -> Incoming) -> Incoming {
    let Ok(message) = Message::parse(String::from_utf8_lossy(bytes)) else { return refused(None) };
    let command = message.command();
    if REPAIRED.iter().any(|repaired| repaired.eq_ignore_ascii_case(command)) {
        return Incoming::Message(message);
    }
    refused((command.len() <= COMMAND_MAX).then(|| command.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_has_at_most_sixteen_lines_and_the_rest_follows_in_order() {
        let stream: Vec<u8> = (0..40).flat_map(|n| format!("PING {n}\r\n").into_bytes()).collect();
        let mut lines = Lines::new();
        let (mut seen, mut rest) = (Vec::new(), stream);
        while let Some(turn) = lines.take_in(&rest) {
            assert!(turn.lines.len() <= LINES_MAX);
            seen.extend(turn.lines);
            rest = turn.rest;
        }
        let expected: Vec<_> =
            (0..40).map(|n| Incoming::Message(Message::parse(format!("PING {n}")).unwrap())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn nothing_is_handed_over_before_a_line_is_whole() {
        let mut lines = Lines::new();
        assert!(lines.take_in(b"PING ").is_none());
        assert!(lines.take_in(&b"\r\n".repeat(0)).is_none());
        assert_eq!(lines.take_in(b"x\n").unwrap().lines.len(), 1);
    }

    #[test]
    fn only_the_first_bytes_can_be_a_handshake() {
        let mut lines = Lines::new();
        assert!(lines.is_handshake(b"\x16\x03\x01\x02\x00") && !lines.is_handshake(b"CAP LS"));
        lines.take_in(b"x\n");
        assert!(!lines.is_handshake(b"\x16\x03\x01"));
    }

    #[test]
    fn empty_lines_are_no_lines() {
        assert!(Lines::new().take_in(&b"\r\n".repeat(100)).is_none());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told() {
        let mut lines = Lines::new();
        let mut stream = b"PRIVMSG #c :\xff\xfe\n:only-a-source\n".to_vec();
        stream.extend([b'a'; 600]);
        stream.push(b'\n');
        assert_eq!(
            lines.take_in(&stream).unwrap().lines,
            [
                Incoming::NotUtf8 { command: Some("PRIVMSG".into()) },
                Incoming::Malformed,
                Incoming::TooLong { command: None }
            ]
        );
    }

    #[test]
    fn commands_with_answers_of_their_own_are_repaired() {
        for command in REPAIRED {
            let long = [command.to_lowercase().as_bytes(), b" ", &[b'x'; 600], b"\n"].concat();
            let latin1 = [command.as_bytes(), b" caf\xe9\n"].concat();
            for line in [long, latin1] {
                let turn = Lines::new().take_in(&line).unwrap();
                assert!(matches!(&turn.lines[..], [Incoming::Message(_)]), "{command}: {:?}", turn.lines);
            }
        }
    }
}
