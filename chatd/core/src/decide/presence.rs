//! What who asks about a user is told of its presence.

use chat_proto::numeric::{RPL_AWAY, RPL_WHOISSPECIAL};
use compact_str::format_compact;

use crate::id::UserId;
use crate::project::PRESENCE_UNDERSTOOD;
use crate::reply::Responder;
use crate::state::{Presence, State, Status, User};
use crate::time::Now;
use crate::tx::{Caller, Tx};

use super::info::readable;

/// Tells whose command it is that the user cannot be reached, if that is so. Whom the user talks with can reach it.
pub fn tell(tx: &mut Tx<'_>, caller: Caller, id: UserId) {
    let now = tx.now();
    let (state, mut to) = tx.responder();
    if let Some(user) = state.user(id)
        && user.talk.is_none_or(|talk| talk.with != caller.user)
    {
        answer(state, &mut to, now, user);
    }
}

pub fn answer(state: &State, to: &mut Responder<'_>, now: Now, user: &User) {
    let presence = state.presence(user, now);
    if let Some(text) = presence.status.text() {
        to.about(presence, RPL_AWAY, &format_compact!("{} :", user.nick), &text);
    }
}

/// Since when it cannot be reached, for those whom no tag tells it. Who is away in its own words can say so itself.
pub fn answer_since(state: &State, to: &mut Responder<'_>, now: Now, user: &User) {
    let Presence { status, since } = state.presence(user, now);
    let with;
    let what = match status {
        Status::Available | Status::Away(_) => return,
        Status::Idle => "idle",
        Status::Busy(partner) => {
            with = format_compact!("talking with {partner}");
            &with
        }
    };
    if !to.caps.contains(PRESENCE_UNDERSTOOD) {
        let since = readable(since.0);
        to.numeric(RPL_WHOISSPECIAL, format_args!("{} :has been {what} since {since}", user.nick));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    const CAPS: &str = "CAP REQ :message-tags away-notify extended-monitor chatd.org/presence";
    const AWAY: &str = "@chatd.org/presence=away;chatd.org/since=2026-01-31T12:00:01.000Z";

    /// Alice is away; bob asks with the capability, carol without.
    fn chat() -> (Chat, [crate::ConnId; 3]) {
        let mut chat = Chat::new();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|nick| chat.join(nick));
        chat.say(bob, CAPS);
        chat.say(carol, "CAP REQ away-notify");
        chat.say(bob, "JOIN #room");
        chat.say(carol, "JOIN #room");
        chat.pass(1_000);
        chat.say(alice, "AWAY :at lunch; back soon");
        chat.pass(1_000);
        chat.hear_all();
        (chat, [alice, bob, carol])
    }

    #[test]
    fn who_has_the_capability_is_told_in_tags_too() {
        let (mut chat, [_, bob, carol]) = chat();
        for (line, answer) in [
            ("WHO alice", "352 $ * ~alice host.example chat.local alice G :0 alice's name"),
            ("WHO alice %n", "354 $ alice"),
        ] {
            let told = |nick| format!(":chat.local {}", answer.replace('$', nick));
            let tags = format!("{AWAY};chatd.org/text=at\\slunch\\:\\sback\\ssoon");
            assert_eq!(chat.say(bob, line)[0], format!("{tags} {}", told("bob")));
            assert_eq!(chat.say(carol, line)[0], told("carol"));
        }
        for line in ["WHOIS alice", "PRIVMSG alice :hi"] {
            let away = format!("{AWAY} :chat.local 301 bob alice :at lunch; back soon");
            let told = chat.say(bob, line);
            assert!(told.contains(&away) && !told.iter().any(|line| line.contains(" 320 ")), "{told:?}");
            assert!(
                chat.say(carol, line).contains(&":chat.local 301 carol alice :at lunch; back soon".into())
            );
        }
        let available = "@chatd.org/presence=available;chatd.org/since=2026-01-31T12:00:00.000Z";
        assert_eq!(chat.say(bob, "WHO carol %n")[0], format!("{available} :chat.local 354 bob carol"));
    }

    #[test]
    fn those_who_see_a_change_are_told_in_tags_too() {
        let (mut chat, [alice, bob, carol]) = chat();
        chat.say(bob, "MONITOR + alice");
        chat.say(alice, "JOIN #room");
        let join = ":alice!~alice@host.example JOIN #room";
        let away = ":alice!~alice@host.example AWAY :at lunch; back soon";
        assert_eq!(chat.heard(bob), [join.into(), format!("{AWAY} {away}")]);
        assert_eq!(chat.heard(carol), [join, away]);
        chat.say(alice, "PART #room");
        chat.hear_all();
        chat.say(alice, "AWAY");
        let back = "chatd.org/presence=available;chatd.org/since=2026-01-31T12:00:02.000Z :alice!~alice@host.example AWAY";
        assert_eq!(chat.heard(bob), [format!("@{back}")]);
        assert!(chat.heard(carol).is_empty());
    }

    #[test]
    fn the_tags_need_message_tags() {
        let (mut chat, [_, bob, _]) = chat();
        chat.say(bob, "CAP REQ :-message-tags");
        assert_eq!(chat.say(bob, "WHO alice %n")[0], ":chat.local 354 bob alice");
    }
}
