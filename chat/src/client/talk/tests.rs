//! Conversations as the user sees them: what is typed, and what is shown.

use jiff::tz::TimeZone;

use super::*;
use crate::client::Manner;
use crate::client::tests::{MANNER, client, hear, shown, typed};
use crate::session::Session;

/// In the lobby of a server that knows conversations.
fn talker() -> Client {
    let mut client = client();
    for line in [":s CAP alice ACK :chatd.org/talk chatd.org/presence", ":bob!b@h JOIN #lobby"] {
        hear(&mut client, line);
    }
    client.prompt();
    client
}

/// In a conversation with bob.
fn talking() -> Client {
    let mut client = talker();
    hear(&mut client, ":bob!b@h TALK ACCEPT alice here");
    client.prompt();
    client
}

fn prompt(client: &mut Client) -> String {
    client.prompt().text
}

#[test]
fn what_is_over_at_the_end_of_a_conversation_is_not_told() {
    let mut client = talking();
    for line in [
        ":cara!c@h JOIN #lobby",
        "@chatd.org/presence=away;chatd.org/text=tea :cara!c@h AWAY :tea",
        "@chatd.org/presence=available :cara!c@h AWAY",
        "@chatd.org/presence=away;chatd.org/text=out :dora!d@h AWAY :out",
        "@chatd.org/presence=away;chatd.org/text=home :dora!d@h AWAY :home",
    ] {
        assert_eq!(hear(&mut client, line), "", "{line}");
    }
    let idle = "@chatd.org/presence=idle :s 301 alice cara :idle";
    assert!(hear(&mut client, idle).contains("cara is idle"));
    let end = hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    assert!(end.contains("cara joined") && end.ends_with("dora is away: home"), "{end}");
    assert!(!end.contains("tea") && !end.contains("available") && !end.contains("out"), "{end}");
}

#[test]
fn the_commands_ask_the_server_for_the_right_thing() {
    for (line, sent) in [
        ("<talk> bob", "TALK REQUEST bob"),
        ("<accept> bob", "TALK ACCEPT bob"),
        ("<decline> bob", "TALK DECLINE bob"),
        ("<list> bob", "WHOIS bob"),
    ] {
        assert_eq!(typed(&mut talker(), line), [sent], "{line}");
    }
}

#[test]
fn without_anybody_to_answer_or_to_leave_nothing_is_asked_of_the_server() {
    for (line, words) in [
        ("<accept>", "nobody has asked you"),
        ("<decline>", "nobody has asked you"),
        ("<cancel>", "you have asked nobody"),
        ("<end>", "you are in no conversation"),
        ("@end", "you are in no conversation"),
        ("EXIT PM", "you are in no conversation"),
        ("<talk> b@d", "can't be anybody's name"),
    ] {
        let mut client = talker();
        assert!(typed(&mut client, line).is_empty(), "{line}");
        assert!(shown(&mut client).contains(words), "{line}");
    }
    let mut old = client();
    assert!(typed(&mut old, "<talk> bob").is_empty());
    assert!(shown(&mut old).contains("this server has no conversations; <private> NAME"));
}

#[test]
fn a_question_is_answered_with_yes_or_no_and_other_words_go_where_the_prompt_says() {
    for (line, sent) in [
        ("yes", "TALK ACCEPT bob"),
        (" Y ", "TALK ACCEPT bob"),
        ("<accept>", "TALK ACCEPT bob"),
        ("NO", "TALK DECLINE bob"),
        ("<decline>", "TALK DECLINE bob"),
        ("yes please", "PRIVMSG #lobby :yes please"),
    ] {
        let mut client = talker();
        assert_eq!(
            hear(&mut client, ":bob!b@h TALK REQUEST alice"),
            "bob would like to talk (yes/no)\n(bell)"
        );
        assert_eq!(prompt(&mut client), "[bob: yes/no] #lobby> ");
        assert_eq!(typed(&mut client, line), [sent], "{line}");
    }
}

