//! When, as people write it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::super::duration;
use crate::failure::Failure;
use crate::output::time;

/// Milliseconds since the Unix epoch: a day or a time of this host, a time with its offset, or how long ago.
pub(super) fn milliseconds(text: &str) -> Result<u64, Failure> {
    let at = exact(text).or_else(|| local(text));
    match at {
        Some(at) => Ok(u64::try_from(at.as_millisecond()).unwrap_or(0)),
        None => match duration::milliseconds(text) {
            Ok(ago) => Ok(time::now().saturating_sub(ago)),
            Err(_) => Err(Failure::Usage(format!(
                "{text} is no time; write it as 2026-11-21, 2026-11-21T18:00, or as 7d for so long ago"
            ))),
        },
    }
}

fn exact(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn local(text: &str) -> Option<Timestamp> {
    let at: DateTime = text.parse().ok()?;
    at.to_zoned(TimeZone::system()).ok().map(|zoned: Zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_times_or_so_long_ago() {
        assert_eq!(milliseconds("2026-11-21T18:00:00Z").ok(), Some(1_795_284_000_000));
        assert_eq!(milliseconds("2026-11-21T18:00:00+01:00").ok(), Some(1_795_280_400_000));
        let day = milliseconds("2026-11-21").ok();
        assert_eq!(milliseconds("2026-11-21T01:00").ok(), day.map(|day| day + 3_600_000));
        let ago = time::now().saturating_sub(milliseconds("7d").expect("a time"));
        assert!((604_800_000..604_860_000).contains(&ago), "{ago}");
        for wrong in ["", "yesterday", "2026-13-01", "7"] {
            assert!(milliseconds(wrong).is_err(), "{wrong}");
        }
    }
}
