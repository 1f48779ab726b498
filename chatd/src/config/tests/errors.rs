//! What is said of a wrong file.

use super::*;

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let refusal = refusal("[server]\nname = \"a.b\"\n  nmae = \"x\"\n");
    assert!(
        refusal.starts_with("chatd.toml:3:3: unknown key `nmae`: did you mean `name`? expected one of"),
        "{refusal}"
    );
}

#[test]
fn a_key_in_the_wrong_section_is_told_its_own() {
    for (text, home) in [
        ("[server]\nburst = 5", "[limits]"),
        ("tcp = 5", "[[listen]]"),
        ("[log]\ninsecure = 5", "[[listen]]"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(&format!("`: it belongs to {home}; here expected one of ")), "{refusal}");
    }
}

#[test]
fn every_error_has_its_place_and_what_is_expected() {
    const HASH: &str =
        "$argon2id$v=19$m=8,t=1,p=1$VUZvcXRkWlZZYkpEa2hKSg$N/cZ8blmhDxW4Hmaj7Qm4T6DZP+wh0ZfFzLZNT8vH9A";
    let operator = format!("[[operator]]\nname = \"a\"\npassword-hash = \"{HASH}\"\n");
    let operators = format!("{operator}{operator}");
    for (text, place, expected) in [
        ("[server", "1:8", "expected `]`"),
        ("[server]\nname", "2:5", "expected `=`"),
        ("[server]\nname = a.b", "2:8", "quotation marks"),
        ("[server]\nname = \"a.b", "2:12", "without its end: expected `\"`"),
        ("[server]\nname = \"a.b\" x", "2:14", "expected newline"),
        ("[server]\nname = \"a.b\"\nname = \"c.d\"", "3:1", "`name` is here for the second time"),
        ("[server]\n[lobby]\n[server]", "3:2", "`server` is here for the second time"),
        ("limits.burst = 5\nlimits.burst = 6", "2:8", "`burst` is here for the second time"),
        ("[serer]", "1:2", "did you mean `server`?"),
        ("[Server]", "1:2", "did you mean `server`?"),
        ("server = 5", "1:10", "the number `5`: expected a section, `[server]`"),
        ("[server]\nname = \"alice\"", "2:8", "\"alice\": expected a host name with a dot"),
        ("[server]\nname = 5", "2:8", "the number `5`: expected a host name with a dot"),
        ("[server]\nmotd = \"\\u001b[31m\"", "2:8", "plain text"),
        ("[server]\nnetwork = \"a b\"", "2:11", "one word"),
        ("[server]\nadmin = [\"a\", \"b\"]", "2:9", "2 texts: expected three"),
        ("[server]\nadmin = [\"a\", \"b\", \"c\", \"d\"]", "2:9", "4 texts: expected three"),
        ("[server]\nadmin = \"a\"", "2:9", "\"a\": expected a list"),
        ("[server]\npassword_hash = \"x\"", "2:1", "did you mean `password-hash`?"),
        ("[keepalive]\ninterval = 60", "2:12", "the number `60`: expected a time"),
        ("[keepalive]\ninterval = \"0s\"", "2:12", "\"90s\""),
        ("[limits]\nnick-length = 65", "2:15", "1 to 64"),
        ("[limits]\nnick-length = -1", "2:15", "1 to 64"),
        ("[limits]\nnick-length = 1.5", "2:15", "a whole number"),
        ("[limits]\nburst = 99999999999999999999", "2:9", "1 to 1000000"),
        ("[limits]\nbrust = 5", "2:1", "did you mean `burst`?"),
        ("[lobby]\nchannel = \"lobby\"", "2:11", "begins with #"),
        ("[lobby]\nauto-join = \"yes\"", "2:13", "\"yes\": expected true or false"),
        ("[presence]\naway-after = \"25h\"", "2:14", "\"24h\", such as \"30m\", or \"never\""),
        ("[presence]\naway-after = 30", "2:14", "the number `30`: expected a"),
        ("[log]\nlevel = \"loud\"", "2:9", "expected one of `error`, `warn`"),
        ("[log]\nlevel = \"inf\"", "2:9", "did you mean `info`?"),
        ("[log]\nlevel = 3", "2:9", "quotation marks"),
        ("[[operator]]\nname = \"a\"", "1:1", "`password-hash` is missing"),
        ("[[operator]]\nname = \"a\"\npassword-hash = \"secret\"", "3:17", "hash-password"),
        ("[[server]]\nname = \"a.b\"", "1:1", "in single brackets"),
        ("[[listen]]\nunix = 5", "2:8", "the number `5`: expected an absolute path"),
        ("[[listen]]\ntcp = \"[::]:6697\"\ntls = 5", "3:7", "expected { certificate = FILE, key = FILE }"),
        ("[operator]\nname = \"a\"", "1:1", "in double brackets"),
        (&operators, "4:1", "a second operator \"a\": expected each name once"),
        ("[[listen]]\ntcp = \"localhost\"", "2:7", "127.0.0.1:6667"),
        ("[[listen]]\nunix = \"chat.sock\"", "2:8", "absolute"),
        ("[[listen]]\nunix = \"/run/x\"\nmode = \"999\"", "3:8", "octal"),
        ("[[listen]]\nunix = \"/a\"\n[[listen]]\nunix = \"/a\"", "3:1", "a second listener at /a"),
        ("[[listen]]\nunix = \"/a\"\n[admin]\nsocket = \"/a\"", "4:10", "expected another path"),
        ("[server]\ndescription = \"é\", x", "2:18", "expected newline"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with(&format!("chatd.toml:{place}: ")), "{text}: {refusal}");
        assert!(refusal.contains(expected), "{text}: {refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
}

#[test]
fn all_mistakes_are_reported_in_the_order_of_the_file() {
    let text = "[server]\nname = \"alice\"\n[[listen]]\nunix = \"/run/x\"\nmode = 0666\n[[listen]]\ntcp = \"192.0.2.1:6667\"\n\
                [limits]\nbrust = 5\nburst = 0\n[log]\nlevel = \"loud\"\n";
    let lines = parsed(text).unwrap_err().lines();
    let places: Vec<_> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
    let expected = ["2:8", "5:8", "6:1", "9:1", "10:9", "12:9"].map(|place| format!("chatd.toml:{place}"));
    assert_eq!(places, expected, "{lines:?}");
    assert!(lines[1].contains("`mode = \"0666\"`"), "{lines:?}");
}

#[test]
fn single_brackets_around_listen_are_told_to_be_doubled() {
    assert!(refusal("[listen]\ntcp = \"127.0.0.1:6667\"").contains("expected `[[listen]]`"));
}

#[test]
fn number_where_text_belongs_is_told_what_to_write() {
    for (text, expected) in [
        ("[history]\nmax-size = 20", "\"500M\""),
        ("[history]\nretention = 365", "\"365d\""),
        ("[[listen]]\nunix = \"/x\"\nmode = 438", "such as \"0666\""),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_password_that_stands_where_a_hash_should_is_not_repeated() {
    for password in
        ["\"hunter2\"", "31337", "31337.5", "[31337]", "99999999999999999999", "{ a = \"hunter2\" }"]
    {
        let refusal = refusal(&format!("[server]\npassword-hash = {password}"));
        let repeated = ["hunter2", "31337", "9999"].iter().any(|part| refusal.contains(part));
        assert!(!repeated && refusal.contains("`chatd hash-password` makes one"), "{refusal}");
    }
}

#[test]
fn a_bad_certificate_or_key_is_told_at_its_place() {
    let listener = |tls: &str| format!("[[listen]]\ntcp = \"[::]:6697\"\n{tls}");
    let (_directory, tls) = certificate();
    let key_at = tls.find("key = ").unwrap() + "key = ".len() + 1;
    for (tls, place, expected) in [
        ("tls = {}", String::from("3:7"), "`certificate`"),
        ("tls = { certificate = \"a.pem\", key = \"/b\" }", String::from("3:23"), "an absolute path"),
        (
            "tls = { certificate = \"/nonexistent/a.pem\", key = \"/b\" }",
            String::from("3:23"),
            "no such file",
        ),
        (&*tls.replace("privkey", "nokey"), format!("3:{key_at}"), "no such file"),
        (&*tls.replace("privkey", "fullchain"), format!("3:{key_at}"), "where a private key is expected"),
        (&*tls.replace("fullchain", "privkey"), String::from("3:23"), "where a certificate is expected"),
    ] {
        let refusal = refusal(&listener(tls));
        assert!(refusal.starts_with(&format!("chatd.toml:{place}: ")), "{tls}: {refusal}");
        assert!(refusal.contains(expected) && refusal.lines().count() == 1, "{tls}: {refusal}");
    }
}
