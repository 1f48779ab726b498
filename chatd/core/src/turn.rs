//! How much of its turn a connection has had: who asks for much gets it, while the others have their turns in between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::Work;
use crate::id::ConnId;
use crate::policy::Limits;

/// Nominal nanoseconds of processor time after which the others have their turn.
pub const TURN_MAX: u64 = 5_000_000;
/// Work below these takes no account: lines that do so little are bounded by their number.
const SMALL_COMPUTE: u64 = 20_000;
const SMALL_ANSWER: usize = 1024;
const SMALL_STEPS: usize = 2_000;

/// The turns of connections that have done much lately.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(ConnId, Turn)>", into = "Vec<(ConnId, Turn)>")]
pub struct Turns(BTreeMap<ConnId, Turn>);

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Turn {
    /// When it did the work, in milliseconds.
    at: u64,
    compute: u64,
    steps: usize,
    /// Bytes of answers since the connection was last known to have taken those before.
    answered: usize,
}

impl Turns {
    /// Counts work, and returns whether the turn is over.
    pub fn add(&mut self, conn: ConnId, work: Work, limits: &Limits, now: u64) -> bool {
        let Work { compute, steps, answered, .. } = work;
        if compute < SMALL_COMPUTE && answered < SMALL_ANSWER && steps < SMALL_STEPS {
            return false;
        }
        let turn = self.0.entry(conn).or_default();
        if turn.at != now {
            *turn = Turn { at: now, answered: turn.answered, ..Turn::default() };
        }
        turn.compute += compute;
        turn.steps += steps;
        turn.answered += answered;
        turn.compute >= TURN_MAX
            || turn.steps >= limits.scan_steps
            || turn.answered >= limits.answered_at_once()
    }

    /// The others had their turn, and what was answered has been taken.
    pub fn begin(&mut self, conn: ConnId) {
        self.0.remove(&conn);
    }
}

impl From<Vec<(ConnId, Turn)>> for Turns {
    fn from(turns: Vec<(ConnId, Turn)>) -> Self {
        Self(turns.into_iter().collect())
    }
}

