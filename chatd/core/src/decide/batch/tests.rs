use crate::testing::Chat;
use crate::{ConnId, Event, Incoming, Input};

/// Alice and bob take messages of several lines, carol doesn't; all are in #c.
fn chat() -> (Chat, [ConnId; 3]) {
    let mut chat = Chat::new();
    let conns = ["alice", "bob", "carol"].map(|nick| chat.join(nick));
    let caps = "batch message-tags echo-message labeled-response server-time";
    for (index, conn) in conns.into_iter().enumerate() {
        let multiline = if index < 2 { " draft/multiline" } else { "" };
        chat.say(conn, &format!("CAP REQ :{caps}{multiline}"));
        chat.say(conn, "JOIN #c");
    }
    chat.hear_all();
    (chat, conns)
}

fn send(chat: &mut Chat, conn: ConnId, begin: &str, lines: &[&str]) -> Vec<String> {
    let mut heard = chat.say(conn, begin);
    for line in lines {
        heard.extend(chat.say(conn, line));
    }
    heard.extend(chat.say(conn, "BATCH -1"));
    heard
}

const POEM: [&str; 4] = [
    "@batch=1 PRIVMSG #c :hello",
    "@batch=1 PRIVMSG #c :",
    "@batch=1 PRIVMSG #c :how is ",
    "@batch=1;draft/multiline-concat PRIVMSG #C everyone?",
];

fn without_time(line: &str) -> String {
    let time = line.find("time=").map(|at| &line[at..at + "time=2026-01-31T12:00:00.000Z".len()]);
    time.map_or_else(|| line.to_owned(), |time| line.replace(time, "T"))
}

#[test]
fn several_lines_are_one_message() {
    let (mut chat, [alice, bob, carol]) = chat();
    chat.events();
    let echo = send(&mut chat, alice, "@label=x;+a=b BATCH +1 draft/multiline #c", &POEM);
    assert!(echo[0].starts_with("@label=x;time="), "{echo:?}");
    assert!(echo[0].ends_with(" :alice!~alice@host.example BATCH +m1 draft/multiline #c"), "{echo:?}");
    let (relayed, source) = (chat.heard(bob), ":alice!~alice@host.example");
    assert_eq!(relayed[1..], echo[1..]);
    assert_eq!(
        relayed[1..],
        [
            format!("@batch=m1 {source} PRIVMSG #c :hello"),
            format!("@batch=m1 {source} PRIVMSG #c :"),
            format!("@batch=m1 {source} PRIVMSG #c :how is "),
            format!("@batch=m1;draft/multiline-concat {source} PRIVMSG #c :everyone?"),
            format!("{source} BATCH -m1"),
        ]
    );
    let id = chat.events().into_iter().find_map(|event| match event {
        Event::Said(said) => {
            assert_eq!(said.text.plain(), "hello\n\nhow is everyone?");
            Some(said.id)
        }
        _ => None,
    });
    let id = id.expect("it was said");
    let lines: Vec<_> = chat.heard(carol).iter().map(|line| without_time(line)).collect();
    assert_eq!(
        lines,
        [
            format!("@T;msgid={id};+a=b {source} PRIVMSG #c :hello"),
            format!("@T;+a=b {source} PRIVMSG #c :how is "),
            format!("@T;+a=b {source} PRIVMSG #c :everyone?"),
        ]
    );
}

