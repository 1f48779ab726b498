//! What is searched for, as people write it: words, and `from:`, `in:`, `after:`, `before:`.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, SpanRelativeTo, Timestamp, ToSpan as _, Unit, Zoned};

use crate::session::Search;

/// What days may look like.
const DATES: &str =
    "2026-11-30, 2026-11, 2026-11-30T14:05, 14:05, today, yesterday, monday, 90m, 3h, 3d or 2w (ago)";

/// A longer time is a slip of the finger.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Takes the words apart; times are those of `now`'s zone.
///
/// # Errors
/// There is nothing to look for, or a date makes no sense; what to do about it.
pub fn parse(words: &str, now: &Zoned) -> Result<Search, String> {
    let mut search = Search::default();
    let mut text = Vec::new();
    for word in words.split_whitespace() {
        match word.split_once(':').map(|(key, value)| (key.to_ascii_lowercase(), value)) {
            Some((key, "")) if matches!(key.as_str(), "from" | "in" | "after" | "before") => {
                return Err(format!("what stands behind {key}: is missing; no blank comes in between"));
            }
            Some((key, value)) if key == "from" => search.from = Some(value.to_owned()),
            Some((key, value)) if key == "in" => search.place = Some(value.to_owned()),
            Some((key, value)) if key == "after" => search.after = Some(time(value, now)?),
            // The server finds what was said at that time, too.
            Some((key, value)) if key == "before" => {
                search.before = time(value, now)?.checked_sub(1.millisecond()).ok();
            }
            _ => text.push(word),
        }
    }
    search.text = text.join(" ");
    if search == Search::default() {
        return Err("what are you looking for? For example: <search> soup from:bob".to_owned());
    }
    Ok(search)
}

/// The time at which a day, a month or a time ago begins.
///
/// # Errors
/// It is no date that is known; those that are.
pub fn time(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let lower = text.to_ascii_lowercase();
    let today = now.date();
    let begin = |date: Option<Date>| Some(date?.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    let found = match lower.as_str() {
        "today" => begin(Some(today)),
        "yesterday" => begin(today.yesterday().ok()),
        other => begin(weekday(other).and_then(|day| today.nth_weekday(-1, day).ok()))
            .or_else(|| begin(other.parse().ok().filter(|_| other.len() == 10)))
            .or_else(|| begin(format!("{other}-01").parse().ok().filter(|_| other.len() == 7)))
            .or_else(|| ago(other, now))
            .or_else(|| exact(text, now))
            .or_else(|| last_time(text, now)),
    };
    found.ok_or_else(|| format!("{text} is no date that is understood; {DATES} are"))
}

/// How long, as people write it; a number alone is in seconds.
///
/// # Errors
/// It is no duration; those that are.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let span = || text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
    let given = seconds.map(Duration::from_secs).or_else(|| Duration::try_from(span()?).ok());
    given
        .filter(|given| *given <= LONGEST)
        .ok_or_else(|| format!("{text} is no duration that is understood; 30s, 2m, 1h30m, 1d and 0 are"))
}

fn weekday(name: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    DAYS.iter().find(|(day, _)| name.len() >= 3 && day.starts_with(name)).map(|(_, day)| *day)
}

/// `90m`, `3h`, `3d`, `2w`: so long ago; days and weeks from their beginning.
fn ago(text: &str, now: &Zoned) -> Option<Timestamp> {
    let (count, unit) = text.split_at(text.len().checked_sub(1)?);
    let count: i32 = count.parse().ok().filter(|count| *count >= 0)?;
    let (span, whole_days): (Span, bool) = match unit {
        "m" => (count.minutes(), false),
        "h" => (count.hours(), false),
        "d" => (count.days(), true),
        "w" => (count.weeks(), true),
        _ => return None,
    };
    let then = now.checked_sub(span).ok()?;
    let then = if whole_days { then.start_of_day().ok()? } else { then };
    Some(then.timestamp())
}

