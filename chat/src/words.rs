//! What Tab completes: commands, people (the latest speakers first) and channels.

use crate::input::{Spec, TABLE, Verb, begun};

/// What there is to complete at the moment.
#[derive(Debug, Default)]
pub struct Words {
    /// With whom there was last something in private.
    pub partner: Option<String>,
    pub people: Vec<String>,
    pub channels: Vec<String>,
}

/// What Tab does: replaces the last `typed` bytes before the cursor, or shows the choice.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    pub typed: usize,
    pub replacement: String,
    /// Empty if there was nothing to choose from.
    pub choice: Vec<String>,
}

impl Words {
    /// Completes the word that ends where `before` ends.
    pub fn complete(&self, before: &str) -> Option<Completion> {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (word, first) = (&before[start..], start == 0);
        if word.is_empty() {
            let is_to_one = matches!(begun(before), Some(Verb::Private | Verb::Talk));
            let name = self.partner.as_ref().filter(|_| is_to_one)?;
            return Some(Completion { typed: 0, replacement: format!("{name} "), choice: Vec::new() });
        }
        let (found, ending): (Vec<String>, _) = match word.as_bytes()[0] {
            b'<' if first => (names('<', ">", word, |spec| vec![spec.name]), " "),
            b'/' if first => (names('/', "", word, |spec| spec.names().collect()), " "),
            b'#' => (starting_with(&self.channels, word), " "),
            _ => (starting_with(&self.people, word), if first { ": " } else { " " }),
        };
        let replacement = match &found[..] {
            [] => return None,
            [only] => format!("{only}{ending}"),
            several => common_start(several),
        };
        Some(Completion {
            typed: word.len(),
            replacement,
            choice: if found.len() > 1 { found } else { Vec::new() },
        })
    }
}

fn names(
    open: char,
    close: &str,
    word: &str,
    names: impl Fn(&'static Spec) -> Vec<&'static str>,
) -> Vec<String> {
    let all: Vec<_> = TABLE.iter().flat_map(names).map(|name| format!("{open}{name}{close}")).collect();
    starting_with(&all, word)
}

fn starting_with(words: &[String], start: &str) -> Vec<String> {
    let fits = |word: &&String| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    words.iter().filter(fits).cloned().collect()
}

/// As the first has it; names differ in case only by accident.
fn common_start(words: &[String]) -> String {
    let first = &words[0];
    let mut length = first.len();
    for word in &words[1..] {
        let same = first.chars().zip(word.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
        length = length.min(same.map(|(a, _)| a.len_utf8()).sum());
    }
    first[..length].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(before: &str) -> Option<(String, Vec<String>)> {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let words = Words {
            partner: Some("Barbara".to_owned()),
            people: owned(&["bob", "Barbara", "alice"]),
            channels: owned(&["#lobby", "#long"]),
        };
        words.complete(before).map(|completion| (completion.replacement, completion.choice))
    }

    fn single(text: &str) -> Option<(String, Vec<String>)> {
        Some((text.to_owned(), Vec::new()))
    }

    #[test]
    fn commands_people_and_channels_are_completed() {
        assert_eq!(complete("<pri"), single("<private> "));
        assert_eq!(complete("/ms"), single("/msg "));
        assert_eq!(complete("<join> #lob"), single("#lobby "));
        assert_eq!(complete("AL"), single("alice: "));
        assert_eq!(complete("<private> al"), single("alice "));
        assert_eq!(complete("zz"), None);
        assert_eq!(complete("x "), None);
    }

    #[test]
    fn who_is_to_be_written_to_or_talked_with_is_first_of_all_who_was_last() {
        for line in ["<private> ", "/w ", "<talk> "] {
            assert_eq!(complete(line), single("Barbara "), "{line}");
        }
        for line in ["<invite> ", "<private> bob ", "<private> bob hi ", ""] {
            assert_eq!(complete(line), None, "{line}");
        }
    }

    #[test]
    fn of_several_the_common_start_is_taken_and_the_choice_is_shown() {
        assert_eq!(complete("#l"), Some(("#lo".into(), vec!["#lobby".into(), "#long".into()])));
        assert_eq!(complete("b"), Some(("b".into(), vec!["bob".into(), "Barbara".into()])));
    }
}
