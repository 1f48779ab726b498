//! Writing replies: one JSON object and a NUL, within the bound.

use chat_proto::admin::{MAX_REPLY, Reply, TERMINATOR};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

/// Bytes of items put into one reply of a stream.
const CHUNK: usize = 1024 * 1024;

/// The items of a list as bytes of replies.
pub(super) enum Listing {
    Replies(Vec<Vec<u8>>),
    /// It takes more than one reply and the caller wants one, or a single item is longer than a reply may be.
    TooLong,
}

/// The only or last reply to a call.
pub(super) fn last<P: Serialize>(parameters: P) -> serde_json::Result<Vec<u8>> {
    terminated(&Reply { parameters, continues: false })
}

/// A reply that others follow.
pub(super) fn continued<P: Serialize>(parameters: P) -> serde_json::Result<Vec<u8>> {
    terminated(&Reply { parameters, continues: true })
}

/// An error, which is always the last reply.
pub(super) fn error<E: Serialize>(error: &E) -> serde_json::Result<Vec<u8>> {
    terminated(error)
}

/// A list in as many replies as it needs if `more`, else in one. `field` is the name of the list.
pub(super) fn listing<T: Serialize>(
    field: &'static str,
    items: &[T],
    more: bool,
) -> serde_json::Result<Listing> {
    let items = items.iter().map(serde_json::value::to_raw_value).collect::<Result<Vec<_>, _>>()?;
    let most = MAX_REPLY - CHUNK;
    let chunks = chunks(&items, if more { CHUNK } else { most });
    if chunks.len() > 1 && !more || items.iter().any(|item| item.get().len() > most) {
        return Ok(Listing::TooLong);
    }
    let end = chunks.len() - 1;
    let replies = chunks.into_iter().enumerate().map(|(index, items)| {
        let parameters = Field(field, items);
        if index == end { last(parameters) } else { continued(parameters) }
    });
    Ok(Listing::Replies(replies.collect::<Result<_, _>>()?))
}

/// Runs of items of at most `room` bytes together; one run even if there are no items.
fn chunks(items: &[Box<RawValue>], room: usize) -> Vec<&[Box<RawValue>]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        let length = item.get().len() + 1;
        if bytes + length > room && index > start {
            chunks.push(&items[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += length;
    }
    chunks.push(&items[start..]);
    chunks
}

/// An object with one field.
struct Field<'a>(&'static str, &'a [Box<RawValue>]);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, self.1)?;
        map.end()
    }
}

fn terminated<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(TERMINATOR);
    Ok(bytes)
}
