//! LIST, with the conditions that ISUPPORT's ELIST names: C, M, N, T and U.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_TOOMANYMATCHES, ERR_TOOMANYTARGETS, RPL_LIST, RPL_LISTEND, RPL_LISTSTART};
use compact_str::format_compact;

use crate::event::{ChannelScan, Scan};
use crate::id::ChannelId;
use crate::mask::fits_within;
use crate::state::Channel;
use crate::tx::{Caller, Tx};

use super::check::{sees, word};
use super::scan;

pub fn list(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let parts = || message.params().flat_map(|param| param.split(',')).filter(|part| !part.is_empty());
    let most = tx.state().policy.limits.targets;
    if let Some(part) = parts().nth(most) {
        return tx
            .numeric(ERR_TOOMANYTARGETS, format_args!("{} :Too many targets, at most {most}", word(part)));
    }
    let conditions = parts().collect::<Vec<_>>().join(",").into();
    scan(tx, caller, ChannelScan { conditions, next: ChannelId(0), found: Vec::new() });
}

/// Looks for channels that are wanted until that has been enough work for a turn, and lists them when all are found.
pub fn scan(tx: &mut Tx<'_>, caller: Caller, mut scan: ChannelScan) {
    let (now, state) = (tx.now().wall.0, tx.state());
    let wish = Wish::new(scan.conditions.split(',').filter(|part| !part.is_empty()));
    let most = state.policy.limits.scan_steps;
    let mut left = most;
    let mut pause = None;
    for (&id, channel) in state.channels.range(scan.next..) {
        if left == 0 {
            pause = Some(id);
            break;
        }
        left = left.saturating_sub(1);
        if sees(state, caller.user, channel) && wish.wants(channel, now, &mut left) {
            scan.found.push(id);
        }
    }
    tx.compared(most - left);
    match pause {
        Some(next) => scan::pause(tx, caller, Scan::Channels(ChannelScan { next, ..scan })),
        None => answer(tx, &scan.found),
    }
}

fn answer(tx: &mut Tx<'_>, found: &[ChannelId]) {
    let (state, mut to) = tx.responder();
    to.numeric(RPL_LISTSTART, format_args!("Channel :Users  Name"));
    for channel in found.iter().filter_map(|id| state.channel(*id)) {
        if to.is_full() {
            to.numeric(ERR_TOOMANYMATCHES, format_args!("LIST :There are more, ask for fewer"));
            break;
        }
        let topic = channel.topic.as_ref().map_or("", |topic| &*topic.text);
        to.text(RPL_LIST, &format_compact!("{} {} :", channel.name, channel.members.len()), topic);
    }
    to.numeric(RPL_LISTEND, format_args!(":End of /LIST"));
}

