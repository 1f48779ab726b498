//! What a client sends again because it doesn't know whether it was said: it is acknowledged again, and said once.

use chat_proto::caps::Caps;
use chat_proto::message::Message;
use chat_proto::name::Folded;
use chat_proto::tag;
use compact_str::CompactString;

use crate::history::{Deed, Entry};
use crate::id::ConnId;
use crate::project::Viewer;
use crate::tx::Tx;

use super::Speech;

/// Bytes of a client's own id.
const ID_MAX: usize = 64;

/// The client's own id for its message, if it may use one. Says so if it is no good one: then nothing is said.
pub fn client_id(tx: &mut Tx<'_>, conn: ConnId, message: &Message) -> Result<Option<CompactString>, Refused> {
    let may = tx.state().sessions.get(conn).is_some_and(|session| session.caps.contains(Caps::CLIENT_ID));
    let Some(id) = message.tag(tag::CLIENT_ID).filter(|_| may) else { return Ok(None) };
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.is_empty() || id.len() > ID_MAX || !id.chars().all(is_good) {
        tx.fail(
            message.command(),
            "INVALID_CLIENT_ID",
            format_args!(":The id of a message has 1 to {ID_MAX} letters, digits, - and _"),
        );
        return Err(Refused);
    }
    Ok(Some((&*id).into()))
}

/// The client was told why.
#[derive(Debug, Clone, Copy)]
pub struct Refused;

impl Speech<'_, '_, '_> {
    /// Whether it was said already. Then its author is answered as the first time, and nobody else is shown anything.
    pub(super) fn was_said(&mut self, target: &str) -> bool {
        let Some(id) = &self.client_id else { return false };
        let state = self.tx.state();
        let Some(user) = state.user(self.caller.user) else { return false };
        let since = self.tx.now().wall.0.saturating_sub(state.policy.history.resend_window);
        let Some(entry) = state.receipts.get(&user.party(), id, since) else { return false };
        if user.account.is_none() && !is_same(entry, target, self.text) {
            return false;
        }
        let caps = state.sessions.get(self.caller.conn).map_or(Caps::empty(), |session| session.caps);
        if caps.contains(Caps::ECHO_MESSAGE) {
            let mut lines = String::new();
            Viewer { state, caps, party: &user.party(), batch: None }.show(entry, &mut lines);
            self.tx.responder().1.replies.line(|line| line.push_str(lines.trim_end_matches("\r\n")));
        }
        true
    }
}

