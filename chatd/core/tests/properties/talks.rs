//! What becomes of every request for a conversation, and of every conversation.

use std::collections::BTreeSet;

use chatd_core::{Event, Talk, TalkDeed, UserId};
use proptest::prelude::*;

use crate::script::{rules, script};
use crate::support::host::Host;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_and_a_conversation_have_one_end_each(rules in rules(), script in script(160)) {
        let mut host = Host::new(rules.policy());
        script.iter().for_each(|act| act.perform(&mut host));
        host.settle();
        let mut book = Book::default();
        for (_, event) in &host.events {
            if let Event::Talk(talk) = event {
                book.note(talk);
            }
        }
        let state = host.core.state();
        let waiting = state.talk_requests.iter().map(|request| (request.from, request.to));
        prop_assert_eq!(book.requests, waiting.collect());
        let talking = state.users.iter().filter_map(|(id, user)| Some((id, user.talk?.with)));
        prop_assert_eq!(book.talking, talking.collect());
    }
}

/// What the facts alone say.
#[derive(Default)]
struct Book {
    requests: BTreeSet<(UserId, UserId)>,
    talking: BTreeSet<(UserId, UserId)>,
}

impl Book {
    fn note(&mut self, talk: &Talk) {
        let (by, with) = (talk.by.user, talk.with.user);
        let pairs = [(by, with), (with, by)];
        match talk.deed {
            TalkDeed::Requested { .. } => {
                assert!(
                    !self.talking.iter().any(|(one, _)| [by, with].contains(one)),
                    "who talks asks or is asked"
                );
                assert!(self.requests.insert((by, with)), "who has asked asks again");
            }
            TalkDeed::Accepted { .. } => {
                self.over(with, by);
                assert!(pairs.into_iter().all(|pair| self.talking.insert(pair)), "who talks begins to talk");
            }
            TalkDeed::Declined { .. } => self.over(with, by),
            TalkDeed::Cancelled { .. } | TalkDeed::TimedOut => self.over(by, with),
            TalkDeed::Moved { .. } => assert!(self.talking.contains(&(by, with)), "nothing is there to move"),
            TalkDeed::Ended { .. } => {
                assert!(pairs.into_iter().all(|pair| self.talking.remove(&pair)), "what ends never began");
            }
        }
    }

    fn over(&mut self, asker: UserId, asked: UserId) {
        assert!(self.requests.remove(&(asker, asked)), "a request ends twice, or that was never made");
    }
}
