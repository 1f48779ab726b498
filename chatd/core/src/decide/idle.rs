//! Who does nothing by hand is away automatically, and back with whatever is done next.

use crate::event::UserEvent;
use crate::id::UserId;
use crate::state::{Away, State, User};
use crate::tx::{Caller, Tx};

/// Milliseconds within which it is remembered once that somebody did something.
const GRAIN: u64 = 1_000;
/// The user does something by hand: if it was away for doing nothing, it is back.
pub fn acted(tx: &mut Tx<'_>, caller: Caller) {
    note(tx, caller);
    let is_idle = |user: &User| user.away.as_ref().is_some_and(|away| away.auto);
    if tx.state().user(caller.user).is_some_and(is_idle) {
        // It is no answer to what is being done.
        tx.aside(|tx| tx.emit_user(caller.user, UserEvent::Returned));
    }
}

/// Remembers that the user has just done something.
pub fn note(tx: &mut Tx<'_>, caller: Caller) {
    let now = tx.now().uptime;
    if tx.state().sessions.get(caller.conn).is_some_and(|session| now.since(session.acted_at) >= GRAIN) {
        tx.emit_user(caller.user, UserEvent::Acted { conn: caller.conn });
    }
}

/// Makes those automatically away who have done nothing for long enough. Many at once, as some time after a restart, in a
/// large channel are more lines than a tick has room for: the others follow.
pub fn tick(tx: &mut Tx<'_>) {
    let (now, state) = (tx.now().uptime, tx.state());
    let mut lines = 0;
    let due = state.idle_deadlines.iter().take_while(|(due, _)| *due <= now).take_while(|(_, id)| {
        let has_room = lines < state.policy.limits.idle_lines;
        lines += witnesses(state, *id);
        has_room
    });
    let idle: Vec<UserId> = due.map(|(_, id)| *id).collect();
    for id in idle {
        tx.emit_user(id, UserEvent::AwaySet { away: Some(Away::idle()) });
    }
}

