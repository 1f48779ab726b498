//! The IRCv3 capabilities, in one table that yields a bit set.

use serde::{Deserialize, Serialize};

bitflags::bitflags! {
    /// A set of capabilities.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub struct Caps: u32 {
        const MESSAGE_TAGS = 1;
        const SERVER_TIME = 1 << 1;
        const ECHO_MESSAGE = 1 << 2;
        const BATCH = 1 << 3;
        const LABELED_RESPONSE = 1 << 4;
        const MULTI_PREFIX = 1 << 5;
        const USERHOST_IN_NAMES = 1 << 6;
        const EXTENDED_JOIN = 1 << 7;
        const AWAY_NOTIFY = 1 << 8;
        const CHGHOST = 1 << 9;
        const SETNAME = 1 << 10;
        const INVITE_NOTIFY = 1 << 11;
        const ACCOUNT_TAG = 1 << 12;
        const ACCOUNT_NOTIFY = 1 << 13;
        const EXTENDED_MONITOR = 1 << 14;
        const CAP_NOTIFY = 1 << 15;
        const STANDARD_REPLIES = 1 << 16;
        const SASL = 1 << 17;
        const ACCOUNT_REGISTRATION = 1 << 18;
        /// A session on an errand: it isn't put into the lobby, and may speak there from outside.
        const NO_AUTO_JOIN = 1 << 19;
        const CHATHISTORY = 1 << 20;
        /// Pages of history hold more than what was said.
        const EVENT_PLAYBACK = 1 << 21;
        const SEARCH = 1 << 22;
        /// What is said carries an id of its author's, and is said once however often it is sent.
        const CLIENT_ID = 1 << 23;
        const MULTILINE = 1 << 24;
        const READ_MARKER = 1 << 25;
        const REDACTION = 1 << 26;
        /// Lines about a user's presence tell all of it in tags.
        const PRESENCE = 1 << 27;
        /// Conversations are told of in lines of their own.
        const TALK = 1 << 28;
        /// A guest comes back to its own name while a dead connection holds it.
        const RESUME = 1 << 29;
    }
}

/// Every capability there is, with the name it has on the wire.
const TABLE: &[(&str, Caps)] = &[
    ("account-notify", Caps::ACCOUNT_NOTIFY),
    ("account-tag", Caps::ACCOUNT_TAG),
    ("away-notify", Caps::AWAY_NOTIFY),
    ("batch", Caps::BATCH),
    ("cap-notify", Caps::CAP_NOTIFY),
    ("chatd.org/client-id", Caps::CLIENT_ID),
    ("chatd.org/no-auto-join", Caps::NO_AUTO_JOIN),
    ("chatd.org/presence", Caps::PRESENCE),
    ("chatd.org/resume", Caps::RESUME),
    ("chatd.org/talk", Caps::TALK),
    ("chghost", Caps::CHGHOST),
    ("draft/account-registration", Caps::ACCOUNT_REGISTRATION),
    ("draft/chathistory", Caps::CHATHISTORY),
    ("draft/event-playback", Caps::EVENT_PLAYBACK),
    ("draft/message-redaction", Caps::REDACTION),
    ("draft/multiline", Caps::MULTILINE),
    ("draft/read-marker", Caps::READ_MARKER),
    ("echo-message", Caps::ECHO_MESSAGE),
    ("extended-join", Caps::EXTENDED_JOIN),
    ("extended-monitor", Caps::EXTENDED_MONITOR),
    ("invite-notify", Caps::INVITE_NOTIFY),
    ("labeled-response", Caps::LABELED_RESPONSE),
    ("message-tags", Caps::MESSAGE_TAGS),
    ("multi-prefix", Caps::MULTI_PREFIX),
    ("sasl", Caps::SASL),
    ("server-time", Caps::SERVER_TIME),
    ("setname", Caps::SETNAME),
    ("soju.im/search", Caps::SEARCH),
    ("standard-replies", Caps::STANDARD_REPLIES),
    ("userhost-in-names", Caps::USERHOST_IN_NAMES),
];

impl Caps {
    /// The capability of that name; names are compared exactly, as the specification has it.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|(known, _)| *known == name).map(|&(_, cap)| cap)
    }

    /// The names of the capabilities in the set, in alphabetical order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        TABLE.iter().filter(move |(_, cap)| self.contains(*cap)).map(|&(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_one_name() {
        assert_eq!(Caps::all().names().count(), Caps::all().iter().count());
        for name in Caps::all().names() {
            assert_eq!(Caps::named(name).map(|cap| cap.names().collect::<Vec<_>>()), Some(vec![name]));
        }
        assert_eq!(Caps::named("Batch"), None);
    }
}
