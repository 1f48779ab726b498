//! A line of the console as words. Milder than a shell: `#` begins channels, not comments, and an apostrophe
//! within a word is an apostrophe.

/// A word began with a quote that has no partner.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is not closed; write {0}like this{0}, or leave it out")]
pub(crate) struct OpenQuote(char);

/// Splits at blanks. `"` or `'` at the beginning of a word, or after its `=`, holds words together.
pub(crate) fn words(line: &str) -> Result<Vec<String>, OpenQuote> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = first(rest)?;
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

/// The commands of a line that was pasted with line breaks. Within quotes a break is part of the text.
pub(super) fn commands(pasted: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let (mut start, mut end) = (0, 0);
    for line in pasted.split_inclusive('\n') {
        end += line.len();
        if words(&pasted[start..end]).is_ok() {
            commands.push(pasted[start..end].trim());
            start = end;
        }
    }
    commands.push(pasted[start..].trim());
    commands.retain(|command| !command.is_empty());
    commands
}

fn first(text: &str) -> Result<(String, &str), OpenQuote> {
    let mut word = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next().filter(|c| !c.is_whitespace()) {
        let after = &rest[c.len_utf8()..];
        if matches!(c, '"' | '\'') && (word.is_empty() || word.ends_with('=')) {
            let (quoted, end) = after.split_once(c).ok_or(OpenQuote(c))?;
            word.push_str(quoted);
            rest = end;
            if word.is_empty() {
                break;
            }
        } else {
            word.push(c);
            rest = after;
        }
    }
    Ok((word, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together_only_where_a_word_begins() {
        let split = |line: &str| words(line).expect("words");
        assert_eq!(split("  kick bob \t--reason \"too loud\" "), ["kick", "bob", "--reason", "too loud"]);
        assert_eq!(split("kick bob --reason='too \"loud\"'"), ["kick", "bob", "--reason=too \"loud\""]);
        assert_eq!(split("announce I can't, won't"), ["announce", "I", "can't,", "won't"]);
        assert_eq!(split("show #lobby"), ["show", "#lobby"]);
        assert_eq!(split("announce ''"), ["announce", ""]);
        assert!(split("  ").is_empty());
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(words("announce \"hello"), Err(OpenQuote('"')));
    }

    #[test]
    fn pasted_lines_are_commands_of_their_own_unless_quoted() {
        assert_eq!(commands(" list\n\nannounce a\r\n"), ["list", "announce a"]);
        assert_eq!(commands("announce \"a\nb\"\nlist"), ["announce \"a\nb\"", "list"]);
        assert_eq!(commands("announce \"a\nlist"), ["announce \"a\nlist"]);
        assert!(commands(" ").is_empty());
    }
}
