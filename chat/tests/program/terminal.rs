//! The program in a terminal: what is typed stays whole, what arrives is there once and in order.

use nix::sys::signal::Signal;

use crate::screen::Terminal;
use crate::server::{Client, Server};
use crate::support;

fn talk() -> (Server, Client, Terminal) {
    sit_down(Server::start())
}

/// With a server that has conversations.
fn talk_in_twos() -> (Server, Client, Terminal) {
    let server = Server::start();
    server.offer("chatd.org/talk=60");
    sit_down(server)
}

fn sit_down(server: Server) -> (Server, Client, Terminal) {
    let mut command = support::chat(&server);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::run(command);
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    (server, client, terminal)
}

fn flood(lines: std::ops::Range<usize>) -> String {
    lines.map(|n| format!(":bob!b@h PRIVMSG #lobby :flood {n} end\r\n")).collect()
}

/// The numbers behind a word, in the order of the lines.
fn numbers(lines: &[String], word: &str) -> Vec<usize> {
    let number = |line: &String| line.split_once(word)?.1.split_whitespace().next()?.parse().ok();
    lines.iter().filter_map(number).collect()
}

#[test]
fn a_long_line_being_typed_stays_whole_while_others_flood() {
    let (_server, mut client, mut terminal) = talk();
    let text = "a line that is long enough to take more than one row of the terminal while it is being typed";
    for (index, character) in text.chars().enumerate() {
        terminal.keys(&character.to_string());
        client.send(&flood(index * 10..(index + 1) * 10));
    }
    terminal.wait_for(&format!("flood {} end", text.len() * 10 - 1));
    terminal.wait_for_prompt(&format!("#lobby> {text}"));
    let lines = terminal.lines();
    assert_eq!(numbers(&lines, "bob: flood "), (0..text.len() * 10).collect::<Vec<_>>());
    assert_eq!(lines.iter().filter(|line| line.contains("a line that")).count(), 1);
    terminal.keys("\r");
    assert_eq!(client.said(), format!("#lobby {text}"));
}

#[test]
fn pressing_enter_in_a_flood_loses_nothing_and_keeps_the_order() {
    const LINES: usize = 60;
    let (_server, mut client, mut terminal) = talk();
    for index in 0..LINES {
        client.send(&flood(index * 50..(index + 1) * 50));
        terminal.keys(&format!("typed {index} end\r"));
    }
    for index in 0..LINES {
        assert_eq!(client.said(), format!("#lobby typed {index} end"));
    }
    client.send(":bob!b@h PRIVMSG #lobby :that was all\r\n");
    terminal.wait_for("that was all");
    terminal.wait_for_prompt("#lobby>");
    let lines = terminal.lines();
    assert_eq!(numbers(&lines, "bob: flood "), (0..LINES * 50).collect::<Vec<_>>());
    assert_eq!(numbers(&lines, "alice: typed "), (0..LINES).collect::<Vec<_>>());
}

#[test]
fn keys_that_come_at_once_are_lines_questions_and_answers_in_turn() {
    let (_server, client, mut terminal) = talk();
    terminal.keys("one\r<private>\rbob\rtwo\rdropped\x03three\r<privat>\r");
    assert_eq!(client.said(), "#lobby one");
    assert_eq!(client.said(), "bob two");
    assert_eq!(client.said(), "#lobby three");
    terminal.wait_for("did you mean <private>?");
    terminal.wait_for("[private] you → bob: two");
}

#[test]
fn tab_completes_and_shows_the_choice_above_the_line() {
    let (_server, mut client, mut terminal) = talk();
    client.send(":bob!b@h JOIN #lobby\r\n:bonnie!b@h JOIN #lobby\r\n");
    terminal.wait_for("bonnie joined");
    terminal.keys("<priv\tb\t");
    terminal.wait_for("bob  bonnie");
    terminal.keys("b\thi\r");
    assert_eq!(client.said(), "bob hi");
}

