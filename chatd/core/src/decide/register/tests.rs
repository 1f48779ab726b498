use crate::testing::Chat;
use crate::{AdminCommand, ConnId, Incoming, Input, JobDone, Origin, Peer, Policy};

fn alice() -> Peer {
    Peer {
        origin: Origin::Unix { uid: 1000, pid: None, login: "alice".parse().ok() },
        host: "localhost".into(),
        guests: true,
        secure: true,
        certificate: None,
    }
}

#[test]
fn a_label_is_answered_when_what_it_waits_for_is_done() {
    let mut chat = Chat::new();
    let alice = chat.connect();
    chat.say(alice, "CAP REQ :batch labeled-response");
    assert_eq!(chat.say(alice, "@label=1 NICK alice"), ["@label=1 :chat.local ACK"]);
    assert_eq!(chat.say(alice, "@label=2 USER a 0 * :A"), ["@label=2 :chat.local ACK"]);
    let welcome = chat.say(alice, "@label=3 CAP END");
    assert!(welcome[0].starts_with("@label=3 :chat.local BATCH +"), "{welcome:?}");
}

#[test]
fn waiting_messages_leave_the_label_to_the_welcome() {
    let mut chat = Chat::new();
    chat.logins = vec!["alice"];
    let bob = chat.join("bob");
    chat.say(bob, "PRIVMSG alice :welcome back");
    let conn = chat.connect_from(alice());
    chat.say(conn, "CAP REQ :batch labeled-response");
    chat.say(conn, "NICK alice");
    chat.say(conn, "USER alice 0 * :Alice");
    let told = chat.say(conn, "@label=3 CAP END");
    assert!(told[0].starts_with("@label=3 :chat.local BATCH +"), "{told:?}");
    assert!(told.iter().any(|line| line.contains("welcome back")), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.starts_with("@label")).count(), 1, "{told:?}");
}

#[test]
fn a_session_that_comes_to_stay_is_put_into_the_lobby_even_after_one_on_an_errand() {
    let mut policy = Policy::default();
    policy.lobby.auto_join = true;
    let mut chat = Chat::with(policy);
    let errand = chat.connect_from(alice());
    chat.say(errand, "CAP REQ :chatd.org/no-auto-join");
    chat.register(errand, "alice");
    chat.say(errand, "CAP END");
    let bob = chat.join("bob");
    chat.hear_all();
    let stays = chat.connect_from(alice());
    chat.register(stays, "alice");
    assert_eq!(chat.heard(bob), [":alice!alice@localhost JOIN #lobby"]);
    let third = chat.connect_from(alice());
    chat.register(third, "alice");
    assert!(chat.heard(bob).is_empty());
}

#[test]
fn a_login_never_becomes_a_session_of_a_guest_who_took_its_name_meanwhile() {
    let mut chat = Chat::with(Policy { reserve_logins: false, ..Policy::default() });
    let login = chat.connect_from(alice());
    chat.say(login, "NICK alice");
    chat.join("alice");
    let answer = chat.say(login, "USER alice 0 * :Alice");
    assert!(answer[0].contains(" 001 alice "), "{answer:?}");
    for nick in ["alice", "guest1"] {
        let user = chat.core().state().user_named(nick).unwrap().1;
        assert_eq!((user.sessions.len(), user.account.is_some()), (1, nick == "alice"));
    }
}

#[test]
fn user_names_are_cleaned_and_cut() {
    for (given, shown) in [
        ("[bot]", "~bot"),
        ("a|b", "~ab"),
        ("\u{f6}", "~user"),
        ("j\u{f6}rg", "~jrg"),
        ("~", "~user"),
        ("~ok", "~ok"),
        ("a.b-c_d+e^f", "~a.b-c_d+e^f"),
        ("*@x!y", "~xy"),
        ("\u{fffd}", "~user"),
        (&"u".repeat(100), &format!("~{}", "u".repeat(32))),
    ] {
        let mut chat = Chat::new();
        let conn = chat.connect();
        chat.say(conn, "NICK alice");
        let answer = chat.say(conn, &format!("USER {given} 0 * :Alice"));
        assert!(answer[0].contains(" 001 alice "), "{given}: {answer:?}");
        assert_eq!(chat.core().state().user_named("alice").unwrap().1.ident, shown);
    }
}