/// At least one, and at least as many as see the user.
fn witnesses(state: &State, id: UserId) -> usize {
    let channels = state.user(id).into_iter().flat_map(|user| state.channels_of(user));
    1 + channels.map(|(_, channel)| channel.members.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use crate::policy::PresencePolicy;
    use crate::state::Status;
    use crate::testing::{Chat, START};
    use crate::{ConnId, Input, Keepalive, Policy};

    const MINUTE: u64 = 60_000;
    const IDLE: &str = ":alice!alice@localhost AWAY :idle";
    const BACK: &str = ":alice!alice@localhost AWAY";

    /// Nobody is lost, however silent.
    fn policy(minutes: u64) -> Policy {
        let presence = PresencePolicy { away_after: minutes * MINUTE, ..PresencePolicy::default() };
        let keepalive = Keepalive { interval: u64::MAX, timeout: u64::MAX, registration: u64::MAX };
        let mut policy = Policy { presence, keepalive, ..Policy::default() };
        policy.lobby.auto_join = false;
        policy
    }

    /// Alice, a login of the host, and bob, who is told of her.
    fn chat() -> (Chat, ConnId, ConnId) {
        let mut chat = Chat::with(policy(30));
        let (alice, bob) = (chat.log_in("alice"), chat.join("bob"));
        chat.say(bob, "CAP REQ away-notify");
        chat.say(alice, "JOIN #room");
        chat.say(bob, "JOIN #room");
        chat.say(bob, "AWAY :himself");
        chat.hear_all();
        (chat, alice, bob)
    }

    fn pass(chat: &mut Chat, minutes: u64) {
        chat.pass(minutes * MINUTE);
        chat.feed(Input::Tick);
    }

    fn told(chat: &mut Chat, conn: ConnId) -> Vec<String> {
        chat.heard(conn).into_iter().filter(|line| line.contains(" AWAY")).collect()
    }

    #[test]
    fn who_does_nothing_is_away_and_back_with_the_next_word() {
        let (mut chat, alice, bob) = chat();
        pass(&mut chat, 29);
        assert!(told(&mut chat, bob).is_empty());
        pass(&mut chat, 1);
        assert_eq!(told(&mut chat, bob), [IDLE]);
        pass(&mut chat, 100);
        assert!(told(&mut chat, bob).is_empty());
        assert!(chat.say(bob, "WHO alice %nf")[0].ends_with(" alice G@"));
        chat.say(alice, "PRIVMSG #room :hello");
        let heard = chat.heard(bob);
        assert!(heard[0] == BACK && heard[1].ends_with(" :hello"), "{heard:?}");
        pass(&mut chat, 29);
        pass(&mut chat, 1);
        assert_eq!(told(&mut chat, bob), [IDLE]);
    }

    #[test]
    fn what_clients_do_by_themselves_is_no_sign_of_anybody() {
        for line in [
            "PING 1",
            "WHO #room",
            "MODE #room",
            "MODE alice +i",
            "TOPIC #room",
            "NAMES #room",
            "WHOIS bob",
            "ISON bob",
            "MARKREAD #room",
            "JOIN #room",
            "NOTICE bob :\x01PING 1\x01",
        ] {
            let (mut chat, alice, bob) = chat();
            pass(&mut chat, 20);
            chat.say(alice, line);
            pass(&mut chat, 10);
            assert_eq!(told(&mut chat, bob), [IDLE], "{line}");
            chat.say(alice, line);
            assert!(told(&mut chat, bob).is_empty(), "{line}");
        }
    }

    #[test]
    fn whatever_is_done_by_hand_shows_that_somebody_is_there() {
        for line in [
            "PRIVMSG #room :x",
            "PRIVMSG nobody :x",
            "NOTICE #room :x",
            "JOIN #other",
            "JOIN 0",
            "PART #room",
            "TOPIC #room :x",
            "INVITE bob #room",
            "KICK #room nobody",
            "SETNAME :x",
            "MARKREAD #room timestamp=2026-01-31T12:00:00.000Z",
        ] {
            let (mut chat, alice, bob) = chat();
            pass(&mut chat, 30);
            assert_eq!(told(&mut chat, bob), [IDLE]);
            chat.say(alice, line);
            assert_eq!(told(&mut chat, bob), [BACK], "{line}");
            pass(&mut chat, 29);
            assert!(!is_idle(&chat), "{line}");
            pass(&mut chat, 1);
            assert!(is_idle(&chat), "{line}");
        }
    }

    fn is_idle(chat: &Chat) -> bool {
        let state = chat.core().state();
        state.user_named("alice").is_some_and(|(_, alice)| state.status(alice) == Status::Idle)
    }

    #[test]
    fn a_user_is_as_awake_as_its_most_awake_session() {
        let (mut chat, alice, bob) = chat();
        pass(&mut chat, 20);
        let phone = chat.log_in("alice");
        pass(&mut chat, 9);
        chat.say(phone, "PRIVMSG #room :from the train");
        chat.hear_all();
        pass(&mut chat, 29);
        assert!(told(&mut chat, bob).is_empty());
        pass(&mut chat, 1);
        assert_eq!(told(&mut chat, bob), [IDLE]);
        chat.say(alice, "PRIVMSG #room :at the desk");
        assert_eq!(told(&mut chat, bob), [BACK]);
        chat.say(alice, "QUIT");
        pass(&mut chat, 30);
        assert_eq!(told(&mut chat, bob), [IDLE]);
    }

    #[test]
    fn an_away_of_ones_own_stays_and_takes_the_place_of_silence() {
        let (mut chat, alice, bob) = chat();
        chat.say(alice, "AWAY :at lunch");
        chat.hear_all();
        pass(&mut chat, 60);
        chat.say(alice, "PRIVMSG #room :still here, really");
        assert!(told(&mut chat, bob).is_empty());
        chat.say(alice, "AWAY");
        pass(&mut chat, 30);
        assert_eq!(told(&mut chat, bob), [BACK, IDLE]);
        chat.say(alice, "AWAY :to bed");
        assert_eq!(told(&mut chat, bob), [":alice!alice@localhost AWAY :to bed"]);
    }

    #[test]
    fn who_talks_is_busy_however_silent_and_an_away_shows_when_the_talk_ends() {
        let (mut chat, alice, bob) = chat();
        let carol = chat.join("carol");
        chat.say(alice, "TALK REQUEST carol");
        chat.say(carol, "TALK ACCEPT");
        let busy = ":alice!alice@localhost AWAY :talking with carol";
        assert_eq!(told(&mut chat, bob), [busy]);
        let began = since(&chat);
        pass(&mut chat, 40);
        chat.say(alice, "AWAY :soon at lunch");
        assert!(told(&mut chat, bob).is_empty());
        assert_eq!(since(&chat), began);
        chat.say(alice, "AWAY");
        pass(&mut chat, 40);
        chat.say(carol, "TALK END");
        assert!(told(&mut chat, bob).contains(&BACK.to_owned()));
        assert_eq!(since(&chat), began + 80 * MINUTE);
        pass(&mut chat, 0);
        assert_eq!(told(&mut chat, bob), [IDLE]);
    }

    fn since(chat: &Chat) -> u64 {
        let state = chat.core().state();
        state.presence(state.user_named("alice").unwrap().1, chat.now()).since.0
    }

    #[test]
    fn nobody_but_those_who_asked_is_told() {
        let (mut chat, alice, bob) = chat();
        chat.say(bob, "CAP REQ -away-notify");
        pass(&mut chat, 30);
        assert_eq!([chat.heard(alice), chat.heard(bob)].concat(), [""; 0]);
    }

    #[test]
    fn a_label_is_on_the_answer_and_not_on_ones_own_return() {
        let (mut chat, alice, _) = chat();
        chat.say(alice, "CAP REQ :away-notify echo-message labeled-response batch message-tags");
        pass(&mut chat, 30);
        chat.hear_all();
        let lines = chat.say(alice, "@label=x PRIVMSG #room :hello");
        assert!(lines.len() == 2 && lines[0] == BACK && lines[1].starts_with("@label=x;"), "{lines:?}");
    }

    #[test]
    fn a_changed_time_holds_at_once() {
        let (mut chat, alice, bob) = chat();
        pass(&mut chat, 20);
        chat.feed(Input::Policy(Box::new(policy(10))));
        pass(&mut chat, 0);
        assert_eq!(told(&mut chat, bob), [IDLE]);
        chat.feed(Input::Policy(Box::new(policy(0))));
        chat.say(alice, "PRIVMSG #room :x");
        assert_eq!(told(&mut chat, bob), [BACK]);
        pass(&mut chat, 1_000);
        assert!(told(&mut chat, bob).is_empty());
        assert!(chat.core().state().idle_deadlines.is_empty());
        chat.feed(Input::Policy(Box::new(policy(30))));
        pass(&mut chat, 0);
        assert_eq!(told(&mut chat, bob), [IDLE]);
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_awake() {
        let (mut chat, alice, bob) = chat();
        pass(&mut chat, 1_000);
        chat.say(alice, "PRIVMSG #room :x");
        chat.set_clock(START);
        chat.say(alice, "PRIVMSG #room :x");
        chat.hear_all();
        pass(&mut chat, 30);
        assert_eq!(told(&mut chat, bob), [IDLE]);
    }

    #[test]
    fn as_many_become_idle_at_a_tick_as_there_is_room_for_the_lines() {
        let mut policy = policy(30);
        policy.limits.idle_lines = 9;
        let mut chat = Chat::with(policy);
        for number in 0..4 {
            let conn = chat.join(&format!("u{number}"));
            chat.say(conn, "JOIN #room");
        }
        let idle =
            |chat: &Chat| chat.core().state().users.values().filter(|user| user.away.is_some()).count();
        pass(&mut chat, 30);
        assert_eq!(idle(&chat), 2);
        pass(&mut chat, 0);
        assert_eq!(idle(&chat), 4);
    }
}