#[test]
fn nothing_of_others_is_obeyed_by_the_terminal() {
    let (_server, mut client, terminal) = talk();
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}";
    client.send(&format!(":bob!b@h PRIVMSG #lobby :{evil}\r\n"));
    client.send(&format!(":b{evil}!b@h JOIN #lobby\r\n:bob!b@h QUIT :{evil}\r\n"));
    client.send(&format!(":bob!b@h TOPIC #lobby :{evil}\r\n:s 301 alice bob :{evil}\r\n"));
    client.send(&format!(":s 471 alice #lobby :{evil}\r\n:s NOTICE #lobby :{evil} done\r\n"));
    terminal.wait_for("done");
    let raw = terminal.raw();
    for harm in ["\x1b]", "\x1b[2J", "\u{9b}", "\u{202e}"] {
        assert!(!raw.contains(harm), "{harm:?}");
    }
    assert!(terminal.lines().iter().any(|line| line.contains("bob: ␛]0;owned␇␛[2J‹009B›31m‹202E›")));
}

#[test]
fn a_broken_connection_is_said_and_taken_up_again_with_what_was_typed() {
    let (server, client, mut terminal) = talk();
    client.cut();
    terminal.wait_for("connecting again");
    terminal.keys("kept one\rkept two\r");
    let client = server.client();
    assert_eq!(client.said(), "#lobby kept one");
    assert_eq!(client.said(), "#lobby kept two");
    terminal.wait_for("alice: kept two");
}

#[test]
fn being_kicked_ends_it_with_the_reason_and_status_1() {
    let (_server, mut client, mut terminal) = talk();
    terminal.keys("half a line");
    terminal.wait_for_prompt("#lobby> half a line");
    client.send("ERROR :Closing link: Kicked by root: spam\r\n");
    let (status, lines) = terminal.end();
    assert_eq!(status.code(), Some(1));
    assert_eq!(lines.last().unwrap(), "chat: disconnected: Kicked by root: spam");
}

#[test]
fn the_bell_rings_for_ones_name_and_for_private_words_only() {
    for words in ["#lobby :alice, look", "alice :look"] {
        let (_server, mut client, terminal) = talk();
        client.send(":bob!b@h PRIVMSG #lobby :malice aforethought\r\n");
        terminal.wait_for("aforethought");
        assert_eq!(terminal.raw().matches('\x07').count(), 0);
        client.send(&format!(":bob!b@h PRIVMSG {words}\r\n:bob!b@h PRIVMSG {words} again\r\n"));
        terminal.wait_for("look again");
        assert_eq!(terminal.raw().matches('\x07').count(), 1);
    }
}

#[test]
fn a_paste_of_several_lines_is_said_line_by_line() {
    let (_server, client, mut terminal) = talk();
    terminal.keys("\x1b[200~one\ntwo\n\n  three\x1b[201~");
    terminal.wait_for("  three");
    terminal.keys("\r");
    assert_eq!([client.said(), client.said(), client.said()], ["#lobby one", "#lobby two", "#lobby   three"]);
}

#[test]
fn what_a_paste_hides_does_nothing_to_the_terminal() {
    let (_server, client, mut terminal) = talk();
    terminal.keys("\x1b[200~a\u{202e}b\u{9b}c\x07\x1b[201~");
    terminal.wait_for_prompt("#lobby> abc");
    terminal.keys("\r");
    assert_eq!(client.said(), "#lobby a\u{202e}b\u{9b}c\x07");
    terminal.wait_for("alice: a‹202E›b‹009B›c␇");
    assert!(!terminal.raw().contains(['\u{202e}', '\u{9b}', '\x07']));
}