/// The outcome of a refusal during registration.
enum Outcome {
    /// The client can send these lines, and is let in.
    Retry(&'static [&'static str]),
    /// The client is told with ERROR, and the connection ends.
    Ends,
}

use Outcome::{Ends, Retry};

const USER: &str = "USER alice 0 * :Alice";
const IN: &[&str] = &["NICK alice", USER];
const OTHER: &[&str] = &["NICK other"];
const END: &[&str] = &["NICK alice", USER, "CAP END"];

/// Lines that a client sends, what the answer to the last one has in it, and what comes of it.
type Case = (&'static [&'static str], &'static str, Outcome);

/// A chat with an account, a suspended account, two bans, a guest called `taken`, and a login that isn't here.
fn obstacles(policy: Policy) -> Chat {
    let mut chat = Chat::with(policy);
    chat.logins = vec!["login"];
    for name in ["account", "suspended"] {
        chat.add_account(name, "sesame");
    }
    chat.join("taken");
    chat.ask(AdminCommand::SuspendAccount { name: "suspended".into(), reason: None, login: false });
    for target in ["banned", "*!~evil@*"] {
        let (target, reason) = (target.into(), Some("spam".into()));
        chat.ask(AdminCommand::Ban { target, force: true, duration: None, reason });
    }
    chat
}

fn encrypted(chat: &mut Chat, guests: bool) -> ConnId {
    let origin = Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
    chat.connect_from(Peer { origin, host: "host".into(), guests, secure: true, certificate: None })
}

/// Holds the outcome: nobody is left waiting.
fn hold(chat: &mut Chat, conn: ConnId, (lines, fragment, outcome): &Case) {
    let answer = lines.iter().map(|line| chat.say(conn, line)).last().unwrap();
    assert!(answer.iter().any(|line| line.contains(fragment)), "{lines:?}: {answer:?}");
    match outcome {
        Ends => {
            assert!(answer.last().unwrap().starts_with("ERROR :Closing link: "), "{lines:?}: {answer:?}");
            assert!(chat.is_closed(conn), "{lines:?}");
        }
        Retry(retry) => {
            assert!(!chat.is_closed(conn), "{lines:?}");
            let mut answer = answer;
            answer.extend(retry.iter().flat_map(|line| chat.say(conn, line)));
            assert!(answer.iter().any(|line| line.contains(" 001 ")), "{lines:?}: {answer:?}");
        }
    }
}

