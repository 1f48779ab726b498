//! What a CHATHISTORY command asks for.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::history::{Point, Range};

/// A request that is well formed.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub asked: Asked<'a>,
    /// At least 1.
    pub limit: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    Page {
        target: &'a str,
        range: Range,
    },
    /// Times in milliseconds since the Unix epoch. What is nearest to `from` comes first.
    Targets {
        from: u64,
        to: u64,
    },
}

/// Why a request is not understood, as a standard reply has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    pub code: &'static str,
    /// What was wrong, if one parameter was.
    pub context: Option<&'a str>,
    pub why: &'static str,
}

type Parsed<'a, T> = Result<T, Refusal<'a>>;

/// Reads the parameters behind the subcommand, which is in capital letters.
pub fn parse<'a>(subcommand: &str, params: &[&'a str]) -> Parsed<'a, Request<'a>> {
    let wanted = match subcommand {
        "LATEST" | "BEFORE" | "AFTER" | "AROUND" | "TARGETS" => 3,
        "BETWEEN" => 4,
        _ => return Err(invalid(None, "Unknown command")),
    };
    if params.len() > wanted {
        return Err(invalid(None, "Too many parameters"));
    }
    let asked = match (subcommand, params) {
        ("LATEST", [target, "*", _]) => Asked::Page { target, range: Range::Latest(None) },
        ("LATEST", [target, at, _]) => Asked::Page { target, range: Range::Latest(Some(point(at, target)?)) },
        ("BEFORE", [target, at, _]) => Asked::Page { target, range: Range::Before(point(at, target)?) },
        ("AFTER", [target, at, _]) => Asked::Page { target, range: Range::After(point(at, target)?) },
        ("AROUND", [target, at, _]) => Asked::Page { target, range: Range::Around(point(at, target)?) },
        ("BETWEEN", [target, from, to, _]) => {
            Asked::Page { target, range: Range::Between(point(from, target)?, point(to, target)?) }
        }
        ("TARGETS", [from, to, _]) => Asked::Targets { from: timestamp(from)?, to: timestamp(to)? },
        _ => return Err(invalid(None, "Insufficient parameters")),
    };
    let limit = params.last().copied().unwrap_or_default();
    match limit.parse::<u64>() {
        Ok(1..) => Ok(Request { asked, limit: limit.parse().unwrap_or(u32::MAX) }),
        _ => Err(invalid(Some(limit), "Invalid limit")),
    }
}

/// A time as server-time has it, in milliseconds since the Unix epoch; one before that is its beginning.
pub fn time(text: &str) -> Option<u64> {
    let utc = text.strip_suffix('Z')?.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC);
    // The last hours of the year 9999 are beyond what has a time stamp; clients mean "for ever" by them.
    let millis = utc.map_or(i64::MAX, |time| time.timestamp().as_millisecond());
    Some(u64::try_from(millis).unwrap_or(0))
}

fn point<'a>(text: &'a str, target: &'a str) -> Parsed<'a, Point> {
    match text.split_once('=') {
        Some(("timestamp", _)) => timestamp(text).map(Point::Time),
        Some(("msgid", id)) => {
            id.parse().map(Point::Message).map_err(|_| invalid(Some(text), "Invalid message id"))
        }
        Some(_) => Err(Refusal {
            code: "INVALID_MSGREFTYPE",
            context: Some(target),
            why: "Messages are referred to by timestamp= and msgid= only",
        }),
        None => Err(invalid(Some(text), "Expected timestamp= or msgid=")),
    }
}

fn timestamp(text: &str) -> Parsed<'_, u64> {
    text.strip_prefix("timestamp=").and_then(time).ok_or_else(|| invalid(Some(text), "Invalid timestamp"))
}

fn invalid<'a>(context: Option<&'a str>, why: &'static str) -> Refusal<'a> {
    Refusal { code: "INVALID_PARAMS", context, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;

    fn parsed(line: &str) -> Parsed<'_, Request<'_>> {
        let words: Vec<&str> = line.split(' ').collect();
        parse(words[0], &words[1..])
    }

    const NOON: &str = "timestamp=2026-01-31T12:00:00.000Z";
    const NOON_MILLIS: u64 = 1_769_860_800_000;

    #[test]
    fn every_subcommand_is_understood() {
        let (noon, id) =
            (Point::Time(NOON_MILLIS), Point::Message(MessageId { start: NOON_MILLIS, number: 9 }));
        let msgid = format!("msgid={}", MessageId { start: NOON_MILLIS, number: 9 });
        for (line, range) in [
            ("LATEST #a * 7".to_owned(), Range::Latest(None)),
            (format!("LATEST #a {msgid} 7"), Range::Latest(Some(id))),
            (format!("BEFORE #a {NOON} 7"), Range::Before(noon)),
            (format!("AFTER #a {NOON} 7"), Range::After(noon)),
            (format!("AROUND #a {msgid} 7"), Range::Around(id)),
            (format!("BETWEEN #a {NOON} {msgid} 7"), Range::Between(noon, id)),
        ] {
            let asked = Asked::Page { target: "#a", range };
            assert_eq!(parsed(&line), Ok(Request { asked, limit: 7 }), "{line}");
        }
        let line = format!("TARGETS timestamp=1969-01-01T00:00:00.000Z {NOON} 99999999999");
        let asked = Asked::Targets { from: 0, to: NOON_MILLIS };
        assert_eq!(parsed(&line), Ok(Request { asked, limit: u32::MAX }));
        assert_eq!(time("9999-12-31T23:59:59.999Z"), u64::try_from(i64::MAX).ok());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_reason() {
        for (line, code, context, why) in [
            ("YESTERDAY #a * 1", "INVALID_PARAMS", None, "Unknown command"),
            ("LATEST", "INVALID_PARAMS", None, "Insufficient parameters"),
            ("BETWEEN #a msgid=1-1 7", "INVALID_PARAMS", None, "Insufficient parameters"),
            ("LATEST #a * 1 1", "INVALID_PARAMS", None, "Too many parameters"),
            ("LATEST #a * 0", "INVALID_PARAMS", Some("0"), "Invalid limit"),
            ("LATEST #a * -1", "INVALID_PARAMS", Some("-1"), "Invalid limit"),
            ("BEFORE #a * 1", "INVALID_PARAMS", Some("*"), "Expected timestamp= or msgid="),
            ("BEFORE #a timestamp=noon 1", "INVALID_PARAMS", Some("timestamp=noon"), "Invalid timestamp"),
            ("BEFORE #a msgid=7 1", "INVALID_PARAMS", Some("msgid=7"), "Invalid message id"),
            (
                "BEFORE #a line=7 1",
                "INVALID_MSGREFTYPE",
                Some("#a"),
                "Messages are referred to by timestamp= and msgid= only",
            ),
            ("TARGETS msgid=1-1 msgid=1-2 7", "INVALID_PARAMS", Some("msgid=1-1"), "Invalid timestamp"),
        ] {
            assert_eq!(parsed(line), Err(Refusal { code, context, why }), "{line}");
        }
    }
}
