//! Times as people say them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long ago `then` is, in its two largest units: `3d 4h`, `5m`, `0s`.
pub(crate) fn since(then: u64) -> String {
    period(now().saturating_sub(then))
}

/// How far away `then` is.
pub(crate) fn until(then: u64) -> String {
    // Half a second more, so that what was asked for as 10 minutes isn't shown as 9m 59s.
    period((then + 500).saturating_sub(now()))
}

/// The time of day here, with the date if that is not today.
pub(crate) fn clock(at: u64) -> String {
    let zone = TimeZone::system();
    let Some(at) = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok()) else {
        return "at no time".into();
    };
    let at = at.to_zoned(zone.clone());
    let today = at.date() == Timestamp::now().to_zoned(zone).date();
    at.strftime(if today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}

/// The day, as it was here.
pub(crate) fn date(at: u64) -> String {
    let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map_or_else(|| "no day".into(), |at| at.to_zoned(TimeZone::system()).date().to_string())
}

/// So many milliseconds, in their two largest units.
pub(crate) fn period(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let largest = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let (unit, name) = UNITS[largest];
    let whole = format!("{}{name}", seconds / unit);
    match UNITS.get(largest + 1) {
        Some((next, name)) if seconds % unit >= *next && largest < 2 => {
            format!("{whole} {}{name}", seconds % unit / next)
        }
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_two_largest_units_down_to_minutes() {
        let spans = [0, 59, 60, 119, 3_600, 7_500, 86_400, 100_000].map(|seconds| period(seconds * 1000));
        assert_eq!(spans, ["0s", "59s", "1m", "1m", "1h", "2h 5m", "1d", "1d 3h"]);
    }
}