#[test]
fn no_refusal_leaves_a_client_waiting() {
    let cases: &[Case] = &[
        (&["NICK"], " 431 ", Retry(IN)),
        (&[USER, "NICK a!b"], " 432 ", Retry(OTHER)),
        (&[USER, "NICK caf\u{fffd}"], " 432 ", Retry(OTHER)),
        (&[USER, "NICK aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], " 432 ", Retry(OTHER)),
        (&[USER, "NICK NickServ"], " 432 ", Retry(OTHER)),
        (&[USER, "NICK 4th"], " 432 ", Retry(OTHER)),
        (&[USER, "NICK taken"], " 433 ", Retry(OTHER)),
        (&["NICK taken"], " 433 ", Retry(&[USER, "NICK other"])),
        (&[USER, "NICK account"], " 433 ", Retry(OTHER)),
        (&[USER, "NICK acc0unt"], " 433 ", Retry(OTHER)),
        (&["NICK acc0unt", USER], " 433 ", Retry(OTHER)),
        (&[USER, "NICK login"], " 433 ", Retry(OTHER)),
        (&["NICK login", "CAP LS", USER, "CAP END"], " 433 ", Retry(OTHER)),
        (&["NICK banned", USER], "Banned: spam", Ends),
        (&["NICK alice", "USER evil 0 * :Evil"], "Banned: spam", Ends),
        (&["NICK alice", "USER"], " 461 ", Retry(&[USER])),
        (&["NICK alice", "USER alice"], " 461 ", Retry(&[USER])),
        (&["NICK alice", "USER alice 0 * :"], " 461 ", Retry(&[USER])),
        (&[USER, USER], " 462 ", Retry(&["NICK alice"])),
        (&["PASS"], " 461 ", Retry(IN)),
        (&["CAP"], " 461 ", Retry(IN)),
        (&["CAP NOSUCH"], " 410 ", Retry(IN)),
        (&["CAP REQ :no-such-capability"], " NAK ", Retry(END)),
        (&["CAP REQ :=", "CAP REQ :-"], " NAK ", Retry(END)),
        (&["AUTHENTICATE"], " 461 ", Retry(IN)),
        (&["AUTHENTICATE NONE"], " 904 ", Retry(IN)),
        (&["AUTHENTICATE *"], " 906 ", Retry(IN)),
        (&["CAP REQ sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE *"], " 906 ", Retry(END)),
        (&["CAP REQ sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE !"], " 904 ", Retry(END)),
        (&["CAP REQ sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGEAYg=="], " 904 ", Retry(END)),
        (&["CAP REQ sasl", "AUTHENTICATE EXTERNAL"], " 904 ", Retry(END)),
        (&["CAP REQ sasl", "NICK alice", USER, "AUTHENTICATE PLAIN", "CAP END"], " 906 ", Retry(&[])),
        // The right password of a suspended account.
        (&["AUTHENTICATE PLAIN", "AUTHENTICATE AHN1c3BlbmRlZABzZXNhbWU="], " 904 ", Retry(IN)),
        (&["REGISTER a * sesame123"], "FAIL REGISTER NEED_NICK", Retry(IN)),
        (&["NICK alice", "REGISTER * * x"], "FAIL REGISTER WEAK_PASSWORD", Retry(&[USER])),
        (&["REGISTER"], " 461 ", Retry(IN)),
        (&["PASSWD old :new-password"], "FAIL PASSWD NOT_LOGGED_IN", Retry(IN)),
        (&["VERIFY alice 1"], "FAIL VERIFY", Retry(IN)),
        (&["JOIN #lobby"], " 451 ", Retry(IN)),
        (&["OPER root toor"], " 451 ", Retry(IN)),
        (&["WEBIRC password gateway host 192.0.2.1"], " 421 ", Retry(IN)),
        (&["GET / HTTP/1.1"], "HTTP", Ends),
    ];
    for case in cases {
        let mut chat = obstacles(Policy::default());
        let conn = encrypted(&mut chat, true);
        hold(&mut chat, conn, case);
    }
}

#[test]
fn a_refusal_by_the_server_password_ends_the_connection() {
    let cases: &[Case] = &[
        (IN, " 464 ", Ends),
        (&["PASS wrong", "NICK alice", USER], " 464 ", Ends),
        (&["NICK alice", "REGISTER * * sesame123"], "FAIL REGISTER DISALLOWED", Retry(&["PASS right", USER])),
    ];
    for case in cases {
        let mut chat = obstacles(Policy { password_hash: Some("right".into()), ..Policy::default() });
        let conn = encrypted(&mut chat, true);
        hold(&mut chat, conn, case);
    }
}

#[test]
fn guests_who_are_not_allowed_are_disconnected() {
    let mut chat = obstacles(Policy::default());
    let conn = encrypted(&mut chat, false);
    hold(&mut chat, conn, &(IN, "ACCOUNT_REQUIRED", Ends));
}

#[test]
fn a_session_too_many_is_disconnected() {
    let mut policy = Policy::default();
    policy.limits.sessions_per_user = 1;
    let mut chat = obstacles(policy);
    let mut log_in = || {
        let conn = encrypted(&mut chat, true);
        chat.say(conn, "AUTHENTICATE PLAIN");
        chat.say(conn, "AUTHENTICATE AGFjY291bnQAc2VzYW1l");
        chat.say(conn, "NICK account");
        (chat.say(conn, USER), chat.is_closed(conn))
    };
    assert!(!log_in().1);
    let (answer, closed) = log_in();
    assert!(closed && answer.last().unwrap().starts_with("ERROR :"), "{answer:?}");
}

#[test]
fn an_unreadable_line_can_be_sent_again() {
    for (line, answer) in [
        (Incoming::TooLong { command: Some("PASS".into()) }, " 417 "),
        (Incoming::NotUtf8 { command: Some("PASS".into()) }, "FAIL PASS INVALID_UTF8"),
        (Incoming::Malformed, " 421 "),
    ] {
        let mut chat = obstacles(Policy::default());
        let conn = encrypted(&mut chat, true);
        chat.feed(Input::Lines { conn, lines: vec![line] });
        assert!(chat.heard(conn)[0].contains(answer));
        assert!(chat.register(conn, "alice")[0].contains(" 001 "));
    }
}

#[test]
fn a_look_up_that_fails_is_answered() {
    let mut chat = obstacles(Policy::default());
    let conn = encrypted(&mut chat, true);
    chat.put_off_jobs();
    chat.register(conn, "alice");
    chat.do_one_job(|_| JobDone::NotDone);
    assert!(chat.heard(conn)[0].contains(" 433 "));
    chat.say(conn, "NICK other");
    chat.do_one_job(|done| done);
    assert!(chat.heard(conn)[0].contains(" 001 "));
}

#[test]
fn roles_and_services_are_not_for_guests() {
    let mut chat = Chat::new();
    let guest = encrypted(&mut chat, true);
    chat.say(guest, USER);
    for nick in
        ["admin", "Server", "ChanServ", "chan5erv", "adm1n", "_operator_", "TalkServ", "MODERATOR", "chatd"]
    {
        let answer = chat.say(guest, &format!("NICK {nick}"));
        assert!(answer[0].contains(" 433 ") || answer[0].contains(" 432 "), "{nick}: {answer:?}");
    }
    assert!(chat.say(guest, "NICK guest")[0].contains(" 001 "));
    assert!(chat.say(guest, "NICK admin")[0].contains(" 433 "));
    let other = encrypted(&mut chat, true);
    chat.say(other, "NICK staff");
    assert!(chat.say(other, "REGISTER * * correcthorse")[0].contains("FAIL REGISTER BAD_ACCOUNT_NAME "));
}

#[test]
fn a_role_is_for_its_login_and_its_account() {
    let mut chat = Chat::new();
    chat.add_account("staff", "sesame");
    chat.log_in("root");
    assert!(chat.core().state().user_named("root").is_some());
    let staff = encrypted(&mut chat, true);
    chat.say(staff, "AUTHENTICATE PLAIN");
    chat.say(staff, "AUTHENTICATE AHN0YWZmAHNlc2FtZQ==");
    assert!(chat.register(staff, "staff")[0].contains(" 001 staff "));
    let fall_back = encrypted(&mut chat, true);
    assert!(chat.register(fall_back, "root_")[0].contains(" 001 root_ "), "root is a login");
    let refused = encrypted(&mut chat, true);
    assert!(chat.register(refused, "admin_")[0].contains(" 433 "), "admin is none");
}

#[test]
fn another_case_of_the_own_name_does_not_imitate_others() {
    let mut chat = Chat::new();
    chat.add_account("lars", "sesame");
    let iars = chat.join("iars");
    assert!(chat.say(iars, "NICK Iars")[0].contains(" 433 "));
    assert_eq!(chat.say(iars, "NICK iARS"), [":iars!~iars@host.example NICK iARS"]);
    let login = chat.log_in("lena");
    assert_eq!(chat.say(login, "NICK Lena"), [":lena!lena@localhost NICK Lena"]);
}