/// A time of a day, in the zone of `now` or in one of its own.
fn exact(text: &str, now: &Zoned) -> Option<Timestamp> {
    let civil = text.parse::<jiff::civil::DateTime>().ok().filter(|_| text.len() > 10);
    let own: Option<Timestamp> = text.parse().ok();
    let here =
        civil.and_then(|civil| civil.to_zoned(now.time_zone().clone()).ok()).map(|zoned| zoned.timestamp());
    own.or(here).and_then(|time| time.round(Unit::Millisecond).ok())
}

/// `20:43`, `8:05` or `20:43:10`: when it was that time last, today or yesterday.
fn last_time(text: &str, now: &Zoned) -> Option<Timestamp> {
    let hours = text.find(':').filter(|hours| (1..=2).contains(hours) && text.len() <= "20:43:10".len())?;
    let time: Time = format!("{}{text}", if hours == 1 { "0" } else { "" }).parse().ok()?;
    let on = |date: Date| date.to_datetime(time).to_zoned(now.time_zone().clone()).ok();
    let today = on(now.date())?;
    let then = if today > *now { on(now.date().yesterday().ok()?)? } else { today };
    Some(then.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-23T08:30:00[UTC]".parse().unwrap()
    }

    #[test]
    fn days_begin_at_midnight_and_times_are_exact() {
        for (text, expected) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-10", "2026-10-01T00:00:00Z"),
            ("today", "2026-11-23T00:00:00Z"),
            ("Yesterday", "2026-11-22T00:00:00Z"),
            ("friday", "2026-11-20T00:00:00Z"),
            ("mon", "2026-11-16T00:00:00Z"),
            ("3w", "2026-11-02T00:00:00Z"),
            ("2d", "2026-11-21T00:00:00Z"),
            ("90m", "2026-11-23T07:00:00Z"),
            ("2026-11-01T14:05", "2026-11-01T14:05:00Z"),
            ("2026-11-01T14:05:00Z", "2026-11-01T14:05:00Z"),
            ("20:43", "2026-11-22T20:43:00Z"),
            ("8:05", "2026-11-23T08:05:00Z"),
            ("08:29:59", "2026-11-23T08:29:59Z"),
        ] {
            assert_eq!(time(text, &now()).unwrap().to_string(), expected, "{text}");
        }
        for wrong in
            ["", "x", "2026-13-01", "tomorrow's", "d", "-3d", "99999999999d", "24:01", "20:", ":43", "20:4"]
        {
            assert!(time(wrong, &now()).unwrap_err().contains("yesterday"), "{wrong}");
        }
    }

    #[test]
    fn durations_have_units_or_are_in_seconds() {
        for (text, seconds) in
            [("0", 0), ("90", 90), ("3s", 3), ("2m", 120), ("1h30m", 5400), ("1d", 86_400), ("0s", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "x", "-3s", "-1", "1.5", "99999999999999999999", "1000d", "3 apples", "1mo"] {
            assert!(duration(wrong).unwrap_err().contains("30s, 2m"), "{wrong}");
        }
    }

    #[test]
    fn a_search_is_words_and_what_narrows_it() {
        let search =
            parse("Soup from:bob spoon in:#cooking after:2026-11-01 before:yesterday x:y", &now()).unwrap();
        assert_eq!(search.text, "Soup spoon x:y");
        assert_eq!((search.from.as_deref(), search.place.as_deref()), (Some("bob"), Some("#cooking")));
        assert_eq!(search.after.unwrap().to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(search.before.unwrap().to_string(), "2026-11-21T23:59:59.999Z");
        assert!(parse("  ", &now()).is_err() && parse("from: bob", &now()).is_err());
        assert!(parse("from:bob", &now()).is_ok());
        let today = parse("after:08:05 before:8:20", &now()).unwrap();
        assert_eq!(today.after.unwrap().to_string(), "2026-11-23T08:05:00Z");
        assert_eq!(today.before.unwrap().to_string(), "2026-11-23T08:19:59.999Z");
    }
}
