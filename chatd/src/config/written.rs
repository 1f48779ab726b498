//! How values are written, for telling what a reload changed.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use serde::{Serialize, Serializer};

use super::value::{Address, File, Hash, LongPeriod, Mode, Motd, Path, Period};

/// What stands for a secret wherever values are written, before something that tells it from others.
pub(super) const REDACTED: &str = "[redacted]";

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = BuildHasherDefault::<DefaultHasher>::new().hash_one(&self.0);
        serializer.collect_str(&format_args!("{REDACTED}{digest:x}"))
    }
}

impl Serialize for Motd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join("\n"))
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.display())
    }
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.display())
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04o}", self.0))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX);
        serializer.collect_str(&format_args!("{span:#}"))
    }
}

impl Serialize for LongPeriod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Period(self.0).serialize(serializer)
    }
}
