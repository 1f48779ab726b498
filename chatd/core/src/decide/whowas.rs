//! WHOWAS.

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_NONICKNAMEGIVEN, ERR_TOOMANYMATCHES, ERR_WASNOSUCHNICK, RPL_ENDOFWHOWAS, RPL_WHOISSERVER,
    RPL_WHOWASUSER,
};
use compact_str::format_compact;

use crate::event::{PastScan, Scan};
use crate::mask::fits_within;
use crate::reply::Responder;
use crate::state::{State, Whowas};
use crate::time::Now;
use crate::tx::{Caller, Tx};

use super::check::word;
use super::info::readable;
use super::scan;

pub fn whowas(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let Some(nick) = message.param(0).filter(|nick| !nick.is_empty()) else {
        return tx.numeric(ERR_NONICKNAMEGIVEN, format_args!(":No nickname given"));
    };
    let count = message.param(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let below = tx.state().departures.saturating_add(1);
    let count = count.unwrap_or(usize::MAX);
    scan(tx, caller, PastScan { mask: nick.into(), count, below, found: Vec::new() });
}

/// Looks for users who left until that has been enough work for a turn, and lists them when all are found.
pub fn scan(tx: &mut Tx<'_>, caller: Caller, mut scan: PastScan) {
    let state = tx.state();
    let most = state.policy.limits.scan_steps;
    let mut left = most;
    while scan.found.len() < scan.count
        && left > 0
        && let Some(number) = scan.below.checked_sub(1)
        && let Some(user) = numbered(state, number)
    {
        left -= 1;
        scan.below = number;
        if fits_within(&scan.mask, user.nick.as_str(), &mut left) {
            scan.found.push(number);
        }
    }
    tx.compared(most - left);
    if left == 0 { scan::pause(tx, caller, Scan::Past(scan)) } else { list(tx, &scan) }
}

/// The one who left as that number, if it is remembered.
fn numbered(state: &State, number: u64) -> Option<&Whowas> {
    let index = state.departures.checked_sub(number)?;
    state.whowas.get(usize::try_from(index).ok()?)
}

fn list(tx: &mut Tx<'_>, scan: &PastScan) {
    let now = tx.now();
    let (state, mut to) = tx.responder();
    let mut last = None;
    for user in scan.found.iter().filter_map(|number| numbered(state, *number)) {
        if to.is_full() {
            to.numeric(ERR_TOOMANYMATCHES, format_args!("WHOWAS :There are more, ask for fewer"));
            break;
        }
        answer(&mut to, now, user);
        last = Some(user);
    }
    let nick = word(&scan.mask);
    if last.is_none() {
        to.numeric(ERR_WASNOSUCHNICK, format_args!("{nick} :There was no such nickname"));
    }
    // A mask ends with a nick that it found, as the older servers have it.
    let nick = last.map_or(nick, |user| user.nick.as_str());
    to.numeric(RPL_ENDOFWHOWAS, format_args!("{nick} :End of WHOWAS"));
}

fn answer(to: &mut Responder<'_>, now: Now, user: &Whowas) {
    let Whowas { nick, ident, host, .. } = user;
    to.text(RPL_WHOWASUSER, &format_compact!("{nick} {ident} {host} * :"), &user.realname);
    let server = to.server;
    to.numeric(RPL_WHOISSERVER, format_args!("{nick} {server} :{}", readable(now.wall_at(user.left_at).0)));
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn those_who_left_are_told_newest_first() {
        let mut chat = Chat::new();
        let bob = chat.join("bob");
        let first = chat.join("alice");
        chat.say(first, "SETNAME first");
        chat.say(first, "QUIT");
        let second = chat.join("Alice");
        chat.say(second, "SETNAME second");
        chat.say(second, "QUIT");
        let both = chat.say(bob, "WHOWAS alice");
        assert_eq!(
            both,
            [
                ":chat.local 314 bob Alice ~Alice host.example * :second",
                ":chat.local 312 bob Alice chat.local :Saturday, 31 January 2026, 12:00:00 UTC",
                ":chat.local 314 bob alice ~alice host.example * :first",
                ":chat.local 312 bob alice chat.local :Saturday, 31 January 2026, 12:00:00 UTC",
                ":chat.local 369 bob alice :End of WHOWAS",
            ]
        );
        for all in ["WHOWAS alice 0", "WHOWAS alice -1", "WHOWAS alice 2", "WHOWAS *ice"] {
            assert_eq!(chat.say(bob, all), both, "{all}");
        }
        assert_eq!(chat.say(bob, "WHOWAS alice 1").len(), 3);
    }

    #[test]
    fn an_unknown_nick_is_an_error_and_the_list_ends() {
        let mut chat = Chat::new();
        let bob = chat.join("bob");
        assert_eq!(
            chat.say(bob, "WHOWAS nobody"),
            [
                ":chat.local 406 bob nobody :There was no such nickname",
                ":chat.local 369 bob nobody :End of WHOWAS",
            ]
        );
        assert_eq!(chat.say(bob, "WHOWAS"), [":chat.local 431 bob :No nickname given"]);
    }
}
