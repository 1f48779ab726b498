//! What goes to standard error: harmless, and wrapped at words if somebody reads it on a terminal.

use std::io::IsTerminal as _;

use crate::line::{Line, Style};
use crate::theme::Palette;

/// Says it as `chat: …`.
pub fn report(text: &str) {
    eprintln!("{}", wrapped(&format!("chat: {text}"), columns()));
}

/// How wide the terminal is that standard error goes to, if it is one.
pub fn columns() -> Option<usize> {
    let stderr = std::io::stderr();
    let size = terminal_size::terminal_size_of(&stderr).filter(|_| stderr.is_terminal());
    size.map(|(columns, _)| usize::from(columns.0))
}

/// The text in rows of so many columns.
pub fn wrapped(text: &str, columns: Option<usize>) -> String {
    Line::of(Style::Plain, text).render(Palette::None, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_wrapped_at_words_on_a_terminal_only() {
        let text = "chat: chatd is not running at /run/chatd/chat.sock";
        assert_eq!(wrapped(text, Some(40)), "chat: chatd is not running at\n  /run/chatd/chat.sock");
        assert_eq!(wrapped(text, None), text);
    }
}
