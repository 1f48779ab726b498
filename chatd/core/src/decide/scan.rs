//! Lists that take more work than one turn has: they go on after the others have had theirs.

use crate::event::{Scan, Wait};
use crate::output::Job;
use crate::tx::{Caller, Tx};

use super::{list, who, whowas};

pub fn go_on(tx: &mut Tx<'_>, caller: Caller, scan: Scan) {
    match scan {
        Scan::Users(scan) => who::scan(tx, caller, scan),
        Scan::Channels(scan) => list::scan(tx, caller, scan),
        Scan::Past(scan) => whowas::scan(tx, caller, scan),
    }
}

/// Lets the others have their turn.
pub fn pause(tx: &mut Tx<'_>, caller: Caller, scan: Scan) {
    let label = tx.label().map(Into::into);
    let after = tx.pause();
    tx.wait(caller.conn, Wait::Scan { scan: Box::new(scan), label }, Job::GoOn { after });
}

#[cfg(test)]
mod tests {
    use crate::Policy;
    use crate::testing::Chat;

    #[test]
    fn a_long_list_comes_whole_and_lets_others_have_their_turn() {
        let mut policy = Policy::default();
        policy.limits.scan_steps = 100;
        policy.lobby.auto_join = false;
        let mut chat = Chat::with(policy);
        let (alice, bob) = (chat.join("alice"), chat.join("bob"));
        chat.say(alice, "CAP REQ :batch labeled-response");
        for number in 0..40 {
            chat.join(&format!("user{number}"));
            chat.say(bob, &format!("JOIN #room{number}"));
            let gone = chat.join(&format!("gone{number}"));
            chat.say(gone, "QUIT");
        }
        chat.put_off_jobs();
        for (line, wanted, listed) in [
            ("WHO us?r* %n", " 354 alice user", 40),
            ("WHO *nobody*", " 352 ", 0),
            ("LIST #room*", " 322 alice #room", 40),
            ("LIST #no*", " 322 ", 0),
            ("WHOWAS g*ne*", " 314 alice gone", 40),
            ("WHOWAS *nobody*", " 314 ", 0),
        ] {
            assert!(chat.say(alice, &format!("@label=x {line}")).is_empty(), "{line}");
            chat.say(alice, "PING later");
            assert_eq!(chat.say(bob, "PING now"), [":chat.local PONG chat.local :now"]);
            let mut heard = Vec::new();
            for _ in 0..2 * 40 {
                if heard.is_empty() {
                    chat.do_one_job(|done| done);
                    heard = chat.heard(alice);
                }
            }
            assert_eq!(heard.iter().filter(|line| line.contains(wanted)).count(), listed, "{heard:?}");
            assert!(heard[0].starts_with("@label=x "), "{heard:?}");
            assert_eq!(heard.last().unwrap(), ":chat.local PONG chat.local :later");
        }
    }
}
