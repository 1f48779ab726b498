//! The session against a scripted server: what it says, what it makes of what it hears.

use chat_proto::message::Message;

use super::*;

const CAPS: &str = "message-tags server-time echo-message batch labeled-response away-notify";

/// A session and the server's end of its connection.
pub(in crate::session) struct Scene {
    pub session: Session,
}

impl Scene {
    fn begin() -> Self {
        let mut scene = Self { session: Session::new("alice", "alice") };
        scene.session.open();
        scene
    }

    /// Registered, and in the lobby.
    pub fn ready() -> Self {
        let mut scene = Self::begin();
        scene.greet();
        scene.whats();
        scene
    }

    fn greet(&mut self) {
        self.hear(&format!(":s CAP * LS :{CAPS} sasl=PLAIN"));
        self.hear(&format!(":s CAP alice ACK :{CAPS}"));
        self.hear(":s 001 alice :Welcome");
        self.hear(":s 005 alice chatd.org/LOBBY=#lobby WHOX CASEMAPPING=ascii :are supported");
        self.hear(":s 376 alice :End of /MOTD command.");
        self.hear(":alice!alice@host JOIN #lobby");
        self.hear(":s 353 alice = #lobby :@alice bob");
        self.hear(":s 366 alice #lobby :End of /NAMES list.");
        self.hear(":s PONG s chat-ready");
    }

    pub fn hear(&mut self, line: &str) {
        self.session.receive(&Message::parse(line).unwrap());
    }

    pub fn sent(&mut self) -> Vec<String> {
        self.session.outgoing().iter().map(|line| line.trim_end().to_owned()).collect()
    }

    pub fn whats(&mut self) -> Vec<What> {
        self.session.outgoing();
        self.session.events().into_iter().map(|event| event.what).collect()
    }

    fn say(&mut self, text: &str) -> Vec<String> {
        assert!(self.session.say("#lobby", text, How::Text));
        self.sent()
    }
}

fn said(from: &str, to: &str, own: bool, how: How, text: &str) -> What {
    What::Said { from: from.into(), to: to.into(), own, how, text: text.into() }
}

#[test]
fn it_registers_asking_only_for_what_is_offered_and_known() {
    let mut scene = Scene::begin();
    assert_eq!(scene.sent(), ["CAP LS 302", "NICK alice", "USER alice 0 * :alice"]);
    scene.hear(":s CAP * LS * :batch sasl=PLAIN");
    assert!(scene.sent().is_empty());
    scene.hear(":s CAP * LS :echo-message");
    assert_eq!(scene.sent(), ["CAP REQ :batch echo-message sasl"]);
    scene.hear(":s CAP alice ACK :batch echo-message sasl");
    assert_eq!(scene.sent(), ["CAP END"]);
    assert!(!scene.session.is_ready());
}

#[test]
fn it_is_in_only_when_what_the_server_does_on_arrival_is_done() {
    let mut scene = Scene::begin();
    scene.greet();
    let whats = scene.whats();
    let joined = whats.iter().position(|what| matches!(what, What::Joined { own: true, .. }));
    let welcome = whats.iter().position(|what| matches!(what, What::Welcome { .. }));
    assert!(joined.unwrap() < welcome.unwrap());
    assert_eq!(scene.session.lobby(), Some("#lobby"));
    assert_eq!(scene.session.people(), ["alice", "bob"]);
}

#[test]
fn a_refused_name_ends_it_with_the_servers_words() {
    let mut scene = Scene::begin();
    scene.hear(":s 433 * alice :alice is a login of this host");
    let Some(What::Closed { reason, last: true }) = scene.whats().pop() else { panic!() };
    assert!(reason.contains("alice is a login of this host"));
}

#[test]
fn a_line_counts_as_said_when_its_echo_comes() {
    let mut scene = Scene::ready();
    assert_eq!(scene.say("hi"), ["@label=say1 PRIVMSG #lobby :hi"]);
    assert!(!scene.session.is_settled());
    scene.hear("@label=say1 :alice!alice@host PRIVMSG #lobby :hi");
    assert!(scene.session.is_settled());
    assert_eq!(scene.whats(), [said("alice", "#lobby", true, How::Text, "hi")]);
}

#[test]
fn a_refusal_tells_what_was_not_said() {
    let mut scene = Scene::ready();
    scene.say("hi");
    scene.hear("@label=say1 :s 404 alice #lobby :Cannot send to channel (+m)");
    let reason = "#lobby: Cannot send to channel (+m)".to_owned();
    let unsaid = Some("hi".to_owned());
    assert_eq!(
        scene.whats(),
        [What::Refused { number: Some(404), subject: "#lobby".into(), reason, unsaid }]
    );
    assert!(scene.session.is_settled());
}

