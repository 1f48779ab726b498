//! The configuration in force, key by key as the file would say it, so that two can be compared.
//!
//! It is made from what the file's types write, so every key that can be read is compared.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::admin::SettingChange;
use toml::Value;

use super::raw::Raw;
use super::written::REDACTED;

/// Sections, or keys in them, that hold what they held at the start until a restart.
const FIXED: &[&str] = &["listen", "admin", "metrics", "history.sync"];
/// Within them, what a listener shows, which is read again by a reload.
const CERTIFICATE: &[&str] = &["].tls.certificate", "].tls.key", "].tls.shows"];
/// What tells the elements of a list apart: the first of these keys that they have.
const IDENTITIES: &[&str] = &["name", "unix", "tcp"];
/// Characters of a value that are shown.
const SHOWN_MAX: usize = 60;

/// Values by dotted key. Elements of a list have keys such as `operator[alice].password-hash`, and the list's own
/// key tells which there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(super) fn of(raw: &Raw) -> Self {
        let mut settings = Self::default();
        // What was read from TOML can be written as TOML.
        if let Ok(table) = Value::try_from(raw) {
            settings.add("", &table);
        }
        settings
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What changes when `new` comes after this one, in the order of the keys.
    pub(crate) fn changes(&self, new: &Self) -> Vec<SettingChange> {
        let keys: BTreeSet<&String> = self.0.keys().chain(new.0.keys()).collect();
        let pairs = keys.into_iter().map(|key| (key, self.0.get(key), new.0.get(key)));
        let differ = pairs.filter(|(_, old, new)| old != new);
        // That an element came or went is told by the list's own key.
        let differ = differ.filter(|(key, old, new)| !key.contains("].") || old.is_some() && new.is_some());
        let change = |(key, old, new): (&String, Option<&String>, Option<&String>)| SettingChange {
            key: key.clone(),
            from: old.and_then(|value| shown(value)),
            to: new.and_then(|value| shown(value)),
            restart: is_fixed(key),
        };
        differ.map(change).collect()
    }

    /// What is in force once `new` was put in force after this one.
    pub(crate) fn followed_by(&self, new: Self) -> Self {
        let kept = self.0.iter().filter(|(key, _)| is_fixed(key));
        let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
        Self(new.0.into_iter().filter(|(key, _)| !is_fixed(key)).chain(kept).collect())
    }

    fn add(&mut self, key: &str, value: &Value) {
        match value {
            Value::Table(table) => {
                for (name, value) in table {
                    self.add(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, value);
                }
            }
            Value::Array(elements) if elements.iter().any(Value::is_table) => {
                let names: Vec<String> = elements.iter().enumerate().map(identity).collect();
                for (name, element) in names.iter().zip(elements) {
                    self.add(&format!("{key}[{name}]"), element);
                }
                self.0.insert(key.to_owned(), names.join(", "));
            }
            Value::String(text) => self.insert(key, text.clone()),
            value => self.insert(key, value.to_string()),
        }
    }

    fn insert(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
}

fn identity((index, element): (usize, &Value)) -> String {
    let name = IDENTITIES.iter().find_map(|key| element.get(key)?.as_str());
    name.map_or_else(|| (index + 1).to_string(), str::to_owned)
}

fn is_fixed(key: &str) -> bool {
    if CERTIFICATE.iter().any(|end| key.ends_with(end)) {
        return false;
    }
    let is_within = |section: &&str| {
        key.strip_prefix(*section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    FIXED.iter().any(is_within)
}

/// A value for people; `None` when it is too long for a line.
fn shown(value: &str) -> Option<String> {
    if value.starts_with(REDACTED) {
        return Some(REDACTED.to_owned());
    }
    let fits = value.chars().count() <= SHOWN_MAX && !value.contains(char::is_control);
    fits.then(|| value.to_owned())
}
