//! What files are taken, and what is said of those that aren't.

use std::path::{Path, PathBuf};

use super::*;

const SHIPPED: &str = include_str!("../../../etc/chatd.toml");

fn directories() -> Directories {
    let path = |path: &str| PathBuf::from(path);
    Directories {
        configuration: path("/etc/chatd"),
        runtime: path("/run/chatd"),
        state: path("/var/lib/chatd"),
    }
}

fn parsed(text: &str) -> Result<Config, ConfigError> {
    parse(text, Some(Path::new("chatd.toml")), &directories())
}

fn refusal(text: &str) -> String {
    parsed(text).unwrap_err().to_string()
}

/// The shipped file with its keys in force: what follows `#` directly is a key, what follows `# ` is a comment.
fn uncommented() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => key,
        _ => line,
    };
    SHIPPED.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_file_changes_no_default() {
    let (shipped, empty) = (parsed(SHIPPED).unwrap(), parsed("").unwrap());
    assert_eq!(format!("{shipped:?}"), format!("{empty:?}"));
}

#[test]
fn the_shipped_file_documents_keys_that_exist_with_their_defaults() {
    let (all, empty) = (parsed(&uncommented()).unwrap(), parsed("").unwrap());
    assert_eq!(all.policy.limits, empty.policy.limits);
    assert_eq!(all.policy.keepalive, empty.policy.keepalive);
    assert_eq!(all.policy.lobby, empty.policy.lobby);
    assert_eq!(all.connections, empty.connections);
    assert_eq!(all.listeners[..2], empty.listeners);
    assert_eq!(all.admin.socket, empty.admin.socket);
    assert_eq!(all.admin.group, empty.admin.group);
    assert_eq!(all.log_level, empty.log_level);
}

/// The keys of a table, as the code that reads it enumerates them when it meets one that it doesn't know.
fn known_keys(table: &str) -> Vec<String> {
    let refusal = refusal(&format!("{table}\nno-such-key = 1"));
    let keys: Vec<_> = refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(refusal.contains("unknown field `no-such-key`") && !keys.is_empty(), "{refusal}");
    keys
}

#[test]
fn the_shipped_file_documents_every_key() {
    let text = uncommented();
    let tables: Vec<(&str, &str)> =
        text.split("\n[").skip(1).filter_map(|part| part.split_once('\n')).collect();
    for name in known_keys("") {
        let heading = [format!("{name}]"), format!("[{name}]]")];
        let documented: Vec<_> =
            tables.iter().filter(|(table, _)| heading.iter().any(|heading| heading == table)).collect();
        assert!(!documented.is_empty(), "[{name}]");
        for key in known_keys(&format!("[{}", documented[0].0)) {
            let is_there =
                |(_, keys): &&&(_, &str)| keys.lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(documented.iter().any(|table| is_there(&table)), "[{name}] {key}");
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let refusal = refusal("[server]\nname = \"a.b\"\n  nmae = \"x\"\n");
    assert!(refusal.starts_with("chatd.toml:3:3: unknown field `nmae`, expected one of"), "{refusal}");
}

#[test]
fn a_bad_value_is_named_with_its_place_and_what_is_expected() {
    for (text, place, expected) in [
        ("[server]\nname = \"alice\"", "2:8", "a host name with a dot"),
        ("[server]\nmotd = \"\\u001b[31m\"", "2:8", "plain text"),
        ("[keepalive]\ninterval = 60", "2:12", "string"),
        ("[keepalive]\ninterval = \"0s\"", "2:12", "\"90s\""),
        ("[limits]\nnick-length = 65", "2:15", "1 to 64"),
        ("[limits]\nnick-length = -1", "2:15", "1 to 64"),
        ("[lobby]\nchannel = \"lobby\"", "2:11", "begins with #"),
        ("[log]\nlevel = \"loud\"", "2:9", "`error`, `warn`"),
        ("[[operator]]\nname = \"a\"\npassword-hash = \"secret\"", "3:17", "hash-password"),
        ("[[listen]]\ntcp = \"localhost\"", "2:7", "127.0.0.1:6667"),
        ("[[listen]]\nunix = \"chat.sock\"", "2:8", "absolute"),
        ("[[listen]]\nunix = \"/run/x\"\nmode = \"999\"", "3:8", "octal"),
        ("[server", "1:8", "expected"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with(&format!("chatd.toml:{place}: ")), "{text}: {refusal}");
        assert!(refusal.contains(expected), "{text}: {refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
}

#[test]
fn a_password_that_stands_where_a_hash_should_is_not_repeated() {
    assert!(!refusal("[server]\npassword-hash = \"hunter2\"").contains("hunter2"));
}

#[test]
fn plain_tcp_that_leaves_the_host_must_be_asked_for() {
    assert!(refusal("[[listen]]\ntcp = \"0.0.0.0:6667\"").contains("insecure = true"));
    let config = parsed("[[listen]]\ntcp = \"[::]:6667\"\ninsecure = true").unwrap();
    assert!(!config.listeners[0].guests);
    assert!(parsed("[[listen]]\ntcp = \"[::1]:6667\"").unwrap().listeners[0].guests);
}

#[test]
fn a_listener_is_at_one_place() {
    for (text, expected) in [
        ("[[listen]]\nguests = true", "neither"),
        ("[[listen]]\nunix = \"/a\"\ntcp = \"127.0.0.1:1\"", "both"),
        ("[[listen]]\ntcp = \"127.0.0.1:1\"\nmode = \"0600\"", "`mode`"),
        ("[[listen]]\nunix = \"/a\"\ninsecure = true", "`insecure`"),
        ("listen = []", "no listener"),
    ] {
        assert!(refusal(text).contains(expected), "{text}: {}", refusal(text));
    }
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let missing = Path::new("/nonexistent/chatd.toml");
    assert!(matches!(load(Some(missing), &directories()), Err(ConfigError::Unreadable { .. })));
    let elsewhere = Directories { configuration: PathBuf::from("/nonexistent"), ..directories() };
    assert_eq!(load(None, &elsewhere).unwrap().file, None);
}