/// In a conversation with bob, who asked for it while a line was being typed.
#[test]
fn a_question_does_not_disturb_a_line_and_is_answered_by_none_that_was_begun_before() {
    let (_server, mut client, mut terminal) = talk_in_twos();
    terminal.keys("ye");
    terminal.wait_for_prompt("#lobby> ye");
    client.send(":bob!b@h TALK REQUEST alice\r\n");
    terminal.wait_for("bob would like to talk (yes/no)");
    terminal.wait_for_prompt("#lobby> ye");
    terminal.keys("s\r");
    assert_eq!(client.said(), "#lobby yes");
    terminal.wait_for_prompt("[bob: yes/no] #lobby>");
    terminal.keys("yes\r");
    assert_eq!(client.said(), "TALK ACCEPT bob");
    client.send(":alice!a@h TALK ACCEPT bob here\r\n");
    terminal.wait_for_prompt("⇄ bob>");
    client.send(":carol!c@h PRIVMSG #lobby :for all\r\n:bob!b@h PRIVMSG alice :hi\r\n");
    terminal.wait_for("bob: hi");
    terminal.keys("for bob alone");
    terminal.wait_for_prompt("⇄ bob> for bob alone");
    client.send(":bob!b@h TALK END alice :left the conversation\r\n");
    terminal.wait_for("carol: for all");
    terminal.wait_for_prompt("⇄ bob> for bob alone");
    terminal.keys("\r");
    terminal.wait_for("you no longer talk with bob");
    terminal.wait_for_prompt("#lobby>");
    terminal.keys("for all\r");
    assert_eq!(client.said(), "#lobby for all");
}

/// The first key comes after the prompt, which can be told: what is typed goes where it says.
#[test]
fn a_prompt_changes_while_nothing_is_typed_behind_it() {
    let (_server, mut client, mut terminal) = talk();
    client.send(":alice!a@h JOIN #ops\r\n:op!o@h KICK #lobby alice :out\r\n");
    terminal.wait_for_prompt("#ops>");
    terminal.keys("here");
    terminal.wait_for_prompt("#ops> here");
    terminal.keys("\r");
    assert_eq!(client.said(), "#ops here");
    terminal.wait_for_prompt("#ops>");
    terminal.keys("half");
    terminal.wait_for_prompt("#ops> half");
    client.send(":alice!a@h JOIN #cooking\r\n:op!o@h KICK #ops alice :out\r\n");
    terminal.wait_for("alice was removed");
    terminal.wait_for_prompt("#ops> half");
    terminal.keys("\x7f\x7f\x7f\x7f");
    terminal.wait_for_prompt("#cooking>");
    terminal.keys("soup\r");
    assert_eq!(client.said(), "#cooking soup");
    assert!(!terminal.lines().iter().any(|line| line.contains("nothing was done")));
}

fn talk_with_caroline() -> (Server, Client, Terminal) {
    let (server, mut client, mut terminal) = talk_in_twos();
    terminal.keys("<talk> caroline-longname\r");
    assert_eq!(client.said(), "TALK REQUEST caroline-longname");
    client.send(":alice!a@h TALK REQUEST caroline-longname\r\n");
    terminal.wait_for("asked caroline-longname to talk");
    terminal.wait_for_prompt("#lobby>");
    client.send(":caroline-longname!c@h TALK ACCEPT alice here\r\n");
    terminal.wait_for_prompt("⇄ caroline-longname>");
    (server, client, terminal)
}

#[test]
fn who_has_asked_sees_at_once_with_whom_they_talk_and_later_where_they_are() {
    let (_server, mut client, mut terminal) = talk_with_caroline();
    client.send(":caroline-longname!c@h TALK END alice :left the conversation\r\n");
    terminal.wait_for("left the conversation");
    terminal.wait_for_prompt("#lobby>");
    terminal.keys("for all\r");
    assert_eq!(client.said(), "#lobby for all");
}

/// Waits until what the server has sent before has been dealt with, even if nothing is shown of it.
fn wait_until_heard(client: &mut Client) {
    for token in ["one", "two"] {
        client.send(&format!("PING {token}\r\n"));
        assert_eq!(client.said(), format!("PONG :{token}"));
    }
}

