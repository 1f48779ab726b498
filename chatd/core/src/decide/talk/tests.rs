use crate::testing::Chat;
use crate::{AdminCommand, ConnId, Event, Input, Origin, Peer, Policy, TalkDeed};

const REQ: &str = "CAP REQ :chatd.org/talk";

/// Users whose clients know what a conversation is.
fn chat<const N: usize>(nicks: [&str; N]) -> (Chat, [ConnId; N]) {
    let mut chat = Chat::new();
    let conns = nicks.map(|nick| chat.join(nick));
    for conn in conns {
        chat.say(conn, REQ);
    }
    chat.hear_all();
    (chat, conns)
}

/// A further session of a login, which knows what a conversation is; what it was told on arrival is unread.
fn another(chat: &mut Chat, login: &str) -> ConnId {
    let origin = Origin::Unix { uid: 1000, pid: None, login: login.parse().ok() };
    let host = "localhost".into();
    let conn = chat.connect_from(Peer { origin, host, guests: true, secure: true, certificate: None });
    for line in [REQ, &format!("NICK {login}"), &format!("USER {login} 0 * :x")] {
        chat.say(conn, line);
    }
    chat.feed(Input::Lines { conn, lines: vec![line("CAP END")] });
    conn
}

fn line(text: &str) -> crate::Incoming {
    crate::Incoming::Message(chat_proto::message::Message::parse(text).unwrap())
}

/// What the connection was told of conversations.
fn of_talks(chat: &mut Chat, conn: ConnId) -> Vec<String> {
    let mut lines = chat.heard(conn);
    lines.retain(|line| line.contains(" TALK "));
    lines
}

fn partner(chat: &Chat, nick: &str) -> Option<String> {
    let state = chat.core().state();
    state.partner(state.user_named(nick).unwrap().1).map(|user| user.nick.to_string())
}

fn by(nick: &str, rest: &str) -> String {
    format!(":{nick}!~{nick}@host.example TALK {rest}")
}

fn nothing() -> [String; 0] {
    []
}

#[test]
fn who_is_asked_accepts_and_both_are_told_and_busy() {
    let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
    let request = [by("alice", "REQUEST bob")];
    assert_eq!(chat.say(alice, "TALK REQUEST bob"), request);
    assert_eq!(chat.heard(bob), request);
    let accept = [by("bob", "ACCEPT alice here")];
    assert_eq!(chat.say(bob, "talk accept"), accept);
    assert_eq!(chat.heard(alice), accept);
    assert_eq!(chat.heard(carol), nothing());
    assert_eq!(partner(&chat, "alice").as_deref(), Some("bob"));
    assert_eq!(partner(&chat, "bob").as_deref(), Some("alice"));
    let busy = ":chat.local FAIL TALK BUSY bob alice :bob is busy, talking with alice";
    assert_eq!(chat.say(carol, "TALK REQUEST bob"), [busy]);
    assert_eq!(chat.heard(bob), nothing());
}

#[test]
fn either_ends_it_and_both_can_be_asked_again() {
    for ender in ["alice", "bob"] {
        let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
        chat.say(alice, "TALK REQUEST bob");
        chat.say(bob, "TALK ACCEPT alice");
        chat.hear_all();
        let (conn, other, partner) =
            if ender == "alice" { (alice, bob, "bob") } else { (bob, alice, "alice") };
        let end = [by(ender, &format!("END {partner} :left the conversation"))];
        assert_eq!(chat.say(conn, "TALK END"), end);
        assert_eq!(chat.heard(other), end);
        assert_eq!(chat.say(conn, "TALK END"), [":chat.local FAIL TALK NOT_TALKING :You talk with nobody"]);
        for nick in ["alice", "bob"] {
            assert_eq!(
                chat.say(carol, &format!("TALK REQUEST {nick}")),
                [by("carol", &format!("REQUEST {nick}"))]
            );
        }
    }
}