impl From<Turns> for Vec<(ConnId, Turn)> {
    fn from(turns: Turns) -> Self {
        turns.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use crate::testing::Chat;
    use crate::{ConnId, Job, Origin, Peer, Policy, WorkLimits};

    fn chat(change: impl FnOnce(&mut Policy)) -> Chat {
        let mut policy = Policy::default();
        policy.lobby.auto_join = false;
        change(&mut policy);
        Chat::with(policy)
    }

    fn join_from(chat: &mut Chat, address: &str, nick: &str) -> ConnId {
        let address = SocketAddr::new(address.parse().unwrap(), 50_000);
        let (origin, host) = (Origin::Tcp { address }, "host.example".into());
        let conn = chat.connect_from(Peer { origin, host, guests: true, secure: false, certificate: None });
        chat.register(conn, nick);
        conn
    }

    #[test]
    fn answers_must_be_taken_before_more_is_asked_for() {
        let mut chat = chat(|policy| policy.limits.reply_bytes = 16 * 1024);
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        for number in 0..40 {
            chat.say(bob, &format!("JOIN #room-{number}"));
        }
        chat.put_off_jobs();
        let mut lists = 0;
        while chat.put_off.as_ref().unwrap().is_empty() {
            assert!(chat.say(alice, "LIST").len() > 40);
            lists += 1;
        }
        assert!(lists < 8, "{lists} lists at once");
        assert!(chat.say(alice, "PING later").is_empty());
        assert!(chat.held.contains(&alice));
        assert_eq!(chat.say(bob, "PING now"), [":chat.local PONG chat.local :now"]);
        chat.do_one_job(|done| done);
        assert_eq!(chat.heard(alice), [":chat.local PONG chat.local :later"]);
        assert!(chat.held.is_empty());
    }

    /// Says long lines until the work must be paid off; returns for how long.
    fn spend(chat: &mut Chat, conn: ConnId) -> u64 {
        let line = format!("PRIVMSG #room :{}", "x".repeat(300));
        spend_on(chat, conn, |_| line.clone()).1
    }

    /// Says lines until the work must be paid off; returns how many they were, and for how long.
    fn spend_on(chat: &mut Chat, conn: ConnId, line: impl Fn(usize) -> String) -> (usize, u64) {
        for number in 0..100 {
            chat.say(conn, &line(number));
            if let Some((waits, Job::GoOn { after })) = chat.put_off.as_ref().unwrap().back() {
                assert_eq!(*waits, conn);
                return (number + 1, *after);
            }
        }
        panic!("nothing was charged");
    }

    #[test]
    fn topics_are_charged_by_their_length() {
        let mut chat = chat(|policy| policy.limits.work = WorkLimits { per_second: 10, burst: 10 });
        let mallory = join_from(&mut chat, "192.0.2.7", "mallory");
        chat.say(mallory, "JOIN #room");
        chat.pass(60_000);
        chat.put_off_jobs();
        let topic = |number| format!("TOPIC #room :{number} {}", "x".repeat(300));
        let (topics, _) = spend_on(&mut chat, mallory, topic);
        assert!(topics < 40, "{topics}");
    }

    #[test]
    fn stored_bytes_are_charged_to_the_address() {
        let mut chat = chat(|policy| policy.limits.work = WorkLimits { per_second: 10, burst: 10 });
        let mallory = join_from(&mut chat, "192.0.2.7", "mallory");
        let sibling = join_from(&mut chat, "192.0.2.7", "sibling");
        let alice = join_from(&mut chat, "198.51.100.1", "alice");
        for conn in [mallory, sibling, alice] {
            chat.say(conn, "JOIN #room");
        }
        chat.pass(60_000);
        chat.put_off_jobs();
        let after = spend(&mut chat, mallory);
        assert!((1..10_000).contains(&after), "{after}");
        chat.hear_all();
        assert!(chat.say(sibling, "PING x").is_empty(), "it shares the budget");
        assert_eq!(chat.say(alice, "PING x").len(), 1);
        chat.say(mallory, "PING y");
        chat.pass(after);
        chat.do_one_job(|done| done);
        assert_eq!(chat.heard(mallory).len(), 1, "it is read again, and nothing is lost");
    }

    #[test]
    fn work_is_not_charged_without_a_limit() {
        let mut chat = chat(|policy| policy.limits.work = WorkLimits { per_second: 0, burst: 1 });
        let alice = chat.join("alice");
        chat.say(alice, "JOIN #room");
        chat.put_off_jobs();
        for _ in 0..1000 {
            chat.say(alice, &format!("PRIVMSG #room :{}", "x".repeat(300)));
        }
        assert!(chat.put_off.as_ref().unwrap().is_empty());
    }

    #[test]
    fn registering_is_not_held_up_by_others_of_the_address() {
        let mut chat = chat(|policy| policy.limits.work = WorkLimits { per_second: 1, burst: 1 });
        let mallory = chat.join("mallory");
        chat.say(mallory, "JOIN #room");
        chat.put_off_jobs();
        spend(&mut chat, mallory);
        let bob = chat.connect();
        chat.put_off = None;
        assert!(chat.register(bob, "bob").iter().any(|line| line.contains(" 001 ")));
    }

    #[test]
    fn many_joins_let_others_have_their_turn() {
        let mut chat = chat(|policy| policy.limits.reply_bytes = 4096);
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(bob, "JOIN #c12 key");
        chat.say(bob, "MODE #c12 +k key");
        chat.put_off_jobs();
        let names: Vec<String> = (0..20).map(|number| format!("#c{number}")).collect();
        let keys = [",".repeat(12), "key".to_owned()].concat();
        chat.say(alice, &format!("JOIN {} {keys}", names.join(",")));
        let joined = |chat: &Chat| chat.core().state().user_named("alice").unwrap().1.channels.len();
        assert!(joined(&chat) < 20);
        assert_eq!(chat.say(bob, "PING now").last().unwrap(), ":chat.local PONG chat.local :now");
        chat.say(alice, "PING last");
        for _ in 0..20 {
            if !chat.put_off.as_ref().unwrap().is_empty() {
                chat.do_one_job(|done| done);
            }
        }
        assert_eq!(joined(&chat), 20);
        assert_eq!(chat.heard(alice).last().unwrap(), ":chat.local PONG chat.local :last");
    }
}