#[test]
fn a_prompt_that_changes_meanwhile_takes_no_key_from_a_search_or_a_count() {
    let (_server, mut client, mut terminal) = talk_in_twos();
    terminal.keys("alpha one\r");
    assert_eq!(client.said(), "#lobby alpha one");
    terminal.wait_for("alice: alpha one");
    terminal.wait_for_prompt("#lobby>");
    terminal.keys("\x12");
    terminal.wait_for_prompt("(reverse-i-search)`':");
    client.send(":bob!b@h TALK REQUEST alice\r\n");
    wait_until_heard(&mut client);
    terminal.keys("alp\r");
    assert_eq!(client.said(), "#lobby alpha one");
    terminal.wait_for_prompt("[bob: yes/no] #lobby>");
    terminal.keys("\x1b3");
    terminal.wait_for_prompt("(arg: 3)");
    client.send(":bob!b@h NICK bobby\r\n");
    wait_until_heard(&mut client);
    terminal.keys("q");
    terminal.wait_for_prompt("[bobby: yes/no] #lobby> qqq");
}

/// The line end behind the line that is left would scroll the screen.
#[test]
fn a_prompt_that_changes_in_the_last_row_leaves_no_empty_one() {
    let (_server, mut client, mut terminal) = talk();
    client.send(&flood(0..50));
    client.send(":alice!a@h JOIN #cooking\r\n:op!o@h KICK #lobby alice :out\r\n");
    terminal.wait_for_prompt("#cooking>");
    terminal.keys("soup");
    terminal.wait_for_prompt("#cooking> soup");
    assert!(terminal.rows().iter().all(|row| !row.is_empty()), "{:#?}", terminal.rows());
    assert_eq!(terminal.cursor(), (23, 14));
}

#[test]
fn nothing_typed_is_lost_while_the_prompt_changes_all_the_time() {
    const LINES: usize = 60;
    let (_server, mut client, mut terminal) = talk_with_caroline();
    for index in 0..LINES {
        let (from, to) =
            if index % 2 == 0 { ("caroline-longname", "cara") } else { ("cara", "caroline-longname") };
        client.send(&format!(":{from}!c@h NICK {to}\r\n"));
        terminal.keys(&format!("typed {index}\r"));
    }
    for index in 0..LINES {
        let said = client.said();
        assert_eq!(said.split_once(' ').unwrap().1, format!("typed {index}"));
    }
}

#[test]
fn ctrl_c_twice_and_ctrl_d_leave() {
    for keys in ["\x03\x03", "\x04", "<quit>\r", "/quit bye\r"] {
        let (_server, _client, mut terminal) = talk();
        terminal.keys(keys);
        assert_eq!(terminal.end().0.code(), Some(0), "{keys:?}");
    }
}

#[test]
fn rows_end_between_words() {
    let (_server, mut client, terminal) = talk();
    let words = ["somewhat"; 20].join(" ");
    client.send(&format!(":bob!b@h PRIVMSG #lobby :{words} done\r\n"));
    terminal.wait_for("done");
    let lines = terminal.lines();
    let rows: Vec<_> = lines.iter().filter(|line| line.contains("somewhat")).collect();
    assert!(rows.len() > 2 && rows.iter().all(|row| row.len() <= 80), "{rows:?}");
    assert!(rows[1..].iter().all(|row| row.starts_with("  somewhat")), "{rows:?}");
}

