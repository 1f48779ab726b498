//! Logs that other programs have written, line by line.

mod irssi;
mod weechat;

use std::fmt;

use chat_proto::admin::{ImportedKind, ImportedLine};
use clap::ValueEnum;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// A program whose logs can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Irssi,
    Weechat,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Irssi => "irssi",
            Self::Weechat => "WeeChat",
        })
    }
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Said(ImportedLine),
    /// Nothing that was said: a join, a change of the day.
    Nothing,
    /// It is not understood.
    Bad,
}

/// What a line says, before it is known when that was.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    /// The lines after it are of that day.
    Day(Date),
    /// Of the day itself if there is one, else of the last that was told.
    Said {
        day: Option<Date>,
        time: Time,
        kind: ImportedKind,
        from: &'a str,
        text: &'a str,
    },
    Nothing,
}

/// A log while it is read. Lines of the same time follow each other by a millisecond, so that they keep their order.
#[derive(Debug)]
pub(crate) struct Log {
    format: Format,
    zone: TimeZone,
    day: Option<Date>,
    last: u64,
}

impl Log {
    pub(crate) fn new(format: Format, zone: TimeZone) -> Self {
        Self { format, zone, day: None, last: 0 }
    }

    pub(crate) fn read(&mut self, line: &str) -> Parsed {
        let meaning = match self.format {
            Format::Irssi => irssi::meaning(line),
            Format::Weechat => weechat::meaning(line),
        };
        match meaning {
            Some(Meaning::Day(day)) => {
                self.day = Some(day);
                Parsed::Nothing
            }
            Some(Meaning::Said { day, time, kind, from, text }) => {
                let at = day.or(self.day).and_then(|day| self.when(day.to_datetime(time)));
                at.map_or(Parsed::Bad, |at| {
                    Parsed::Said(ImportedLine { at, from: from.to_owned(), kind, text: text.to_owned() })
                })
            }
            Some(Meaning::Nothing) => Parsed::Nothing,
            None => Parsed::Bad,
        }
    }

    /// In the hour that an autumn has twice, it is the second time that goes on from what was before.
    fn when(&mut self, at: DateTime) -> Option<u64> {
        let zoned = self.zone.to_ambiguous_zoned(at);
        let milliseconds = |at: jiff::Zoned| u64::try_from(at.timestamp().as_millisecond()).ok();
        let earlier = milliseconds(zoned.clone().earlier().ok()?)?;
        let later = milliseconds(zoned.later().ok()?)?;
        // Within the minute that the last line was of, it goes on from that line.
        let at = if earlier + 60_000 > self.last { earlier } else { later };
        // A log may have been put together out of order: what is from before then keeps its own time.
        self.last = if at + 60_000 > self.last { at.max(self.last + 1) } else { at };
        Some(self.last)
    }
}

/// Without the sign of its rank.
fn bare(nick: &str) -> &str {
    nick.trim_start_matches(['@', '+', '%', '&', '~', ' '])
}

/// `12:34` or `12:34:56`.
fn time(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok().filter(|_| part.len() == 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = match parts.next() {
        Some(second) => second?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests;
