//! The text that is sent: who, which, when, in columns of fixed width, so that a receiver needs no search.

use std::ops::Range;

/// Bytes of text of an ordinary message, near what people write on average.
pub(crate) const ORDINARY: usize = 64;

/// Bytes of text of a long message, which with its prefix just fits into 512.
pub(crate) const LONG: usize = 400;

/// Bytes of the stamp, which ends a text.
const LENGTH: usize = 34;

const MARK: &[u8] = b"~B";
const SENDER: Range<usize> = 2..10;
const SEQUENCE: Range<usize> = 10..18;
const NANOSECONDS: Range<usize> = 18..34;

/// One message as it was stamped by its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sender: u32,
    pub(crate) sequence: u32,
    pub(crate) nanoseconds: u64,
}

impl Stamp {
    /// Appends `PRIVMSG target :text` with its line end, the text being `length` bytes long.
    pub(crate) fn write_privmsg(self, target: &str, length: usize, out: &mut Vec<u8>) {
        let Self { sender, sequence, nanoseconds } = self;
        let text = format!("~B{sender:08x}{sequence:08x}{nanoseconds:016x}");
        let line = format!("PRIVMSG {target} :{text:.>length$}\r\n");
        out.extend_from_slice(line.as_bytes());
    }

    /// Reads the stamp off the end of a relayed line (without its line end), if it is one of ours.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let text = line.get(line.len().checked_sub(LENGTH)?..)?;
        if !text.starts_with(MARK) {
            return None;
        }
        Some(Self {
            sender: u32::try_from(hexadecimal(&text[SENDER])?).ok()?,
            sequence: u32::try_from(hexadecimal(&text[SEQUENCE])?).ok()?,
            nanoseconds: hexadecimal(&text[NANOSECONDS])?,
        })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value: u64, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::{ORDINARY, Stamp};

    #[test]
    fn a_stamp_survives_the_way_through_a_server() {
        let stamp = Stamp { sender: 7, sequence: 0xabc, nanoseconds: 123_456_789_012 };
        let mut sent = Vec::new();
        stamp.write_privmsg("#bench", ORDINARY, &mut sent);
        let text = sent.strip_prefix(b"PRIVMSG #bench :").unwrap().strip_suffix(b"\r\n").unwrap();
        assert_eq!(text.len(), ORDINARY);
        let relayed = [b":a!b@c PRIVMSG #bench :", text].concat();
        assert_eq!(Stamp::read(&relayed), Some(stamp));
    }

    #[test]
    fn a_line_that_is_not_ours_has_no_stamp() {
        assert_eq!(Stamp::read(b":server 001 someone :Welcome"), None);
        assert_eq!(Stamp::read(&[b'~'; 200]), None);
    }
}
