//! Coming, leaving and coming back, against a scripted server that keeps a history.

mod once;

use chat_proto::message::Message;

use super::*;
use crate::session::How;
use crate::session::trace::wire_time;

const CAPS: &str = "message-tags server-time echo-message batch labeled-response draft/chathistory \
                    draft/read-marker draft/message-redaction soju.im/search";

struct Scene {
    session: Session,
    caps: String,
}

impl Scene {
    /// Registered and in the lobby at 10 o'clock; read is what the server says of that.
    fn ready(read: &str) -> Self {
        Self::with(read, "chatd.org/client-id=86400 draft/multiline=max-bytes=1000,max-lines=10")
    }

    fn with(read: &str, caps: &str) -> Self {
        let session = Session::new("alice", "alice").with_replay();
        let mut scene = Self { session, caps: format!("{CAPS} {caps}") };
        scene.come("10:00", read);
        scene
    }

    fn come(&mut self, time: &str, read: &str) {
        self.session.open();
        let caps = self.caps.clone();
        self.hear(&format!(":s CAP * LS :{caps}"));
        self.hear(&format!(":s CAP alice ACK :{caps}"));
        self.hear(":s 001 alice :Welcome");
        self.hear(":s 005 alice chatd.org/LOBBY=#lobby CHATHISTORY=3 :are supported");
        self.hear(":s 376 alice :End of /MOTD command.");
        self.hear(&format!("@time=2026-11-23T{time}:00.000Z :alice!alice@host JOIN #lobby"));
        self.hear(&format!(":s MARKREAD #lobby {read}"));
        self.hear(":s PONG s chat-ready");
    }

    fn hear(&mut self, line: &str) {
        self.session.receive(&Message::parse(line).unwrap());
    }

    /// The lines that were sent, those that ask or say something.
    fn sent(&mut self) -> Vec<String> {
        let wanted = ["CHATHISTORY", "PRIVMSG", "BATCH", "MARKREAD", "SEARCH"];
        let lines = self.session.outgoing().into_iter().map(|line| line.trim_end().to_owned());
        lines.filter(|line| wanted.iter().any(|word| line.contains(word))).collect()
    }

    fn shown(&mut self) -> Vec<String> {
        let events = self.session.events();
        events.iter().filter_map(told).collect()
    }

    fn say(&mut self, text: &str) {
        assert!(self.session.say("#lobby", text, How::Text));
    }

    /// Answers a question with lines of the form `TIME ID NAME TEXT`, from before today if the time has a day.
    fn answer(&mut self, label: &str, place: &str, lines: &[&str]) {
        self.hear(&format!("@label={label} :s BATCH +b chathistory {place}"));
        for line in lines {
            let [time, id, name, text]: [&str; 4] =
                line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
            let to = if place.starts_with('#') || name == "alice" { place } else { "alice" };
            self.hear(&format!("@batch=b;time={};msgid={id} :{name}!u@h PRIVMSG {to} :{text}", at(time)));
        }
        self.hear(":s BATCH -b");
    }

    fn live(&mut self, time: &str, id: &str, name: &str, text: &str) {
        self.hear(&format!("@time={};msgid={id} :{name}!u@h PRIVMSG #lobby :{text}", at(time)));
    }

    fn nothing_in_private(&mut self, label: &str) {
        self.hear(&format!("@label={label} :s BATCH +t draft/chathistory-targets"));
        self.hear(":s BATCH -t");
    }
}

/// `20T17:03` or `17:03`.
fn at(time: &str) -> String {
    match time.split_once('T') {
        Some((day, time)) => format!("2026-11-{day}T{time}:00.000Z"),
        None => format!("2026-11-23T{time}:00.000Z"),
    }
}