/// Whether it is the same words to the same. Another guest may have come to the nick, whose client counts from the beginning, too.
fn is_same(entry: &Entry, target: &str, words: &str) -> bool {
    let Deed::Said { to, text, .. } = &entry.deed else { return false };
    text.as_str() == words && Folded::new(to) == Folded::new(target)
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{ConnId, Policy};

    const TAGGED: &str = "@label=1;chatd.org/client-id=a";

    fn chat() -> (Chat, ConnId, ConnId) {
        let mut chat = Chat::new();
        let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
        for conn in [alice, bob] {
            chat.say(
                conn,
                "CAP REQ :batch labeled-response echo-message message-tags server-time chatd.org/client-id",
            );
            chat.say(conn, "JOIN #c");
        }
        chat.hear_all();
        (chat, alice, bob)
    }

    #[test]
    fn a_resend_is_answered_with_what_was_said_first_and_its_own_label() {
        let (mut chat, alice, bob) = chat();
        let first = chat.say(alice, &format!("{TAGGED} PRIVMSG #c :hello"));
        assert!(first.len() == 1 && first[0].contains(";chatd.org/client-id=a :alice!"), "{first:?}");
        let seen = chat.heard(bob);
        assert!(seen.len() == 1 && !seen[0].contains("client-id"), "{seen:?}");
        chat.pass(60_000);
        chat.say(bob, "KICK #c alice");
        chat.say(alice, "PART #c");
        chat.hear_all();
        for line in [format!("{TAGGED} PRIVMSG #c :hello"), format!("{TAGGED} NOTICE bob :something else")] {
            assert_eq!(chat.say(alice, &line), first);
        }
        assert_eq!(chat.heard(bob), [""; 0]);
        // An id is its author's own.
        assert!(chat.say(bob, &format!("{TAGGED} PRIVMSG #c :hi"))[0].contains(":bob!"));
    }

    #[test]
    fn another_guest_of_the_nick_says_what_it_says() {
        let (mut chat, alice, _) = chat();
        chat.say(alice, "JOIN #d");
        let as_bert = |chat: &mut Chat| {
            let conn = chat.join("bert");
            chat.say(conn, "CAP REQ :echo-message message-tags chatd.org/client-id");
            chat.say(conn, "JOIN #c,#d");
            conn
        };
        let first = as_bert(&mut chat);
        let said = chat.say(first, &format!("{TAGGED} PRIVMSG #c :secret"));
        chat.say(first, "QUIT");
        let again = as_bert(&mut chat);
        chat.hear_all();
        assert_eq!(chat.say(again, &format!("{TAGGED} PRIVMSG #C :secret")), said);
        for (line, heard) in [("PRIVMSG #c :hello", 1), ("PRIVMSG #d :hello", 1), ("PRIVMSG #d :hello", 0)] {
            let told = chat.say(again, &format!("{TAGGED} {line}"));
            assert!(told.len() == 1 && told[0].ends_with(line), "{told:?}");
            assert_eq!(chat.heard(alice).len(), heard, "{line}");
        }
    }

    #[test]
    fn several_lines_are_answered_as_one() {
        let (mut chat, alice, bob) = chat();
        chat.say(alice, "CAP REQ draft/multiline");
        let mut send = |label: &str| {
            chat.say(alice, &format!("@label={label};chatd.org/client-id=a BATCH +1 draft/multiline #c"));
            chat.say(alice, "@batch=1 PRIVMSG #c :one");
            chat.say(alice, "@batch=1 PRIVMSG #c :two");
            chat.say(alice, "BATCH -1")
        };
        let (first, second) = (send("x"), send("y"));
        assert!(first[0].starts_with("@label=x;") && first[0].contains("client-id=a"), "{first:?}");
        assert_eq!(second[0], first[0].replacen("label=x", "label=y", 1));
        assert_eq!(second[1..], first[1..]);
        assert_eq!(chat.heard(bob).len(), 2);
    }

    #[test]
    fn after_the_window_it_is_a_new_message() {
        let mut policy = Policy::default();
        policy.history.resend_window = 1000;
        let mut chat = Chat::with(policy);
        let alice = chat.log_in("alice");
        chat.say(alice, "CAP REQ :echo-message message-tags chatd.org/client-id");
        let mut send = || {
            chat.pass(1000);
            chat.say(alice, "@chatd.org/client-id=a PRIVMSG #lobby :x").remove(0)
        };
        let (first, in_time, too_late) = (send(), send(), {
            send();
            send()
        });
        assert_eq!(first, in_time);
        assert_ne!(first, too_late);
    }

    #[test]
    fn the_window_is_told_and_without_one_there_are_no_ids() {
        for (resend_window, told) in [(86_400_000, "chatd.org/client-id=86400 "), (0, "")] {
            let mut policy = Policy::default();
            policy.history.resend_window = resend_window;
            let mut chat = Chat::with(policy);
            let conn = chat.connect();
            let listed = chat.say(conn, "CAP LS 302").concat();
            assert!(listed.contains(told) && listed.contains("client-id") != told.is_empty(), "{listed}");
            let asked = chat.say(conn, "CAP REQ chatd.org/client-id").concat();
            assert_eq!(asked.contains(" ACK "), !told.is_empty(), "{asked}");
        }
    }

    #[test]
    fn bad_ids_and_many_targets_are_refused() {
        let (mut chat, alice, bob) = chat();
        let long = "x".repeat(65);
        for (id, target) in [("", "#c"), ("a.b", "#c"), ("ä", "#c"), (&*long, "#c"), ("a", "#c,bob")] {
            let told = chat.say(alice, &format!("@chatd.org/client-id={id} PRIVMSG {target} :x"));
            assert!(told[0].contains(" FAIL PRIVMSG INVALID_CLIENT_ID :"), "{told:?}");
        }
        assert_eq!(chat.heard(bob), [""; 0]);
    }

    #[test]
    fn who_has_not_asked_for_ids_says_it_again() {
        let (mut chat, alice, bob) = chat();
        chat.say(alice, "CAP REQ -chatd.org/client-id");
        chat.say(alice, &format!("{TAGGED} PRIVMSG #c :x"));
        chat.say(alice, &format!("{TAGGED} PRIVMSG #c :x"));
        assert_eq!(chat.heard(bob).len(), 2);
    }
}
