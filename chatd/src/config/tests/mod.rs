//! What files are taken, and what is said of those that aren't.

mod changes;
mod errors;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

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

/// A certificate and key, and how a listener names them.
fn certificate() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    crate::tls::make(directory.path(), &[String::from("localhost")], 30).unwrap();
    let path = directory.path().display();
    let tls = format!("tls = {{ certificate = \"{path}/fullchain.pem\", key = \"{path}/privkey.pem\" }}");
    (directory, tls)
}

/// The shipped file with its keys in force: what follows `#` directly is a key, what follows `# ` is a comment.
fn uncommented() -> (TempDir, String) {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => key,
        _ => line,
    };
    let text = SHIPPED.lines().map(line).collect::<Vec<_>>().join("\n");
    let (directory, tls) = certificate();
    let example = "tls.certificate = \"/etc/chatd/fullchain.pem\"\ntls.key = \"/etc/chatd/privkey.pem\"";
    assert!(text.contains(example));
    (directory, text.replace(example, &tls))
}

#[test]
fn the_shipped_file_changes_no_default() {
    let (shipped, empty) = (parsed(SHIPPED).unwrap(), parsed("").unwrap());
    assert_eq!(format!("{shipped:?}"), format!("{empty:?}"));
}

#[test]
fn the_shipped_file_documents_keys_that_exist_with_their_defaults() {
    let (_directory, text) = uncommented();
    let (all, empty) = (parsed(&text).unwrap(), parsed("").unwrap());
    assert_eq!(all.policy.limits, empty.policy.limits);
    assert_eq!(all.policy.keepalive, empty.policy.keepalive);
    assert_eq!(all.policy.lobby, empty.policy.lobby);
    assert_eq!(all.connections, empty.connections);
    assert!(all.listeners.iter().zip(&empty.listeners).all(|(listed, default)| listed.is_alike(default)));
    assert_eq!(all.admin.socket, empty.admin.socket);
    assert_eq!(all.admin.group, empty.admin.group);
    assert_eq!(all.log_level, empty.log_level);
    // That of the reserve depends on the disk.
    let bounds = Bounds { reserve: Some(1 << 30), ..empty.history.bounds };
    assert_eq!(all.history, History { bounds, ..empty.history });
}

/// The keys of a table, as the code that reads it enumerates them when it meets one that it doesn't know.
fn known_keys(table: &str) -> Vec<String> {
    let refusal = refusal(&format!("{table}\nno-such-key = 1"));
    let keys: Vec<_> = refusal.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(refusal.contains("unknown key `no-such-key`") && !keys.is_empty(), "{refusal}");
    keys
}