#[test]
fn a_line_that_was_begun_before_the_question_is_no_answer() {
    let mut client = talker();
    let before = client.prompts.number();
    hear(&mut client, ":bob!b@h TALK REQUEST alice");
    let newer = client.newer_prompt().unwrap();
    assert_eq!(newer.text, "[bob: yes/no] #lobby> ");
    client.entered("yes", before);
    assert!(client.session.outgoing().concat().contains("PRIVMSG #lobby :yes"));
    client.entered("yes", newer.number);
    assert_eq!(client.session.outgoing(), ["TALK ACCEPT bob\r\n"]);
}

#[test]
fn the_prompt_goes_on_changing_and_a_line_begun_long_before_goes_nowhere() {
    let mut client = talker();
    let (before, mut last) = (client.prompts.number(), 0);
    for _ in 0..200 {
        hear(&mut client, ":bob!b@h TALK REQUEST alice");
        client.newer_prompt().unwrap();
        hear(&mut client, ":bob!b@h TALK CANCEL alice");
        let newer = client.newer_prompt().unwrap();
        assert_eq!(newer.text, "#lobby> ");
        last = newer.number;
    }
    client.entered("yes", before);
    assert!(client.session.outgoing().is_empty());
    assert!(shown(&mut client).contains("the prompt has changed too often"));
    client.entered("hello", last);
    assert!(client.session.outgoing().concat().contains("PRIVMSG #lobby :hello"));
}

#[test]
fn an_answer_that_comes_too_late_is_told_nobody() {
    let mut client = talker();
    hear(&mut client, ":bob!b@h TALK REQUEST alice");
    client.prompt();
    assert_eq!(hear(&mut client, ":s TALK TIMEOUT bob alice"), "bob was not answered in time");
    assert!(typed(&mut client, "yes").is_empty());
    assert!(shown(&mut client).contains("nothing was done: bob no longer waits"));
    assert_eq!(prompt(&mut client), "#lobby> ");
}

#[test]
fn several_are_asked_for_one_after_the_other_and_the_ignored_never() {
    let mut client = talker();
    typed(&mut client, "<ignore> mallory");
    shown(&mut client);
    assert_eq!(hear(&mut client, ":mallory!m@h TALK REQUEST alice"), "");
    assert!(hear(&mut client, ":bob!b@h TALK REQUEST alice").starts_with("bob would like to talk (yes/no)"));
    typed(&mut client, "<ignore> eve");
    shown(&mut client);
    for line in [":mallory!m@h TALK CANCEL alice", ":eve!m@h TALK REQUEST alice", ":s TALK TIMEOUT eve alice"]
    {
        assert_eq!(hear(&mut client, line), "", "{line}");
    }
    let too = hear(&mut client, ":carol!c@h TALK REQUEST alice");
    assert!(too.starts_with("carol would like to talk, too; bob comes first"), "{too}");
    client.prompt();
    assert_eq!(typed(&mut client, "no"), ["TALK DECLINE bob"]);
    let next = hear(&mut client, ":alice!a@h TALK DECLINE bob");
    assert!(next.ends_with("bob was told no\ncarol would like to talk (yes/no)"), "{next}");
    client.prompt();
    assert_eq!(typed(&mut client, "yes"), ["TALK ACCEPT carol"]);
}

#[test]
fn in_a_conversation_words_go_to_the_partner_and_look_like_one() {
    let mut client = talking();
    assert_eq!(prompt(&mut client), "⇄ bob> ");
    assert_eq!(typed(&mut client, "hello"), ["PRIVMSG bob :hello"]);
    assert_eq!(typed(&mut client, "<me> waves"), ["PRIVMSG bob :\x01ACTION waves\x01"]);
    shown(&mut client);
    assert_eq!(hear(&mut client, ":alice!a@h PRIVMSG bob :hello"), "alice: hello");
    assert_eq!(hear(&mut client, ":bob!b@h PRIVMSG alice :hi alice"), "bob: hi alice");
    let private = hear(&mut client, ":carol!c@h PRIVMSG alice :psst");
    assert!(private.contains("[private] carol → you: psst"), "{private}");
    assert_eq!(typed(&mut client, "<private> carol later"), ["PRIVMSG carol :later"]);
    assert_eq!(typed(&mut client, "<topic> soup"), ["TOPIC #lobby :soup"]);
    assert!(typed(&mut client, "<leave>").is_empty());
    assert!(shown(&mut client).contains("<end> leaves the conversation, <leave> #CHANNEL a channel"));
    assert!(hear(&mut client, ":alice!a@h TOPIC #lobby :soup").contains("is now about"));
    assert_eq!(hear(&mut client, ":bob!b@h NICK robert"), "bob is now robert");
    assert_eq!(client.newer_prompt().map(|prompt| prompt.text).as_deref(), Some("⇄ robert> "));
    assert_eq!(typed(&mut client, "still you"), ["PRIVMSG robert :still you"]);
    for end in ["<end>", "@end", "@END", "exit pm", "EXIT PM", "LOGOUT"] {
        assert_eq!(typed(&mut client, end), ["TALK END"], "{end}");
    }
    assert_eq!(typed(&mut client, "logout"), ["PRIVMSG robert :logout"]);
    assert!(!client.is_leaving());
}

