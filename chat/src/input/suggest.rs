//! Which command was meant by one that there isn't.

use strsim::{damerau_levenshtein, normalized_damerau_levenshtein};

use crate::input::{Spec, TABLE};

/// Letters of a name per slip of the pen.
const LETTERS_PER_SLIP: usize = 3;
/// Fewer letters are no beginning of a name; of more drastic commands more are needed.
const BEGINNING: usize = 2;
const DRASTIC_BEGINNING: usize = 3;
/// From 0 to 1: enough to hide a password.
const ALIKE: f64 = 0.5;

/// The command that was most likely meant, if one can be recognised.
pub(super) fn meant(typed: &str) -> Option<&'static Spec> {
    let typed = typed.to_ascii_lowercase();
    TABLE
        .iter()
        .filter_map(|spec| Some((distance(&typed, spec)?, spec.is_drastic(), spec)))
        .min_by_key(|(distance, is_drastic, _)| (*distance, *is_drastic))
        .map(|(_, _, spec)| spec)
}

/// The command that might have been meant: in doubt one, where [`meant`] would rather be silent.
pub(super) fn alike(typed: &str) -> Option<&'static Spec> {
    let typed = typed.to_ascii_lowercase();
    let likeness = |spec: &Spec| {
        let likeness = |name| normalized_damerau_levenshtein(name, &typed);
        spec.names().map(likeness).fold(0.0, f64::max)
    };
    let rated = TABLE.iter().map(|spec| (likeness(spec), spec));
    let fit = rated.filter(|(likeness, _)| *likeness >= ALIKE);
    fit.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, spec)| spec)
}

/// Slips of the pen between what was typed and the nearest name of the command, if they may be just that.
fn distance(typed: &str, spec: &Spec) -> Option<usize> {
    spec.names().filter_map(|name| slips(typed, name, spec.is_drastic())).min()
}

fn slips(typed: &str, name: &str, is_drastic: bool) -> Option<usize> {
    let beginning = if is_drastic { DRASTIC_BEGINNING } else { BEGINNING };
    if typed.len() >= beginning && name.starts_with(typed) {
        return Some(1);
    }
    let slips = damerau_levenshtein(typed, name);
    let letters = typed.len().min(name.len());
    let may_be = if is_drastic {
        // A letter instead of another makes another word: `quiz`, `edit`.
        slips == 1 && letters >= DRASTIC_BEGINNING && (typed.len() != name.len() || are_swapped(typed, name))
    } else {
        slips <= letters / LETTERS_PER_SLIP
            && (typed.as_bytes().first() == name.as_bytes().first() || are_swapped(typed, name))
    };
    may_be.then_some(slips)
}

fn are_swapped(one: &str, other: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<_> = word.bytes().collect();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        for (typed, name) in [
            ("privat", "private"),
            ("PRIVTAE", "private"),
            ("lsit", "list"),
            ("ann", "announce"),
            ("hlep", "help"),
            ("cer", "certificate"),
            ("channel", "channels"),
            ("serach", "search"),
            ("qiut", "quit"),
            ("quitt", "quit"),
            ("exti", "quit"),
            ("jion", "join"),
        ] {
            assert_eq!(meant(typed).map(|spec| spec.name), Some(name), "{typed}");
        }
    }

    #[test]
    fn what_is_far_from_every_command_is_no_guess() {
        for typed in
            ["xyzzy", "foo", "xq", "qq", "x", "b", "br", "html", "what", "wait", "kick", "mode", "table"]
        {
            assert_eq!(meant(typed).map(|spec| spec.name), None, "{typed}");
        }
    }

    #[test]
    fn leaving_or_telling_everybody_is_never_guessed_from_another_word() {
        for typed in [
            "quiz", "edit", "buy", "by", "ex", "qu", "suit", "quite?", "leaf", "pan", "pard", "clean", "ls",
            "ent", "and",
        ] {
            assert!(meant(typed).is_none_or(|spec| !spec.is_drastic()), "{typed}");
        }
    }
}
