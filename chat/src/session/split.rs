//! Cuts long text into pieces that fit a line, losing nothing.

use unicode_segmentation::UnicodeSegmentation as _;

/// What fits a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// It goes on where the one before it ended, without a line end in between.
    pub joined: bool,
}

impl Piece {
    /// The text that the pieces were cut from.
    pub fn joined(pieces: &[Self]) -> String {
        let mut text = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 && !piece.joined {
                text.push('\n');
            }
            text.push_str(&piece.text);
        }
        text
    }
}

/// How much one message may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub bytes: usize,
    pub lines: usize,
}

/// The pieces of `text`, in order, each of at most `most` bytes; put together they are the text again, save for the blank
/// lines that it begins and ends with. Cuts after a blank, else between characters as people see them.
pub fn split(text: &str, most: usize) -> Vec<Piece> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let blank = |line: &&str| line.trim().is_empty();
    let first = lines.iter().take_while(|line| blank(line)).count();
    let last = lines.len() - lines[first..].iter().rev().take_while(|line| blank(line)).count();
    lines[first..last].iter().flat_map(|line| cut_line(line, most)).collect()
}

fn cut_line(line: &str, most: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = if line.trim().is_empty() { "" } else { line };
    while rest.len() > most {
        let (piece, behind) = rest.split_at(cut(rest, most));
        pieces.push(Piece { text: piece.to_owned(), joined: !pieces.is_empty() });
        rest = behind;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece { text: rest.to_owned(), joined: !pieces.is_empty() });
    }
    pieces
}

/// The pieces as messages of no more than `size` each, divided within a line only if that is too long for one; without, every
/// line that says something is a message.
pub fn messages(pieces: &[Piece], size: Option<Size>) -> Vec<Vec<Piece>> {
    let alone = |piece: &Piece| Piece { joined: false, ..piece.clone() };
    let Some(size) = size else {
        let spoken = pieces.iter().filter(|piece| !piece.text.trim().is_empty());
        return spoken.map(|piece| vec![alone(piece)]).collect();
    };
    let fits = |lines: usize, bytes: usize| lines <= size.lines && bytes <= size.bytes;
    let mut messages: Vec<Vec<Piece>> = Vec::new();
    let mut bytes = 0;
    for line in pieces.chunk_by(|_, next| next.joined) {
        let whole = line.iter().map(|piece| piece.text.len() + 1).sum::<usize>();
        let goes_on = messages.last().is_some_and(|message| fits(message.len() + line.len(), bytes + whole));
        let mut anew = !goes_on && fits(line.len(), whole - 1);
        for piece in line {
            let more = piece.text.len() + 1;
            match messages.last_mut().filter(|message| !anew && fits(message.len() + 1, bytes + more)) {
                Some(message) => {
                    bytes += more;
                    message.push(piece.clone());
                }
                None => {
                    bytes = more - 1;
                    messages.push(vec![alone(piece)]);
                }
            }
            anew = false;
        }
    }
    for message in &mut messages {
        let blank = |piece: &Piece| piece.text.trim().is_empty();
        message.truncate(message.iter().rposition(|piece| !blank(piece)).map_or(0, |last| last + 1));
        message.drain(..message.iter().take_while(|piece| blank(piece)).count());
    }
    messages.retain(|message| !message.is_empty());
    messages
}

fn cut(text: &str, most: usize) -> usize {
    let head = &text[..text.floor_char_boundary(most)];
    // A piece of less than half a line is worse to read than a divided word.
    if let Some(blank) = head.rfind(' ').filter(|at| *at > most / 2) {
        return blank + 1;
    }
    let mut end = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        if start + grapheme.len() > most {
            break;
        }
        end = start + grapheme.len();
    }
    if end > 0 { end } else { head.len().max(text.chars().next().map_or(1, char::len_utf8)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str, most: usize) -> Vec<String> {
        split(text, most).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(texts("aaa bbb ccc", 8), ["aaa bbb ", "ccc"]);
        assert_eq!(texts("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
        assert_eq!(texts("\none\n\ntwo\r\n", 100), ["one", "", "two"]);
    }

    #[test]
    fn what_people_see_as_one_character_is_not_divided() {
        assert_eq!(texts("ab👨‍👩‍👧cd", 20), ["ab👨‍👩‍👧", "cd"]);
    }

    #[test]
    fn messages_hold_as_much_as_they_may_and_nothing_but_what_says_something() {
        let pieces = split("one\n\ntwo three\nfour", 4);
        let whole = messages(&pieces, Some(Size { bytes: 100, lines: 10 }));
        assert_eq!(whole.iter().map(|m| Piece::joined(m)).collect::<Vec<_>>(), ["one\n\ntwo three\nfour"]);
        let some = messages(&pieces, Some(Size { bytes: 100, lines: 3 }));
        assert_eq!(some.iter().map(|m| Piece::joined(m)).collect::<Vec<_>>(), ["one", "two three", "four"]);
        let bytes = messages(&pieces, Some(Size { bytes: 9, lines: 10 }));
        assert!(bytes.iter().all(|message| Piece::joined(message).len() <= 9));
        let single: Vec<_> = messages(&pieces, None).concat().into_iter().map(|piece| piece.text).collect();
        assert_eq!(single, ["one", "two ", "thre", "e", "four"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_piece_fits(text in "x[a-z é日👨\u{200d}\u{301}]{0,200}(\n[a-z ]{0,20}){0,3}\nx", most in 8usize..60) {
            let pieces = split(&text, most);
            prop_assert!(pieces.iter().all(|piece| piece.text.len() <= most));
            let trimmed = |line: &str| if line.trim().is_empty() { String::new() } else { line.to_owned() };
            let expected: Vec<_> = text.split('\n').map(trimmed).collect();
            prop_assert_eq!(Piece::joined(&pieces), expected.join("\n"));
        }
    }
}