#[test]
fn the_old_word_for_leaving_leaves_outside_of_a_conversation() {
    let mut client = talker();
    assert!(typed(&mut client, "LOGOUT").is_empty());
    assert!(client.is_leaving());
    let mut piped =
        Client::new(Session::new("alice", "alice"), Manner { prompt: false, ..MANNER }, TimeZone::UTC);
    typed(&mut piped, "LOGOUT");
    assert!(!piped.is_leaving());
}

#[test]
fn channel_lines_wait_and_are_shown_and_counted_at_the_end() {
    let mut client = talking();
    for line in [
        ":carol!c@h PRIVMSG #lobby :one",
        ":dan!d@h JOIN #lobby",
        ":carol!c@h PRIVMSG #ops :two",
        ":carol!c@h TOPIC #lobby :soup",
    ] {
        assert_eq!(hear(&mut client, line), "");
    }
    let named = hear(&mut client, ":carol!c@h PRIVMSG #lobby :alice?");
    assert_eq!(named, "carol names you in #lobby; that waits until <end>");
    assert_eq!(hear(&mut client, ":carol!c@h PRIVMSG #lobby :alice!"), "");
    assert!(hear(&mut client, ":s NOTICE #lobby :reboot").contains("reboot"));
    assert_eq!(
        hear(&mut client, ":bob!b@h TALK END alice :left the conversation"),
        "── bob left the conversation ──\n── 3 lines waited in #lobby (2 name you), 1 in #ops ──\ncarol: one\ndan joined\n\
         #ops carol: two\n#lobby is now about, says carol: soup\ncarol: alice?\ncarol: alice!"
    );
    assert_eq!(prompt(&mut client), "#lobby> ");
}

/// Their times are from before the end of the conversation, which comes first.
#[test]
fn those_who_came_and_went_meanwhile_are_told_of_under_a_heading() {
    let mut client = talking();
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(hear(&mut client, &format!(":{name}!x@h JOIN #lobby")), "");
    }
    let told = hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    let (end, rest) = told.split_once("\n── meanwhile ──\n").unwrap();
    assert_eq!(end, "── bob left the conversation ──");
    assert_eq!(rest, "a joined\nb joined\n3 joined: c, d, e");
    hear(&mut client, ":bob!b@h TALK ACCEPT alice here");
    let told = hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    assert!(!told.contains("meanwhile"), "{told}");
}

#[test]
fn a_request_calls_right_after_a_message() {
    let mut client = talker();
    assert!(hear(&mut client, ":bob!b@h PRIVMSG alice :psst").contains("(bell)"));
    assert!(!hear(&mut client, ":bob!b@h PRIVMSG alice :hey").contains("(bell)"));
    assert!(hear(&mut client, ":bob!b@h TALK REQUEST alice").contains("(bell)"));
    assert!(!hear(&mut client, ":carol!c@h TALK REQUEST alice").contains("(bell)"));
}

