//! Lines out of bytes: whole, of a bounded length, and harmless for whoever reads them.

use std::collections::VecDeque;

/// Stands where the end of a line was left out.
const CUT: &str = " … [cut]";

/// How much goes at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub lines: usize,
    pub bytes: usize,
    /// Bytes of one line; of a longer one the end is left out.
    pub line: usize,
}

/// What was done to lines, and how many of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    pub cut: u64,
    pub garbled: u64,
    pub controls: u64,
}

/// Takes bytes in, gives texts to say out.
#[derive(Debug)]
pub(super) struct Lines {
    bounds: Bounds,
    /// The line whose end hasn't come.
    begun: Vec<u8>,
    /// The rest of a line that was cut is on its way.
    skips: bool,
    whole: VecDeque<String>,
    bytes: usize,
    /// Lines that have come.
    number: u64,
    changes: Changes,
    remarks: Vec<String>,
}

impl Lines {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            begun: Vec::new(),
            skips: false,
            whole: VecDeque::new(),
            bytes: 0,
            number: 0,
            changes: Changes::default(),
            remarks: Vec::new(),
        }
    }

    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (part, ends) = part.strip_suffix(b"\n").map_or((part, false), |line| (line, true));
            self.add(part);
            if ends && !std::mem::take(&mut self.skips) {
                self.end_line(false);
            }
        }
    }

    /// Nothing more comes: the last line needs no end.
    pub fn finish(&mut self) {
        if !self.begun.is_empty() {
            self.end_line(false);
        }
    }

    /// Adds to the line that has begun. One that is too long is cut at once: its end may never come.
    fn add(&mut self, part: &[u8]) {
        if self.skips {
            return;
        }
        // So far it may still turn out that a line end of two bytes follows.
        let room = (self.bounds.line + 1).saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            self.end_line(true);
            self.skips = true;
        }
    }

    fn end_line(&mut self, too_long: bool) {
        self.number += 1;
        let mut line = std::mem::take(&mut self.begun);
        if line.ends_with(b"\r") && !too_long {
            line.pop();
        }
        let text = self.harmless(&line, too_long);
        self.bytes += text.len() + 1;
        self.whole.push_back(text);
    }

    /// The line as text: what is no character is replaced, and what a terminal or a client would obey is made visible.
    fn harmless(&mut self, line: &[u8], too_long: bool) -> String {
        let (mut text, mut garbled, mut controls) = (String::with_capacity(line.len()), false, false);
        let mut chunks = line.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for c in chunk.valid().chars() {
                let shown = visible(c);
                controls |= shown != c;
                text.push(shown);
            }
            // Half a character at the end of what is cut off is no fault.
            let is_half = too_long && chunks.peek().is_none();
            if !chunk.invalid().is_empty() && !is_half {
                garbled = true;
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        let is_cut = too_long || text.len() > self.bounds.line;
        if is_cut {
            text.truncate(text.floor_char_boundary(self.bounds.line - CUT.len()));
            text.push_str(CUT);
        }
        self.note(is_cut, garbled, controls);
        text
    }

    /// Counts what was done to a line, and remarks on the first of each kind.
    fn note(&mut self, cut: bool, garbled: bool, controls: bool) {
        let Self { number, bounds: Bounds { line: most, .. }, changes, remarks, .. } = self;
        for (done, count, remark) in [
            (cut, &mut changes.cut, format!("is longer than {most} bytes; its end is left out")),
            (
                garbled,
                &mut changes.garbled,
                "isn't UTF-8; what is no character is sent as \u{fffd}".to_owned(),
            ),
            (
                controls,
                &mut changes.controls,
                "has control characters; they are sent as symbols such as ␛".to_owned(),
            ),
        ] {
            if done && *count == 0 {
                remarks.push(format!("line {number} {remark}"));
            }
            *count += u64::from(done);
        }
    }

    /// Whether there is as much as goes at once.
    pub fn is_full(&self) -> bool {
        self.whole.len() >= self.bounds.lines || self.bytes >= self.bounds.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// As many lines as go at once, as one text.
    pub fn take(&mut self) -> Option<(String, u64)> {
        let mut text = self.whole.pop_front()?;
        let mut count = 1;
        while count < self.bounds.lines
            && let Some(next) = self.whole.front()
            && text.len() + 1 + next.len() <= self.bounds.bytes
        {
            text.push('\n');
            text.push_str(next);
            self.whole.pop_front();
            count += 1;
        }
        self.bytes = self.bytes.saturating_sub(text.len() + 1);
        Some((text, count as u64))
    }

    pub fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// What was done to lines so far.
    pub fn changes(&self) -> Changes {
        self.changes
    }
}

/// Control characters as pictures of them: some are orders to clients, NUL can't be sent at all.
fn visible(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '␡',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { lines: 3, bytes: 60, line: 30 };

    fn lines(bytes: &[u8]) -> Lines {
        let mut lines = Lines::new(BOUNDS);
        lines.push(bytes);
        lines.finish();
        lines
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let mut lines = lines(bytes);
        std::iter::from_fn(|| lines.take()).map(|(text, _)| text).collect()
    }

    #[test]
    fn what_goes_at_once_is_bounded_in_lines_and_bytes() {
        assert_eq!(texts(b"a\nb\n\nc\nd"), ["a\nb\n", "c\nd"]);
        let long = "x".repeat(25);
        assert_eq!(texts(format!("{long}\n{long}\n{long}").as_bytes()), [format!("{long}\n{long}"), long]);
    }

    #[test]
    fn a_line_end_is_one_or_two_bytes_and_no_other_character() {
        assert_eq!(texts(b"a\r\nb\rc\n"), ["a\nb␍c"]);
        let full = format!("{}\r\n", "x".repeat(30));
        assert_eq!(texts(full.as_bytes()), ["x".repeat(30)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_visibly_and_at_once() {
        let mut lines = Lines::new(BOUNDS);
        (0..100).for_each(|_| lines.push(b"0123456789"));
        assert_eq!(lines.take(), Some(("01234567890123456789 … [cut]".to_owned(), 1)));
        assert_eq!(lines.remarks(), ["line 1 is longer than 30 bytes; its end is left out"]);
        lines.push(b"and on\nshort\n");
        assert_eq!(lines.take(), Some(("short".to_owned(), 1)));
        lines.push("日".repeat(30).as_bytes());
        assert_eq!(lines.take(), Some(("日日日日日日 … [cut]".to_owned(), 1)));
        assert_eq!(lines.changes(), Changes { cut: 2, garbled: 0, controls: 0 });
        assert!(lines.remarks().is_empty());
    }

    #[test]
    fn garbage_is_made_harmless_and_said() {
        let mut lines = lines(b"gr\xfcn\n\x01VERSION\x01\nnul\0\ttab\n");
        assert_eq!(lines.take(), Some(("gr\u{fffd}n\n␁VERSION␁\nnul␀\ttab".to_owned(), 3)));
        assert_eq!(
            lines.remarks(),
            [
                "line 1 isn't UTF-8; what is no character is sent as \u{fffd}",
                "line 2 has control characters; they are sent as symbols such as ␛"
            ]
        );
        assert_eq!(lines.changes(), Changes { cut: 0, garbled: 1, controls: 2 });
    }

    proptest! {
        #[test]
        fn it_doesnt_matter_how_the_bytes_come(bytes in prop::collection::vec(any::<u8>(), 0..300), cuts in prop::collection::vec(1usize..40, 1..30)) {
            let mut lines = Lines::new(BOUNDS);
            let mut rest = &bytes[..];
            for at in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (now, later) = rest.split_at((*at).min(rest.len()));
                lines.push(now);
                rest = later;
            }
            lines.finish();
            let pieces: Vec<_> = std::iter::from_fn(|| lines.take()).map(|(text, _)| text).collect();
            prop_assert_eq!(&pieces, &texts(&bytes));
            prop_assert!(pieces.iter().flat_map(|text| text.split('\n')).all(|line| line.len() <= BOUNDS.line));
        }
    }
}
