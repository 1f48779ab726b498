//! Masks: text with `*` and `?`, compared without regard to case.

/// Whether `mask` fits the whole of `text`. Takes at most as many steps as the product of both lengths.
pub fn fits(mask: &str, text: &str) -> bool {
    let mut left = usize::MAX;
    fits_within(mask, text, &mut left)
}

/// As [`fits`], and takes its steps from those that are left.
pub fn fits_within(mask: &str, text: &str, left: &mut usize) -> bool {
    let (mask, text) = (mask.as_bytes(), text.as_bytes());
    let (mut m, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        *left = left.saturating_sub(1);
        match mask.get(m) {
            Some(b'*') => {
                retry = Some((m + 1, t));
                m += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&text[t]) => {
                m += 1;
                t += 1;
            }
            _ => {
                let Some((star, at)) = retry else { return false };
                retry = Some((star, at + 1));
                (m, t) = (star, at + 1);
            }
        }
    }
    mask[m..].iter().all(|&c| c == b'*')
}

/// Completes what a person wrote to `nick!ident@host`: `alice` to `alice!*@*`, `a@h` to `*!a@h`.
pub fn complete(mask: &str) -> String {
    match (mask.split_once('!'), mask.split_once('@')) {
        (Some((nick, rest)), Some(_)) if rest.contains('@') => format!("{}!{rest}", or_star(nick)),
        (Some((nick, ident)), _) => format!("{}!{}@*", or_star(nick), or_star(ident)),
        (None, Some((ident, host))) => format!("*!{}@{}", or_star(ident), or_star(host)),
        (None, None) => format!("{}!*@*", or_star(mask)),
    }
}

fn or_star(part: &str) -> &str {
    if part.is_empty() { "*" } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (mask, text) in [("*", ""), ("a*c", "abbc"), ("A?C", "abc"), ("*!*@h*", "n!u@host"), ("**a", "a")]
        {
            assert!(fits(mask, text), "{mask} {text}");
        }
        for (mask, text) in [("a", "ab"), ("a?", "a"), ("*b", "abc"), ("", "a")] {
            assert!(!fits(mask, text), "{mask} {text}");
        }
    }

    #[test]
    fn a_mask_made_to_be_slow_is_not() {
        assert!(!fits(&"*a".repeat(60), &"a".repeat(59)));
        assert!(!fits(&("*a".repeat(100) + "b"), &"a".repeat(400)));
    }

    #[test]
    fn short_masks_are_completed() {
        for (short, full) in [
            ("al*", "al*!*@*"),
            ("u@h", "*!u@h"),
            ("n!u", "n!u@*"),
            ("n!u@h", "n!u@h"),
            ("", "*!*@*"),
            ("@", "*!*@*"),
        ] {
            assert_eq!(complete(short), full);
        }
    }
}