#[test]
fn a_line_for_a_partner_who_has_left_is_told_nobody_and_neither_is_one_begun_before() {
    let mut client = talking();
    hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    for line in ["for bob alone", "@end", "<me> waves"] {
        assert!(typed(&mut client, line).is_empty(), "{line}");
        assert!(shown(&mut client).contains("you no longer talk with bob; see the prompt"), "{line}");
    }
    let mut client = talker();
    hear(&mut client, ":bob!b@h TALK ACCEPT alice here");
    assert!(typed(&mut client, "for the lobby").is_empty());
    assert!(shown(&mut client).contains("you talk with bob now; see the prompt"));
}

#[test]
fn a_conversation_in_another_session_leaves_this_one_where_it_is_until_it_comes_here() {
    let mut client = talker();
    let told = hear(&mut client, ":bob!b@h TALK ACCEPT alice elsewhere");
    assert!(told.contains("in another terminal of yours; <talk> bob brings it here"), "{told}");
    assert_eq!(prompt(&mut client), "#lobby> ");
    assert_eq!(typed(&mut client, "<talk> bob"), ["TALK REQUEST bob"]);
    hear(&mut client, ":alice!a@h TALK ACCEPT bob here");
    assert_eq!(prompt(&mut client), "⇄ bob> ");
    hear(&mut client, ":carol!c@h PRIVMSG #lobby :one");
    let moved = hear(&mut client, ":alice!a@h TALK ACCEPT bob elsewhere");
    assert!(moved.ends_with("── 1 line waited in #lobby ──\ncarol: one"), "{moved}");
    assert_eq!(prompt(&mut client), "#lobby> ");
}

#[test]
fn a_broken_connection_ends_it_and_shows_what_has_waited() {
    let mut client = talking();
    hear(&mut client, ":carol!c@h PRIVMSG #lobby :one");
    client.session.lost();
    client.heard(Timestamp::UNIX_EPOCH);
    assert_eq!(
        shown(&mut client),
        "── the conversation with bob is over: the connection broke ──\n── 1 line waited in #lobby ──\ncarol: one"
    );
    assert!(typed(&mut client, "for bob alone").is_empty());
    assert_eq!(prompt(&mut client), "#lobby> ");
}

#[test]
fn ctrl_c_and_cancel_take_back_what_was_asked() {
    let mut client = talker();
    assert!(hear(&mut client, ":alice!a@h TALK REQUEST bob").contains("<cancel> or Ctrl-C takes it back"));
    client.interrupted(false);
    assert_eq!(client.session.outgoing(), ["TALK CANCEL\r\n"]);
    assert_eq!(typed(&mut client, "<cancel> bob"), ["TALK CANCEL bob"]);
    assert!(hear(&mut client, ":alice!a@h TALK CANCEL bob").ends_with("bob is no longer asked to talk"));
    client.interrupted(false);
    assert!(!client.is_leaving() && client.session.outgoing().is_empty());
}

const ROWS: [&str; 4] = [
    "@chatd.org/presence=available :s 354 alice 742 alice H 0",
    "@chatd.org/presence=available :s 354 alice 742 bob H bob",
    "@chatd.org/presence=busy;chatd.org/with=eve :s 354 alice 742 dan G dan",
    ":s 315 alice * :End",
];

#[test]
fn who_is_available_can_be_picked_by_number_or_name() {
    for answer in ["1", "bob"] {
        let mut client = talker();
        assert_eq!(typed(&mut client, "<talk>"), ["WHO * %tnfa,742"]);
        assert!(client.is_moving());
        shown(&mut client);
        let list: Vec<String> = ROWS.iter().map(|row| hear(&mut client, row)).collect();
        assert_eq!(list.concat(), "  1  bob  available");
        assert_eq!(prompt(&mut client), "With whom? (number or name) ");
        assert_eq!(typed(&mut client, answer), ["TALK REQUEST bob"]);
    }
}

