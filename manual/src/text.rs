//! Plain text as it stands in help texts, in the fonts of a man page.

use roff::{Inline, bold, italic, roman};

/// Running text: what stands in backticks is bold.
pub(crate) fn running(text: &str) -> Vec<Inline> {
    let part = |(at, part): (usize, &str)| if at % 2 == 1 { bold(part) } else { roman(part) };
    text.split('`').enumerate().filter(|(_, part)| !part.is_empty()).map(part).collect()
}

/// A usage line, such as `kick NAME [--reason TEXT...]`: what is typed as it is, is bold; words in capitals stand for
/// something, and are italic.
pub(crate) fn usage(text: &str) -> Vec<Inline> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut inlines = Vec::new();
    let mut rest = text;
    let mut before = "";
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let is_typed = before.ends_with('-') || part.contains(|c: char| c.is_ascii_lowercase());
        match (is_word(first), is_typed) {
            (false, _) => inlines.extend(signs(part)),
            (true, true) => inlines.push(bold(part)),
            (true, false) => inlines.push(italic(part)),
        }
        (before, rest) = (part, after);
    }
    inlines
}

/// Brackets and dots say what may be left out or repeated; other signs are typed.
fn signs(signs: &str) -> Vec<Inline> {
    let is_notation = |c: char| "[]|. ".contains(c);
    let mut inlines = Vec::new();
    let mut rest = signs;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_notation(c) != is_notation(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        inlines.push(if is_notation(first) { roman(part) } else { bold(part) });
        rest = after;
    }
    inlines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_bold() {
        assert_eq!(running("see `help` first"), [roman("see "), bold("help"), roman(" first")]);
    }

    #[test]
    fn a_usage_line_tells_what_is_typed_from_what_stands_for_something() {
        let expected =
            [bold("kick"), roman(" "), italic("NAME"), roman(" ["), bold("--"), bold("in"), roman(" ")];
        assert_eq!(usage("kick NAME [--in T]")[..7], expected);
        assert_eq!(usage("-V"), [bold("-"), bold("V")]);
        assert_eq!(usage("<me> X"), [bold("<"), bold("me"), bold(">"), roman(" "), italic("X")]);
    }
}
