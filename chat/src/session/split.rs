//! Cuts long text into pieces that fit a line, losing nothing.

use unicode_segmentation::UnicodeSegmentation as _;

/// The pieces of `text`, in order, each of at most `most` bytes; put together they are the text again, save for
/// line ends and lines of nothing but blanks. Cuts after a blank, else between characters as people see them.
pub fn split(text: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for line in text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()) {
        let mut rest = line;
        while rest.len() > most {
            let (piece, behind) = rest.split_at(cut(rest, most));
            pieces.push(piece.to_owned());
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(rest.to_owned());
        }
    }
    pieces
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

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(split("aaa bbb ccc", 8), ["aaa bbb ", "ccc"]);
        assert_eq!(split("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
        assert_eq!(split("one\n\ntwo\r\n", 100), ["one", "two"]);
    }

    #[test]
    fn what_people_see_as_one_character_is_not_divided() {
        assert_eq!(split("ab👨‍👩‍👧cd", 20), ["ab👨‍👩‍👧", "cd"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_piece_fits(text in "[a-z é日👨\u{200d}\u{301}]{0,200}x", most in 8usize..60) {
            let pieces = split(&text, most);
            prop_assert!(pieces.iter().all(|piece| piece.len() <= most && !piece.is_empty()));
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