#[test]
fn an_answer_in_a_batch_counts_too() {
    let mut scene = Scene::ready();
    assert!(scene.session.say("bob", "hi", How::Text));
    scene.hear("@label=say1 :s BATCH +1 labeled-response");
    scene.hear("@batch=1 :alice!alice@host PRIVMSG bob :hi");
    scene.hear("@batch=1 :s 301 alice bob :lunch");
    scene.hear(":s BATCH -1");
    assert!(scene.session.is_settled());
    let away = What::Away {
        name: "bob".into(),
        own: false,
        presence: Presence { status: Status::Away, text: Some("lunch".into()), ..Presence::default() },
        quiet: false,
    };
    assert_eq!(scene.whats(), [said("alice", "bob", true, How::Text, "hi"), away]);
}

#[test]
fn after_a_break_what_waited_is_said_once_and_in_order() {
    let mut scene = Scene::ready();
    scene.say("on the way");
    scene.session.lost();
    assert_eq!(scene.whats(), [What::Unsure { to: "#lobby".into(), text: "on the way".into() }]);
    assert!(scene.say("one").is_empty());
    assert!(scene.say("two").is_empty());
    scene.session.open();
    scene.greet();
    let sent: Vec<_> = scene.sent().into_iter().filter(|line| line.contains("PRIVMSG")).collect();
    assert_eq!(sent, ["@label=say2 PRIVMSG #lobby :one", "@label=say3 PRIVMSG #lobby :two"]);
}

#[test]
fn line_on_the_way_outlives_a_connection_that_is_not_let_in() {
    let mut scene = Scene::ready();
    scene.session.caps.insert(Caps::CLIENT_ID);
    scene.say("on the way");
    scene.session.lost();
    scene.session.open();
    scene.hear(":s 433 * alice :Nickname is already in use");
    assert!(matches!(&scene.whats()[..], [What::Closed { last: false, .. }]));
    scene.session.lost();
    assert_eq!(scene.whats(), []);
    scene.session.open();
    scene.hear(&format!(":s CAP * LS :{CAPS} chatd.org/client-id"));
    scene.hear(&format!(":s CAP alice ACK :{CAPS} chatd.org/client-id"));
    scene.hear(":s 376 alice :End of /MOTD command.");
    scene.sent();
    scene.hear(":s PONG s chat-ready");
    assert!(scene.sent().iter().any(|line| line.ends_with("PRIVMSG #lobby :on the way")));
}

#[test]
fn guest_shows_its_token_before_it_asks_for_its_name_again() {
    let mut scene = Scene::begin();
    scene.hear(":s CAP * LS :chatd.org/resume");
    scene.hear(":s 433 * alice :Nickname is already in use");
    scene.sent();
    scene.hear(":s CAP * ACK :chatd.org/resume");
    let sent = scene.sent();
    assert!(sent[0].starts_with("RESUME ") && sent[0].len() == "RESUME ".len() + 32, "{sent:?}");
    assert_eq!(sent[1..], ["NICK alice", "CAP END"]);
    assert_eq!(scene.whats(), []);
    scene.hear(":s 433 * alice :Nickname is already in use");
    assert!(matches!(&scene.whats()[..], [What::Closed { last: true, .. }]));
    scene.session.open();
    scene.hear(":s CAP * LS :chatd.org/resume");
    scene.sent();
    scene.hear(":s CAP * ACK :chatd.org/resume");
    assert_eq!(scene.sent(), [sent[0].as_str(), "CAP END"]);
}

#[test]
fn channels_are_joined_again_after_a_break() {
    let mut scene = Scene::ready();
    scene.hear(":alice!alice@host JOIN #cooking");
    scene.session.lost();
    scene.session.open();
    scene.greet();
    let joins: Vec<_> = scene.sent().into_iter().filter(|line| line.starts_with("JOIN")).collect();
    assert_eq!(joins, ["JOIN #cooking"]);
}

#[test]
fn being_kicked_is_for_good_and_a_shutdown_is_not() {
    for (reason, expected) in [
        ("Kicked by root: spam", true),
        ("Suspended: spam", true),
        ("Suspended", true),
        ("Killed (root (spam))", true),
        ("Server shutting down: the bank holiday", false),
    ] {
        let mut scene = Scene::ready();
        scene.hear(&format!("ERROR :Closing link: {reason}"));
        assert_eq!(scene.whats(), [What::Closed { reason: reason.into(), last: expected }]);
    }
}