/// Words of a pipe must not go on to somebody who has left.
#[test]
fn with_json_nothing_waits_and_words_go_where_they_belong() {
    let mut client = talker();
    client.manner = Manner { json: true, prompt: false, ..MANNER };
    assert!(hear(&mut client, ":bob!b@h TALK ACCEPT alice here").contains(r#""deed":"accept""#));
    assert!(hear(&mut client, ":carol!c@h PRIVMSG #lobby :one").contains(r#""text":"one""#));
    client.prompt();
    assert_eq!(typed(&mut client, "to bob"), ["PRIVMSG bob :to bob"]);
    hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    client.prompt();
    assert_eq!(typed(&mut client, "to all"), ["PRIVMSG #lobby :to all"]);
}

#[test]
fn words_go_to_whom_the_server_says_last() {
    let mut client = talking();
    hear(&mut client, ":carol!c@h TALK ACCEPT alice here");
    client.prompt();
    assert_eq!(typed(&mut client, "hi"), ["PRIVMSG carol :hi"]);
}

#[test]
fn numbers_pick_from_the_last_list() {
    let mut client = talker();
    assert!(typed(&mut client, "<private> 2 hi").is_empty());
    assert!(shown(&mut client).contains("there is no number 2 in the last list"));
    typed(&mut client, "<list>");
    ROWS.iter().for_each(|row| drop(hear(&mut client, row)));
    hear(&mut client, ":dan!d@h NICK daniel");
    for (line, sent) in [
        ("<private> 2 hi", "PRIVMSG bob :hi"),
        ("<talk> 3", "TALK REQUEST daniel"),
        ("<invite> 2", "INVITE bob #lobby"),
        ("<list> 3", "WHOIS daniel"),
    ] {
        assert_eq!(typed(&mut client, line), [sent]);
    }
    typed(&mut client, "<private> 3");
    assert_eq!(prompt(&mut client), "What do you want to tell daniel? ");
}

#[test]
fn without_a_prompt_only_a_command_is_an_answer() {
    let mut client = talker();
    client.manner = Manner { prompt: false, ..MANNER };
    let asked = hear(&mut client, ":bob!b@h TALK REQUEST alice");
    assert!(asked.contains("bob would like to talk: <accept> or <decline>"), "{asked}");
    client.prompt();
    assert_eq!(typed(&mut client, "yes"), ["PRIVMSG #lobby :yes"]);
    assert_eq!(typed(&mut client, "<accept>"), ["TALK ACCEPT bob"]);
}

/// What isn't kept is in the history, which is asked for it.
#[test]
fn what_does_not_fit_is_left_to_the_history() {
    let mut client = talking();
    hear(&mut client, ":s CAP alice ACK :draft/chathistory server-time");
    for (number, to) in ["#quiet"].into_iter().chain(["#lobby"; 501]).enumerate() {
        hear(&mut client, &format!("@msgid=m{number} :carol!c@h PRIVMSG {to} :x"));
    }
    let told = hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    let summary = "501 lines waited in #lobby (<history> #lobby has the first 1), 1 in #quiet (<history> #quiet has them)";
    assert!(told.contains(summary), "{told}");
    client.prompt();
    for (line, asked) in [
        ("<history> #lobby", "CHATHISTORY BEFORE #lobby msgid=m2 20"),
        ("<history> #quiet", "CHATHISTORY LATEST #quiet * 20"),
    ] {
        assert_eq!(typed(&mut client, line), [asked]);
    }
}

/// What waits isn't seen by anybody: other sessions of ours are to show it as unread.
#[test]
fn what_waits_counts_as_unread() {
    let mut client = talker();
    hear(&mut client, ":s CAP alice ACK :draft/read-marker server-time");
    client.session.outgoing();
    hear(&mut client, "@time=2026-11-21T19:00:00.000Z :bob!b@h PRIVMSG #lobby :seen");
    client.saw();
    hear(&mut client, ":bob!b@h TALK ACCEPT alice here");
    let marked = client.session.outgoing().concat();
    assert!(marked.contains("MARKREAD #lobby timestamp=2026-11-21T19:00:00.000Z"), "{marked}");
    hear(&mut client, "@time=2026-11-21T19:01:00.000Z :bob!b@h PRIVMSG #lobby :waits");
    client.mark_now();
    assert!(client.session.outgoing().is_empty());
    hear(&mut client, ":bob!b@h TALK END alice :left the conversation");
    client.mark_now();
    assert!(client.session.outgoing().concat().contains("timestamp=2026-11-21T19:01:00.000Z"));
}
