//! `chat config`: what is in force, where it comes from, and where the file is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chat_proto::text::{SafeText, harmless_json};
use serde_json::{Value, json};

use crate::cli::Options;
use crate::config::Config;
use crate::failure::Failure;
use crate::settings::chosen::{Choice, Chosen, Origin};
use crate::settings::{config_file, login, variable};

/// A key of the file, its value or null, and where that comes from.
type Row = (&'static str, Choice<Value>);

/// Prints the settings: a line for each, or one JSON object.
///
/// # Errors
/// The file can't be read or has a mistake, or nobody takes the output.
pub fn report(options: &Options) -> Result<(), Failure> {
    let file = config_file();
    let config = file.as_deref().map(Config::load).transpose()?.unwrap_or_default();
    let chosen = Chosen::of(options, config, &login(), variable)?;
    let text = if options.json {
        json(file.as_deref(), &chosen.rows())
    } else {
        text(file.as_deref(), &chosen.rows())
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)
}

fn text(file: Option<&Path>, rows: &[Row]) -> String {
    let place = match file {
        Some(file) if file.exists() => format!("file: {}", shown(&file.display().to_string())),
        Some(file) => format!("file: {} (there is none)", shown(&file.display().to_string())),
        None => "file: none, since there is no home directory of yours".to_owned(),
    };
    let values: Vec<_> = rows.iter().map(|(_, choice)| shown(&written(&choice.value))).collect();
    let key_width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let line = |((key, choice), value): (&Row, &String)| {
        let origin = match choice.origin {
            Origin::Unused => "in the file, for another server or name".to_owned(),
            origin => origin.to_string(),
        };
        format!("{key:key_width$}  {value:width$}  {origin}\n")
    };
    std::iter::once(place + "\n").chain(rows.iter().zip(&values).map(line)).collect()
}

fn json(file: Option<&Path>, rows: &[Row]) -> String {
    let setting = |(key, choice): &Row| {
        ((*key).to_owned(), json!({ "value": choice.value, "from": choice.origin.to_string() }))
    };
    let settings: serde_json::Map<_, _> = rows.iter().map(setting).collect();
    let object = json!({
        "file": file.map(|file| file.display().to_string()),
        "exists": file.is_some_and(Path::exists),
        "settings": settings,
    });
    harmless_json(&object.to_string()) + "\n"
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn shown(text: &str) -> String {
    SafeText::line(text).into_string()
}

impl Chosen {
    /// In the order of the shipped file.
    fn rows(&self) -> Vec<Row> {
        fn path(choice: &Choice<Option<PathBuf>>) -> Choice<Value> {
            choice.told(|path| json!(path.as_ref().map(|path| path.display().to_string())))
        }
        let rows = [
            ("server", self.server.told(|server| json!(server.to_string()))),
            ("ca", path(&self.ca)),
            ("fingerprint", self.fingerprint.told(|print| json!(print.map(|print| print.to_string())))),
            ("name", self.name.told(|name| json!(name))),
            ("password-file", path(&self.password_file)),
            ("certificate", path(&self.certificate)),
            ("key", path(&self.key)),
            ("server-password-file", path(&self.server_password_file)),
            ("theme", self.theme.told(|theme| json!(theme))),
            ("notify", self.notify.told(|ways| json!(ways.names()))),
            ("fold", self.fold.told(|fold| json!(fold))),
            ("times", self.times.told(|times| json!(times))),
        ];
        rows.into()
    }
}

impl<T> Choice<T> {
    fn told(&self, value: impl FnOnce(&T) -> Value) -> Choice<Value> {
        Choice { value: value(&self.value), origin: self.origin }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::config::SHIPPED;

    fn rows(words: &[&str], file: &str, variables: &[(&str, &str)]) -> Vec<Row> {
        let cli = Cli::try_parse_from([&["chat"], words].concat()).unwrap();
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let config = Config::parse(file, "f.toml").unwrap();
        Chosen::of(&cli.options, config, "alice", variable).unwrap().rows()
    }

    fn row(words: &[&str], file: &str, variables: &[(&str, &str)], key: &str) -> (String, String) {
        let rows = rows(words, file, variables);
        let (_, choice) = rows.into_iter().find(|(known, _)| *known == key).unwrap();
        (written(&choice.value), choice.origin.to_string())
    }

    #[test]
    fn every_key_of_the_file_is_told() {
        let keys: Vec<_> = rows(&[], "", &[]).iter().map(|(key, _)| *key).collect();
        let shipped: Vec<_> =
            SHIPPED.lines().filter_map(|line| line.strip_prefix("#:")?.split(" = ").next()).collect();
        assert_eq!(keys, shipped);
    }

    #[test]
    fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
        let file = "server = \"file\"\nname = \"bob\"\ntheme = \"dark\"\nnotify = [\"bell\", \"osc9\"]";
        let environment = [("CHAT_SERVER", "env"), ("NO_COLOR", "1")];
        for (words, variables, key, value, from) in [
            (&[][..], &[][..], "server", "file:6697", "file"),
            (&[], &environment, "server", "env:6697", "$CHAT_SERVER"),
            (&["--server", "line"], &environment, "server", "line:6697", "--server"),
            (&[], &[], "name", "bob", "file"),
            (&["--name", "carol"], &[], "name", "carol", "--name"),
            (&[], &[], "theme", "dark", "file"),
            (&[], &environment, "theme", "none", "$NO_COLOR"),
            (&["--no-color"], &environment, "theme", "none", "--no-color"),
            (&[], &[], "notify", "bell, osc9", "file"),
            (&[], &[], "times", "true", "default"),
        ] {
            assert_eq!(row(words, file, variables, key), (value.to_owned(), from.to_owned()));
        }
        assert_eq!(row(&[], "", &[], "name"), ("alice".to_owned(), "default".to_owned()));
    }

    #[test]
    fn what_is_for_another_server_or_name_is_not_in_force() {
        let file = "server = \"h\"\nca = \"/ca\"\nname = \"bob\"\npassword-file = \"/p\"\ncertificate = \"/c\"\nkey = \"/k\"";
        for (words, ca, password, key) in [
            (&[][..], "file", "file", "file"),
            (&["--server", "h:6697"], "file", "file", "file"),
            (&["--server", "other"], "unused", "unused", "unused"),
            (&["--name", "carol"], "file", "unused", "unused"),
            (&["--certificate", "/mine"], "file", "file", "unused"),
            (&["--password-file", "/q", "--name", "carol"], "file", "--password-file", "unused"),
        ] {
            let from = |name: &str| row(words, file, &[], name).1;
            assert_eq!([from("ca"), from("password-file"), from("key")], [ca, password, key], "{words:?}");
        }
        assert_eq!(row(&["--name", "carol"], file, &[], "password-file").0, "-");
    }

    #[test]
    fn it_is_told_in_lines_and_in_json() {
        let rows = rows(&[], "theme = \"dark\"", &[("CHAT_SERVER", "h")]);
        let text = text(Some(Path::new("/nowhere/config.toml")), &rows);
        assert!(text.starts_with("file: /nowhere/config.toml (there is none)\nserver "), "{text}");
        assert!(text.contains("\ntheme                 dark    file\n"), "{text}");
        let json: Value = serde_json::from_str(&json(None, &rows)).unwrap();
        assert_eq!(json["settings"]["server"], json!({ "value": "h:6697", "from": "$CHAT_SERVER" }));
        assert_eq!(json["settings"]["notify"], json!({ "value": ["bell"], "from": "default" }));
        assert_eq!((&json["settings"]["ca"]["value"], &json["exists"]), (&json!(null), &json!(false)));
    }
}