#[test]
fn long_text_goes_out_in_lines_that_fit_with_our_prefix() {
    let mut scene = Scene::ready();
    let text = "wörd ".repeat(300);
    let mut whole = String::new();
    for line in scene.say(&text) {
        let line = line.split_once(' ').unwrap().1;
        assert!(":alice!alice@host ".len() + line.len() + "\r\n".len() <= 512);
        whole.push_str(line.strip_prefix("PRIVMSG #lobby :").unwrap());
        whole.push(' ');
    }
    assert_eq!(whole.trim(), text.trim());
}

#[test]
fn actions_are_shown_and_other_requests_ignored_and_not_answered() {
    let mut scene = Scene::ready();
    scene.hear(":bob!b@h PRIVMSG #lobby :\x01ACTION waves\x01");
    scene.hear(":bob!b@h PRIVMSG alice :\x01VERSION\x01");
    assert!(scene.sent().is_empty());
    assert_eq!(scene.whats(), [said("bob", "#lobby", false, How::Action, "waves")]);
}

#[test]
fn the_administrators_words_are_told_from_a_users_notice() {
    let mut scene = Scene::ready();
    scene.hear(":chat.example.org NOTICE #lobby :reboot");
    scene.hear(":bob!b@h NOTICE #lobby :me too");
    let from = "chat.example.org".to_owned();
    let announced = What::Announcement { from, to: "#lobby".into(), text: "reboot".into() };
    assert_eq!(scene.whats(), [announced, said("bob", "#lobby", false, How::Notice, "me too")]);
}

#[test]
fn ones_own_absence_is_told_once() {
    let mut scene = Scene::ready();
    scene.session.set_away(Some("x"));
    scene.hear(":alice!alice@host AWAY :x");
    scene.hear(":s 306 alice :You have been marked as being away");
    assert_eq!(scene.whats().len(), 1);
    scene.hear(":alice!alice@host AWAY");
    assert_eq!(scene.whats(), [What::own_away("alice".into(), Status::Available)]);
}

#[test]
fn the_list_has_everybody_once_in_order() {
    let mut scene = Scene::ready();
    scene.session.ask_users();
    assert_eq!(scene.sent(), ["WHO * %tnfa,742"]);
    scene.hear(":s 354 alice 742 bob G 0");
    scene.hear(":s 354 alice 742 alice H@ alice");
    scene.hear(":s 315 alice * :End of /WHO list.");
    let user = |name: &str, account: Option<&str>, away| User {
        name: name.into(),
        account: account.map(str::to_owned),
        away,
        bot: false,
        presence: Presence {
            status: if away { Status::Away } else { Status::Available },
            ..Presence::default()
        },
    };
    let users = vec![user("alice", Some("alice"), false), user("bob", None, true)];
    assert_eq!(scene.whats(), [What::Users { users }]);
}

#[test]
fn a_server_without_labels_is_good_enough() {
    let mut scene = Scene::begin();
    scene.hear(":s 421 * CAP :Unknown command");
    scene.hear(":s 001 alice :Welcome");
    scene.hear(":s 422 alice :no MOTD");
    scene.hear(":s PONG s chat-ready");
    scene.whats();
    assert!(scene.session.say("#c", "hi", How::Text));
    assert_eq!(scene.sent(), ["PRIVMSG #c :hi"]);
    assert!(scene.session.is_settled());
    assert_eq!(scene.whats(), [said("alice", "#c", true, How::Text, "hi")]);
}

mod hostile {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    const WORDS: &str = "PRIVMSG|NOTICE|JOIN|PART|KICK|QUIT|NICK|BATCH|CAP|AWAY|INVITE|TOPIC|ERROR|FAIL|ACK|PONG|001|005|\
                         301|332|353|354|366|322|376|401|433|#lobby|alice|bob|\\+1|-1|LS|ACK|:| |\\PC{0,5}";

    fn line() -> impl Strategy<Value = String> {
        let pattern = format!("(@label=say1 |@batch=1 |)(:alice!a@h |:s |)({WORDS})( ({WORDS})){{0,4}}");
        string_regex(&pattern).unwrap()
    }

    proptest! {
        #[test]
        fn no_server_can_make_it_panic(lines in prop::collection::vec((line(), any::<bool>()), 0..30)) {
            let mut scene = Scene::ready();
            assert!(scene.session.say("#lobby", "x", How::Text));
            for (line, lose) in lines {
                if let Ok(message) = Message::parse(line) {
                    scene.session.receive(&message);
                }
                if lose {
                    scene.session.lost();
                    scene.session.open();
                }
            }
        }
    }
}
