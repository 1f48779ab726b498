use crate::testing::Chat;
use crate::{AdminCommand, ConnId, Entry, Event, MessageId, Redactor, entries};

const CAPS: &str = "message-tags echo-message draft/message-redaction";

/// alice made #c; bob and carol are in it, carol without the capability.
fn chat() -> (Chat, [ConnId; 3]) {
    let mut chat = Chat::new();
    let conns = ["alice", "bob", "carol"].map(|nick| chat.log_in(nick));
    for (conn, caps) in conns.into_iter().zip([CAPS, CAPS, "message-tags echo-message"]) {
        chat.say(conn, &format!("CAP REQ :{caps}"));
        chat.say(conn, "JOIN #c");
    }
    chat.hear_all();
    chat.events();
    (chat, conns)
}

fn say(chat: &mut Chat, conn: ConnId, line: &str) -> (MessageId, Entry) {
    chat.say(conn, line);
    let said = chat.events().into_iter().find(|event| matches!(event, Event::Said(_))).expect("it was said");
    let entry = entries(crate::testing::START, &said).remove(0);
    chat.hear_all();
    (entry.id.expect("a message has an id"), entry)
}

#[test]
fn authors_take_back_what_they_said_and_operators_what_anybody_said() {
    let (mut chat, [alice, bob, carol]) = chat();
    for (redactor, nick) in [(bob, "bob"), (alice, "alice")] {
        let (id, _) = say(&mut chat, bob, "PRIVMSG #c :secret");
        let told = [format!(":{nick}!{nick}@localhost REDACT #c {id} :oops a slip")];
        assert_eq!(chat.say(redactor, &format!("REDACT #C {id} :oops a slip")), told);
        let (other, events) = (if redactor == bob { alice } else { bob }, chat.events());
        assert_eq!(chat.heard(other), told);
        assert_eq!(chat.heard(carol), [""; 0]);
        let redacted =
            events.iter().find(|event| matches!(event, Event::Redacted(_))).expect("it was redacted");
        assert!(redacted.is_durable() && !format!("{redacted:?}").contains("secret"));
        assert!(chat.say(redactor, &format!("REDACT #c {id}"))[0].contains(" UNKNOWN_MSGID #c "));
    }
}

#[test]
fn nobody_else_may_and_nothing_is_told_of_what_one_may_not_read() {
    let (mut chat, [alice, bob, carol]) = chat();
    let (in_channel, _) = say(&mut chat, alice, "PRIVMSG #c :x");
    let (private, _) = say(&mut chat, alice, "PRIVMSG carol :x");
    chat.say(carol, &format!("CAP REQ :{CAPS}"));
    chat.hear_all();
    for (conn, line, code) in [
        (bob, format!("REDACT #c {in_channel}"), format!("REDACT_FORBIDDEN #c {in_channel}")),
        (carol, format!("REDACT alice {private}"), format!("REDACT_FORBIDDEN alice {private}")),
        (bob, format!("REDACT alice {private}"), format!("UNKNOWN_MSGID alice {private}")),
        (bob, format!("REDACT #c {private}"), format!("UNKNOWN_MSGID #c {private}")),
        (alice, format!("REDACT bob {in_channel}"), format!("UNKNOWN_MSGID bob {in_channel}")),
        (bob, "REDACT #c nonsense".into(), "UNKNOWN_MSGID #c nonsense".into()),
        (bob, format!("REDACT #d {in_channel}"), "INVALID_TARGET #d".into()),
    ] {
        let told = chat.say(conn, &line);
        assert!(
            told.len() == 1 && told[0].starts_with(&format!(":chat.local FAIL REDACT {code} :")),
            "{told:?}"
        );
    }
    assert!(!chat.events().iter().any(|event| matches!(event, Event::Redacted(_))));
}

#[test]
fn what_was_said_in_private_is_taken_back_from_both() {
    let (mut chat, [alice, bob, carol]) = chat();
    let (id, _) = say(&mut chat, alice, "PRIVMSG bob :x");
    let told = [format!(":alice!alice@localhost REDACT bob {id}")];
    assert_eq!(chat.say(alice, &format!("REDACT bob {id}")), told);
    assert_eq!(chat.heard(bob), told);
    assert_eq!(chat.heard(carol), [""; 0]);
}

#[test]
fn an_author_may_for_a_while_and_an_operator_always() {
    let (mut chat, [alice, bob, _]) = chat();
    let (id, _) = say(&mut chat, bob, "PRIVMSG #c :x");
    chat.pass(7 * 24 * 3_600_000 + 1000);
    let told = chat.say(bob, &format!("REDACT #c {id}"));
    assert!(told[0].contains(&format!(" FAIL REDACT REDACT_WINDOW_EXPIRED #c {id} 604800 :")), "{told:?}");
    assert!(chat.say(alice, &format!("REDACT #c {id}"))[0].contains(" REDACT #c "));
}

#[test]
fn who_comes_later_under_a_guests_nick_takes_back_nothing_of_it() {
    let (mut chat, _) = chat();
    let guest = chat.join("guest");
    chat.say(guest, "JOIN #c");
    let (id, _) = say(&mut chat, guest, "PRIVMSG #c :x");
    chat.say(guest, "QUIT");
    chat.pass(10);
    let other = chat.join("guest");
    chat.say(other, &format!("CAP REQ :{CAPS}"));
    chat.say(other, "JOIN #c");
    assert!(chat.say(other, &format!("REDACT #c {id}"))[0].contains(" UNKNOWN_MSGID "));
}

#[test]
fn a_resend_of_what_was_taken_back_is_not_said_again() {
    let (mut chat, [alice, bob, _]) = chat();
    chat.say(alice, "CAP REQ chatd.org/client-id");
    let (id, _) = say(&mut chat, alice, "@chatd.org/client-id=a PRIVMSG #c :secret");
    chat.say(alice, &format!("REDACT #c {id}"));
    chat.hear_all();
    let told = chat.say(alice, "@chatd.org/client-id=a PRIVMSG #c :secret");
    assert!(
        told.len() == 1 && told[0].contains(&format!("msgid={id}")) && told[0].ends_with(" #c :"),
        "{told:?}"
    );
    assert_eq!(chat.heard(bob), [""; 0]);
}

#[test]
fn an_administrator_takes_back_anything_in_the_servers_name() {
    let (mut chat, [alice, bob, carol]) = chat();
    for (line, target, sees) in [("PRIVMSG #c :x", "#c", true), ("PRIVMSG alice :x", "alice", false)] {
        let (id, entry) = say(&mut chat, carol, line);
        chat.ask(AdminCommand::Redact { entry: Box::new(entry), reason: Some("the law".into()) });
        let told = vec![format!(":chat.local REDACT {target} {id} :the law")];
        assert_eq!(chat.heard(alice), told);
        assert_eq!(chat.heard(bob), if sees { told } else { Vec::new() });
        let by_root = |event: &Event| matches!(event, Event::Redacted(redaction) if matches!(redaction.by, Redactor::Administrator(_)));
        assert!(chat.events().iter().any(by_root));
    }
}
