//! The user's settings: `$XDG_CONFIG_HOME/chat/config.toml`.

use std::path::{Path, PathBuf};

use chat_wording::Mistake;
use serde::Deserialize;

use crate::failure::Failure;
use crate::notify::Ways;
use crate::theme::Theme;

/// Every key with its default.
pub const SHIPPED: &str = include_str!("../../etc/chat.toml");

/// Every key is optional; unknown ones are errors.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub server: Option<String>,
    pub ca: Option<PathBuf>,
    pub fingerprint: Option<String>,
    pub name: Option<String>,
    pub password_file: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub server_password_file: Option<PathBuf>,
    pub theme: Option<Theme>,
    pub notify: Option<Ways>,
    pub fold: Option<bool>,
    pub times: Option<bool>,
}

impl Config {
    /// Reads the file; without one, the defaults.
    ///
    /// # Errors
    /// It can't be read, or something in it is wrong: `FILE:LINE:COLUMN: what`.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", path.display()))),
        }
    }

    /// # Errors
    /// As [`Config::load`]; `file` is what the text is called.
    pub fn parse(text: &str, file: &str) -> Result<Self, Failure> {
        let parse = |text: &str| {
            toml::from_str(text).map_err(|error| {
                let (span, message) = chat_wording::wrong(&error, text, SHIPPED);
                Mistake { span, message }
            })
        };
        let line = |Mistake { span, message }: &Mistake| {
            let (line, column) = chat_wording::place(text, span.start);
            format!("{file}:{line}:{column}: {message}")
        };
        chat_wording::read(text, parse)
            .map_err(|mistakes| Failure::Settings(mistakes.iter().map(line).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_is_valid_and_changes_nothing() {
        let text = SHIPPED;
        assert_eq!(Config::parse(text, "chat.toml").unwrap(), Config::default());
        let uncommented: String =
            text.lines().filter_map(|l| l.strip_prefix("#:")).map(|l| format!("{l}\n")).collect();
        let all = Config::parse(&uncommented, "chat.toml").unwrap();
        assert!(
            all.server.is_some() && all.name.is_some() && all.password_file.is_some() && all.theme.is_some()
        );
        assert!(all.ca.is_some() && all.fingerprint.is_some());
        assert!(all.certificate.is_some() && all.key.is_some() && all.server_password_file.is_some());
        assert!(all.notify.is_some() && all.fold.is_some() && all.times.is_some());
    }

    fn wrong(text: &str) -> String {
        Config::parse(text, "f.toml").unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_an_error_that_says_where_and_what_was_meant() {
        let error = wrong("times = false\n\n  notfy = true\n");
        assert!(error.starts_with("f.toml:3:3: unknown key `notfy`: did you mean `notify`? "), "{error}");
    }

    #[test]
    fn all_mistakes_are_reported_in_the_order_of_the_file() {
        let Err(Failure::Settings(mistakes)) =
            Config::parse("times = yes\ntheme = \"drak\"\nnmae = 1\n", "f.toml")
        else {
            panic!("three mistakes")
        };
        let places: Vec<_> = mistakes.iter().map(|mistake| mistake.split(": ").next().unwrap()).collect();
        assert_eq!(places, ["f.toml:1:9", "f.toml:2:9", "f.toml:3:1"], "{mistakes:?}");
    }

    #[test]
    fn a_wrong_value_is_an_error_that_says_what_is_expected() {
        for (text, words) in [
            ("theme = \"drak\"", "f.toml:1:9: unknown value `drak`: did you mean `dark`? "),
            ("times = 1", "f.toml:1:9: the number `1`: expected true or false"),
            ("notify = \"bel\"", "f.toml:1:10: unknown value `bel`: did you mean `bell`? "),
            ("notify = [\"bell\", \"osc\"]", "unknown value `osc`: did you mean `osc9`? "),
            ("notify = [\"none\", \"bell\"]", "f.toml:1:10: `none` and others: expected it alone"),
            (
                "notify = true",
                "f.toml:1:10: `true`: expected one of bell, osc9, osc777 and none, or a list of them",
            ),
        ] {
            let error = wrong(text);
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn one_way_to_notify_or_several_may_be_given() {
        let notify = |text: &str| Config::parse(text, "f.toml").unwrap().notify.unwrap().names().join(", ");
        assert_eq!(notify("notify = \"osc9\""), "osc9");
        assert_eq!(notify("notify = [\"osc777\", \"bell\"]"), "bell, osc777");
        assert_eq!(notify("notify = \"none\""), "none");
        assert_eq!(notify("notify = []"), "none");
    }
}
