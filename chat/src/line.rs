//! A line for the terminal: pieces of harmless text with a style each. Nothing else is ever printed.

use chat_proto::name::Folded;
use chat_proto::text::SafeText;

/// The colours that names get; readable on dark and on light ground.
const NAME_COLOURS: [u8; 12] = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Dim,
    Bold,
    /// The colour that belongs to a name.
    Name(u8),
    Alert,
    Error,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Style, SafeText)>,
}

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of one style.
    pub fn of(style: Style, text: &str) -> Self {
        Self::new().text(style, text)
    }

    #[must_use]
    pub fn text(mut self, style: Style, text: &str) -> Self {
        self.pieces.push((style, SafeText::line(text)));
        self
    }

    /// A name, in its colour.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.pieces.push((Style::Name(colour_of(name)), SafeText::name(name)));
        self
    }

    /// This line and the other, as one.
    #[must_use]
    pub fn then(mut self, mut other: Self) -> Self {
        self.pieces.append(&mut other.pieces);
        self
    }

    /// The line as it is printed, without a line end.
    pub fn render(&self, colours: bool) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        for (style, text) in &self.pieces {
            let code = if colours { style.code() } else { None };
            match code {
                Some(code) => write!(out, "\x1b[{code}m{text}\x1b[0m").expect("a string takes everything"),
                None => out.push_str(text.as_str()),
            }
        }
        out
    }
}

impl Style {
    fn code(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Dim => Some(2),
            Self::Bold => Some(1),
            Self::Name(colour) => Some(colour),
            Self::Alert => Some(7),
            Self::Error => Some(31),
        }
    }
}

/// The same for a name every time, however it is written.
fn colour_of(name: &str) -> u8 {
    let hash = Folded::new(name)
        .as_str()
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    NAME_COLOURS[hash as usize % NAME_COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_colour_in_any_case() {
        assert_eq!(Line::new().name("Alice").pieces[0].0, Line::new().name("alice").pieces[0].0);
    }

    #[test]
    fn without_colours_there_is_not_one_escape() {
        let line = Line::new().name("bob").text(Style::Error, "\x1b[31mno").text(Style::Alert, "!");
        assert_eq!(line.render(false), "bob␛[31mno!");
        assert_eq!(line.render(true).matches('\x1b').count(), 6);
    }
}
