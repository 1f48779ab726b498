//! Lines of a log that another program has written find their place in a channel's history.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_proto::name::Folded;
use chatd_core::{SaidText, TextLine};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Maintenance, MaintenanceError, channel};
use crate::clock;
use crate::store::history::{NOTICE, PRIVMSG, at_time};

/// Bytes of a nick.
const NICK_MAX: usize = 64;
/// Bytes of a line on its way to a client, without its end and tags.
const LINE_MAX: usize = 510;
/// Bytes of a text.
const TEXT_MAX: usize = 8 * 1024;

/// A line to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: u64,
    pub(crate) from: String,
    pub(crate) kind: LineKind,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    Message,
    /// What is said by `/me`.
    Action,
    Notice,
}

/// What became of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    pub(crate) imported: u64,
    /// They were there already.
    pub(crate) present: u64,
    /// They would be removed at once.
    pub(crate) too_old: u64,
    /// From times to come, or something in them cannot be kept.
    pub(crate) refused: u64,
}

impl Maintenance {
    /// Puts the lines where they belong by their times. What is there already, with the same time, name and text, is left.
    pub(crate) fn import(&self, channel_name: &str, lines: Vec<Line>) -> Result<Imported, MaintenanceError> {
        self.disk_space.check()?;
        let (id, name) = channel(&self.archive.reader()?, channel_name)?;
        let (oldest, latest) = (self.oldest_kept().unwrap_or(0), clock::wall().0);
        let mut outcome = Imported::default();
        let mut usable = Vec::with_capacity(lines.len());
        for line in lines {
            if line.at < oldest {
                outcome.too_old += 1;
            } else if line.at > latest || !line.can_be_kept() {
                outcome.refused += 1;
            } else {
                usable.push(line);
            }
        }
        let count = usable.len() as u64;
        outcome.imported = self.insert(id, name, usable)?;
        outcome.present = count - outcome.imported;
        Ok(outcome)
    }

    fn insert(&self, channel: i64, name: String, lines: Vec<Line>) -> Result<u64, MaintenanceError> {
        let inserted = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&inserted);
        let mut lines = lines.into_iter();
        let work = move |transaction: &Transaction<'_>, rows: u32| {
            let mut found = 0;
            // What is removed between two steps may have taken it along.
            let place = place(transaction, channel)?;
            for line in lines.by_ref().take(usize::try_from(rows).unwrap_or(usize::MAX)) {
                count.fetch_add(u64::from(line.insert(transaction, place, &name)?), Ordering::Relaxed);
                found += 1;
            }
            Ok(found)
        };
        self.chores.in_steps(work, |_| true)?;
        Ok(inserted.load(Ordering::Relaxed))
    }
}

impl Line {
    fn can_be_kept(&self) -> bool {
        let nick_ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '!' | '@' | ':');
        let nick = !self.from.is_empty() && self.from.len() <= NICK_MAX && !self.from.contains(nick_ends);
        nick && !self.text.is_empty()
            && self.text.len() <= TEXT_MAX
            && !self.text.contains(['\0', '\n', '\r'])
    }

    /// Whether it was not there already.
    fn insert(&self, transaction: &Transaction<'_>, place: i64, channel: &str) -> rusqlite::Result<bool> {
        let (first, end) = (at_time(self.at), at_time(self.at + 1));
        let source = format!("{0}!{0}@imported", self.from);
        let around = format!(":{source} PRIVMSG {channel} :").len();
        let (author, text) = (Folded::new(&self.from), in_lines(&self.written(), LINE_MAX - around));
        let sql = "SELECT 1 FROM entry INDEXED BY entry_place
                   WHERE place = ?1 AND id >= ?2 AND id < ?3 AND author = ?4 AND text = ?5";
        let mut present = transaction.prepare_cached(sql)?;
        if present.exists(params![place, first, end, author.as_str(), text])? {
            return Ok(false);
        }
        let sql = "INSERT INTO entry (id, place, at, kind, source, author, target, text) VALUES
                   ((SELECT coalesce(max(id), ?1 - 1) + 1 FROM entry WHERE id >= ?1 AND id < ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let kind = if self.kind == LineKind::Notice { NOTICE } else { PRIVMSG };
        transaction.prepare_cached(sql)?.execute(params![
            first,
            end,
            place,
            self.at,
            kind,
            source,
            author.as_str(),
            channel,
            text
        ])?;
        Ok(true)
    }

    /// As it would have come from a client.
    fn written(&self) -> String {
        match self.kind {
            LineKind::Action => format!("\u{1}ACTION {}\u{1}", self.text),
            LineKind::Message | LineKind::Notice => self.text.clone(),
        }
    }
}

/// A text that fits no line goes on in the next one, which begins after a space if there is one.
fn in_lines(text: &str, room: usize) -> String {
    let (mut lines, mut rest) = (String::new(), text);
    while rest.len() > room {
        let end = rest.floor_char_boundary(room);
        let end = rest[..end].rfind(' ').map_or(end, |space| space + 1);
        add_line(&mut lines, &rest[..end]);
        rest = &rest[end..];
    }
    add_line(&mut lines, rest);
    lines
}

fn add_line(lines: &mut String, text: &str) {
    if lines.is_empty() {
        lines.push_str(text);
    } else {
        SaidText::push(lines, TextLine { text, joined: true });
    }
}

/// The row of the channel's place; made if nothing was said there yet.
fn place(connection: &Connection, channel: i64) -> rusqlite::Result<i64> {
    let find = || {
        connection
            .query_row("SELECT id FROM place WHERE channel = ?1", [channel], |row| row.get(0))
            .optional()
    };
    if let Some(found) = find()? {
        return Ok(found);
    }
    connection.execute("INSERT INTO place (channel) VALUES (?1)", [channel])?;
    Ok(connection.last_insert_rowid())
}
