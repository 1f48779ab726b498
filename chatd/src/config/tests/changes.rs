//! What is told of the difference between two files.

use super::*;

/// Something else that a value of the shipped file may be.
fn other_values(value: &str) -> Vec<String> {
    let hash =
        "$argon2id$v=19$m=8,t=1,p=1$VUZvcXRkWlZZYkpEa2hKSg$N/cZ8blmhDxW4Hmaj7Qm4T6DZP+wh0ZfFzLZNT8vH9A";
    let texts = [
        "b.example",
        "#b",
        "/run/b",
        "127.0.0.2:1",
        "0600",
        "7s",
        "30d",
        "30G",
        "debug",
        "closed",
        "normal",
        hash,
    ];
    let numbers = value.parse::<u64>().into_iter().flat_map(|number| [number + 1, number - 1]);
    let booleans = ["true", "false", "[\"a\", \"b\", \"c\"]"].map(str::to_owned);
    texts
        .map(|text| format!("{text:?}"))
        .into_iter()
        .chain(numbers.map(|n| n.to_string()))
        .chain(booleans)
        .collect()
}

#[test]
fn every_key_of_the_shipped_file_that_changes_is_reported() {
    let (_directory, text) = uncommented();
    let before = parsed(&text).unwrap();
    let mut section = "";
    let mut reported = 0;
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        section = line.strip_prefix('[').map_or(section, |name| name.trim_matches(['[', ']']));
        let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else { continue };
        // Without it the address isn't allowed; and what changes with a certificate is another test's matter.
        if key == "insecure" || key == "tls" {
            continue;
        }
        let after = other_values(value).into_iter().filter(|other| other != value).find_map(|other| {
            let mut changed = lines.clone();
            let line = format!("{key} = {other}");
            changed[index] = &line;
            parsed(&changed.join("\n")).ok()
        });
        let after = after.unwrap_or_else(|| panic!("no other value for {section}.{key} is known here"));
        let changes = before.settings.changes(&after.settings);
        let [change] = &*changes else { panic!("{section}.{key}: {changes:?}") };
        let of_element = change.key.starts_with(&format!("{section}[")) && change.key.ends_with(key);
        let told = change.key == format!("{section}.{key}") || change.key == section || of_element;
        assert!(told, "{section}.{key}: {change:?}");
        reported += 1;
    }
    let tried = |key: &&str| {
        let elsewhere = key.ends_with("insecure") || key.contains("].tls.") || key.ends_with("].encrypted");
        key.contains('.') && !elsewhere
    };
    let keys = before.settings.keys().filter(tried).count();
    assert!(reported >= keys, "{reported} of {keys}");
}

#[test]
fn a_change_is_told_by_value_and_a_secret_is_not() {
    let secret =
        "$argon2id$v=19$m=8,t=1,p=1$VUZvcXRkWlZZYkpEa2hKSg$N/cZ8blmhDxW4Hmaj7Qm4T6DZP+wh0ZfFzLZNT8vH9A";
    let before = parsed("").unwrap();
    let text = format!("[server]\npassword-hash = \"{secret}\"\nmotd = \"a\\nb\"\n[limits]\nburst = 500");
    let changes = before.settings.changes(&parsed(&text).unwrap().settings);
    let told: Vec<_> =
        changes.iter().map(|change| (&*change.key, change.from.as_deref(), change.to.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("limits.burst", Some("250"), Some("500")),
            ("server.motd", Some(""), None),
            ("server.password-hash", None, Some("[redacted]")),
        ]
    );
    assert!(!format!("{:?}", parsed(&text).unwrap()).contains("argon2id"));
}

#[test]
fn another_certificate_needs_no_restart_and_coming_or_going_of_tls_does() {
    let ((place, one), (other, _)) = (certificate(), certificate());
    let listener = |tls: &str| parsed(&format!("[[listen]]\ntcp = \"127.0.0.1:1\"\n{tls}")).unwrap().settings;
    let before = listener(&one);
    assert_eq!(before.changes(&listener(&one)), []);
    let plain = before.changes(&listener(""));
    let [change] = &*plain else { panic!("{plain:?}") };
    assert!(change.key == "listen[127.0.0.1:1].encrypted" && change.restart, "{change:?}");
    assert!(listener("").changes(&before)[0].restart);
    let path = |file: &str| format!("{}/{file}.pem", place.path().display());
    for file in ["fullchain", "privkey"] {
        std::fs::copy(other.path().join(format!("{file}.pem")), path(file)).unwrap();
    }
    let renewed = before.changes(&listener(&one));
    let [change] = &*renewed else { panic!("{renewed:?}") };
    assert!(change.key == "listen[127.0.0.1:1].tls.shows" && !change.restart, "{change:?}");
}

#[test]
fn a_default_that_is_written_out_is_no_change() {
    let text = "[limits]\nburst = 250\n[keepalive]\ninterval = \"1m\"\n[admin]\nsocket = \"/run/chatd/admin.sock\"\n\
                [[listen]]\nunix = \"/run/chatd/chat.sock\"\n[[listen]]\ntcp = \"127.0.0.1:6667\"\nguests = true";
    assert_eq!(parsed("").unwrap().settings.changes(&parsed(text).unwrap().settings), []);
}

#[test]
fn what_needs_a_restart_is_told_at_every_reload_until_then() {
    let (started, other) = (parsed("").unwrap(), parsed("[[listen]]\ntcp = \"127.0.0.1:1\"").unwrap());
    let changes = started.settings.changes(&other.settings);
    assert_eq!(
        changes.iter().map(|change| (&*change.key, change.restart)).collect::<Vec<_>>(),
        [("listen", true)]
    );
    let in_force = started.settings.followed_by(other.settings.clone());
    assert_eq!(in_force.changes(&other.settings), changes);
    assert_eq!(in_force.changes(&started.settings), []);
}
