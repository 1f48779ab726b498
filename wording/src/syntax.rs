//! Slips of syntax that people make, recognised by the line that they stand on.

/// What is wrong with a line that is no TOML, and what to write instead, if it is one of the usual slips.
pub(crate) fn slip(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with("//") || line.starts_with(';') {
        return Some("not a comment: expected `#` at its beginning".into());
    }
    let Some((key, value)) = line.split_once('=') else {
        let (key, value) = line.split_once(':')?;
        return is_key(key).then(|| format!("`:` after a key: expected `{key} = {}`", value.trim()));
    };
    let value = value.split(" #").next().unwrap_or_default().trim();
    value_slip(key.trim(), value)
}

fn value_slip(key: &str, value: &str) -> Option<String> {
    let bare = value.trim_end_matches([';', ',']).trim_end();
    if bare.is_empty() {
        return None;
    }
    if bare != value && is_complete(bare) {
        return Some(format!("`{}` after a value: expected nothing", &value[bare.len()..]));
    }
    if let Some(meant) = truth(bare) {
        return Some(format!("`{bare}`: expected `{meant}`, true or false in small letters"));
    }
    let typographic = |c| matches!(c, '“' | '”' | '„' | '‘' | '’' | '«' | '»');
    if bare.starts_with(typographic) {
        let word = bare.trim_matches(typographic);
        return Some(format!("typographic quotation marks: expected `{key} = \"{word}\"`"));
    }
    let is_word = bare.chars().all(|c| c.is_alphanumeric() || " ./:_-+#~@".contains(c));
    (is_word && !is_complete(bare)).then(|| {
        format!("`{bare}` is neither a number nor text: expected quotation marks, `{key} = \"{bare}\"`")
    })
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Whether it is a value as it stands.
fn is_complete(value: &str) -> bool {
    toml::from_str::<toml::Table>(&format!("value = {value}")).is_ok()
}

fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => Some(true),
        "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_slips_are_told_with_what_to_write() {
        for (line, expected) in [
            ("mode = 0666", "expected quotation marks, `mode = \"0666\"`"),
            ("max-size = 20G # much", "expected quotation marks, `max-size = \"20G\"`"),
            ("name = chat.example.org", "`name = \"chat.example.org\"`"),
            ("tcp = 127.0.0.1:6667", "`tcp = \"127.0.0.1:6667\"`"),
            ("unix = /run/chat.sock", "`unix = \"/run/chat.sock\"`"),
            ("name = “a.b”", "expected `name = \"a.b\"`"),
            ("auto-join = yes", "expected `true`"),
            ("auto-join = Off", "expected `false`"),
            ("auto-join = True", "expected `true`"),
            ("burst = 5;", "`;` after a value"),
            ("burst = 5,", "`,` after a value"),
            ("burst: 5", "expected `burst = 5`"),
            ("// words", "expected `#`"),
            ("; words", "expected `#`"),
        ] {
            let told = slip(line).unwrap_or_default();
            assert!(told.contains(expected), "{line}: {told}");
        }
        for line in ["name = \"a", "burst", "[server", "name =", "a = [1,", "https://x = "] {
            assert_eq!(slip(line), None, "{line}");
        }
    }
}
