//! MARKREAD: how far somebody has read (draft/read-marker).

use chat_proto::message::Message;
use chat_proto::name::{ChannelName, Folded, Nick};

use crate::event::{Event, ReadMark};
use crate::project::mark_args;
use crate::time::Timestamp;
use crate::tx::{Caller, Tx};

use super::check::word;

pub fn markread(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let Some(target) = message.param(0) else {
        return tx.fail("MARKREAD", "NEED_MORE_PARAMS", format_args!(":Missing parameters"));
    };
    let is_name =
        if target.starts_with('#') { ChannelName::new(target).is_ok() } else { Nick::new(target).is_ok() };
    if !is_name {
        return invalid(tx, target, "This is no channel's name and no nick");
    }
    match message.param(1) {
        None => reply(tx, caller, target),
        Some(text) => match text.strip_prefix("timestamp=").and_then(time) {
            Some(at) => mark(tx, caller, target, at),
            None => invalid(tx, text, "A time is needed, as timestamp=YYYY-MM-DDThh:mm:ss.sssZ"),
        },
    }
}

/// Marks never go back, and nobody has read what is not said yet.
fn mark(tx: &mut Tx<'_>, caller: Caller, target: &str, at: Timestamp) {
    let at = at.min(tx.now().wall);
    let state = tx.state();
    let (folded, most) = (Folded::new(target), state.policy.limits.read_markers);
    let marks = state.marks_of(caller.user);
    let known = marks.and_then(|marks| marks.get(&folded)).copied();
    if known.is_none_or(|known| known < at.0) {
        let full = marks.filter(|marks| known.is_none() && marks.len() >= most);
        let oldest = full.and_then(|marks| marks.iter().min_by_key(|(_, at)| **at));
        let forgotten = oldest.map(|(target, _)| target.clone());
        let account = state.user(caller.user).and_then(|user| user.account.clone());
        let target = target.into();
        let mark = ReadMark { who: caller.who(state), account, target, at: at.0, forgotten };
        tx.emit(Event::Read(Box::new(mark)));
    }
    reply(tx, caller, target);
}

fn reply(tx: &mut Tx<'_>, caller: Caller, target: &str) {
    let (state, mut to) = tx.responder();
    let at = state.marks_of(caller.user).and_then(|marks| marks.get(&Folded::new(target)));
    to.server_line(format_args!("{}", mark_args(target, at.copied())));
}

fn invalid(tx: &mut Tx<'_>, what: &str, why: &str) {
    tx.fail("MARKREAD", "INVALID_PARAMS", format_args!("{} :{why}", word(what)));
}

