//! Values that may be without a bound: for how long, and how much.

use std::time::Duration;

use jiff::{SpanRelativeTo, Unit};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Period, string};

const FOREVER: &str = "forever";
const RETENTION: &str = "a time from \"1h\" to \"36500d\", such as \"365d\", or \"forever\"";
/// Seconds.
const RETENTION_MIN: f64 = 3600.0;
const RETENTION_MAX: f64 = 36_500.0 * 86_400.0;

const NEVER: &str = "never";
const AFTER: &str = "a time from \"1s\" to \"24h\", such as \"30m\", or \"never\"";

const UNLIMITED: &str = "unlimited";
const SIZE: &str = "a size from \"10M\" on, such as \"500M\" or \"20G\" (of 1024 each), or \"unlimited\"";
const SIZE_MIN: u64 = 10 << 20;
const UNITS: [(char, u32); 4] = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];

const RESERVE: &str = "a size such as \"500M\" or \"2G\" (of 1024 each), or \"0\"";

/// After how long something happens; never without a time.
#[derive(Debug)]
pub(super) struct After(pub(super) Option<Period>);

/// For how long something is kept; for ever without a time.
#[derive(Debug)]
pub(super) struct Retention(pub(super) Option<Duration>);

/// Bytes; without a bound if there is no number.
#[derive(Debug)]
pub(super) struct Size(pub(super) Option<u64>);

/// Bytes to leave free.
#[derive(Debug)]
pub(super) struct Reserve(pub(super) u64);

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, RETENTION)?;
        if text == FOREVER {
            return Ok(Self(None));
        }
        let span = text.parse::<jiff::Span>().ok();
        let seconds =
            span.and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok());
        match seconds {
            Some(seconds) if (RETENTION_MIN..=RETENTION_MAX).contains(&seconds) => {
                Ok(Self(Some(Duration::from_secs_f64(seconds))))
            }
            _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &RETENTION)),
        }
    }
}

impl Serialize for Retention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(time) if time.as_secs() % 86_400 == 0 => {
                serializer.collect_str(&format_args!("{}d", time.as_secs() / 86_400))
            }
            Some(time) => serializer.collect_str(&format_args!("{}s", time.as_secs())),
            None => serializer.serialize_str(FOREVER),
        }
    }
}

impl After {
    /// Nothing for never.
    pub(super) fn millis(&self) -> u64 {
        self.0.as_ref().map_or(0, Period::millis)
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, AFTER)?;
        if [NEVER, "0", "0s"].contains(&text.as_str()) {
            return Ok(Self(None));
        }
        let period = Period::parse(&text);
        period
            .map(|period| Self(Some(period)))
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &AFTER))
    }
}

impl Serialize for After {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(period) => period.serialize(serializer),
            None => serializer.serialize_str(NEVER),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, SIZE)?;
        if text == UNLIMITED {
            return Ok(Self(None));
        }
        match bytes(&text) {
            Some(bytes) if bytes >= SIZE_MIN => Ok(Self(Some(bytes))),
            _ => Err(D::Error::invalid_value(Unexpected::Str(&text), &SIZE)),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(bytes) => Reserve(bytes).serialize(serializer),
            None => serializer.serialize_str(UNLIMITED),
        }
    }
}

impl<'de> Deserialize<'de> for Reserve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = string(deserializer, RESERVE)?;
        bytes(&text).map(Self).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &RESERVE))
    }
}

impl Serialize for Reserve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0;
        let whole = UNITS.iter().rev().find(|(_, bits)| bytes > 0 && bytes.is_multiple_of(1 << bits));
        match whole {
            Some((unit, bits)) => serializer.collect_str(&format_args!("{}{unit}", bytes >> bits)),
            None => serializer.collect_str(&bytes),
        }
    }
}

fn bytes(text: &str) -> Option<u64> {
    let (number, bits) = match UNITS.iter().find(|(unit, _)| text.ends_with(*unit)) {
        Some((unit, bits)) => (text.strip_suffix(*unit)?, *bits),
        None => (text, 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << bits).filter(|bytes| i64::try_from(*bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_are_written_as_they_are_read() {
        for text in ["500M", "20G", "1T", "10241K", "unlimited"] {
            let size: Size = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&size).unwrap(), text);
        }
        for wrong in ["", "5", "9M", "10 M", "1.5G", "-1G", "99999999T", "G", "10m"] {
            assert!(serde_json::from_value::<Size>(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reserve_is_any_size() {
        for text in ["0", "5", "64M", "2G"] {
            let reserve: Reserve = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&reserve).unwrap(), text);
        }
        for wrong in ["", "5%", "-1", "unlimited", "99999999T"] {
            assert!(serde_json::from_value::<Reserve>(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_happens_after_a_time_may_never_happen() {
        for (text, written) in
            [("30m", "30m"), ("1s", "1s"), ("24h", "24h"), ("never", "never"), ("0", "never")]
        {
            let after: After = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&after).unwrap(), written);
        }
        for wrong in ["", "25h", "-1m", "30", "900ms", "forever"] {
            assert!(serde_json::from_value::<After>(wrong.into()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn retention_is_a_time_or_for_ever() {
        for text in ["365d", "36500d", "5400s", "forever"] {
            let time: Retention = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&time).unwrap(), text);
        }
        for wrong in ["0s", "1m", "40000d", "365", "ever"] {
            assert!(serde_json::from_value::<Retention>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