#[test]
fn a_batch_within_a_labelled_answer_is_whole() {
    let (mut chat, [alice, bob, _]) = chat();
    chat.say(bob, "AWAY :lunch");
    let lines = ["@batch=1 PRIVMSG bob :a", "@batch=1 PRIVMSG bob :b"];
    let answer = send(&mut chat, alice, "@label=x BATCH +1 draft/multiline bob", &lines);
    assert!(answer[0].starts_with("@label=x :chat.local BATCH +l1 labeled-response"), "{answer:?}");
    assert!(answer[1].starts_with("@batch=l1;time="), "{answer:?}");
    assert!(answer[2].starts_with("@batch=m1 :") && answer[3].starts_with("@batch=m1 :"), "{answer:?}");
    assert!(answer[4].starts_with("@batch=l1 :") && answer[4].ends_with(" BATCH -m1"), "{answer:?}");
    assert!(answer[5].starts_with("@batch=l1 :") && answer[5].contains(" 301 "), "{answer:?}");
    assert_eq!(answer.len(), 7);
}

#[test]
fn what_is_wrong_is_told_once_with_the_label_and_nothing_is_said() {
    let long = format!("@batch=1 PRIVMSG #c :{}", "x".repeat(400));
    let (bytes, lines) = (vec![long.as_str(); 41], vec!["@batch=1 PRIVMSG #c :x"; 101]);
    let cases: [(&[&str], &str); 8] = [
        (&["@batch=1 PRIVMSG #d :x", "@batch=1 PRIVMSG #d :x"], "MULTILINE_INVALID_TARGET #c #d :"),
        (&bytes, "MULTILINE_MAX_BYTES 16384 :"),
        (&lines, "MULTILINE_MAX_LINES 100 :"),
        (&["@batch=1 PRIVMSG #c :x", "@batch=1 NOTICE #c :x"], "MULTILINE_INVALID :"),
        (&["@batch=1 PRIVMSG #c :x", "@batch=1;draft/multiline-concat PRIVMSG #c :"], "MULTILINE_INVALID :"),
        (&["@batch=1 PRIVMSG #c :", "@batch=1 PRIVMSG #c :"], "MULTILINE_INVALID :"),
        (&[], "MULTILINE_INVALID :"),
        (&["@batch=1 JOIN #d"], "MULTILINE_INVALID :"),
    ];
    for (lines, code) in cases {
        let (mut chat, [alice, bob, _]) = chat();
        let heard = send(&mut chat, alice, "@label=x BATCH +1 draft/multiline #c", lines);
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(heard[0].starts_with(&format!("@label=x :chat.local FAIL BATCH {code}")), "{heard:?}");
        assert_eq!(chat.heard(bob), [""; 0]);
        let said = send(&mut chat, alice, "BATCH +1 draft/multiline #c", &POEM);
        assert!(said.len() == 6, "a refused batch is over: {said:?}");
    }
}

#[test]
fn a_batch_that_lacks_a_line_is_not_said() {
    let (mut chat, [alice, bob, _]) = chat();
    for line in [
        Incoming::TooLong { command: None },
        Incoming::NotUtf8 { command: Some("PRIVMSG".into()) },
        Incoming::Malformed,
    ] {
        chat.say(alice, "BATCH +1 draft/multiline #c");
        chat.say(alice, POEM[0]);
        chat.feed(Input::Lines { conn: alice, lines: vec![line] });
        let heard = chat.heard(alice);
        chat.say(alice, POEM[2]);
        chat.say(alice, "BATCH -1");
        assert!(heard.iter().any(|line| line.contains("FAIL BATCH MULTILINE_INVALID")), "{heard:?}");
        assert_eq!(chat.heard(bob), [""; 0]);
    }
}

#[test]
fn what_is_no_part_of_an_open_batch_ends_it_but_for_signs_of_life() {
    let (mut chat, [alice, bob, _]) = chat();
    chat.say(alice, "BATCH +1 draft/multiline #c");
    assert!(chat.say(alice, "PING x")[0].contains(" PONG "));
    chat.say(alice, POEM[0]);
    assert!(chat.say(alice, "PRIVMSG #c :by the way")[0].contains("FAIL BATCH MULTILINE_INVALID"));
    assert_eq!(chat.say(alice, POEM[2]), [""; 0]);
    assert_eq!(chat.say(alice, "BATCH -1"), [""; 0]);
    assert_eq!(chat.heard(bob), [""; 0]);
    assert!(chat.say(alice, "@batch=1 PRIVMSG #c :late")[0].contains("FAIL BATCH MULTILINE_INVALID"));
    assert!(chat.say(alice, "BATCH -1")[0].contains("FAIL BATCH MULTILINE_INVALID"));
    assert_eq!(chat.heard(bob), [""; 0]);
    assert_eq!(chat.say(alice, "PRIVMSG #c :alone").len(), 1);
}