/// A time in just the form that server-time has.
fn time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let stamp = Timestamp(u64::try_from(time.as_millisecond()).ok()?);
    (stamp.to_string() == text).then_some(stamp)
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{ConnId, Event, Policy};

    fn with_caps(chat: &mut Chat, nick: &str) -> ConnId {
        let conn = chat.log_in(nick);
        chat.say(conn, "CAP REQ :draft/read-marker");
        conn
    }

    const EARLY: &str = "timestamp=2026-01-31T11:00:00.000Z";
    const LATER: &str = "timestamp=2026-01-31T11:30:00.000Z";
    const NOW: &str = "timestamp=2026-01-31T12:00:00.000Z";

    #[test]
    fn a_mark_is_all_sessions_own_and_nobody_elses() {
        let mut chat = Chat::new();
        let (one, other, bob) =
            (with_caps(&mut chat, "alice"), with_caps(&mut chat, "alice"), with_caps(&mut chat, "bob"));
        let plain = chat.log_in("alice");
        chat.hear_all();
        let told = [format!(":chat.local MARKREAD #Room {EARLY}")];
        assert_eq!(chat.say(one, "MARKREAD #room"), [":chat.local MARKREAD #room *"]);
        assert_eq!(chat.say(one, &format!("MARKREAD #Room {EARLY}")), told);
        assert_eq!(chat.heard(other), told);
        assert_eq!(chat.say(other, "MARKREAD #ROOM"), [format!(":chat.local MARKREAD #ROOM {EARLY}")]);
        assert_eq!(chat.say(bob, "MARKREAD #room"), [":chat.local MARKREAD #room *"]);
        assert_eq!(chat.heard(plain), [""; 0]);
        assert_eq!(chat.say(plain, "MARKREAD #room"), [format!(":chat.local MARKREAD #room {EARLY}")]);
        for conn in [one, other, plain] {
            chat.say(conn, "QUIT");
        }
        let back = with_caps(&mut chat, "alice");
        assert_eq!(chat.say(back, "MARKREAD #room"), [format!(":chat.local MARKREAD #room {EARLY}")]);
    }

    #[test]
    fn marks_never_go_back_and_never_into_the_future() {
        let mut chat = Chat::new();
        let (one, other) = (with_caps(&mut chat, "alice"), with_caps(&mut chat, "alice"));
        chat.say(one, &format!("MARKREAD bob {LATER}"));
        chat.hear_all();
        for earlier in [EARLY, LATER] {
            let told = chat.say(one, &format!("MARKREAD bob {earlier}"));
            assert_eq!(told, [format!(":chat.local MARKREAD bob {LATER}")]);
        }
        assert_eq!(chat.heard(other), [""; 0]);
        let told = chat.say(one, "MARKREAD bob timestamp=2999-01-31T11:30:00.000Z");
        assert_eq!(told, [format!(":chat.local MARKREAD bob {NOW}")]);
    }

    #[test]
    fn only_names_and_times_are_taken() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(
            chat.say(alice, "MARKREAD"),
            [":chat.local FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters"]
        );
        for line in [
            "MARKREAD # ",
            "MARKREAD :a b",
            "MARKREAD #room *",
            "MARKREAD #room timestamp=*",
            "MARKREAD #room 2026-01-31T11:00:00.000Z",
            "MARKREAD #room timestamp=2026-01-31T11:00:00Z",
            "MARKREAD #room timestamp=2026-01-31T11:00:00.000+00:00",
            "MARKREAD #room timestamp=1926-01-31T11:00:00.000Z",
        ] {
            let told = chat.say(alice, line);
            assert!(told[0].contains(" FAIL MARKREAD INVALID_PARAMS "), "{line}: {told:?}");
        }
    }

    #[test]
    fn the_oldest_mark_makes_room_for_a_new_one() {
        let mut policy = Policy::default();
        policy.limits.read_markers = 2;
        let mut chat = Chat::with(policy);
        let (alice, guest) = (chat.log_in("alice"), chat.join("guest"));
        for conn in [alice, guest] {
            for (target, time) in [("#a", LATER), ("#b", EARLY), ("#a", NOW), ("#c", NOW)] {
                chat.say(conn, &format!("MARKREAD {target} {time}"));
            }
            let marks =
                ["#a", "#b", "#c"].map(|target| chat.say(conn, &format!("MARKREAD {target}")).remove(0));
            assert!(
                marks[0].ends_with(NOW) && marks[1].ends_with('*') && marks[2].ends_with(NOW),
                "{marks:?}"
            );
        }
    }

    #[test]
    fn marks_of_accounts_are_stored_and_those_of_guests_go_with_them() {
        let mut chat = Chat::new();
        let (alice, guest) = (chat.log_in("alice"), chat.join("guest"));
        for (conn, durable) in [(alice, true), (guest, false)] {
            chat.events();
            chat.say(conn, &format!("MARKREAD #a {EARLY}"));
            let marks: Vec<_> =
                chat.events().into_iter().filter(|event| matches!(event, Event::Read(_))).collect();
            assert!(marks.len() == 1 && marks[0].is_durable() == durable, "{marks:?}");
        }
        chat.say(guest, "QUIT");
        let guest = chat.join("guest");
        assert_eq!(chat.say(guest, "MARKREAD #a"), [":chat.local MARKREAD #a *"]);
    }

    #[test]
    fn who_comes_into_a_channel_is_told_the_mark_before_the_names_end() {
        let mut chat = Chat::new();
        let (alice, other) = (with_caps(&mut chat, "alice"), with_caps(&mut chat, "alice"));
        chat.say(alice, &format!("MARKREAD #room {EARLY}"));
        chat.hear_all();
        let joined = [chat.say(alice, "JOIN #room"), chat.heard(other)];
        for lines in joined {
            let place = |what: &str| lines.iter().position(|line| line.contains(what));
            let mark = place(&format!(":chat.local MARKREAD #room {EARLY}"));
            assert!(place(" JOIN ") < mark && mark < place(" 366 "), "{lines:?}");
        }
    }
}
