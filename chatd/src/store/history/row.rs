//! Rows become entries.

use chat_proto::name::Nick;
use chatd_core::{Deed, Entry, MessageId, Place, SaidKind};
use rusqlite::Row;

use super::point::IMPORTED;
use crate::store::RowError;

pub(in crate::store) const PRIVMSG: i64 = 0;
pub(in crate::store) const NOTICE: i64 = 1;
pub(super) const JOIN: i64 = 2;
pub(super) const PART: i64 = 3;
pub(super) const QUIT: i64 = 4;
pub(super) const KICK: i64 = 5;
pub(super) const NICK: i64 = 6;
pub(super) const TOPIC: i64 = 7;
pub(super) const MODE: i64 = 8;
pub(super) const TAGMSG: i64 = 9;

pub(super) fn kind(kind: SaidKind) -> i64 {
    match kind {
        SaidKind::Privmsg => PRIVMSG,
        SaidKind::Notice => NOTICE,
        SaidKind::Tagmsg => TAGMSG,
    }
}

/// What [`entry`] reads.
pub(in crate::store) const COLUMNS: &str =
    "entry.id AS id, at, number, kind, source, account, target, tags, entry.text AS text, client_id";

/// What was said to some members of a channel only is not for all who may read its history; what was taken back is for nobody.
pub(super) const FOR_ALL: &str =
    "(target IS NULL OR substr(target, 1, 1) NOT IN ('@', '+')) AND redacted_at IS NULL";

/// `start` is the first half of all messages' ids.
pub(in crate::store) fn entry(row: &Row<'_>, place: &Place, start: u64) -> Result<Entry, RowError> {
    let number: Option<u64> = row.get("number")?;
    let is_imported = number.is_none() && row.get::<_, i64>("kind")? <= NOTICE;
    let imported = MessageId { start: IMPORTED, number: row.get("id")? };
    let account: Option<String> = row.get("account")?;
    Ok(Entry {
        id: number.map(|number| MessageId { start, number }).or(is_imported.then_some(imported)),
        at: row.get("at")?,
        place: place.clone(),
        source: row.get::<_, String>("source")?.into(),
        account: account.as_deref().map(nick).transpose()?,
        deed: deed(row)?,
    })
}

fn deed(row: &Row<'_>) -> Result<Deed, RowError> {
    let optional = |column: &str| row.get::<_, Option<String>>(column);
    let text = || optional("text").map(Option::unwrap_or_default);
    let target = || optional("target").map(Option::unwrap_or_default);
    let said = |kind| -> Result<Deed, RowError> {
        let tags = optional("tags")?.unwrap_or_default();
        let client_id = optional("client_id")?.map(Into::into);
        Ok(Deed::Said { kind, to: target()?.into(), tags: tags.into(), text: text()?.into(), client_id })
    };
    Ok(match row.get("kind")? {
        PRIVMSG => said(SaidKind::Privmsg)?,
        NOTICE => said(SaidKind::Notice)?,
        TAGMSG => said(SaidKind::Tagmsg)?,
        JOIN => Deed::Joined,
        PART => Deed::Parted { reason: optional("text")?.map(Into::into) },
        QUIT => Deed::Left { reason: text()?.into() },
        KICK => Deed::Kicked { nick: nick(&target()?)?, reason: text()?.into() },
        NICK => Deed::NickChanged { nick: nick(&target()?)? },
        TOPIC => Deed::TopicSet { topic: text()?.into() },
        MODE => Deed::ModesChanged { changes: text()?.into() },
        _ => return Err(RowError::NotA("kind of entry")),
    })
}

fn nick(text: &str) -> Result<Nick, RowError> {
    text.parse().map_err(|_| RowError::NotA("nick"))
}
