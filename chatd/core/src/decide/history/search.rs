//! SEARCH, as [soju documents it](https://codeberg.org/emersion/soju/src/branch/master/doc/ext/search.md).

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

pub fn search(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    if !has(tx, caller.conn, Caps::SEARCH) {
        return needs(tx, "SEARCH", "soju.im/search");
    }
    match question(tx, caller, message.param(0).unwrap_or_default()) {
        Ok((query, purpose)) => ask(tx, caller.conn, message, query, purpose),
        Err(name) => {
            let name = word(&name).to_owned();
            tx.fail("SEARCH", "INVALID_PARAMS", format_args!("{name} :Invalid criteria"));
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

fn words_of(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    (words.len() <= WORDS_MAX).then_some(words)
}
