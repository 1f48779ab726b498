//! JSON, one object per line. What a terminal would obey or hide is written as `\u` escapes, which mean the
//! same to a program.

use chat_proto::text::harmless_json;
use serde::Serialize;

#[derive(Debug, Default)]
pub(crate) struct Records {
    text: String,
}

impl Records {
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, record: &T) -> serde_json::Result<()> {
        let json = harmless_json(&serde_json::to_string(record)?);
        self.text.push_str(&json.replace('\u{7f}', "\\u007f"));
        self.text.push('\n');
        Ok(())
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_means_the_same() {
        let text = "é王🙂 \u{1b}[2J\u{9b}\u{202e}\u{200b}\u{301}\u{e0001}\u{7f}\n\"";
        let mut records = Records::default();
        records.push(text).expect("a string");
        let line = records.into_string();
        assert!(line.starts_with("\"é王🙂 "), "{line}");
        let body = line.trim_end();
        let hidden = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{200b}', '\u{301}', '\u{e0001}', '\u{7f}', '\n'];
        assert!(!body.contains(hidden), "{body:?}");
        assert_eq!(serde_json::from_str::<String>(body).expect("JSON"), text);
    }
}