/// What is to be listed: channels that one of the masks fits, if there are any, and that meet all conditions.
struct Wish<'a> {
    masks: Vec<&'a str>,
    conditions: Vec<Condition<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition<'a> {
    /// N: the mask doesn't fit.
    Not(&'a str),
    Number {
        of: Quantity,
        order: Order,
        than: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// U
    Users,
    /// C: minutes since the channel was created.
    Age,
    /// T: minutes since the topic was set.
    TopicAge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Less,
    More,
}

impl<'a> Wish<'a> {
    fn new(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut wish = Self { masks: Vec::new(), conditions: Vec::new() };
        for part in parts {
            match Condition::parse(part) {
                Some(condition) => wish.conditions.push(condition),
                None => wish.masks.push(part),
            }
        }
        wish
    }

    fn wants(&self, channel: &Channel, now: u64, left: &mut usize) -> bool {
        let name = channel.name.as_str();
        let named = self.masks.is_empty() || self.masks.iter().any(|mask| fits_within(mask, name, left));
        named && self.conditions.iter().all(|condition| condition.holds(channel, now, left))
    }
}

impl<'a> Condition<'a> {
    fn parse(part: &'a str) -> Option<Self> {
        if let Some(mask) = part.strip_prefix('!') {
            return Some(Self::Not(mask));
        }
        let (of, rest) = match part.as_bytes().first()? {
            b'C' | b'c' => (Quantity::Age, &part[1..]),
            b'T' | b't' => (Quantity::TopicAge, &part[1..]),
            _ => (Quantity::Users, part),
        };
        let (order, number) = match rest.as_bytes().first()? {
            b'<' => (Order::Less, &rest[1..]),
            b'>' => (Order::More, &rest[1..]),
            _ => return None,
        };
        Some(Self::Number { of, order, than: number.parse().ok()? })
    }

    fn holds(self, channel: &Channel, now: u64, left: &mut usize) -> bool {
        let (of, order, than) = match self {
            Self::Not(mask) => return !fits_within(mask, channel.name.as_str(), left),
            Self::Number { of, order, than } => (of, order, than),
        };
        let since = match of {
            Quantity::Users => {
                let users = u64::try_from(channel.members.len()).unwrap_or(u64::MAX);
                return if order == Order::Less { users < than } else { users > than };
            }
            Quantity::Age => Some(channel.created_at),
            Quantity::TopicAge => channel.topic.as_ref().map(|topic| topic.at),
        };
        // "At least so many minutes ago": nothing is younger than 0 minutes, everything is at least that old.
        let than = than.saturating_mul(60_000);
        since.map(|since| now.saturating_sub(since)).is_some_and(|age| match order {
            Order::Less => age < than,
            Order::More => age >= than,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::ConnId;
    use crate::testing::Chat;

    const MINUTE: u64 = 60_000;

    /// The channels that LIST shows, without their `#`.
    fn listed(chat: &mut Chat, conn: ConnId, conditions: &str) -> Vec<String> {
        let lines = chat.say(conn, &format!("LIST {conditions}"));
        assert!(
            lines.first().unwrap().contains(" 321 ") && lines.last().unwrap().contains(" 323 "),
            "{lines:?}"
        );
        let channels = lines.iter().filter(|line| line.contains(" 322 "));
        channels.map(|line| line.split(' ').nth(3).unwrap().trim_start_matches('#').to_owned()).collect()
    }

    /// `#old` with alice since 3 minutes, `#new` with both since 1 minute; `#new` has had a topic as long.
    fn chat() -> (Chat, ConnId) {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "JOIN #old");
        chat.pass(2 * MINUTE);
        chat.say(alice, "JOIN #new");
        chat.say(alice, "TOPIC #new :what is new");
        chat.say(bob, "JOIN #new");
        chat.pass(MINUTE);
        chat.hear_all();
        (chat, bob)
    }

    #[test]
    fn all_channels_are_listed_with_users_and_topic() {
        let (mut chat, bob) = chat();
        assert_eq!(
            chat.say(bob, "LIST"),
            [
                ":chat.local 321 bob Channel :Users  Name",
                ":chat.local 322 bob #old 1 :",
                ":chat.local 322 bob #new 2 :what is new",
                ":chat.local 323 bob :End of /LIST",
            ]
        );
    }

    #[test]
    fn conditions_choose_by_name_users_and_age() {
        let (mut chat, bob) = chat();
        for (conditions, expected) in [
            ("#NEW", "new"),
            ("#nosuch", ""),
            ("#old,#new", "old new"),
            ("*e*", "new"),
            ("!*e*", "old"),
            (">0", "old new"),
            (">1", "new"),
            ("<2", "old"),
            ("<1", ""),
            ("C>2", "old"),
            ("C<2", "new"),
            ("C<0", ""),
            ("C>0", "old new"),
            ("T<10", "new"),
            ("T>0", "new"),
            ("T<0", ""),
            ("#o* >1", ""),
            (">0,<2", "old"),
            (">many", ""),
            ("\u{e9}", ""),
        ] {
            assert_eq!(listed(&mut chat, bob, conditions).join(" "), expected, "{conditions}");
        }
    }

    #[test]
    fn secret_channels_are_for_members() {
        let (mut chat, bob) = chat();
        let carol = chat.join("carol");
        let alice = chat.core().state().user_named("alice").unwrap().1.sessions[0];
        chat.say(alice, "MODE #new +s");
        chat.hear_all();
        assert_eq!(listed(&mut chat, carol, ""), ["old"]);
        assert_eq!(listed(&mut chat, bob, "").len(), 2);
    }

    #[test]
    fn a_channel_that_is_kept_is_listed_with_its_topic_while_nobody_is_there() {
        let (mut chat, bob) = chat();
        let carol = chat.log_in("carol");
        chat.say(carol, "JOIN #den");
        chat.say(carol, "TOPIC #den :tea");
        chat.say(carol, "PART #den");
        assert_eq!(chat.say(bob, "LIST <1")[1], ":chat.local 322 bob #den 0 :tea");
        assert_eq!(chat.say(bob, "NAMES #den"), [":chat.local 366 bob #den :End of /NAMES list"]);
        chat.say(carol, "JOIN #den");
        chat.say(carol, "MODE #den +s");
        chat.say(carol, "PART #den");
        assert_eq!(listed(&mut chat, bob, "<1"), [""; 0]);
    }

    #[test]
    fn too_many_names_are_refused() {
        let (mut chat, bob) = chat();
        let answer = chat.say(bob, &format!("LIST {}", ["#c"; 21].join(",")));
        assert!(answer.len() == 1 && answer[0].contains(" 407 bob #c "), "{answer:?}");
    }
}