fn told(event: &Event) -> Option<String> {
    match &event.what {
        What::Said { from, text, .. } => Some(format!("{from}: {text}")),
        What::Unread(unread) => Some(format!("{} unread in {}", unread.count, unread.place)),
        What::CaughtUp { places } => Some(format!("caught up in {}", places.len())),
        What::Unsure { text, .. } => Some(format!("unsure: {text}")),
        What::Gone { name, .. } => Some(format!("{name} gone")),
        What::Refused { reason, .. } => Some(format!("refused: {reason}")),
        What::Removed { from, .. } => Some(format!("removed: {from:?}")),
        What::History { lines, whole, .. } => {
            Some(format!("history: {} {whole}", lines.iter().filter_map(told).collect::<Vec<_>>().join(", ")))
        }
        What::Found { lines, .. } => {
            Some(format!("found: {}", lines.iter().filter_map(told).collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}

/// In the lobby, with nothing that was missed.
fn settled() -> Scene {
    let mut scene = Scene::ready("*");
    scene.answer("past1", "#lobby", &["09:00 a bob morning"]);
    scene.nothing_in_private("past2");
    scene.sent();
    scene.shown();
    scene
}

#[test]
fn where_too_much_was_missed_history_goes_on_before_the_oldest_that_is_shown() {
    let mut scene = settled();
    scene.session.lost();
    scene.come("18:00", "*");
    let mut oldest = 10_000;
    while let Some(asked) = scene.sent().into_iter().find(|line| line.contains(" #lobby ")) {
        let label = asked.trim_start_matches("@label=").split(' ').next().unwrap().to_owned();
        oldest -= 3;
        let lines = [0, 1, 2].map(|n| format!("12:00 m{} bob hi", oldest + n));
        scene.answer(&label, "#lobby", &lines.each_ref().map(String::as_str));
    }
    scene.nothing_in_private("past4");
    let shown = scene.shown().iter().filter(|line| *line == "bob: hi").count();
    assert_eq!(shown, 10_000 - oldest);
    assert!(scene.session.past.is_idle());
    scene.session.ask_history("#lobby", 3, None);
    assert!(scene.sent()[0].ends_with(&format!("CHATHISTORY BEFORE #lobby msgid=m{oldest} 3")));
}

#[test]
fn more_than_can_wait_is_shown_at_once() {
    let mut scene = Scene::ready("*");
    for n in 0..=HELD_MAX {
        scene.live("10:01", &format!("m{n}"), "bob", "hi");
    }
    assert_eq!(scene.shown().len(), HELD_MAX + 1);
}

#[test]
fn on_arrival_what_was_said_comes_first_with_a_mark_before_what_is_unread() {
    let mut scene = Scene::ready("timestamp=2026-11-20T17:03:00.000Z");
    let targets = "@label=past2 CHATHISTORY TARGETS timestamp=9999-12-31T23:59:59.999Z \
                   timestamp=2026-09-24T10:00:00.000Z 30";
    assert_eq!(scene.sent(), ["@label=past1 CHATHISTORY LATEST #lobby * 3", targets]);
    scene.live("10:01", "z", "carol", "hello");
    scene.hear(":carol!u@h QUIT :bye");
    scene.answer("past1", "#lobby", &["20T17:04 d bob d", "22T12:00 e bob e", "22T13:00 f bob alice?"]);
    assert_eq!(scene.sent(), ["@label=past3 CHATHISTORY BEFORE #lobby msgid=d 3"]);
    scene.nothing_in_private("past2");
    assert!(scene.shown().is_empty());
    scene.answer("past3", "#lobby", &["20T17:02 b bob b", "20T17:03 c bob c"]);
    let expected = ["bob: b", "bob: c", "3 unread in #lobby", "bob: d", "bob: e", "bob: alice?"];
    assert_eq!(scene.shown(), [&expected[..], &["carol: hello", "carol gone"]].concat());
}

#[test]
fn nothing_is_called_unread_where_nothing_was_ever_read_or_we_had_the_last_word() {
    let mut scene = Scene::ready("*");
    scene.nothing_in_private("past2");
    scene.answer("past1", "#lobby", &["09:00 a bob morning"]);
    assert_eq!(scene.shown(), ["bob: morning"]);
    let mut scene = Scene::ready("timestamp=2026-11-20T17:03:00.000Z");
    scene.nothing_in_private("past2");
    scene.answer("past1", "#lobby", &["09:00 a bob morning", "09:01 b alice hi"]);
    assert_eq!(scene.shown(), ["bob: morning", "alice: hi"]);
}

#[test]
fn what_was_written_in_private_is_fetched_if_it_is_unread() {
    let mut scene = Scene::ready("*");
    scene.answer("past1", "#lobby", &[]);
    scene.sent();
    scene.hear("@label=past2 :s BATCH +t draft/chathistory-targets");
    for (name, time) in [("#lobby", "09:00"), ("bob", "08:00"), ("carol", "07:00")] {
        scene.hear(&format!("@batch=t :s CHATHISTORY TARGETS {name} timestamp={}", at(time)));
    }
    scene.hear(":s BATCH -t");
    assert_eq!(scene.sent(), ["@label=past3 MARKREAD bob", "@label=past4 MARKREAD carol"]);
    scene.hear(&format!("@label=past3 :s MARKREAD bob timestamp={}", at("06:00")));
    scene.hear(&format!("@label=past4 :s MARKREAD carol timestamp={}", at("07:00")));
    assert_eq!(scene.sent(), ["@label=past5 CHATHISTORY LATEST bob * 3"]);
    scene.answer("past5", "bob", &["05:00 p alice soup?", "08:00 q bob yes"]);
    assert_eq!(scene.shown(), ["alice: soup?", "1 unread in bob", "bob: yes"]);
}

#[test]
fn messages_that_were_kept_for_us_are_shown_once() {
    let mut scene = Scene::with("*", "");
    scene.hear(":s BATCH +k chathistory bob");
    scene.hear(&format!("@batch=k;time={};msgid=q :bob!u@h PRIVMSG alice :yes", at("08:00")));
    scene.hear(":s BATCH -k");
    scene.answer("past1", "#lobby", &[]);
    scene.nothing_in_private("past2");
    assert_eq!(scene.shown(), ["1 unread in bob", "bob: yes"]);
}

#[test]
fn what_was_missed_over_a_broken_connection_is_shown_once_and_before_what_is_new() {
    let mut scene = settled();
    scene.live("10:01", "b", "bob", "before");
    scene.hear("ERROR :Closing link: The server is shutting down");
    scene.session.lost();
    scene.come("10:30", "*");
    let targets = "@label=past4 CHATHISTORY TARGETS timestamp=9999-12-31T23:59:59.999Z \
                   timestamp=2026-11-23T10:00:50.000Z 30";
    assert_eq!(scene.sent(), ["@label=past3 CHATHISTORY LATEST #lobby msgid=b 3", targets]);
    scene.live("10:31", "g", "bob", "new");
    scene.answer("past3", "#lobby", &["10:12 d bob d", "10:13 e bob e", "10:31 g bob new"]);
    assert_eq!(scene.sent(), ["@label=past5 CHATHISTORY BETWEEN #lobby msgid=d msgid=b 3"]);
    scene.answer("past5", "#lobby", &["10:11 c bob c"]);
    scene.nothing_in_private("past4");
    let expected = ["bob: before", "4 unread in #lobby", "bob: c", "bob: d", "bob: e", "bob: new"];
    assert_eq!(scene.shown(), expected);
    scene.live("10:32", "g", "bob", "new");
    assert!(scene.shown().is_empty());
}

#[test]
fn a_break_while_it_is_fetched_loses_nothing() {
    let mut scene = settled();
    scene.session.lost();
    scene.come("10:30", "*");
    scene.live("10:31", "g", "bob", "new");
    scene.answer("past3", "#lobby", &["10:12 d bob d", "10:13 e bob e", "10:14 f bob f"]);
    scene.session.lost();
    scene.sent();
    scene.come("10:40", "*");
    assert_eq!(scene.sent()[0], "@label=past6 CHATHISTORY LATEST #lobby msgid=a 3");
    scene.answer("past6", "#lobby", &["10:14 f bob f", "10:31 g bob new"]);
    scene.nothing_in_private("past7");
    assert_eq!(scene.shown(), ["2 unread in #lobby", "bob: f", "bob: new"]);
}

#[test]
fn a_server_that_does_not_answer_does_not_keep_back_what_is_new() {
    let mut scene = settled();
    scene.session.lost();
    scene.come("10:30", "*");
    scene.live("10:31", "g", "bob", "new");
    scene.session.tick(Timestamp::UNIX_EPOCH);
    assert!(scene.shown().is_empty());
    scene.session.tick(Timestamp::UNIX_EPOCH + PATIENCE);
    assert_eq!(scene.shown(), ["bob: new"]);
    scene.live("10:32", "h", "bob", "newer");
    assert_eq!(scene.shown(), ["bob: newer"]);
}

#[test]
fn a_server_that_has_forgotten_what_we_saw_last_is_asked_by_time() {
    let mut scene = settled();
    scene.session.lost();
    scene.come("10:30", "*");
    scene.sent();
    scene.hear("@label=past3 :s FAIL CHATHISTORY INVALID_PARAMS LATEST :no such message");
    let asked = "@label=past5 CHATHISTORY LATEST #lobby timestamp=2026-11-23T09:00:00.000Z 3";
    assert_eq!(scene.sent(), [asked]);
}

#[test]
fn several_lines_are_one_message_both_ways_and_in_the_history() {
    let mut scene = settled();
    scene.say("one\n\ntwo");
    let sent = scene.sent();
    assert!(
        sent[0].starts_with("@label=say1;chatd.org/client-id=")
            && sent[0].ends_with("BATCH +say1 draft/multiline #lobby")
    );
    let lines = [
        "@batch=say1 PRIVMSG #lobby :one",
        "@batch=say1 PRIVMSG #lobby :",
        "@batch=say1 PRIVMSG #lobby :two",
    ];
    assert_eq!(sent[1..], [&lines[..], &["BATCH -say1"]].concat());
    scene.hear("@label=say1;msgid=m :alice!a@h BATCH +x draft/multiline #lobby");
    for (tag, text) in [("", "one"), ("", "t"), (";draft/multiline-concat", "wo")] {
        scene.hear(&format!("@batch=x{tag} :alice!a@h PRIVMSG #lobby :{text}"));
    }
    assert!(!scene.session.is_settled());
    scene.hear(":alice!a@h BATCH -x");
    assert!(scene.session.is_settled());
    assert_eq!(scene.shown(), ["alice: one\ntwo"]);

    scene.session.ask_history("#lobby", 3, None);
    scene.hear("@label=past3 :s BATCH +p chathistory #lobby");
    scene.hear("@batch=p;msgid=o;time=2026-11-20T17:03:00.000Z :bob!u@h BATCH +q draft/multiline #lobby");
    scene.hear("@batch=q :bob!u@h PRIVMSG #lobby :a");
    scene.hear("@batch=q :bob!u@h PRIVMSG #lobby :b");
    scene.hear(":bob!u@h BATCH -q");
    scene.hear(":s BATCH -p");
    assert_eq!(scene.shown(), ["history: bob: a\nb true"]);
}

#[test]
fn history_goes_back_from_what_is_seen_and_on_from_there() {
    let mut scene = settled();
    scene.session.ask_history("#lobby", 4, None);
    assert_eq!(scene.sent(), ["@label=past3 CHATHISTORY BEFORE #lobby msgid=a 3"]);
    scene.answer("past3", "#lobby", &["08:03 x bob 3", "08:04 y bob 4", "08:05 z bob 5"]);
    assert_eq!(scene.sent(), ["@label=past4 CHATHISTORY BEFORE #lobby msgid=x 1"]);
    scene.answer("past4", "#lobby", &["08:02 w bob 2"]);
    assert_eq!(scene.shown(), ["history: bob: 2, bob: 3, bob: 4, bob: 5 false"]);
    scene.session.ask_history("#lobby", 1, None);
    assert_eq!(scene.sent(), ["@label=past5 CHATHISTORY BEFORE #lobby msgid=w 1"]);
    scene.session.forget_shown();
    scene.session.ask_history("#lobby", 1, None);
    assert_eq!(scene.sent(), ["@label=past6 CHATHISTORY LATEST #lobby * 1"]);
    scene.hear("@label=past5 :s FAIL CHATHISTORY INVALID_TARGET BEFORE #lobby :not for you");
    scene.session.lost();
    let broken = "refused: the connection broke; try again when it is back";
    assert_eq!(
        scene.shown(),
        ["refused: #lobby can't be read: there is no such channel, or you are not in it", broken]
    );
}

#[test]
fn a_search_says_all_that_narrows_it_and_shows_what_is_found() {
    let mut scene = settled();
    let search = Search {
        text: "bean; soup".into(),
        from: Some("bob".into()),
        place: Some("#lobby".into()),
        after: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        before: None,
    };
    assert!(scene.session.ask_search(search, "words"));
    let asked = "text=bean\\:\\ssoup;from=bob;in=#lobby;after=2026-11-01T00:00:00.000Z;limit=50";
    assert_eq!(scene.sent(), [format!("@label=past3 SEARCH {asked}")]);
    scene.hear("@label=past3 :s BATCH +f soju.im/search");
    scene.hear("@batch=f;msgid=a;time=2026-11-20T17:03:00.000Z :bob!u@h PRIVMSG #lobby :soup!");
    scene.hear(":s BATCH -f");
    assert_eq!(scene.shown(), ["found: bob: soup!"]);
    let long = Search { text: "x".repeat(400), ..Search::default() };
    assert!(!scene.session.ask_search(long, ""));
}

#[test]
fn a_search_goes_on_where_it_ended_and_shows_nothing_twice() {
    let mut scene = settled();
    assert!(!scene.session.can_search_on());
    assert!(scene.session.ask_search(Search { text: "soup".into(), ..Search::default() }, "soup"));
    for (label, before, found, shown, more) in [
        ("past3", "", &["17:03 a", "17:03 b", "17:04 c"][..], "found: bob: a, bob: b, bob: c", true),
        (
            "past4",
            "before=2026-11-23T17:03:00.000Z;",
            &["17:02 d", "17:03 a", "17:03 b"],
            "found: bob: d",
            true,
        ),
        ("past5", "before=2026-11-23T17:02:00.000Z;", &["17:02 d"], "found: ", false),
    ] {
        assert_eq!(scene.sent(), [format!("@label={label} SEARCH text=soup;{before}limit=50")]);
        scene.hear(&format!("@label={label} :s BATCH +f soju.im/search"));
        for (time, id) in found.iter().map(|line| line.split_once(' ').unwrap()) {
            scene.hear(&format!("@batch=f;msgid={id};time={} :bob!u@h PRIVMSG #lobby :{id}", at(time)));
        }
        scene.hear(":s BATCH -f");
        assert_eq!((scene.shown(), scene.session.can_search_on()), (vec![shown.to_owned()], more));
        scene.session.ask_search_on();
    }
    assert!(scene.sent().is_empty());
}

#[test]
fn a_page_of_what_was_found_before_is_passed_over() {
    let mut scene = settled();
    assert!(scene.session.ask_search(Search { text: "x".into(), ..Search::default() }, "x"));
    for label in ["past3", "past4"] {
        scene.sent();
        scene.hear(&format!("@label={label} :s BATCH +f soju.im/search"));
        for id in ["a", "b", "c"] {
            scene.hear(&format!("@batch=f;msgid={id};time={} :bob!u@h PRIVMSG #lobby :x", at("17:03")));
        }
        scene.hear(":s BATCH -f");
        scene.session.ask_search_on();
    }
    assert_eq!(scene.shown(), ["found: bob: x, bob: x, bob: x"]);
    assert_eq!(scene.sent(), ["@label=past5 SEARCH text=x;before=2026-11-23T17:02:59.999Z;limit=50"]);
}

#[test]
fn what_cannot_be_read_is_said_in_words() {
    let mut scene = settled();
    let retrieved = "Messages could not be retrieved";
    for (place, label, answer, shown) in [
        (
            "#no",
            "past3",
            "INVALID_TARGET LATEST #no",
            "#no can't be read: there is no such channel, or you are not in it",
        ),
        (
            "al",
            "past4",
            "INVALID_TARGET LATEST al",
            "what was written with al can't be read: nobody has that name",
        ),
        (
            "bob",
            "past5",
            "MESSAGE_ERROR LATEST bob",
            "the server can't look up what was said before; try again later",
        ),
    ] {
        scene.session.ask_history(place, 3, None);
        scene.hear(&format!("@label={label} :s FAIL CHATHISTORY {answer} :{retrieved}"));
        assert_eq!(scene.shown(), [format!("refused: {shown}")]);
    }
    for (label, attribute, shown) in [
        ("past6", "in", "#no can't be read: there is no such channel, or you are not in it"),
        (
            "past7",
            "text",
            "that can't be looked for: at most 16 words, and two of them may end in *, behind three letters or more",
        ),
    ] {
        let search = Search { text: "a*".into(), place: Some("#no".into()), ..Search::default() };
        assert!(scene.session.ask_search(search, "a* in:#no"));
        scene.hear(&format!("@label={label} :s FAIL SEARCH INVALID_PARAMS {attribute} :Invalid criteria"));
        assert_eq!(scene.shown(), [format!("refused: {shown}")]);
    }
}

#[test]
fn unread_is_since_the_first_of_it_was_said() {
    let mut scene = Scene::ready(&format!("timestamp={}", at("09:00")));
    scene.answer("past1", "#lobby", &["09:00 a bob morning", "09:01 b alice hi", "09:02 c bob well"]);
    scene.nothing_in_private("past2");
    let unread: Vec<_> = scene
        .session
        .events()
        .into_iter()
        .filter_map(|event| match event.what {
            What::Unread(unread) => Some((unread.count, unread.more, unread.since.map(wire_time))),
            _ => None,
        })
        .collect();
    assert_eq!(unread, [(1, false, Some(at("09:02")))]);
}

#[test]
fn what_is_shown_is_marked_as_read_once_and_others_marks_count() {
    let mut scene = settled();
    scene.session.mark_read(&[]);
    assert_eq!(scene.sent(), ["MARKREAD #lobby timestamp=2026-11-23T09:00:00.000Z"]);
    scene.session.mark_read(&[]);
    assert!(scene.sent().is_empty());
    scene.live("10:05", "b", "bob", "new");
    scene.hear(&format!(":s MARKREAD #lobby timestamp={}", at("10:05")));
    scene.session.mark_read(&[]);
    assert!(scene.sent().is_empty());
    scene.session.lost();
    scene.come("11:00", &format!("timestamp={}", at("10:10")));
    scene.answer("past3", "#lobby", &["10:09 c bob c", "10:11 d bob d"]);
    scene.nothing_in_private("past4");
    assert_eq!(scene.shown(), ["bob: new", "bob: c", "1 unread in #lobby", "bob: d"]);
}

#[test]
fn a_removed_message_is_told_with_its_author() {
    let mut scene = settled();
    scene.hear(":root!r@h REDACT #lobby a :spam");
    scene.hear(":root!r@h REDACT #lobby unknown");
    assert_eq!(scene.shown(), ["removed: Some(\"bob\")", "removed: None"]);
}

#[test]
fn without_a_mark_what_followed_our_own_words_is_unread() {
    let mut scene = Scene::ready("*");
    scene.answer("past1", "#lobby", &["09:00 a bob morning", "09:01 b alice hi", "09:02 c bob well"]);
    scene.nothing_in_private("past2");
    let shown = scene.shown();
    assert!(shown.contains(&"1 unread in #lobby".to_owned()), "{shown:?}");
}