#[test]
fn the_shipped_file_documents_every_key() {
    let (_directory, text) = uncommented();
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
fn plain_tcp_that_leaves_the_host_must_be_asked_for() {
    assert!(refusal("[[listen]]\ntcp = \"0.0.0.0:6667\"").contains("insecure = true"));
    let config = parsed("[[listen]]\ntcp = \"[::]:6667\"\ninsecure = true").unwrap();
    assert!(!config.listeners[0].guests);
    assert!(parsed("[[listen]]\ntcp = \"[::1]:6667\"").unwrap().listeners[0].guests);
}

#[test]
fn tls_may_leave_the_host_and_keeps_guests_out_unless_they_are_wanted() {
    let (_directory, tls) = certificate();
    let remote = parsed(&format!("[[listen]]\ntcp = \"[::]:6697\"\n{tls}")).unwrap();
    assert!(remote.listeners[0].certificate.is_some() && !remote.listeners[0].guests);
    let open = parsed(&format!("[[listen]]\ntcp = \"[::]:6697\"\nguests = true\n{tls}")).unwrap();
    assert!(open.listeners[0].guests);
    assert!(parsed(&format!("[[listen]]\ntcp = \"127.0.0.1:6697\"\n{tls}")).unwrap().listeners[0].guests);
}

#[test]
fn clients_are_sent_to_the_first_listener_with_tls() {
    let (_directory, tls) = certificate();
    let text = |sts: &str| format!("[server]\nsts = \"{sts}\"\n[[listen]]\ntcp = \"127.0.0.1:1\"\n");
    let sts = |period: &str| {
        parsed(&format!("{}[[listen]]\ntcp = \"[::]:6697\"\n{tls}", text(period))).unwrap().policy.sts
    };
    assert_eq!(sts("30d"), Some(chatd_core::Sts { port: 6697, duration: 30 * 86_400 }));
    assert_eq!(sts("0s"), Some(chatd_core::Sts { port: 6697, duration: 0 }));
    assert!(refusal(&text("30d")).starts_with("chatd.toml:2:7: no listener speaks TLS"));
    for bad in ["-1s", "4000d", "1 month", "soon", ""] {
        assert!(refusal(&text(bad)).contains("\"30d\""), "{bad}: {}", refusal(&text(bad)));
    }
}

#[test]
fn listeners_differ_by_more_than_their_certificates() {
    let ((_one, one), (_other, other)) = (certificate(), certificate());
    let listener = |port: u16, more: &str| {
        let text = format!("[[listen]]\ntcp = \"127.0.0.1:{port}\"\n{more}");
        parsed(&text).unwrap().listeners.remove(0)
    };
    assert!(listener(1, &one).is_alike(&listener(1, &other)));
    assert!(!listener(1, &one).is_alike(&listener(1, "")));
    assert!(!listener(1, &one).is_alike(&listener(2, &one)));
    assert!(!listener(1, &one).is_alike(&listener(1, &format!("guests = false\n{one}"))));
}

#[test]
fn a_listener_is_at_one_place() {
    let (_directory, tls) = certificate();
    for text in [format!("unix = \"/a\"\n{tls}"), format!("tcp = \"[::]:1\"\ninsecure = true\n{tls}")] {
        assert!(refusal(&format!("[[listen]]\n{text}")).contains("`tls`"), "{text}");
    }
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
fn metrics_are_shown_where_the_file_says_and_else_nowhere() {
    for text in ["", "[metrics]"] {
        assert_eq!(parsed(text).unwrap().metrics, []);
    }
    let unix = parsed("[metrics]\nunix = \"/run/chatd/metrics.sock\"").unwrap().metrics;
    assert_eq!(unix, [Place::Unix { path: "/run/chatd/metrics.sock".into(), mode: 0o660 }]);
    let tcp = parsed("[metrics]\ntcp = \"127.0.0.1:16667\"").unwrap().metrics;
    assert_eq!(tcp, [Place::Tcp { address: "127.0.0.1:16667".parse().unwrap() }]);
    assert!(parsed("[metrics]\ntcp = \"[::]:16667\"\ninsecure = true").is_ok());
    for (text, expected) in [
        ("[metrics]\ntcp = \"[::]:16667\"", "insecure = true"),
        ("[metrics]\nmode = \"0600\"", "`mode`"),
        ("[metrics]\ninsecure = true", "`insecure`"),
        ("[metrics]\ntcp = \"127.0.0.1:6667\"", "something else"),
        ("[metrics]\nunix = \"/run/chatd/admin.sock\"", "something else"),
    ] {
        assert!(refusal(text).contains(expected), "{text}: {}", refusal(text));
    }
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let missing = Path::new("/nonexistent/chatd.toml");
    let refusal = load(Some(missing), &directories()).unwrap_err().to_string();
    assert!(refusal.ends_with("there is no such file"), "{refusal}");
    let elsewhere = Directories { configuration: PathBuf::from("/nonexistent"), ..directories() };
    assert_eq!(load(None, &elsewhere).unwrap().file, None);
}

#[test]
fn what_is_no_readable_text_of_a_sensible_size_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("latin1"), b"[server]\nmotd = \"caf\xe9\"\n").unwrap();
    std::fs::File::create(path("huge")).unwrap().set_len(1 << 30).unwrap();
    nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (name, expected) in
        [("latin1", "latin1:2:12: "), ("huge", "larger than"), ("pipe", "not a file"), ("", "a directory")]
    {
        let refusal = load(Some(&path(name)), &directories()).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn hashes_that_everybody_can_read_are_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;

    const HASH: &str =
        "$argon2id$v=19$m=8,t=1,p=1$VUZvcXRkWlZZYkpEa2hKSg$N/cZ8blmhDxW4Hmaj7Qm4T6DZP+wh0ZfFzLZNT8vH9A";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chatd.toml");
    let concerns = |text: &str, mode| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        load(Some(&file), &directories()).unwrap().concerns().collect::<Vec<_>>()
    };
    let with_hash = format!("[server]\npassword-hash = \"{HASH}\"\n");
    let warned = concerns(&with_hash, 0o644);
    assert!(warned.len() == 1 && warned[0].contains("chmod o= "), "{warned:?}");
    assert!(concerns(&with_hash, 0o640).is_empty() && concerns("", 0o644).is_empty());
}