#[test]
fn who_is_asked_declines_and_both_are_where_they_were() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.heard(bob);
    let decline = [by("bob", "DECLINE alice")];
    assert_eq!(chat.say(bob, "TALK DECLINE"), decline);
    assert_eq!(chat.heard(alice), decline);
    assert_eq!((partner(&chat, "alice"), partner(&chat, "bob")), (None, None));
    assert_eq!(chat.say(bob, "TALK DECLINE"), [":chat.local FAIL TALK NO_REQUEST :Nobody asks you to talk"]);
    assert_eq!(chat.say(alice, "TALK REQUEST bob"), [by("alice", "REQUEST bob")]);
}

#[test]
fn who_asks_takes_it_back_one_or_all() {
    let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(alice, "TALK REQUEST carol");
    chat.hear_all();
    assert_eq!(chat.say(alice, "TALK CANCEL bob"), [by("alice", "CANCEL bob")]);
    assert_eq!(chat.heard(bob), [by("alice", "CANCEL bob")]);
    let none = ":chat.local FAIL TALK NO_REQUEST bob :You don't ask bob to talk";
    assert_eq!(chat.say(alice, "TALK CANCEL bob"), [none]);
    chat.say(alice, "TALK REQUEST bob");
    chat.hear_all();
    assert_eq!(chat.say(alice, "TALK CANCEL"), [by("alice", "CANCEL carol"), by("alice", "CANCEL bob")]);
    assert_eq!(chat.heard(carol), [by("alice", "CANCEL carol")]);
    assert_eq!(chat.say(alice, "TALK CANCEL"), [":chat.local FAIL TALK NO_REQUEST :You ask nobody to talk"]);
}

#[test]
fn a_request_that_nobody_answers_runs_out_and_both_are_told() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.hear_all();
    chat.pass(59_999);
    chat.feed(Input::Tick);
    assert_eq!(of_talks(&mut chat, bob), nothing());
    chat.pass(1);
    chat.feed(Input::Tick);
    for conn in [alice, bob] {
        assert_eq!(of_talks(&mut chat, conn), [":chat.local TALK TIMEOUT alice bob"]);
    }
    assert!(chat.say(bob, "TALK ACCEPT")[0].contains("FAIL TALK NO_REQUEST"));
    chat.pass(60_000);
    chat.feed(Input::Tick);
    assert_eq!(of_talks(&mut chat, bob), nothing());
}

#[test]
fn two_who_ask_each_other_talk() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.hear_all();
    assert_eq!(chat.say(bob, "TALK REQUEST ALICE"), [by("bob", "ACCEPT alice here")]);
    assert_eq!(chat.heard(alice), [by("bob", "ACCEPT alice here")]);
    assert_eq!(partner(&chat, "alice").as_deref(), Some("bob"));
}

