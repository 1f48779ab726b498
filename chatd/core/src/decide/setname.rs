//! SETNAME (IRCv3 setname).

use chat_proto::message::Message;

use crate::event::UserEvent;
use crate::tx::{Caller, Tx};

pub fn setname(tx: &mut Tx<'_>, caller: Caller, message: &Message) {
    let realname = message.param(0).unwrap_or_default();
    let max = tx.state().policy.limits.realname_length;
    if realname.is_empty() {
        tx.fail("SETNAME", "INVALID_REALNAME", format_args!(":The real name is empty"));
    } else if realname.len() > max {
        let text = format_args!(":The real name is too long, it can have {max} bytes");
        tx.fail("SETNAME", "INVALID_REALNAME", text);
    } else {
        tx.emit_user(caller.user, UserEvent::RealnameSet { realname: realname.into() });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_new_name_is_shown_to_the_issuer_and_to_neighbours_who_asked() {
        let mut chat = Chat::new();
        let (alice, bob, carol) = (chat.join("alice"), chat.join("bob"), chat.join("carol"));
        for conn in [alice, bob] {
            chat.say(conn, "CAP REQ setname");
        }
        for conn in [alice, bob, carol] {
            chat.say(conn, "JOIN #room");
        }
        chat.hear_all();
        let line = ":alice!~alice@host.example SETNAME :Alice Liddell";
        assert_eq!(chat.say(alice, "SETNAME :Alice Liddell"), [line]);
        assert_eq!(chat.heard(bob), [line]);
        assert!(chat.heard(carol).is_empty());
    }

    #[test]
    fn a_client_without_the_capability_is_answered_nothing() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        assert!(chat.say(alice, "SETNAME Alice").is_empty());
        assert_eq!(&*chat.core().state().user_named("alice").unwrap().1.realname, "Alice");
    }

    #[test]
    fn an_empty_or_long_name_fails() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        for name in [String::new(), "x".repeat(129)] {
            let answer = chat.say(alice, &format!("SETNAME :{name}"));
            assert!(answer[0].starts_with(":chat.local FAIL SETNAME INVALID_REALNAME :"), "{answer:?}");
        }
    }
}
