//! What typed lines make the client send, and what it shows.

use chat_proto::message::Message;

use super::*;
use crate::notify::Ways;
use crate::secret::Secret;
use crate::session::Way;

pub(super) const MANNER: Manner = Manner {
    times: false,
    notify: Ways { bell: true, ..Ways::NONE },
    tmux: false,
    fold: true,
    json: false,
    prompt: true,
};

/// A client that is in the lobby.
pub(super) fn client() -> Client {
    let mut client = Client::new(Session::new("alice", "alice"), MANNER, TimeZone::UTC);
    client.session.open();
    for line in [
        ":s CAP * LS :echo-message batch labeled-response message-tags",
        ":s CAP * ACK :echo-message batch labeled-response message-tags",
        ":s 001 alice :Welcome",
        ":s 005 alice chatd.org/LOBBY=#lobby WHOX :are supported",
        ":s 376 alice :End",
        ":alice!a@h JOIN #lobby",
        ":s PONG s chat-ready",
    ] {
        hear(&mut client, line);
    }
    client.shows();
    client.session.outgoing();
    client.prompt();
    client
}

pub(super) fn hear(client: &mut Client, line: &str) -> String {
    client.session.receive(&Message::parse(line).unwrap());
    client.heard(Timestamp::UNIX_EPOCH);
    shown(client)
}

pub(super) fn shown(client: &mut Client) -> String {
    let text = |show: &Show| match show {
        Show::Line(line) => line.plain(),
        Show::Notify(_) => "(bell)".to_owned(),
        Show::Clear => "(clear)".to_owned(),
    };
    client.shows().iter().map(text).collect::<Vec<_>>().join("\n")
}

/// The lines that typing it sends, without their labels.
pub(super) fn typed(client: &mut Client, line: &str) -> Vec<String> {
    let prompt = client.prompts.number();
    client.entered(line, prompt);
    let bare = |line: &String| match line.trim_end().split_once(' ') {
        Some((tags, rest)) if tags.starts_with('@') => rest.to_owned(),
        _ => line.trim_end().to_owned(),
    };
    client.session.outgoing().iter().map(bare).collect()
}

#[test]
fn every_command_asks_the_server_for_the_right_thing() {
    for (line, sent) in [
        ("hello", "PRIVMSG #lobby :hello"),
        ("<private> bob hi there", "PRIVMSG bob :hi there"),
        ("<announce> lunch", "PRIVMSG #lobby :lunch"),
        ("<me> waves", "PRIVMSG #lobby :\x01ACTION waves\x01"),
        ("<list>", "WHO * %tnfa,742"),
        ("<channels>", "LIST"),
        ("<names>", "NAMES #lobby"),
        ("<join> #rust", "JOIN #rust"),
        ("<join> rust key", "JOIN #rust key"),
        ("<leave>", "PART #lobby :"),
        ("<leave> #rust too slow", "PART #rust :too slow"),
        ("<topic>", "TOPIC #lobby"),
        ("<topic> soup", "TOPIC #lobby :soup"),
        ("<invite> bob", "INVITE bob #lobby"),
        ("<invite> bob #rust", "INVITE bob #rust"),
        ("<away> tea", "AWAY :tea"),
        ("<back>", "AWAY"),
        ("<nick> al", "NICK al"),
    ] {
        assert_eq!(typed(&mut client(), line), [sent], "{line}");
    }
}

#[test]
fn mistyped_command_is_not_said_and_say_says_it() {
    let mut client = client();
    for line in ["<private bob> my pin", " /msg bob my pin", "/pass secret"] {
        assert!(typed(&mut client, line).is_empty(), "{line}");
        assert!(shown(&mut client).contains("not said: "), "{line}");
    }
    assert_eq!(typed(&mut client, "<say> <private bob> hi"), ["PRIVMSG #lobby :<private bob> hi"]);
    typed(&mut client, "<say>");
    assert_eq!(typed(&mut client, "<quit>"), ["PRIVMSG #lobby :<quit>"]);
}

#[test]
fn private_without_brackets_is_not_said_if_it_names_somebody_present() {
    let mut client = client();
    assert_eq!(typed(&mut client, "msg bob my pin"), ["PRIVMSG #lobby :msg bob my pin"]);
    hear(&mut client, ":bob!b@h JOIN #lobby");
    assert!(typed(&mut client, "msg Bob: my pin").is_empty());
    assert!(shown(&mut client).contains("did you mean <private> Bob?"));
}

