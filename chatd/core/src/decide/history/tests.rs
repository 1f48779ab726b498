//! What waits for those who are away, and who may read what was said.

use chat_proto::message::Message;
use chat_proto::name::Folded;

use crate::testing::{Chat, START};
use crate::{AccountEvent, ConnId, Event, Incoming, Input, Mailbox, Operator, Origin, Peer, Policy};

const CAPS: &str = "batch server-time message-tags draft/chathistory";

/// What it hears when it is in is still to be read.
fn come(chat: &mut Chat, login: &str, caps: &str) -> ConnId {
    let origin = Origin::Unix { uid: 1000, pid: None, login: login.parse().ok() };
    let host = "localhost".into();
    let peer = Peer { origin, host, guests: true, secure: true, certificate: None };
    let conn = chat.connect_from(peer);
    chat.say(conn, &format!("CAP REQ :{caps}"));
    chat.register(conn, login);
    let message = Message::parse("CAP END").expect("a line");
    chat.feed(Input::Lines { conn, lines: vec![Incoming::Message(message)] });
    conn
}

fn waiting(chat: &Chat, account: &str) -> u32 {
    let account = Folded::new(account);
    chat.core().state().undelivered.get(&account).map_or(0, Mailbox::count)
}

fn with_undelivered(undelivered: u32) -> Chat {
    let mut policy = Policy::default();
    policy.limits.undelivered = undelivered;
    policy.reserve_logins = true;
    let mut chat = Chat::with(policy);
    chat.logins = vec!["alice", "bob", "carol"];
    chat
}

fn told(lines: &[String], word: &str) -> usize {
    lines.iter().filter(|line| line.contains(word)).count()
}

#[test]
fn who_is_here_on_an_errand_has_no_more_waiting_than_anybody() {
    let mut chat = with_undelivered(30);
    let alice = come(&mut chat, "alice", "chatd.org/no-auto-join echo-message");
    chat.hear_all();
    for _ in 0..10 {
        let heard = chat.say(alice, "PRIVMSG alice :note");
        assert_eq!(heard.len(), 2, "it is said, and comes, in any case: {heard:?}");
    }
    assert_eq!(waiting(&chat, "alice"), 3);
}

#[test]
fn one_sender_does_not_fill_a_mailbox_and_hears_why() {
    let mut chat = with_undelivered(30);
    let (bob, carol) = (chat.log_in("bob"), chat.log_in("carol"));
    chat.hear_all();
    for _ in 0..3 {
        assert!(chat.say(bob, "PRIVMSG alice :x")[0].contains(" 301 bob alice "));
    }
    let refused =
        ":chat.local 401 bob alice :alice is not here, and no more messages from you are kept for them";
    assert_eq!(chat.say(bob, "PRIVMSG alice :x"), [refused]);
    assert!(chat.say(carol, "PRIVMSG alice :x")[0].contains(" 301 "));
    assert_eq!(waiting(&chat, "alice"), 4);
}

#[test]
fn what_waits_is_handed_over_a_piece_at_a_time_and_counts_when_the_client_has_it() {
    let mut policy = Policy::default();
    policy.limits.reply_bytes = 250;
    policy.reserve_logins = true;
    let mut chat = Chat::with(policy);
    chat.logins = vec!["alice"];
    let bob = chat.log_in("bob");
    for number in 0..7 {
        chat.say(bob, &format!("PRIVMSG alice :note {number}"));
    }
    let alice = come(&mut chat, "alice", "batch");
    let mut heard = chat.heard(alice);
    let mut rounds = 0;
    while let Some(token) = heard.iter().find_map(|line| line.strip_prefix("PING :").map(str::to_owned)) {
        assert!(told(&heard, " :note ") > 0, "{heard:?}");
        assert_eq!(waiting(&chat, "alice"), 7 - rounds);
        rounds += u32::try_from(told(&heard, " :note ")).unwrap();
        heard = chat.say(alice, &format!("PONG :{token}"));
    }
    assert_eq!((rounds, waiting(&chat, "alice")), (7, 0));
}

