//! Cuts a byte stream into lines, holding at most one unfinished line of bounded size.

use zeroize::Zeroizing;

/// The most bytes of a line without its tags, CR LF included (Modern IRC, "Message Format").
pub const LINE_MAX: usize = 512;
/// The most bytes of tags that a client may send, with the leading `@` and the space behind them (message-tags).
pub const CLIENT_TAGS_MAX: usize = 4096;
/// The most bytes of tags that a server may send, with the leading `@` and the space behind them (message-tags).
pub const SERVER_TAGS_MAX: usize = 8191;

/// Whose lines are read: it decides how many bytes of tags are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Client,
    Server,
}

/// A whole line, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// Without its line end; never empty.
    Whole(&'a [u8]),
    /// A line over the limit, and as much of it as the limit has room for. The rest is dropped, up to its end.
    TooLong(&'a [u8]),
}

/// Collects what was read until a line is whole. CR, LF and CR LF all end a line; empty lines are skipped.
///
/// Memory: nothing while no line is unfinished, otherwise at most the limit of one line.
#[derive(Debug)]
pub struct LineReader {
    partial: Vec<u8>,
    dropping: bool,
    tags_max: usize,
}

impl LineReader {
    pub fn new(sender: Sender) -> Self {
        let tags_max = match sender {
            Sender::Client => CLIENT_TAGS_MAX,
            Sender::Server => SERVER_TAGS_MAX,
        };
        Self { partial: Vec::new(), dropping: false, tags_max }
    }

    /// Takes what was read and hands each line that it completes to `each`, in order.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            self.finish(&bytes[..end], &mut each);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes, &mut each);
    }

    fn finish(&mut self, tail: &[u8], each: &mut impl FnMut(Line<'_>)) {
        if std::mem::take(&mut self.dropping) {
            return;
        }
        if self.partial.is_empty() {
            if !tail.is_empty() {
                each(self.measured(tail));
            }
            return;
        }
        self.keep(tail, each);
        // It may be a password's.
        let line = Zeroizing::new(std::mem::take(&mut self.partial));
        if !std::mem::take(&mut self.dropping) {
            each(self.measured(&line));
        }
    }

    fn keep(&mut self, bytes: &[u8], each: &mut impl FnMut(Line<'_>)) {
        if self.dropping {
            return;
        }
        let room = (self.tags_max + LINE_MAX).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            self.dropping = true;
            // It may be a password's.
            let line = Zeroizing::new(std::mem::take(&mut self.partial));
            each(self.measured(&line));
        }
    }

    fn measured<'a>(&self, line: &'a [u8]) -> Line<'a> {
        let tags = match line {
            [b'@', ..] => line.iter().position(|&b| b == b' ').map_or(line.len(), |space| space + 1),
            _ => 0,
        };
        let end = tags.min(self.tags_max) + LINE_MAX - "\r\n".len();
        let whole = tags <= self.tags_max && line.len() <= end;
        if whole { Line::Whole(line) } else { Line::TooLong(&line[..line.len().min(end)]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::new(Sender::Client);
        let mut lines = Vec::new();
        for chunk in chunks {
            reader.feed(chunk, |line| {
                lines.push(match line {
                    Line::Whole(line) => Some(line.to_vec()),
                    Line::TooLong(_) => None,
                });
            });
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let stream = b"NICK a\r\nUSER a 0 * :a\n\r\nPING x\r\n";
        let whole = read(&[stream]);
        assert_eq!(whole.len(), 3);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole);
    }

    #[test]
    fn a_line_of_exactly_the_limit_passes_and_one_more_byte_does_not() {
        let mut line = vec![b'a'; LINE_MAX - 2];
        line.extend_from_slice(b"\r\n");
        assert!(read(&[&line])[0].is_some());
        line.insert(0, b'a');
        assert_eq!(read(&[&line]), [None]);
    }

    #[test]
    fn tags_have_a_limit_of_their_own() {
        let tags = |n: usize| [b"@".as_slice(), &vec![b'a'; n], b" PING x\r\n"].concat();
        assert!(read(&[&tags(CLIENT_TAGS_MAX - 2)])[0].is_some());
        assert_eq!(read(&[&tags(CLIENT_TAGS_MAX - 1)]), [None]);
    }

    #[test]
    fn an_overlong_line_keeps_its_first_bytes() {
        for length in [600, CLIENT_TAGS_MAX + LINE_MAX, 100_000] {
            let stream = [b"@a QUIT :".as_slice(), &vec![b'x'; length], b"\n"].concat();
            let mut reader = LineReader::new(Sender::Client);
            reader.feed(&stream, |line| {
                let Line::TooLong(head) = line else { panic!("{line:?}") };
                assert_eq!(head, &stream[.."@a ".len() + LINE_MAX - 2]);
            });
        }
    }

    #[test]
    fn an_endless_line_is_reported_once_and_held_nowhere() {
        let mut reader = LineReader::new(Sender::Client);
        let mut reports = 0;
        for _ in 0..1000 {
            reader.feed(&[b'x'; 4096], |_| reports += 1);
            assert!(reader.partial.capacity() <= 2 * (CLIENT_TAGS_MAX + LINE_MAX));
        }
        assert_eq!(reports, 1);
        reader.feed(b"\nPING x\n", |line| assert_eq!(line, Line::Whole(b"PING x")));
    }
}