#[test]
fn who_accepts_one_declines_all_others_and_asks_nobody_any_more() {
    let (mut chat, [alice, bob, carol, dave, eve]) = chat(["alice", "bob", "carol", "dave", "eve"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(carol, "TALK REQUEST bob");
    chat.say(bob, "TALK REQUEST dave");
    chat.say(eve, "TALK REQUEST alice");
    chat.say(alice, "TALK REQUEST dave");
    chat.hear_all();
    let which = ":chat.local FAIL TALK SEVERAL :alice, carol ask you to talk; say which one you mean";
    for answer in ["TALK ACCEPT", "TALK DECLINE"] {
        assert_eq!(chat.say(bob, answer), [which]);
    }
    let with = |nick: &str| format!(":busy, talking with {nick}");
    let bobs = [
        by("bob", "ACCEPT alice here"),
        by("bob", &format!("DECLINE carol {}", with("alice"))),
        by("bob", &format!("CANCEL dave {}", with("alice"))),
    ];
    let alices = [
        by("alice", &format!("DECLINE eve {}", with("bob"))),
        by("alice", &format!("CANCEL dave {}", with("bob"))),
    ];
    assert_eq!(chat.say(bob, "TALK ACCEPT alice"), bobs);
    assert_eq!(chat.heard(alice), [&bobs[..1], &alices].concat());
    assert_eq!(chat.heard(carol), [bobs[1].clone()]);
    assert_eq!(chat.heard(dave), [bobs[2].clone(), alices[1].clone()]);
    assert_eq!(chat.heard(eve), [alices[0].clone()]);
    assert_eq!(chat.core().state().talk_requests.iter().count(), 0);
}

#[test]
fn who_talks_asks_and_accepts_nobody() {
    let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK ACCEPT");
    let talking = ":chat.local FAIL TALK TALKING bob :You are talking with bob; end that first";
    chat.hear_all();
    for wish in ["REQUEST carol", "ACCEPT carol", "ACCEPT", "REQUEST bob", "ACCEPT bob"] {
        assert_eq!(chat.say(alice, &format!("TALK {wish}")), [talking], "{wish}");
    }
    assert_eq!(chat.heard(carol), nothing());
}

#[test]
fn what_makes_no_sense_is_refused_and_tells_why() {
    let (mut chat, [alice, bob, _carol]) = chat(["alice", "bob", "carol"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.hear_all();
    for (line, answer) in [
        ("TALK REQUEST nobody", "FAIL TALK UNKNOWN_USER nobody :Nobody here is called nobody"),
        ("TALK REQUEST Alice", "FAIL TALK YOURSELF :You can't talk with yourself"),
        ("TALK REQUEST bob", "FAIL TALK ALREADY_ASKED bob :You have asked bob already"),
        ("TALK ACCEPT carol", "FAIL TALK NO_REQUEST carol :carol doesn't ask you to talk"),
        ("TALK DECLINE bob", "FAIL TALK NO_REQUEST bob :bob doesn't ask you to talk"),
        ("TALK ACCEPT nobody", "FAIL TALK UNKNOWN_USER nobody :Nobody here is called nobody"),
        (
            "TALK ABOUT :it all",
            "FAIL TALK INVALID_PARAMS ABOUT :Unknown subcommand: expected REQUEST, ACCEPT, DECLINE, CANCEL, END or LIST",
        ),
        ("TALK REQUEST", "461 alice TALK :Not enough parameters"),
        ("TALK REQUEST :", "461 alice TALK :Not enough parameters"),
        ("TALK", "461 alice TALK :Not enough parameters"),
    ] {
        assert_eq!(chat.say(alice, line), [format!(":chat.local {answer}")], "{line}");
    }
    assert_eq!(chat.heard(bob), nothing());
}

#[test]
fn so_many_requests_wait_and_no_more() {
    let mut policy = Policy::default();
    policy.limits.talk_requests = 2;
    let mut chat = Chat::with(policy);
    let [alice, bob, _carol, dave] = ["alice", "bob", "carol", "dave"].map(|nick| chat.join(nick));
    chat.say(alice, REQ);
    chat.say(dave, REQ);
    for (conn, to) in [(bob, "alice"), (dave, "bob"), (dave, "carol")] {
        chat.say(conn, &format!("TALK REQUEST {to}"));
    }
    let one = ":chat.local FAIL TALK TOO_MANY alice :You wait for 2 answers, which is all you may";
    assert_eq!(chat.say(dave, "TALK REQUEST alice").last().unwrap(), one);
    chat.say(dave, "TALK CANCEL bob");
    let two = ":chat.local FAIL TALK TOO_MANY alice :Too many others ask alice already";
    assert_eq!(chat.say(dave, "TALK REQUEST alice"), [two]);
}

#[test]
fn guests_leave_half_of_the_places_to_those_with_an_account() {
    let mut policy = Policy::default();
    policy.limits.talk_requests = 3;
    let mut chat = Chat::with(policy);
    let guests = ["bob", "carol", "dave", "eve"].map(|nick| chat.join(nick));
    let alice = another(&mut chat, "alice");
    for guest in &guests[..2] {
        chat.say(*guest, "TALK REQUEST alice");
    }
    let full = ":TalkServ!TalkServ@chat.local NOTICE dave :Too many others ask alice already";
    assert_eq!(chat.say(guests[2], "TALK REQUEST alice").pop().unwrap(), full);
    let login = another(&mut chat, "frank");
    assert_eq!(
        chat.say(login, "TALK REQUEST alice").pop().unwrap(),
        ":frank!frank@localhost TALK REQUEST alice"
    );
    chat.say(alice, "TALK DECLINE bob");
    chat.hear_all();
    chat.say(guests[3], "TALK REQUEST alice");
    assert_eq!(chat.heard(alice), [by("eve", "REQUEST alice")]);
}

#[test]
fn a_lost_connection_ends_the_conversation_and_the_partner_is_told_why() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(bob, "TALK REQUEST alice");
    chat.say(alice, "TALK ACCEPT");
    chat.hear_all();
    chat.pass(60_000);
    chat.feed(Input::Tick);
    chat.say(bob, "PONG x");
    chat.pass(20_000);
    chat.feed(Input::Tick);
    assert!(chat.is_closed(alice));
    let lost = by("alice", "END bob :Connection lost (no answer for 80 seconds)");
    assert_eq!(of_talks(&mut chat, bob), [lost]);
    assert_eq!(partner(&chat, "bob"), None);
    assert!(!of_talks(&mut chat, alice).iter().any(|line| line.contains("END")));
}

/// Ways to go, and the reason that is told.
const WAYS: [(&str, &str); 2] = [("kicked", "Kicked by root: loud"), ("quits", "Quit: tea")];

fn go(chat: &mut Chat, conn: ConnId, nick: &str, way: &str) {
    if way == "kicked" {
        chat.ask(AdminCommand::Kick { name: nick.into(), reason: Some("loud".into()), ban: None });
    } else {
        chat.say(conn, "QUIT :tea");
    }
    assert!(chat.is_closed(conn));
}

#[test]
fn requests_from_and_to_somebody_who_leaves_are_over() {
    for (way, _) in WAYS {
        let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
        chat.say(alice, "TALK REQUEST bob");
        chat.say(carol, "TALK REQUEST alice");
        chat.hear_all();
        go(&mut chat, alice, "alice", way);
        assert_eq!(chat.heard(bob), [by("alice", "CANCEL bob :left the chat")]);
        assert_eq!(chat.heard(carol), [by("alice", "DECLINE carol :left the chat")]);
        assert_eq!(chat.core().state().talk_requests, Default::default());
    }
}

#[test]
fn who_is_put_out_or_quits_leaves_the_conversation() {
    for (way, why) in WAYS {
        let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
        chat.say(alice, "TALK REQUEST bob");
        chat.say(bob, "TALK ACCEPT");
        chat.hear_all();
        go(&mut chat, alice, "alice", way);
        assert_eq!(chat.heard(bob), [by("alice", &format!("END bob :{why}"))]);
        assert_eq!(partner(&chat, "bob"), None);
    }
}

#[test]
fn when_the_server_stops_nothing_is_left_and_nobody_is_told_twice() {
    let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK ACCEPT");
    let dave = chat.join("dave");
    chat.say(carol, "TALK REQUEST dave");
    chat.hear_all();
    chat.events();
    chat.feed(Input::Stop { reason: "Server shutting down".into() });
    for conn in [alice, bob, carol, dave] {
        assert_eq!(chat.heard(conn), ["ERROR :Closing link: Server shutting down"]);
    }
    let events = chat.events();
    let deeds: Vec<&TalkDeed> = events
        .iter()
        .filter_map(|event| if let Event::Talk(talk) = event { Some(&talk.deed) } else { None })
        .collect();
    assert!(matches!(deeds[..], [TalkDeed::Ended { .. }, TalkDeed::Cancelled { .. }]), "{deeds:?}");
}

#[test]
fn the_first_session_to_answer_has_the_conversation_and_the_others_are_told() {
    let mut chat = Chat::new();
    let [one, two] = [(); 2].map(|()| another(&mut chat, "bob"));
    let alice = another(&mut chat, "alice");
    chat.say(alice, "TALK REQUEST bob");
    for conn in [one, two] {
        assert_eq!(of_talks(&mut chat, conn), [":alice!alice@localhost TALK REQUEST bob"]);
    }
    assert_eq!(chat.say(two, "TALK ACCEPT"), [":bob!bob@localhost TALK ACCEPT alice here"]);
    assert_eq!(chat.heard(one), [":bob!bob@localhost TALK ACCEPT alice elsewhere"]);
    let talking = ":chat.local FAIL TALK TALKING alice :You are talking with alice; end that first";
    assert_eq!(chat.say(one, "TALK ACCEPT"), [talking]);

    // Another one goes on with it, and then it hangs on that one alone.
    assert_eq!(chat.say(one, "TALK ACCEPT alice"), [":bob!bob@localhost TALK ACCEPT alice here"]);
    assert_eq!(chat.heard(two), [":bob!bob@localhost TALK ACCEPT alice elsewhere"]);
    assert_eq!(of_talks(&mut chat, alice), [":bob!bob@localhost TALK ACCEPT alice here"]);
    chat.say(two, "QUIT");
    assert_eq!(partner(&chat, "bob").as_deref(), Some("alice"));
    let three = another(&mut chat, "bob");
    assert_eq!(of_talks(&mut chat, three), [":bob!bob@localhost TALK ACCEPT alice elsewhere"]);
    chat.say(one, "QUIT");
    let end = [":bob!bob@localhost TALK END alice :Quit"];
    assert_eq!(of_talks(&mut chat, alice), end);
    assert_eq!(of_talks(&mut chat, three), end);
}

#[test]
fn a_request_hangs_on_the_session_that_asks_and_not_on_one_of_several_that_are_asked() {
    let mut chat = Chat::new();
    let [one, two] = [(); 2].map(|()| another(&mut chat, "bob"));
    let [ask, stay] = [(); 2].map(|()| another(&mut chat, "alice"));
    chat.say(ask, "TALK REQUEST bob");
    chat.hear_all();
    chat.say(one, "QUIT");
    assert_eq!(chat.core().state().talk_requests.iter().count(), 1);
    chat.say(ask, "QUIT");
    let cancel = ":alice!alice@localhost TALK CANCEL bob :the session has ended";
    assert_eq!(chat.heard(two), [cancel]);
    assert_eq!(chat.heard(stay), [cancel]);
}

#[test]
fn a_new_session_is_told_of_what_waits_and_the_list_says_it_again() {
    let mut chat = Chat::new();
    let bob = another(&mut chat, "bob");
    let (alice, carol) = (chat.join("alice"), chat.join("carol"));
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK REQUEST carol");
    let requests = [by("alice", "REQUEST bob"), ":bob!bob@localhost TALK REQUEST carol".into()];
    let new = another(&mut chat, "bob");
    let told = chat.heard(new);
    let welcome = told.iter().position(|line| line.contains(" 221 ")).unwrap();
    assert_eq!(told[welcome + 1..][..2], requests);
    let end = [String::from(":chat.local TALK LIST :End of list")];
    assert_eq!(chat.say(new, "TALK LIST"), [&requests[..], &end].concat());
    assert_eq!(
        chat.say(carol, "PRIVMSG TalkServ :list").pop().unwrap(),
        ":TalkServ!TalkServ@chat.local NOTICE carol :bob would like to talk. Answer yes or no: /msg TalkServ yes bob"
    );
    chat.pass(7_000);
    chat.say(bob, "TALK ACCEPT alice");
    chat.pass(7_000);
    chat.say(new, "CAP REQ server-time");
    let listed = chat.say(new, "TALK LIST");
    assert_eq!(listed[0], "@time=2026-01-31T12:00:07.000Z :bob!bob@localhost TALK ACCEPT alice elsewhere");
}

#[test]
fn whoever_is_renamed_keeps_conversation_and_requests() {
    let mut chat = Chat::new();
    let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(|nick| chat.join(nick));
    for conn in [alice, bob, carol, dave] {
        chat.say(conn, "CAP REQ :chatd.org/talk away-notify");
        chat.say(conn, "JOIN #room");
    }
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "NICK bert");
    chat.hear_all();
    assert!(chat.say(alice, "TALK REQUEST bert")[0].contains("ALREADY_ASKED bert"));
    chat.say(bob, "TALK ACCEPT alice");
    chat.hear_all();
    chat.add_account("other", "x");
    chat.say(bob, "NICK robert");
    let renamed =
        [":bert!~bob@host.example NICK robert", ":alice!~alice@host.example AWAY :talking with robert"];
    assert_eq!(chat.heard(carol), renamed);
    assert_eq!(
        chat.say(dave, "TALK REQUEST alice"),
        [&renamed[..], &[":chat.local FAIL TALK BUSY alice robert :alice is busy, talking with robert"]]
            .concat()
    );
    assert_eq!(partner(&chat, "robert").as_deref(), Some("alice"));
}

#[test]
fn who_talks_with_somebody_or_waits_for_an_answer_hears_of_the_new_name_without_a_channel_in_common() {
    let (mut chat, [alice, bob, carol, dave]) = chat(["alice", "bob", "carol", "dave"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK REQUEST carol");
    chat.hear_all();
    let renamed = [":bob!~bob@host.example NICK robert"];
    assert_eq!(chat.say(bob, "NICK robert"), renamed);
    for conn in [alice, carol] {
        assert_eq!(chat.heard(conn), renamed);
    }
    assert_eq!(chat.heard(dave), nothing());
    chat.say(bob, "TALK ACCEPT");
    chat.say(alice, "JOIN #room");
    chat.say(bob, "JOIN #room");
    chat.hear_all();
    chat.say(bob, "NICK bob");
    assert_eq!(chat.heard(alice), [":robert!~bob@host.example NICK bob"]);
    chat.say(bob, "PART #room");
    chat.hear_all();
    chat.say(bob, "NICK rob");
    assert_eq!(chat.heard(alice), [":bob!~bob@host.example NICK rob"]);
    assert_eq!(chat.heard(carol), nothing());
}

#[test]
fn who_has_to_make_way_for_an_account_keeps_the_conversation() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK ACCEPT");
    chat.hear_all();
    let credentials = Box::new(crate::testing::credentials("secret"));
    chat.ask(AdminCommand::AddAccount { name: "bob".into(), credentials, login: false });
    assert_eq!(partner(&chat, "alice").as_deref(), Some("guest1"));
    assert_eq!(
        chat.say(bob, "TALK END").pop().unwrap(),
        ":guest1!~bob@host.example TALK END alice :left the conversation"
    );
}

#[test]
fn others_see_that_both_are_busy_and_with_whom_and_then_what_was_before() {
    let (mut chat, [alice, bob, carol]) = chat(["alice", "bob", "carol"]);
    for conn in [alice, bob, carol] {
        chat.say(conn, "JOIN #room");
    }
    chat.say(carol, "CAP REQ away-notify");
    chat.say(alice, "AWAY :at lunch");
    chat.hear_all();
    chat.say(alice, "TALK REQUEST bob");
    chat.say(bob, "TALK ACCEPT");
    let away = |nick: &str, text: &str| format!(":{nick}!~{nick}@host.example AWAY{text}");
    assert_eq!(chat.heard(carol), [away("bob", " :talking with alice"), away("alice", " :talking with bob")]);
    assert_eq!(chat.say(carol, "PRIVMSG alice :hi"), [":chat.local 301 carol alice :talking with bob"]);
    assert!(chat.say(carol, "WHOIS alice").contains(&":chat.local 301 carol alice :talking with bob".into()));
    assert!(chat.say(carol, "WHO alice")[0].contains(" alice G@ "), "away by its flag");
    chat.hear_all();
    assert_eq!(chat.say(bob, "PRIVMSG alice :hi"), nothing());
    assert_eq!(chat.heard(alice), [":bob!~bob@host.example PRIVMSG alice :hi"]);
    chat.say(bob, "TALK END");
    assert_eq!(chat.heard(carol), [away("bob", ""), away("alice", " :at lunch")]);
}

#[test]
fn who_asks_somebody_away_is_told_so_and_the_request_goes_out() {
    let (mut chat, [alice, bob]) = chat(["alice", "bob"]);
    chat.say(bob, "AWAY :at lunch");
    let told = [by("alice", "REQUEST bob"), ":chat.local 301 alice bob :at lunch".into()];
    assert_eq!(chat.say(alice, "TALK REQUEST bob"), told);
    assert_eq!(chat.heard(bob), told[..1]);
}

#[test]
fn a_label_is_on_the_answer() {
    let (mut chat, [alice, _bob]) = chat(["alice", "bob"]);
    chat.say(alice, "CAP REQ :batch labeled-response server-time account-tag");
    let time = "time=2026-01-31T12:00:00.000Z";
    let request = by("alice", "REQUEST bob");
    assert_eq!(chat.say(alice, "@label=7 TALK REQUEST bob"), [format!("@label=7;{time} {request}")]);
    assert!(
        chat.say(alice, "@label=8 TALK REQUEST bob")[0].starts_with("@label=8 :chat.local FAIL TALK ALREADY")
    );
}

#[test]
fn who_has_another_client_asks_and_answers_in_words() {
    let mut chat = Chat::new();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|nick| chat.join(nick));
    let serv = |to: &str, text: &str| format!(":TalkServ!TalkServ@chat.local NOTICE {to} :{text}");
    let mut say = |conn, text: &str| chat.say(conn, &format!("PRIVMSG talkserv :{text}"));
    let asked =
        "You have asked bob to talk, and wait for at most 60 seconds. To take it back: /msg TalkServ cancel";
    assert_eq!(say(alice, "talk BOB"), [serv("alice", asked)]);
    assert_eq!(say(alice, "talk bob"), [serv("alice", "You have asked bob already")]);
    say(carol, "Talk bob");
    let told = say(bob, "yes");
    assert_eq!(told[0], serv("bob", "alice would like to talk. Answer yes or no: /msg TalkServ yes alice"));
    assert_eq!(told[1], serv("bob", "carol would like to talk. Answer yes or no: /msg TalkServ yes carol"));
    assert_eq!(told[2], serv("bob", "alice, carol ask you to talk; say which one you mean"));
    let told = say(bob, " yes  alice ");
    let now = |other: &str| {
        format!("You are talking with {other} now: /query {other}. To end it: /msg TalkServ end")
    };
    assert_eq!(
        told,
        [serv("bob", &now("alice")), serv("bob", "You don't talk with carol: busy, talking with alice")]
    );
    assert_eq!(say(alice, "no"), [serv("alice", &now("bob")), serv("alice", "Nobody asks you to talk")]);
    let told = say(carol, "talk bob");
    assert_eq!(
        told,
        [
            serv("carol", "bob doesn't talk with you: busy, talking with alice"),
            serv("carol", "bob is busy, talking with alice"),
        ]
    );
    assert_eq!(say(bob, "end"), [serv("bob", "You have left the conversation with alice")]);
    assert_eq!(say(alice, "help")[0], serv("alice", "bob has left the conversation"));
    assert!(say(alice, "help").len() > 4);
    assert_eq!(say(alice, "list"), [serv("alice", "You talk with nobody, and no request waits")]);
}

#[test]
fn talkserv_is_nobody_else() {
    let mut chat = Chat::new();
    let alice = chat.join("alice");
    for name in ["TalkServ", "ta1kserv", "talkserv_"] {
        assert!(chat.say(alice, &format!("NICK {name}"))[0].contains(" 432 "), "{name}");
    }
}

#[test]
fn a_program_on_an_errand_is_not_told_in_words_unless_it_asks() {
    let mut chat = Chat::new();
    let (alice, errand) = (chat.join("alice"), chat.connect());
    chat.say(errand, "CAP REQ :chatd.org/no-auto-join");
    chat.register(errand, "bob");
    chat.say(errand, "CAP END");
    chat.say(alice, "TALK REQUEST bob");
    assert_eq!(chat.heard(errand), nothing());
    let asked = ":TalkServ!TalkServ@chat.local NOTICE bob :alice would like to talk. Answer yes or no: /msg TalkServ yes alice";
    assert_eq!(chat.say(errand, "PRIVMSG TalkServ :list"), [asked]);
}
