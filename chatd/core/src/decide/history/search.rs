//! SEARCH, as [soju documents it](https://codeberg.org/emersion/soju/src/branch/master/doc/ext/search.md).

use std::ops::RangeInclusive;

use chat_proto::caps::Caps;
use chat_proto::message::{Message, unescape_tag};
use chat_proto::name::Folded;

use crate::event::Purpose;
use crate::history::{HistoryQuery, Scope, Search};
use crate::tx::{Caller, Tx};

use super::super::check::word;
use super::reader::Reader;
use super::{ask, has, needs, request};

/// Words that are looked for at once.
const WORDS_MAX: usize = 16;
/// Beginnings of words among them. The index gathers all that begins so before anything can be looked at or given up.
const PREFIXES_MAX: usize = 2;
/// Letters of such a beginning, at least. One of a script with thousands of them, or one for each syllable, narrows it as two do.
const PREFIX_MIN: usize = 3;
const WEIGHTY: RangeInclusive<char> = '\u{3041}'..='\u{d7a3}';
const TEXT_HELP: &str =
    ": at most 16 words, at most two of them a beginning with *, of three letters or more";
/// Letters that are surely letters to the index, whose tables are of an older Unicode: what it takes for the end of a word
/// would leave less of the beginning than is written.
const LETTERS: [RangeInclusive<char>; 8] = [
    '0'..='z',
    '\u{c0}'..='\u{24f}',
    '\u{386}'..='\u{523}',
    '\u{5d0}'..='\u{5ea}',
    '\u{620}'..='\u{64a}',
    '\u{3041}'..='\u{30ff}',
    '\u{4e00}'..='\u{9fcb}',
    '\u{ac00}'..='\u{d7a3}',
];

pub fn search(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    if !has(tx, caller.conn, Caps::SEARCH) {
        return needs(tx, "SEARCH", "soju.im/search");
    }
    match question(tx, caller, message.param(0).unwrap_or_default()) {
        Ok((query, purpose)) => ask(tx, caller.conn, message, query, purpose),
        Err(name) => {
            let name = word(&name).to_owned();
            let why = if name == "text" { TEXT_HELP } else { "" };
            tx.fail("SEARCH", "INVALID_PARAMS", format_args!("{name} :Invalid criteria{why}"));
        }
    }
}

/// What is searched for; `Err` names the attribute that is wrong.
fn question(tx: &Tx<'_>, caller: Caller, attributes: &str) -> Result<(HistoryQuery, Purpose), String> {
    let most = tx.state().policy.limits.history_page;
    let reader = Reader::new(tx.state(), caller.conn).ok_or("in")?;
    let everything = Scope::Everything { party: reader.party(), channels: reader.channels() };
    let (mut scope, mut or_else, mut since) = (everything, None, reader.channels_since());
    let (mut words, mut from, mut after, mut before, mut limit) = (Vec::new(), None, None, None, most);
    for attribute in attributes.split(';').filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = unescape_tag(value);
        let wrong = || name.to_owned();
        match name {
            "in" => {
                let readable = reader.place(&value).ok_or_else(wrong)?;
                (scope, or_else, since) = (Scope::Place(readable.place), readable.or_else, readable.since);
            }
            "from" => from = Some(Folded::new(&value)),
            // The times themselves are meant, too.
            "after" => after = Some(request::time(&value).ok_or_else(wrong)?.saturating_sub(1)),
            "before" => before = Some(request::time(&value).ok_or_else(wrong)?.saturating_add(1)),
            "text" => words = words_of(&value).ok_or_else(wrong)?,
            "limit" => {
                limit = value.parse::<u32>().ok().filter(|limit| *limit > 0).ok_or_else(wrong)?.min(most);
            }
            _ => return Err(wrong()),
        }
    }
    let query = |scope| {
        let (words, from) = (words.clone(), from.clone());
        HistoryQuery::Search(Box::new(Search { scope, words, from, after, before, limit, since }))
    };
    let or_else = or_else.map(|place| Box::new(query(Scope::Place(place))));
    Ok((query(scope), Purpose::Search { or_else }))
}

/// Nothing, if it is too much.
fn words_of(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let mut prefixes = words.iter().filter_map(|word| word.strip_suffix('*'));
    let is_bounded = prefixes.clone().count() <= PREFIXES_MAX && prefixes.all(is_long_enough);
    (words.len() <= WORDS_MAX && is_bounded).then_some(words)
}

fn is_long_enough(prefix: &str) -> bool {
    let is_letter = |c: &char| c.is_alphanumeric() && LETTERS.iter().any(|letters| letters.contains(c));
    let letters = prefix.chars().rev().take_while(is_letter).take(PREFIX_MIN);
    letters.map(|c| if WEIGHTY.contains(&c) { 2 } else { 1 }).sum::<usize>() >= PREFIX_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_long_beginnings_are_searched_for() {
        for text in [
            "coffee machine",
            "cof*",
            "caf\u{e9}* \u{440}\u{435}\u{447}*",
            "\u{65e5}\u{672c}*",
            "a b c 42nd*",
        ] {
            assert!(words_of(text).is_some(), "{text}");
        }
        for text in [
            "a*",
            "\u{65e5}*",
            "*",
            "coffee b*",
            "long-ab*",
            "don't*",
            "ab\u{301}c*",
            "abc\u{1e900}de*",
            "one* two* three*",
        ] {
            assert!(words_of(text).is_none(), "{text}");
        }
    }
}
