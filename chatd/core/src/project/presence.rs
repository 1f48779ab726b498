//! The tags by which a line says whether a user can be reached, and since when.

use std::fmt::Write as _;

use chat_proto::caps::Caps;
use chat_proto::message::escaped_tag;
use chat_proto::tag;

use crate::state::{Presence, Status};

use super::line::Tags;

/// Capabilities of those who understand these tags.
pub const PRESENCE_UNDERSTOOD: Caps = Caps::PRESENCE.union(Caps::MESSAGE_TAGS);

/// Adds the tags for those who understand them. The away text is among them only where the line itself doesn't tell it.
pub fn presence_tags(caps: Caps, tags: &mut Tags<'_>, presence: Presence<'_>, with_text: bool) {
    if !caps.contains(PRESENCE_UNDERSTOOD) {
        return;
    }
    tags.next().extend([tag::PRESENCE, "=", presence.status.name()]);
    let _ = write!(tags.next(), "{}={}", tag::SINCE, presence.since);
    match presence.status {
        Status::Busy(partner) => tags.next().extend([tag::WITH, "=", partner.as_str()]),
        Status::Away(text) if with_text => {
            let _ = write!(tags.next(), "{}={}", tag::TEXT, escaped_tag(text));
        }
        Status::Available | Status::Away(_) | Status::Idle => {}
    }
}
