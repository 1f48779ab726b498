//! RESUME: a guest comes back to its own name while a dead connection still holds it.

use chat_proto::message::Message;
use chat_proto::numeric::ERR_ALREADYREGISTERED;
use chat_proto::resume::ResumeKey;

use crate::event::{ConnEvent, Ending};
use crate::id::{ConnId, UserId};
use crate::state::{Session, User};
use crate::tx::Tx;

pub fn resume(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    if tx.state().sessions.get(conn).and_then(Session::registering).is_none() {
        return tx.numeric(ERR_ALREADYREGISTERED, format_args!(":You may not register again"));
    }
    match ResumeKey::of(message.param(0).unwrap_or_default()) {
        Some(key) => tx.emit_conn(conn, ConnEvent::ResumeGiven(key)),
        None => tx.fail(
            "RESUME",
            "INVALID_TOKEN",
            format_args!(":A token has 22 to 64 characters of A-Z a-z 0-9 _ -"),
        ),
    }
}

/// Whether the connection has shown that it is the guest's.
pub fn is_same_guest(session: &Session, user: &User) -> bool {
    let given = session.registering().and_then(|registering| registering.resume);
    let are_guests = session.account.is_none() && user.account.is_none();
    are_guests && given.is_some() && given == user.resume
}

/// Ends a guest's older connections, in whose place this one has come.
pub fn end_others(tx: &mut Tx<'_>, conn: ConnId, user: UserId) {
    let Some(found) = tx.state().user(user).filter(|user| user.account.is_none()) else { return };
    let others: Vec<_> = found.sessions.iter().copied().filter(|&other| other != conn).collect();
    for other in others {
        tx.disconnect(other, Ending::NoAnswer, "Replaced by a newer connection of yours");
    }
}

#[cfg(test)]
mod tests {
    use crate::id::ConnId;
    use crate::testing::Chat;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    /// A guest who comes with a token.
    fn come(chat: &mut Chat, nick: &str, token: &str) -> (ConnId, Vec<String>) {
        let conn = chat.connect();
        chat.say(conn, &format!("RESUME {token}"));
        (conn, chat.register(conn, nick))
    }

    fn is_in(told: &[String]) -> bool {
        told.iter().any(|line| line.contains(" 001 "))
    }

    #[test]
    fn guest_takes_its_name_back_from_a_dead_connection() {
        let mut chat = Chat::new();
        let bob = chat.join("bob");
        let (ghost, _) = come(&mut chat, "anna", TOKEN);
        for conn in [bob, ghost] {
            chat.say(conn, "JOIN #c");
        }
        chat.hear_all();
        let (again, told) = come(&mut chat, "anna", TOKEN);
        assert!(is_in(&told) && told.iter().any(|line| line.ends_with(" JOIN #c")), "{told:?}");
        assert!(chat.is_closed(ghost));
        // Nobody sees anna leave or come.
        assert_eq!(chat.heard(bob), [""; 0]);
        chat.say(again, "PRIVMSG #c :back");
        assert!(chat.heard(bob)[0].contains(":anna!"));
    }

    #[test]
    fn nobody_else_gets_a_held_name() {
        let mut chat = Chat::new();
        come(&mut chat, "anna", TOKEN);
        chat.join("bert");
        let other = TOKEN.replace('0', "1");
        for (nick, token) in [("anna", other.as_str()), ("anna", "short"), ("bert", TOKEN)] {
            let (conn, _) = come(&mut chat, nick, token);
            assert!(chat.say(conn, &format!("NICK {nick}"))[0].contains(" 433 "), "{nick} {token}");
        }
    }

    #[test]
    fn token_opens_no_account() {
        let mut chat = Chat::new();
        chat.add_account("carol", "secret");
        let (_, told) = come(&mut chat, "carol", TOKEN);
        assert!(!is_in(&told), "{told:?}");
        let alice = chat.log_in("alice");
        assert!(chat.say(alice, &format!("RESUME {TOKEN}"))[0].contains(" 462 "));
        let (_, told) = come(&mut chat, "alice", TOKEN);
        assert!(!is_in(&told), "{told:?}");
    }
}