#[test]
fn an_answer_takes_once_what_was_handed_over() {
    let mut chat = with_undelivered(30);
    let bob = chat.log_in("bob");
    chat.say(bob, "PRIVMSG alice :one");
    let alice = come(&mut chat, "alice", "batch");
    let ping = chat.heard(alice).into_iter().find_map(|line| line.strip_prefix("PING :").map(str::to_owned));
    let upto = ping.expect("something waited");
    chat.say(alice, &format!("PONG :{upto}"));
    chat.say(alice, &format!("PONG :{upto}"));
    let is_delivered =
        |event: &Event| matches!(event, Event::Account(_, AccountEvent::Delivered { left: 0, .. }));
    assert_eq!(chat.events().iter().filter(|event| is_delivered(event)).count(), 1);
}

#[test]
fn who_is_banned_from_the_lobby_does_not_read_it_from_outside() {
    let operators = vec![Operator { name: "bob".into(), password_hash: "pw".into() }];
    let policy = Policy { operators, ..Policy::default() };
    let mut chat = Chat::with(policy);
    let bob = chat.log_in("bob");
    chat.say(bob, "PRIVMSG #lobby :secret");
    let ask = "CHATHISTORY LATEST #lobby * 10";
    let errand = format!("{CAPS} chatd.org/no-auto-join");
    let alice = come(&mut chat, "alice", &errand);
    chat.hear_all();
    assert_eq!(told(&chat.say(alice, ask), "secret"), 1);
    chat.say(bob, "OPER bob pw");
    for mode in ["+b alice!*@*", "-b+i alice!*@*"] {
        chat.say(bob, &format!("MODE #lobby {mode}"));
        assert_eq!(told(&chat.say(alice, ask), "INVALID_TARGET"), 1, "{mode}");
    }
}

#[test]
fn who_has_a_removed_accounts_login_reads_nothing_that_was_said_with_the_former() {
    let mut chat = Chat::with(Policy::default());
    let (bob, former) = (chat.log_in("bob"), chat.log_in("alice"));
    chat.say(former, "PRIVMSG bob :secret");
    chat.say(former, "QUIT");
    chat.pass(1000);
    let ask = "CHATHISTORY LATEST bob * 10";
    let again = come(&mut chat, "alice", CAPS);
    assert_eq!(told(&chat.say(again, ask), "secret"), 1, "the same person as far as anybody knows");
    chat.say(again, "QUIT");
    chat.hand_on("alice");
    chat.pass(1000);
    let alice = come(&mut chat, "alice", CAPS);
    chat.say(bob, "PRIVMSG alice :hello");
    chat.hear_all();
    let page = chat.say(alice, ask);
    assert_eq!((told(&page, "secret"), told(&page, "hello")), (0, 1), "{page:?}");
}

#[test]
fn a_guest_does_not_read_what_was_said_before_it_came_although_the_clock_went_back() {
    let mut chat = Chat::with(Policy::default());
    let bob = chat.log_in("bob");
    chat.pass(3_600_000);
    chat.say(bob, "PRIVMSG #lobby :secret");
    chat.set_clock(START);
    let guest = chat.join("gast");
    chat.say(guest, &format!("CAP REQ :{CAPS}"));
    chat.say(bob, "PRIVMSG #lobby :hello");
    chat.hear_all();
    let page = chat.say(guest, "CHATHISTORY LATEST #lobby * 10");
    assert_eq!((told(&page, "secret"), told(&page, "hello")), (0, 1), "{page:?}");
}

#[test]
fn a_batch_names_its_channel_as_it_is_written() {
    let mut chat = Chat::new();
    let alice = come(&mut chat, "alice", CAPS);
    chat.join("Bob");
    chat.say(alice, "JOIN #Room");
    for (asked, written) in [("#rOOM", "#Room"), ("bOB", "bOB")] {
        let told = chat.say(alice, &format!("CHATHISTORY LATEST {asked} * 5"));
        assert!(told[0].ends_with(&format!(" chathistory {written}")), "{told:?}");
    }
}