#[test]
fn who_leaves_while_a_password_is_being_set_waits_for_the_outcome() {
    let server = Server::start();
    let mut terminal = Terminal::run(support::chat(&server));
    let mut client = server.client();
    client.send(":s 900 alice alice!a@h alice :You are now logged in as alice\r\n");
    terminal.wait_for("You are logged in as alice.");
    terminal.keys("<password>\r");
    for (question, answer) in
        [("Password until now:", "old\r"), ("New password:", "new\r"), ("The same once more:", "new\r")]
    {
        terminal.wait_for_prompt(question);
        terminal.keys(answer);
    }
    terminal.keys("<quit>\r");
    terminal.wait_for("waiting for the server's word on the password");
    client.send(":s PASSWD SUCCESS alice :Password set\r\n");
    assert!(client.has_quit());
    let (status, lines) = terminal.end();
    assert_eq!(status.code(), Some(0));
    assert!(lines.iter().any(|line| line.contains("The password of alice is set.")), "{lines:?}");
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        let (_server, _client, mut terminal) = talk();
        terminal.keys("a draft");
        terminal.wait_for_prompt("#lobby> a draft");
        terminal.signal(signal);
        assert_eq!(terminal.end_in_order().code(), Some(0), "{signal}");
    }
    let (_server, mut client, mut terminal) = talk();
    terminal.keys("a draft");
    terminal.wait_for_prompt("#lobby> a draft");
    client.send("ERROR :Closing link: Kicked by root\r\n");
    assert_eq!(terminal.end_in_order().code(), Some(1));
}

#[test]
fn a_byte_that_is_no_text_is_left_out_and_the_draft_stays() {
    let (_server, client, mut terminal) = talk();
    terminal.keys("half a line");
    terminal.wait_for_prompt("#lobby> half a line");
    terminal.bytes(b"\xff");
    terminal.wait_for("what isn't UTF-8 is left out");
    terminal.keys(" and the rest\r");
    assert_eq!(client.said(), "#lobby half a line and the rest");
}

#[test]
fn the_last_words_are_shown_to_who_searches_the_history_as_well() {
    let (_server, mut client, mut terminal) = talk();
    terminal.keys("one\r");
    terminal.wait_for("alice: one");
    terminal.keys("\x12on");
    terminal.wait_for("`on': one");
    client.send(":bob!b@h PRIVMSG #lobby :by the way\r\nERROR :Closing link: Kicked by root\r\n");
    let (status, lines) = terminal.end();
    assert_eq!(status.code(), Some(1));
    assert!(lines.iter().any(|line| line.contains("bob: by the way")), "{lines:#?}");
    assert_eq!(lines.last().unwrap(), "chat: disconnected: Kicked by root");
}

#[test]
fn a_shell_that_continues_it_finds_the_terminal_quiet() {
    let (_server, client, mut terminal) = talk();
    terminal.keys("half");
    terminal.wait_for_prompt("#lobby> half");
    terminal.signal(Signal::SIGSTOP);
    terminal.make_loud();
    terminal.signal(Signal::SIGCONT);
    terminal.wait_until_quiet();
    terminal.keys(" a line\r");
    assert_eq!(client.said(), "#lobby half a line");
}

#[test]
fn who_was_stopped_until_the_server_let_go_is_shown_all_that_had_come() {
    let (_server, mut client, terminal) = talk();
    terminal.signal(Signal::SIGSTOP);
    client.send("PING :still-there\r\n");
    client.send(&flood(0..3000));
    client.send("ERROR :Closing link: no answer for 80 seconds\r\n");
    client.cut();
    terminal.signal(Signal::SIGCONT);
    terminal.wait_for("no answer for 80 seconds");
    assert_eq!(numbers(&terminal.lines(), "bob: flood "), (0..3000).collect::<Vec<_>>());
}

#[test]
fn a_history_that_another_program_holds_holds_up_nobody() {
    let server = Server::start();
    let directory = server.directory().join(".local/state/chat");
    std::fs::create_dir_all(&directory).unwrap();
    let history = std::fs::File::create(directory.join("history")).unwrap();
    history.lock().unwrap();
    let mut terminal = Terminal::run(support::chat(&server));
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    terminal.keys("hello\r");
    assert_eq!(client.said(), "#lobby hello");
    terminal.wait_for_prompt("#lobby>");
}