#[test]
fn mistyped_command_is_no_answer_to_a_question() {
    let mut client = client();
    typed(&mut client, "<announce>");
    assert!(typed(&mut client, "<private bob my pin").is_empty());
    assert!(shown(&mut client).contains("not said: "));
}

#[test]
fn indented_line_of_a_program_is_said() {
    let mut client = client();
    client.manner = Manner { json: true, prompt: false, ..MANNER };
    assert_eq!(typed(&mut client, " <quit>"), ["PRIVMSG #lobby : <quit>"]);
    assert!(typed(&mut client, "<private bob hi").is_empty());
}

/// Answers a question that doesn't show what is typed.
fn whisper(client: &mut Client, question: &str, answer: &str) -> Vec<String> {
    assert_eq!((client.asks_secret(), client.prompt().text.trim()), (true, question));
    client.whispered(Secret::from(answer));
    client.session.outgoing().iter().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_password_is_asked_for_twice_and_the_old_one_only_from_elsewhere() {
    let mut local = client();
    local.session.set_way(Way::Local);
    typed(&mut local, "<password>");
    whisper(&mut local, "New password:", "one two");
    assert_eq!(whisper(&mut local, "The same once more:", "one two"), ["PASSWD * :one two"]);
    let mut remote = client();
    remote.session.set_way(Way::Tls);
    hear(&mut remote, ":s 900 alice alice!a@h alice :You are now logged in as alice");
    typed(&mut remote, "<password>");
    whisper(&mut remote, "Password until now:", "one two");
    whisper(&mut remote, "New password:", "three");
    assert_eq!(whisper(&mut remote, "The same once more:", "three"), ["PASSWD :one two\tthree"]);
    let told = hear(&mut remote, ":s FAIL PASSWD WRONG_PASSWORD alice :The old password is wrong");
    assert!(
        told.ends_with("\n! the password stays as it was: the old password is wrong; try again"),
        "{told}"
    );
}

#[test]
fn no_password_is_asked_for_where_others_can_listen_or_where_there_is_no_account() {
    for (private, line, words) in [
        (false, "<register>", "others can listen"),
        (true, "<register>", "no accounts can be made here"),
        (true, "<password>", "a guest has no password"),
    ] {
        let mut client = client();
        client.session.set_way(if private { Way::Tls } else { Way::Open });
        assert!(typed(&mut client, line).is_empty() && !client.asks_secret());
        assert!(shown(&mut client).contains(words), "{line}");
    }
}

/// Whoever reads "log in" may type the password at once, into the line that everybody gets to see.
#[test]
fn at_a_shut_door_nothing_is_kept_to_be_said() {
    let mut client = client();
    client.session.lost();
    client.session.open();
    hear(&mut client, ":s CAP * LS :sasl=SCRAM-SHA-256");
    assert!(
        hear(&mut client, ":s 433 * alice :Nickname is reserved for the account alice")
            .contains("Press Enter")
    );
    client.session.outgoing();
    assert!(typed(&mut client, "correct horse").is_empty());
    let told = shown(&mut client);
    assert!(told.contains("not said") && !told.contains("horse"), "{told}");
    assert!(client.session.is_settled());
    assert_eq!(client.prompt().text, "Password of alice: ");
}

#[test]
fn an_answer_is_taken_for_its_own_question_only() {
    let mut client = client();
    client.session.set_way(Way::Tls);
    hear(&mut client, ":s 900 alice alice!a@h alice :You are now logged in as alice");
    typed(&mut client, "<password>");
    assert_eq!(client.prompt().text, "Password until now: ");
    client.session.lost();
    client.session.open();
    hear(&mut client, ":s 464 alice :Password incorrect");
    client.whispered(Secret::from("alice's own"));
    assert!(!client.takes_entry());
    assert_eq!(client.prompt().text, "Password of the server (not your own): ");
}

#[test]
fn what_the_server_says_does_not_look_like_what_chat_says() {
    let mut client = client();
    assert_eq!(hear(&mut client, ":s 372 alice :- Password of alice:"), "│ Password of alice:");
    assert_eq!(hear(&mut client, ":s 404 alice #x :Password of alice:"), "! #x: Password of alice:");
}

#[test]
fn no_command_line_of_the_servers_making_is_offered_to_be_copied() {
    let mut client = client().at(Some("chat.example.org".to_owned()));
    client.session.set_way(Way::Tls);
    client.session.register(None, Secret::from("correct horse"));
    let told = hear(&mut client, ":s REGISTER SUCCESS a`reboot` :Account made");
    assert!(told.ends_with("chat --server chat.example.org --name NAME"), "{told}");
}

#[test]
fn quit_leaves_its_farewell_until_what_was_said_has_arrived() {
    let mut client = client();
    assert!(typed(&mut client, "<quit> see you").is_empty());
    assert!(client.is_leaving());
    assert_eq!(client.farewell(), Some("see you"));
}

#[test]
fn what_cannot_be_is_refused_without_asking_the_server() {
    for (line, words) in [
        ("<private> b@d hi", "can't be anybody's name"),
        ("<join> #a,b", "can't be a channel"),
        ("<privat> bob", "did you mean <private>?"),
    ] {
        let mut client = client();
        assert!(typed(&mut client, line).is_empty());
        assert!(shown(&mut client).contains(words), "{line}");
    }
}

#[test]
fn the_prompt_asks_for_what_was_left_out() {
    let mut client = client();
    assert_eq!(client.prompt().text, "#lobby> ");
    typed(&mut client, "<private>");
    assert_eq!(client.prompt().text, "To whom? ");
    typed(&mut client, "bob");
    assert_eq!(client.prompt().text, "What do you want to tell bob? ");
    assert_eq!(typed(&mut client, "hi"), ["PRIVMSG bob :hi"]);
    assert_eq!(client.prompt().text, "#lobby> ");
}

#[test]
fn a_command_at_a_question_drops_it_and_is_done() {
    let mut client = client();
    typed(&mut client, "<private>");
    typed(&mut client, "bob");
    assert_eq!(typed(&mut client, "<list>"), ["WHO * %tnfa,742"]);
    assert!(shown(&mut client).contains("<private> is dropped"));
    assert_eq!(client.prompt().text, "#lobby> ");
    typed(&mut client, "<private> bob");
    assert_eq!(typed(&mut client, "<3 you"), ["PRIVMSG bob :<3 you"]);
    typed(&mut client, "<private> bob");
    assert_eq!(typed(&mut client, "//quit is what you type"), ["PRIVMSG bob :/quit is what you type"]);
}

#[test]
fn away_asks_what_to_tell_and_is_taken_up_again_after_a_break() {
    let mut client = client();
    assert!(typed(&mut client, "<away>").is_empty());
    assert_eq!(client.prompt().text, "What are others told? (Enter: away) ");
    assert_eq!(typed(&mut client, ""), ["AWAY :away"]);
    assert_eq!(typed(&mut client, "<away> at lunch"), ["AWAY :at lunch"]);
    assert!(come_again(&mut client).contains(&"AWAY :at lunch".to_owned()));
    hear(&mut client, ":s 306 alice :You have been marked as being away");
    typed(&mut client, "<back>");
    assert!(!come_again(&mut client).iter().any(|line| line.starts_with("AWAY")));
}

/// Loses the connection and comes again: what is sent on arrival.
fn come_again(client: &mut Client) -> Vec<String> {
    client.session.lost();
    client.session.open();
    client.session.outgoing();
    for line in [
        ":s CAP * LS :",
        ":s 001 alice :Welcome",
        ":s 376 alice :End",
        ":alice!a@h JOIN #lobby",
        ":s PONG s chat-ready",
    ] {
        hear(client, line);
    }
    client.session.outgoing().iter().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn joining_moves_us_and_leaving_brings_us_back_to_the_lobby() {
    let mut client = client();
    typed(&mut client, "<join> #rust");
    assert_eq!(client.prompt().text, "#lobby> ");
    hear(&mut client, ":alice!a@h JOIN #rust");
    assert_eq!(client.prompt().text, "#rust> ");
    assert_eq!(typed(&mut client, "hi"), ["PRIVMSG #rust :hi"]);
    assert_eq!(typed(&mut client, "<announce> all"), ["PRIVMSG #lobby :all"]);
    hear(&mut client, ":alice!a@h PART #rust");
    assert_eq!(client.prompt().text, "#lobby> ");
}

#[test]
fn what_another_session_of_ours_joins_doesnt_move_us() {
    let mut client = client();
    hear(&mut client, ":alice!a@h JOIN #rust");
    assert_eq!(client.prompt().text, "#lobby> ");
}

#[test]
fn nothing_is_said_elsewhere_than_the_prompt_told() {
    let mut client = client();
    hear(&mut client, ":alice!a@h JOIN #rust");
    hear(&mut client, ":op!o@h KICK #lobby alice :out");
    assert!(typed(&mut client, "meant for the lobby").is_empty());
    assert!(shown(&mut client).contains("no longer in #lobby"));
    assert_eq!(client.prompt().text, "#rust> ");
    assert_eq!(typed(&mut client, "hi"), ["PRIVMSG #rust :hi"]);
}

#[test]
fn the_ignored_are_not_seen_until_they_are_heard_again() {
    let mut client = client();
    typed(&mut client, "<ignore> Bob");
    shown(&mut client);
    assert_eq!(hear(&mut client, ":bob!b@h PRIVMSG alice :alice!"), "");
    typed(&mut client, "<ignore> bob");
    shown(&mut client);
    assert_eq!(hear(&mut client, ":bob!b@h PRIVMSG alice :hi"), "(bell)\n[private] bob → you: hi");
}

#[test]
fn the_first_time_three_lines_tell_who_where_and_how_and_later_one() {
    for (is_new, told) in [
        (
            true,
            "You are alice, a guest in the chat of h:6697.\n\
             You are in no channel yet: <channels> shows what there is, <join> #NAME goes there.\n\
             <help> shows the commands, <private> NAME writes to one person, <quit> leaves.",
        ),
        (false, "You are alice. <help> shows the commands."),
    ] {
        let mut client = Client::new(Session::new("alice", "alice"), MANNER, TimeZone::UTC)
            .at(Some("h:6697 --insecure-plain".to_owned()))
            .greeting(is_new);
        client.session.open();
        hear(&mut client, ":s CAP * LS :");
        hear(&mut client, ":s 001 alice :Welcome");
        hear(&mut client, ":s 376 alice :End");
        assert_eq!(hear(&mut client, ":s PONG s chat-ready"), told);
    }
}

#[test]
fn who_is_greeted_is_not_told_besides_as_whom_they_are_logged_in() {
    for (account, told) in [("alice", ""), ("bob", "You are logged in as bob.")] {
        let mut client = Client::new(Session::new("alice", "alice"), MANNER, TimeZone::UTC).greeting(true);
        client.session.open();
        hear(&mut client, ":s CAP * LS :");
        hear(&mut client, ":s 001 alice :Welcome");
        assert_eq!(hear(&mut client, &format!(":s 900 alice alice!a@h {account} :logged in")), told);
        hear(&mut client, ":s 376 alice :End");
        assert!(hear(&mut client, ":s PONG s chat-ready").starts_with("You are alice in the chat"));
    }
}

#[test]
fn why_nobody_is_let_in_again_is_told_once() {
    let mut client = client();
    let mut turn_away = |reason: &str| {
        let told = hear(&mut client, &format!("ERROR :{reason}"));
        client.session.lost();
        client.session.open();
        told
    };
    assert_eq!(turn_away("restarting"), "disconnected: restarting");
    assert_eq!(turn_away("full"), "disconnected: full");
    assert_eq!(turn_away("full"), "");
    hear(&mut client, ":s CAP * LS :");
    hear(&mut client, ":s 001 alice :Welcome");
    hear(&mut client, ":s 376 alice :End");
    assert_eq!(hear(&mut client, ":s PONG s chat-ready"), "connected again as alice");
    assert_eq!(hear(&mut client, "ERROR :full"), "disconnected: full");
}

#[test]
fn who_wrote_last_is_offered_first() {
    let mut client = client();
    assert_eq!(client.words().partner, None);
    hear(&mut client, ":Bob!b@h JOIN #lobby");
    hear(&mut client, ":cara!c@h PRIVMSG alice :hi");
    hear(&mut client, ":Bob!b@h PRIVMSG alice :hi");
    assert_eq!(client.words().partner.as_deref(), Some("Bob"));
    typed(&mut client, "<ignore> bob");
    assert_eq!(client.words().partner, None);
    shown(&mut client);
    typed(&mut client, "<ignore>");
    assert!(shown(&mut client).ends_with("ignored until you leave: bob"));
}

#[test]
fn a_guest_who_comes_back_is_told_that_what_was_said_meanwhile_is_not_for_guests() {
    let mut client = client();
    client.session.lost();
    client.heard(Timestamp::UNIX_EPOCH);
    client.session.open();
    for line in [
        ":s CAP * LS :batch labeled-response message-tags draft/chathistory chatd.org/talk",
        ":s CAP * ACK :batch labeled-response message-tags draft/chathistory chatd.org/talk",
        ":s 001 alice :Welcome",
        ":s 376 alice :End",
    ] {
        hear(&mut client, line);
    }
    assert_eq!(
        hear(&mut client, ":s PONG s chat-ready"),
        "connected again as alice\n── what was said meanwhile is kept for accounts: <register> ──"
    );
}

#[test]
fn coming_back_is_told_in_one_line() {
    let mut client = client();
    client.session.lost();
    client.heard(Timestamp::UNIX_EPOCH);
    client.session.open();
    client.shows();
    for line in [
        ":s CAP * LS :",
        ":s 001 alice :Welcome",
        ":s 372 alice :- the message of the day",
        ":s 376 alice :End",
        ":alice!a@h JOIN #lobby",
        ":s 332 alice #lobby :soup",
        ":s 353 alice = #lobby :alice bob",
        ":s 366 alice #lobby :End",
    ] {
        assert_eq!(hear(&mut client, line), "");
    }
    assert_eq!(hear(&mut client, ":s PONG s chat-ready"), "connected again as alice");
    hear(&mut client, ":alice!a@h PART #lobby");
    assert_eq!(hear(&mut client, ":alice!a@h JOIN #lobby"), "you are in #lobby");
}

#[test]
fn of_many_who_come_the_first_are_told_and_the_rest_before_anything_else() {
    let mut client = client();
    let mut told = String::new();
    for name in ["anna", "bert", "carl", "dora", "emil"] {
        told += &hear(&mut client, &format!(":{name}!a@h JOIN #lobby"));
        hear(&mut client, &format!(":{name}!a@h AWAY :tea"));
    }
    assert!(told.contains("carl joined") && !told.contains("dora"), "{told}");
    assert_eq!(client.due(), Some(Timestamp::from_second(5).unwrap()));
    assert_eq!(hear(&mut client, ":emil!e@h PRIVMSG #lobby :hi"), "dora and emil joined\nemil: hi");
    assert_eq!(client.due(), None);
}

#[test]
fn one_who_goes_among_others_who_are_only_away_is_told_of_as_ever() {
    let mut client = client();
    for name in ["anna", "bert", "carl"] {
        hear(&mut client, &format!(":{name}!a@h JOIN #lobby"));
    }
    assert_eq!(
        hear(&mut client, ":anna!a@h QUIT :no answer") + &hear(&mut client, ":emil!e@h AWAY :tea"),
        ""
    );
    let told = hear(&mut client, ":emil!e@h PRIVMSG #lobby :hi");
    assert!(told.starts_with("anna is gone (no answer)\n"), "{told}");
}

#[test]
fn those_who_come_are_told_in_time_when_nothing_else_happens() {
    let mut client = client();
    for name in ["anna", "bert", "carl", "dora", "emil"] {
        hear(&mut client, &format!(":{name}!a@h JOIN #lobby"));
    }
    client.heard(Timestamp::from_second(4).unwrap());
    assert_eq!(shown(&mut client), "");
    client.heard(Timestamp::from_second(5).unwrap());
    assert_eq!(shown(&mut client), "dora and emil joined");
}

#[test]
fn what_is_said_many_times_at_once_calls_once() {
    let mut client = client();
    let told: String = (0..100).map(|_| hear(&mut client, ":bob!b@h PRIVMSG alice :hi")).collect();
    assert_eq!(told.matches("(bell)").count(), 1);
    assert_eq!(told.matches("hi").count(), 100);
}

#[test]
fn ctrl_c_drops_a_question_and_twice_leaves() {
    let mut client = client();
    typed(&mut client, "<me>");
    client.interrupted(false);
    assert_eq!((client.prompt().text.as_str(), client.is_leaving()), ("#lobby> ", false));
    client.interrupted(false);
    typed(&mut client, "still here");
    client.interrupted(false);
    client.interrupted(true);
    client.interrupted(false);
    assert!(!client.is_leaving());
    client.interrupted(false);
    assert!(client.is_leaving());
}

#[test]
fn json_events_are_one_line_each_and_harmless() {
    let mut client =
        Client::new(Session::new("alice", "alice"), Manner { json: true, ..MANNER }, TimeZone::UTC);
    let line = hear(&mut client, ":bob!b@h QUIT :\u{1b}[2J\u{202e}");
    assert_eq!(line, r#"{"event":"gone","name":"bob","reason":"\u001b[2J\u202e"}"#);
}
