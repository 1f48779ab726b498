//! How long, as people write it.

use jiff::{Span, SpanRelativeTo};

use crate::failure::Failure;

pub(super) fn milliseconds(text: &str) -> Result<u64, Failure> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::Usage(format!(
            "{text} has no unit; write {text}s, {text}m, {text}h or {text}d"
        )));
    }
    let span = text.parse::<Span>().ok();
    span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .and_then(|duration| u64::try_from(duration.as_millis()).ok())
        .ok_or_else(|| Failure::Usage(format!("{text} is no duration; write it as 90s, 10m, 1h30m or 2d")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let read = |text| milliseconds(text).ok();
        assert_eq!(read("90s"), Some(90_000));
        assert_eq!(read("1h 30m"), Some(5_400_000));
        assert_eq!(read("1h30m"), Some(5_400_000));
        assert_eq!(read("2 minutes"), Some(120_000));
        assert_eq!(read("2d"), Some(172_800_000));
        assert_eq!(read("0s"), Some(0));
        for wrong in ["10", "", "soon", "-5m", "5m ago", "99999999999999999999h", "1 month"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_missing_unit_is_named() {
        let failure = milliseconds("10").expect_err("no unit");
        assert_eq!(failure.to_string(), "10 has no unit; write 10s, 10m, 10h or 10d");
    }
}
