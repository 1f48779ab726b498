//! What was said before: asked for, shown on arrival, and kept for those who were not here.

use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;
use chat_tests::outside::required_login;

use crate::people::{CAROL, DAVE, add, log_in};

const PAGES: &str = "batch server-time message-tags draft/chathistory soju.im/search";

/// The texts of messages among the lines.
fn texts(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter(|line| line.contains(" PRIVMSG "))
        .map(|line| line.rsplit(" :").next().unwrap())
        .collect()
}

fn ask(client: &mut Irc, line: &str) -> Vec<String> {
    client.sync();
    client.send(line);
    client.sync()
}

#[test]
fn what_was_said_to_an_account_that_was_not_here_is_shown_once_even_after_a_crash() {
    let daemon = Daemon::start();
    add(&daemon, "carol");
    let mut alice = daemon.connect_tcp();
    alice.register_with("alice", "echo-message");
    let answer = ask(&mut alice, "PRIVMSG carol :first");
    assert_eq!(texts(&answer), ["first"]);
    assert!(answer.iter().any(|line| line.contains(" 301 alice carol :carol is not here;")), "{answer:?}");
    let answer = ask(&mut alice, "PRIVMSG carol,stranger :second");
    assert!(answer.iter().any(|line| line.contains(" 401 alice stranger ")), "{answer:?}");
    let daemon = daemon.crash().start();
    let mut carol = log_in(&daemon, "carol", CAROL, "batch server-time message-tags");
    carol.sync();
    let seen = carol.seen();
    assert!(seen.iter().any(|line| line.ends_with(" chathistory alice")), "{seen:?}");
    let second = seen.iter().find(|line| line.ends_with(" PRIVMSG carol :second")).expect("it is shown");
    assert!(
        second.starts_with("@batch=") && second.contains(";time=") && second.contains(";msgid="),
        "{second}"
    );
    let shown = texts(carol.seen()).into_iter().filter(|text| ["first", "second"].contains(text)).count();
    assert_eq!(shown, 2);
    carol.send("QUIT");
    carol.expect_closed();
    let mut again = log_in(&daemon, "carol", CAROL, "batch server-time message-tags");
    again.sync();
    assert_eq!(texts(again.seen()), [""; 0]);
}

#[test]
fn a_login_of_this_host_that_was_never_here_gets_its_messages_too() {
    let Some(login) = required_login("messages for a login that was never here") else {
        return;
    };
    let daemon = Daemon::start();
    let mut alice = daemon.connect_tcp();
    alice.register("alice");
    let answers = ask(&mut alice, &format!("PRIVMSG {login} :see you"));
    answers.iter().find(|line| line.contains(" 301 ")).expect("it is told");
    let mut owner = daemon.client(&login);
    owner.sync();
    assert_eq!(texts(owner.seen()), ["see you"]);
}

#[test]
fn pages_are_read_by_members_and_survive_a_crash_and_guests_begin_with_their_arrival() {
    let daemon = Daemon::start();
    add(&daemon, "carol");
    add(&daemon, "dave");
    let mut carol = log_in(&daemon, "carol", CAROL, PAGES);
    carol.send(
        "JOIN #den\r\nPRIVMSG #den :tea at four\r\nPRIVMSG #den :or coffee\r\nPRIVMSG #lobby :hello all",
    );
    carol.sync();
    let daemon = daemon.crash().start();
    let mut dave = log_in(&daemon, "dave", DAVE, PAGES);
    for target in ["#den", "#nowhere"] {
        let refused = ask(&mut dave, &format!("CHATHISTORY LATEST {target} * 10"));
        let wanted =
            format!("FAIL CHATHISTORY INVALID_TARGET LATEST {target} :Messages could not be retrieved");
        assert!(refused.iter().any(|line| line.ends_with(&wanted)), "{refused:?}");
    }
    assert_eq!(texts(&ask(&mut dave, "SEARCH text=tea")), [""; 0]);
    dave.send("JOIN #den");
    assert_eq!(texts(&ask(&mut dave, "CHATHISTORY LATEST #den * 10")), ["tea at four", "or coffee"]);
    assert_eq!(texts(&ask(&mut dave, "SEARCH text=cof*;from=carol;in=#den")), ["or coffee"]);
    assert_eq!(texts(&ask(&mut dave, "SEARCH from=carol;limit=1")), ["hello all"]);
    let mut guest = daemon.connect_tcp();
    guest.register_with("guest", PAGES);
    assert_eq!(texts(&ask(&mut guest, "CHATHISTORY LATEST #lobby * 10")), [""; 0]);
}

#[test]
fn the_lobbys_last_lines_are_shown_to_who_cannot_ask_for_them() {
    let daemon = Daemon::configured("[lobby]\nreplay = 2");
    add(&daemon, "carol");
    let mut alice = daemon.connect_tcp();
    alice.register("alice");
    alice.send("PRIVMSG #lobby :one\r\nPRIVMSG #lobby :two\r\nPRIVMSG #lobby :three");
    alice.sync();
    for (caps, shown) in [
        ("server-time", &["two", "three"][..]),
        ("server-time batch", &["two", "three"]),
        ("echo-message", &[]),
        (PAGES, &[]),
    ] {
        let mut carol = log_in(&daemon, "carol", CAROL, caps);
        carol.sync();
        assert_eq!(texts(carol.seen()), shown, "{caps}");
    }
}

#[test]
fn who_asks_for_many_pages_at_once_is_not_cut_off_for_them() {
    let daemon = Daemon::configured(
        "[limits]\nsend-queue = 65536\nmessages-per-second = 0\nwork-per-second = 0\nheld-lines = 10000",
    );
    let mut alice = daemon.connect_tcp();
    alice.register_with("alice", PAGES);
    for number in 0..100 {
        alice.send(&format!("PRIVMSG #lobby :{number} {}", "x".repeat(300)));
    }
    alice.sync();
    // Nothing is read meanwhile; all of it is far more than may wait, and than sockets hold.
    for _ in 0..500 {
        alice.send("CHATHISTORY LATEST #lobby * 100");
    }
    let answered = alice.sync().iter().filter(|line| line.contains("BATCH -")).count();
    assert_eq!(answered, 500);
}
