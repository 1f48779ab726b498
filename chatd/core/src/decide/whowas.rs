//! WHOWAS.

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_NONICKNAMEGIVEN, ERR_WASNOSUCHNICK, RPL_ENDOFWHOWAS, RPL_WHOISSERVER, RPL_WHOWASUSER,
};
use compact_str::format_compact;

use crate::mask::fits;
use crate::reply::Responder;
use crate::state::Whowas;
use crate::time::Now;
use crate::tx::{Caller, Tx};

use super::check::word;
use super::info::readable;

pub fn whowas(tx: &mut Tx<'_>, _: Caller, message: &Message) {
    let Some(nick) = message.param(0).filter(|nick| !nick.is_empty()) else {
        return tx.numeric(ERR_NONICKNAMEGIVEN, format_args!(":No nickname given"));
    };
    let count = message.param(1).and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    let now = tx.now();
    let (state, mut to) = tx.responder();
    let found = state.whowas.iter().filter(|user| fits(nick, user.nick.as_str()));
    let mut last = None;
    for user in found.take(count.unwrap_or(usize::MAX)) {
        answer(&mut to, now, user);
        last = Some(user);
    }
    if last.is_none() {
        to.numeric(ERR_WASNOSUCHNICK, format_args!("{} :There was no such nickname", word(nick)));
    }
    // A mask ends with a nick that it found, as the older servers have it.
    let nick = last.map_or(word(nick), |user| user.nick.as_str());
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
