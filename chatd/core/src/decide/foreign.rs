//! Other protocols than IRC, which end the connection.
//!
//! A web page can have a browser send an HTTP request with any body to any port. The lines of the body would be commands. HTTP
//! itself comes first, so a connection that speaks it ends before them.

use chat_proto::message::Message;

use crate::event::Ending;
use crate::id::ConnId;
use crate::tx::Tx;

const HTTP: &str = "HTTP is not spoken here, this is a chat server (IRC)";
const MAIL: &str = "mail is not taken here, this is a chat server (IRC)";
const PROXY: &str = "the PROXY protocol is not spoken here";
const UNKNOWN: &str = "this is a chat server (IRC)";

/// Methods of HTTP, and the first word of its second version. None is a command of chatd.
const METHODS: [&str; 10] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PRI", "PUT", "TRACE"];

/// First words of a client that wants to send mail (SMTP, LMTP).
const GREETINGS: [&str; 3] = ["EHLO", "HELO", "LHLO"];

/// Ends the connection if the message, which is no command of a registered client's, is of another protocol. Returns whether it is.
pub fn ends(tx: &mut Tx<'_>, conn: ConnId, message: &Message) -> bool {
    let is_user = tx.state().sessions.get(conn).is_some_and(|session| session.user().is_some());
    let why = if is_request_line(message) {
        Some(HTTP)
    } else if is_user {
        // A registered client speaks IRC, and may mistype a command.
        None
    } else {
        first_word(message.command())
    };
    why.is_some_and(|why| end(tx, conn, why))
}

/// As [`ends`], for a line of which only the command could be read.
pub fn ends_unreadable(tx: &mut Tx<'_>, conn: ConnId, command: &str) -> bool {
    let registering = tx.state().sessions.get(conn).is_some_and(|session| session.registering().is_some());
    registering && first_word(command).is_some_and(|why| end(tx, conn, why))
}

fn end(tx: &mut Tx<'_>, conn: ConnId, why: &str) -> bool {
    tx.disconnect(conn, Ending::Refused, why);
    true
}

/// `GET / HTTP/1.1`, with whatever method.
fn is_request_line(message: &Message) -> bool {
    let mut params = message.params();
    let (target, version) = (params.next(), params.next());
    let is_version = |word: &str| word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("HTTP/"));
    target.is_some() && version.is_some_and(is_version) && params.len() == 0
}

/// Why the first word of a line is none of an IRC client that has yet to register.
fn first_word(word: &str) -> Option<&'static str> {
    let is_one_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_one_of(&METHODS) || word.contains(':') {
        // With a colon it is a header's name.
        Some(HTTP)
    } else if is_one_of(&GREETINGS) {
        Some(MAIL)
    } else if word.eq_ignore_ascii_case("PROXY") {
        Some(PROXY)
    } else {
        // A command has letters or three digits.
        (!word.chars().all(|c| c.is_ascii_alphanumeric())).then_some(UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;
    use crate::{Incoming, Input};

    #[test]
    fn other_protocols_end_the_connection() {
        for line in [
            "GET / HTTP/1.1",
            "get /",
            "POST /say HTTP/1.1",
            "PUT x",
            "HEAD / HTTP/1.0",
            "OPTIONS * HTTP/1.1",
            "DELETE x",
            "PATCH x",
            "TRACE x",
            "CONNECT host:443 HTTP/1.1",
            "PRI * HTTP/2.0",
            "PROPFIND / HTTP/1.1",
            "SEARCH / HTTP/1.1",
            "Host: chat.example:6667",
            "Content-Type:text/plain",
            "X-Any: thing",
            "EHLO mail.example",
            "helo mail.example",
            "PROXY TCP4 192.0.2.1 192.0.2.2 40000 6667",
            "SSH-2.0-OpenSSH_9.2",
            "*1",
            "{\"method\":1}",
        ] {
            let mut chat = Chat::new();
            let (other, conn) = (chat.join("other"), chat.connect());
            chat.say(other, "JOIN #lobby");
            chat.hear_all();
            let answer = chat.say(conn, line);
            assert!(
                answer.len() == 1 && answer[0].starts_with("ERROR :Closing link: "),
                "{line}: {answer:?}"
            );
            assert!(chat.is_closed(conn), "{line}");
            chat.register(conn, "mallory");
            chat.say(conn, "PRIVMSG #lobby :spam");
            assert_eq!(chat.heard(other), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_request_line_that_cannot_be_read_ends_the_connection() {
        for line in [
            Incoming::TooLong { command: Some("POST".into()) },
            Incoming::NotUtf8 { command: Some("GET".into()) },
        ] {
            let mut chat = Chat::new();
            let conn = chat.connect();
            chat.feed(Input::Lines { conn, lines: vec![line.clone()] });
            assert!(chat.is_closed(conn), "{line:?}");
        }
    }

    #[test]
    fn a_request_line_ends_a_registered_connection_too() {
        let mut chat = Chat::new();
        let conn = chat.join("mallory");
        chat.say(conn, "POST / HTTP/1.1");
        assert!(chat.is_closed(conn));
    }

    #[test]
    fn a_users_slip_is_an_unknown_command() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        for line in ["hello: you", "GET", "PUT it there", "re-join"] {
            let answer = chat.say(alice, line);
            assert!(answer[0].contains(" 421 "), "{answer:?}");
        }
        chat.say(alice, "PRIVMSG alice HTTP/1.1");
        assert!(!chat.is_closed(alice));
    }

    #[test]
    fn an_unknown_command_before_registration_ends_nothing() {
        let mut chat = Chat::new();
        let conn = chat.connect();
        for line in ["WEBIRC password gateway host 192.0.2.1", "PROTOCTL NAMESX", "STARTTLS"] {
            assert!(chat.say(conn, line)[0].contains(" 421 "), "{line}");
        }
        assert!(chat.register(conn, "alice")[0].contains(" 001 "));
    }
}