#[test]
fn only_good_references_and_known_types_begin_a_batch() {
    let (mut chat, [alice, _, carol]) = chat();
    for (begin, code) in [
        ("BATCH +", "INVALID_REFTAG"),
        ("BATCH +a_b draft/multiline #c", "INVALID_REFTAG"),
        ("BATCH x", "INVALID_REFTAG"),
        ("BATCH +1 netsplit #c", "UNKNOWN_TYPE 1 netsplit"),
        ("BATCH +1 draft/multiline", "MULTILINE_INVALID"),
        ("BATCH +1 draft/multiline #c,#d", "MULTILINE_INVALID"),
    ] {
        let heard = chat.say(alice, begin);
        assert!(heard[0].contains(&format!("FAIL BATCH {code}")), "{begin}: {heard:?}");
    }
    let heard = chat.say(carol, "BATCH +1 draft/multiline #c");
    assert!(heard[0].contains("FAIL BATCH UNKNOWN_TYPE 1 draft/multiline"), "{heard:?}");
}

#[test]
fn a_batch_that_nothing_comes_of_is_given_up() {
    let (mut chat, [alice, bob, _]) = chat();
    chat.say(alice, "@label=x BATCH +1 draft/multiline #c");
    chat.pass(59_999);
    chat.say(alice, POEM[0]);
    chat.pass(59_999);
    chat.feed(Input::Tick);
    assert!(!chat.heard(alice).concat().contains("FAIL"));
    chat.pass(1);
    chat.feed(Input::Tick);
    chat.feed(Input::Tick);
    let heard = chat.heard(alice);
    let told: Vec<_> = heard.iter().filter(|line| line.contains("FAIL BATCH TIMEOUT 1 :")).collect();
    assert!(told.len() == 1 && told[0].starts_with("@label=x "), "{heard:?}");
    assert_eq!(chat.say(alice, "BATCH -1"), [""; 0]);
    assert!(!chat.heard(bob).concat().contains("PRIVMSG"));
}

#[test]
fn a_line_too_long_for_others_is_told_and_none_is_said() {
    let (mut chat, [alice, bob, _]) = chat();
    let long = format!("@batch=1 PRIVMSG #c :{}", "x".repeat(480));
    let heard = send(&mut chat, alice, "@label=x BATCH +1 draft/multiline #c", &[POEM[0], &long]);
    assert!(heard.len() == 1 && heard[0].starts_with("@label=x ") && heard[0].contains(" 417 "), "{heard:?}");
    assert_eq!(chat.heard(bob), [""; 0]);
}

#[test]
fn a_channel_without_requests_takes_none_in_any_of_the_lines() {
    let mut chat = Chat::new();
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.say(alice, "CAP REQ :batch labeled-response message-tags draft/multiline");
    for conn in [alice, bob] {
        chat.say(conn, "JOIN #c");
    }
    chat.say(alice, "MODE #c +C");
    chat.hear_all();
    chat.say(alice, "BATCH +1 draft/multiline #c");
    chat.say(alice, "@batch=1 PRIVMSG #c :hello");
    chat.say(alice, "@batch=1 PRIVMSG #c :\x01VERSION\x01");
    let told = chat.say(alice, "BATCH -1");
    assert!(told.iter().any(|line| line.contains(" 404 alice #c ")), "{told:?}");
    assert_eq!(chat.heard(bob), [""; 0]);
}
