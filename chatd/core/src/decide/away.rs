//! AWAY.

use chat_proto::message::Message;
use chat_proto::numeric::{RPL_NOWAWAY, RPL_UNAWAY};

use crate::event::UserEvent;
use crate::reply::shortened;
use crate::tx::{Caller, Tx};

use super::check::fitting;
use super::idle;

pub fn away(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let text = message.param(0).filter(|text| !text.is_empty());
    let max = tx.state().policy.limits.away_length;
    let text = text.map(|text| {
        let text = shortened(text, max);
        fitting(tx.state(), caller.user, "AWAY :".len(), &text).into_owned()
    });
    idle::note(tx, caller);
    // Said again, it is acknowledged again, but others are told only of a change.
    let said = text.as_deref().map(Into::into);
    tx.emit_user(caller.user, UserEvent::AwaySaid { conn: caller.conn, text: said });
    let state = tx.state();
    let change = state
        .user(caller.user)
        .map(|user| state.away_said(user))
        .filter(|away| state.user(caller.user).is_some_and(|user| user.away != *away));
    if let Some(away) = change {
        tx.emit_user(caller.user, UserEvent::AwaySet { away });
    }
    match text {
        Some(_) => tx.numeric(RPL_NOWAWAY, format_args!(":You have been marked as being away")),
        None => tx.numeric(RPL_UNAWAY, format_args!(":You are no longer marked as being away")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn away_and_back_are_acknowledged() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert_eq!(
            chat.say(alice, "AWAY :at lunch"),
            [":chat.local 306 alice :You have been marked as being away"]
        );
        for back in ["AWAY", "AWAY :"] {
            assert_eq!(
                chat.say(alice, back),
                [":chat.local 305 alice :You are no longer marked as being away"]
            );
        }
    }

    #[test]
    fn neighbours_who_asked_are_told_of_changes_only() {
        let mut chat = Chat::new();
        let (alice, bob, carol) = (chat.join("alice"), chat.join("bob"), chat.join("carol"));
        chat.say(bob, "CAP REQ :away-notify");
        for conn in [alice, bob, carol] {
            chat.say(conn, "JOIN #room");
        }
        chat.hear_all();
        chat.say(alice, "AWAY :at lunch");
        chat.say(alice, "AWAY :at lunch");
        assert_eq!(chat.heard(bob), [":alice!~alice@host.example AWAY :at lunch"]);
        assert!(chat.heard(carol).is_empty());
    }

    #[test]
    fn a_user_is_away_when_all_sessions_are() {
        let mut chat = Chat::new();
        let (desk, phone, bob) = (chat.log_in("alice"), chat.log_in("alice"), chat.join("bob"));
        let is_away = |chat: &mut Chat| chat.say(bob, "PRIVMSG alice :x").concat().contains(" 301 ");
        chat.say(desk, "AWAY :at lunch");
        assert!(!is_away(&mut chat));
        chat.say(phone, "AWAY :to bed");
        assert!(is_away(&mut chat));
        assert!(chat.say(bob, "PRIVMSG alice :x")[0].ends_with(" :to bed"));
        chat.say(phone, "QUIT");
        assert!(chat.say(bob, "PRIVMSG alice :x")[0].ends_with(" :at lunch"));
        let tablet = chat.log_in("alice");
        assert!(!is_away(&mut chat));
        chat.say(tablet, "QUIT");
        assert!(is_away(&mut chat));
    }

    #[test]
    fn an_away_ends_with_its_session() {
        let mut chat = Chat::new();
        let (desk, phone, bob) = (chat.log_in("alice"), chat.log_in("alice"), chat.join("bob"));
        chat.say(desk, "AWAY :at lunch");
        chat.say(desk, "QUIT");
        assert!(chat.say(bob, "PRIVMSG alice :x").is_empty());
        chat.say(phone, "AWAY :to bed");
        assert!(chat.say(bob, "PRIVMSG alice :x")[0].ends_with(" :to bed"));
    }

    #[test]
    fn a_text_over_the_limit_is_cut() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let answer = chat.say(alice, &format!("AWAY :{}", "x".repeat(201)));
        assert!(answer[0].contains(" 306 "), "{answer:?}");
        let state = chat.core().state();
        let away = state.user_named("alice").unwrap().1.away.as_ref().unwrap();
        assert!(away.text.len() <= 200 && away.text.ends_with("x…"), "{away:?}");
    }
}
