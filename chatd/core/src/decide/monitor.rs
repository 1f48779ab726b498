//! MONITOR (IRCv3 monitor): a session watches who comes and goes.

use chat_proto::message::Message;
use chat_proto::name::{Folded, Nick};
use chat_proto::numeric::{
    ERR_ERRONEUSNICKNAME, ERR_MONLISTFULL, ERR_NEEDMOREPARAMS, ERR_UNKNOWNERROR, RPL_ENDOFMONLIST,
    RPL_MONLIST, RPL_MONOFFLINE, RPL_MONONLINE,
};
use compact_str::{CompactString, ToCompactString as _};

use crate::event::ConnEvent;
use crate::id::ConnId;
use crate::tx::{Caller, Tx};

use super::check::{self, word};
use super::targets::distinct;

/// Targets in one line that says that the list is full; the longest nicks fit.
const TARGETS_PER_LINE: usize = 5;

pub fn monitor(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let conn = caller.conn;
    let targets = message.param(1).unwrap_or_default();
    match message.param(0).unwrap_or_default() {
        "+" | "-" if targets.is_empty() => {
            tx.numeric(ERR_NEEDMOREPARAMS, format_args!("MONITOR :Not enough parameters"));
        }
        "+" => add(tx, conn, targets),
        "-" => remove(tx, conn, targets),
        "C" | "c" => clear(tx, conn),
        "L" | "l" => list(tx, conn),
        "S" | "s" => {
            let watched = watched(tx, conn);
            status(tx, &watched);
        }
        _ => tx.numeric(ERR_UNKNOWNERROR, format_args!("MONITOR :It takes + nicks, - nicks, C, L or S")),
    }
}

fn add(tx: &mut Tx<'_>, conn: ConnId, targets: &str) {
    let max = tx.state().policy.limits.monitor;
    let mut count = tx.state().sessions.get(conn).map_or(0, |session| session.monitored.len());
    let (mut added, mut too_many) = (Vec::new(), Vec::new());
    for target in distinct(targets).filter(|target| !target.is_empty()) {
        let Ok(nick) = check::nick(&tx.state().policy.limits, target) else {
            tx.numeric(ERR_ERRONEUSNICKNAME, format_args!("{} :Erroneous nickname", word(target)));
            continue;
        };
        if !is_watched(tx, conn, &nick.fold()) {
            if count >= max {
                too_many.push(target);
                continue;
            }
            count += 1;
            tx.emit_conn(conn, ConnEvent::Monitored { nick: nick.clone() });
        }
        added.push(nick);
    }
    status(tx, &added);
    for targets in too_many.chunks(TARGETS_PER_LINE) {
        let targets = targets.join(",");
        tx.numeric(ERR_MONLISTFULL, format_args!("{max} {targets} :Monitor list is full."));
    }
}

fn remove(tx: &mut Tx<'_>, conn: ConnId, targets: &str) {
    for folded in targets.split(',').map(Folded::new) {
        if is_watched(tx, conn, &folded) {
            tx.emit_conn(conn, ConnEvent::Unmonitored { folded });
        }
    }
}

fn clear(tx: &mut Tx<'_>, conn: ConnId) {
    for nick in watched(tx, conn) {
        tx.emit_conn(conn, ConnEvent::Unmonitored { folded: nick.fold() });
    }
}

fn list(tx: &mut Tx<'_>, conn: ConnId) {
    let (state, mut to) = tx.responder();
    let nicks = state.sessions.get(conn).into_iter().flat_map(|session| session.monitored.values());
    to.list(RPL_MONLIST, ":", ',', nicks.map(|nick| nick.to_compact_string()));
    to.numeric(RPL_ENDOFMONLIST, format_args!(":End of MONITOR list"));
}

/// Says which of the nicks are here and which are not.
fn status(tx: &mut Tx<'_>, nicks: &[Nick]) {
    let (state, mut to) = tx.responder();
    let (mut here, mut gone) = (Vec::<CompactString>::new(), Vec::new());
    for nick in nicks {
        match state.user_named(nick.as_str()) {
            Some((_, user)) => here.push(user.source().to_compact_string()),
            None => gone.push(nick.to_compact_string()),
        }
    }
    to.list(RPL_MONONLINE, ":", ',', here.into_iter());
    to.list(RPL_MONOFFLINE, ":", ',', gone.into_iter());
}

fn watched(tx: &Tx<'_>, conn: ConnId) -> Vec<Nick> {
    let session = tx.state().sessions.get(conn);
    session.into_iter().flat_map(|session| session.monitored.values()).cloned().collect()
}

fn is_watched(tx: &Tx<'_>, conn: ConnId, folded: &Folded) -> bool {
    tx.state().watchers.get(folded).is_some_and(|watchers| watchers.contains(&conn))
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    const BOB: &str = ":chat.local 730 alice :bob!~bob@host.example";

    #[test]
    fn who_comes_and_goes_is_told() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(chat.say(alice, "MONITOR + bob"), [":chat.local 731 alice :bob"]);
        let bob = chat.join("bob");
        assert_eq!(chat.heard(alice), [BOB]);
        chat.say(bob, "NICK robert");
        assert_eq!(chat.heard(alice), [":chat.local 731 alice :bob"]);
        chat.say(bob, "NICK Bob");
        chat.hear_all();
        chat.say(bob, "QUIT");
        assert_eq!(chat.heard(alice), [":chat.local 731 alice :Bob"]);
        assert!(chat.say(alice, "MONITOR - BOB").is_empty());
        chat.join("bob");
        assert!(chat.heard(alice).is_empty());
    }

    #[test]
    fn the_list_is_told_and_cleared() {
        let mut chat = Chat::new();
        let (alice, _) = (chat.join("alice"), chat.join("bob"));
        let gone = ":chat.local 731 alice :carol";
        assert_eq!(chat.say(alice, "MONITOR + carol,BOB,bob"), [BOB, gone]);
        assert_eq!(chat.say(alice, "MONITOR S"), [BOB, gone]);
        let end = ":chat.local 733 alice :End of MONITOR list";
        assert_eq!(chat.say(alice, "MONITOR L"), [":chat.local 732 alice :BOB,carol", end]);
        assert!(chat.say(alice, "MONITOR C").is_empty());
        assert_eq!(chat.say(alice, "MONITOR L"), [end]);
        assert!(chat.core().state().watchers.is_empty());
    }

    #[test]
    fn a_long_list_takes_several_lines_and_a_full_one_takes_no_more() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let nick = |number: usize| format!("nick-{number:025}");
        for number in (0..130).step_by(10) {
            let nicks: Vec<String> = (number..number + 10).map(nick).collect();
            chat.say(alice, &format!("MONITOR + {}", nicks.join(",")));
        }
        let lines = chat.say(alice, "MONITOR L");
        assert_eq!(lines.iter().map(|line| line.matches("nick-").count()).sum::<usize>(), 128);
        let full = format!(":chat.local 734 alice 128 {},x :Monitor list is full.", nick(129));
        assert_eq!(chat.say(alice, &format!("MONITOR + {},x", nick(129))), [full]);
    }

    #[test]
    fn what_is_no_nick_is_refused() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert!(chat.say(alice, "MONITOR + *!*@host.example")[0].contains(" 432 alice *!*@host.example "));
        assert!(chat.say(alice, "MONITOR +")[0].contains(" 461 "));
        assert!(chat.say(alice, "MONITOR x")[0].contains(" 400 alice MONITOR "));
        assert!(chat.core().state().watchers.is_empty());
    }
}
