//! The line being typed, when it is long or the terminal small: it is there once, and what arrives is above it.

use crate::screen::Terminal;
use crate::server::{Client, Server};
use crate::support;

const ROWS: u16 = 10;
const COLUMNS: u16 = 40;

fn small() -> (Server, Client, Terminal) {
    sized(ROWS, COLUMNS)
}

fn sized(rows: u16, columns: u16) -> (Server, Client, Terminal) {
    let server = Server::start();
    let mut command = support::chat(&server);
    command.env("NO_COLOR", "1");
    let terminal = Terminal::sized(command, rows, columns);
    let client = server.client();
    terminal.wait_for_prompt("#lobby>");
    (server, client, terminal)
}

fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

fn rows_of(count: usize) -> String {
    (0..count).map(|n| format!("row {n} of the draft\n")).collect::<String>() + "the end of it"
}

fn count(lines: &[String], word: &str) -> usize {
    lines.iter().filter(|line| line.contains(word)).count()
}

#[test]
fn a_draft_taller_than_the_screen_leaves_no_copies_when_lines_arrive() {
    let (_server, mut client, mut terminal) = small();
    let draft = rows_of(30);
    terminal.keys(&pasted(&draft));
    terminal.wait_for_rows(|rows| rows.last().is_some_and(|row| row == "the end of it"));
    for n in 0..20 {
        client.send(&format!(":bob!b@h PRIVMSG #lobby :arrival {n} end\r\n"));
        terminal.wait_for_line(&format!("arrival {n} end"));
    }
    terminal.wait_for_rows(|rows| rows.last().is_some_and(|row| row == "the end of it"));
    let lines = terminal.lines();
    assert_eq!(count(&lines, "row 25 of the draft"), 1, "{lines:#?}");
    assert_eq!(count(&lines, "row 2 of the draft"), 0, "{lines:#?}");
    for n in 0..20 {
        assert_eq!(count(&lines, &format!("arrival {n} end")), 1, "{lines:#?}");
    }
    terminal.keys("\x03");
    terminal.wait_for_prompt("#lobby>");
    assert_eq!(count(&terminal.lines(), "of the draft"), 0);
}

#[test]
fn on_a_row_that_is_full_the_line_and_what_follows_it_are_where_they_belong() {
    let (_server, mut client, mut terminal) = small();
    let full = "x".repeat(usize::from(COLUMNS) - "#lobby> ".len());
    client.send(":bob!b@h PRIVMSG #lobby :before\r\n");
    terminal.wait_for("before");
    terminal.keys(&full);
    terminal.wait_for_rows(|rows| rows.iter().any(|row| *row == format!("#lobby> {full}")));
    terminal.keys("\r");
    assert_eq!(client.said(), format!("#lobby {full}"));
    terminal.wait_for_rows(|rows| rows.iter().any(|row| row.trim() == full));
    terminal.wait_for_prompt("#lobby>");
    let rows = terminal.rows();
    let before = rows.iter().position(|row| row.contains("before")).unwrap();
    assert!(rows[before + 1].contains("alice:"), "{rows:#?}");
    assert!(!rows[before..].iter().any(String::is_empty), "{rows:#?}");
}

#[test]
fn what_arrives_on_a_cleared_screen_leaves_no_empty_row() {
    for clear in ["\x0c", "<clear>\r"] {
        let (_server, mut client, mut terminal) = small();
        client.send(":bob!b@h PRIVMSG #lobby :before\r\n");
        terminal.wait_for("before");
        terminal.keys(clear);
        terminal.wait_for_rows(|rows| *rows == ["#lobby>"]);
        terminal.keys("draft");
        terminal.wait_for_rows(|rows| *rows == ["#lobby> draft"]);
        client.send(":bob!b@h PRIVMSG #lobby :one\r\n");
        terminal.wait_for_rows(|rows| rows.len() > 1);
        client.send(":bob!b@h PRIVMSG #lobby :two\r\n");
        terminal.wait_for_rows(|rows| rows.iter().any(|row| row.contains("two")));
        let rows = terminal.rows();
        assert!(!rows.iter().any(String::is_empty), "{rows:#?}");
        assert_eq!(rows.last().unwrap(), "#lobby> draft");
    }
}

#[test]
fn ctrl_l_keeps_the_draft_and_clears_it_from_what_a_new_size_shows_again() {
    let (_server, mut client, mut terminal) = small();
    client.send(":bob!b@h PRIVMSG #lobby :before\r\n");
    terminal.wait_for("before");
    let draft = "a draft that takes more than one row of so small a terminal";
    terminal.keys(draft);
    terminal.wait_for_prompt(&format!("#lobby> {draft}"));
    terminal.keys("\x0c");
    terminal.wait_for_rows(|rows| rows.len() == 2 && rows[0].starts_with("#lobby> a draft"));
    terminal.resize(ROWS, 30);
    terminal.wait_for_rows(|rows| rows.len() == 3 && rows[0] == "#lobby> a draft that takes mor");
    assert_eq!(count(&terminal.lines(), "before"), 0);
}

#[test]
fn a_new_size_while_typing_leaves_one_draft_and_every_line_once() {
    let (_server, mut client, mut terminal) = sized(24, 80);
    for n in 0..10 {
        client.send(&format!(":bob!b@h PRIVMSG #lobby :arrival {n} end\r\n"));
    }
    terminal.wait_for("arrival 9 end");
    let draft = "a draft that is long enough to take more than one row of any of these terminals, begun and not ended";
    terminal.keys(draft);
    terminal.wait_for_prompt(&format!("#lobby> {draft}"));
    for (rows, columns) in [(24, 40), (10, 40), (10, 100), (24, 33), (12, 34), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.wait_for_prompt(&format!("#lobby> {draft}"));
        terminal.keys("!\x7f");
        client.send(&format!(":bob!b@h PRIVMSG #lobby :at {rows} {columns} end\r\n"));
        terminal.wait_for(&format!("at {rows} {columns} end"));
        terminal.wait_for_prompt(&format!("#lobby> {draft}"));
        let rows = terminal.rows();
        assert_eq!(count(&rows, "a draft"), 1, "{rows:#?}");
        assert_eq!(count(&rows, "arrival 9 end"), 1, "{rows:#?}");
    }
    terminal.keys("\r");
    assert_eq!(client.said(), format!("#lobby {draft}"));
}

#[test]
fn on_a_screen_that_is_smaller_than_the_draft_the_cursor_is_where_one_types() {
    let (_server, client, mut terminal) = small();
    terminal.keys(&pasted(&rows_of(30)));
    terminal.wait_for_rows(|rows| rows.last().is_some_and(|row| row == "the end of it"));
    assert_eq!(terminal.cursor(), (ROWS - 1, 13));
    terminal.keys(&"\x1b[A".repeat(20));
    terminal.wait_for_rows(|rows| rows[0] == "row 10 of the draft");
    assert_eq!(terminal.cursor().0, 0);
    terminal.keys("\x01here: ");
    terminal.wait_for_rows(|rows| rows[0] == "here: row 10 of the draft");
    terminal.keys(&"\x1b[A".repeat(10));
    terminal.wait_for_rows(|rows| rows[0] == "#lobby> row 0 of the draft");
    terminal.keys("\r");
    assert!(client.said().starts_with("#lobby row 0"));
    assert_eq!(count(&terminal.lines(), "row 20 of the draft"), 0);
}

#[test]
fn several_lines_of_a_paste_are_told_and_dropped_by_ctrl_c() {
    let (_server, client, mut terminal) = small();
    terminal.keys(&pasted("one\r\ntwo\r\nthree\r\n"));
    terminal.wait_for("3 lines: Enter sends them together");
    terminal.keys("\x03\x03typed\r");
    assert_eq!(client.said(), "#lobby typed");
}

#[test]
fn a_huge_paste_is_refused_and_the_draft_is_kept() {
    let (_server, client, mut terminal) = small();
    terminal.keys("draft");
    terminal.keys(&pasted(&"0123456789\r<quit>\r".repeat(60_000)));
    terminal.wait_for_line("nothing was inserted: 1080000 characters");
    terminal.keys(" kept\r");
    assert_eq!(client.said(), "#lobby draft kept");
}

#[test]
fn keys_in_a_paste_are_text() {
    let (_server, client, mut terminal) = small();
    terminal.keys(&pasted("a\tb\x04\x1a\x0c\x1b[A\x18\x05<quit>\r\n"));
    terminal.keys("\r");
    assert_eq!(client.said(), "#lobby a\tb\x04\x1a\x0c\x18\x05<quit>");
}

#[test]
fn alt_enter_begins_another_line_of_the_same_message() {
    let (_server, client, mut terminal) = small();
    terminal.keys("one\x1b\rtwo");
    terminal.wait_for_rows(|rows| rows.ends_with(&["#lobby> one".into(), "two".into()]));
    terminal.keys("\r");
    assert_eq!([client.said(), client.said()], ["#lobby one", "#lobby two"]);
}

#[test]
fn the_cursor_stands_where_wide_and_joined_characters_end() {
    for (draft, columns) in
        [("日本語", 6), ("e\u{301}e\u{301}", 2), ("\u{1f469}\u{200d}\u{1f467}x", 5), ("\u{5e9}\u{5dc}", 2)]
    {
        let (_server, client, mut terminal) = small();
        terminal.keys(draft);
        terminal.keys("|");
        terminal.wait_for_rows(|rows| rows.last().is_some_and(|row| row.ends_with('|')));
        assert_eq!(terminal.cursor(), (terminal.cursor().0, 8 + columns + 1), "{draft}");
        terminal.keys("\r");
        assert_eq!(client.said(), format!("#lobby {draft}|"));
    }
}

#[test]
fn tab_puts_right_how_a_name_is_written() {
    let (_server, mut client, mut terminal) = small();
    client.send(":Bonnie!b@h JOIN #lobby\r\n");
    terminal.wait_for("Bonnie joined");
    terminal.keys("bonn\thi\r");
    assert_eq!(client.said(), "#lobby Bonnie: hi");
}

#[test]
fn a_key_at_the_end_of_the_line_paints_no_more_than_itself() {
    let (_server, mut client, mut terminal) = sized(24, 80);
    terminal.keys("a line of some");
    terminal.wait_for_prompt("#lobby> a line of some");
    let before = terminal.raw().len();
    terminal.keys(" words");
    terminal.wait_for_prompt("#lobby> a line of some words");
    assert_eq!(&terminal.raw()[before..], " words");
    terminal.keys("\x7f");
    terminal.wait_for_prompt("#lobby> a line of some word");
    assert!(terminal.raw().len() < before + " words".len() + 10);
    client.send(":bob!b@h PRIVMSG #lobby :meanwhile\r\n");
    terminal.wait_for("meanwhile");
    terminal.wait_for_prompt("#lobby> a line of some word");
    terminal.keys(&"!".repeat(80));
    terminal.wait_for_prompt(&format!("#lobby> a line of some word{}", "!".repeat(80)));
    terminal.keys("\r");
    assert_eq!(client.said(), format!("#lobby a line of some word{}", "!".repeat(80)));
    terminal.wait_for("alice: a line of some");
    terminal.wait_for_prompt("#lobby>");
    assert_eq!(count(&terminal.lines(), "#lobby> "), 0);
    assert_eq!(count(&terminal.lines(), "meanwhile"), 1);
}

#[test]
fn of_what_is_pasted_as_a_password_nothing_is_said_or_obeyed() {
    let (_server, mut client, mut terminal) = sized(24, 80);
    client.send(":s 900 alice alice!a@h alice :You are now logged in as alice\r\n");
    terminal.wait_for("You are logged in as alice.");
    terminal.keys("<password>\r");
    terminal.wait_for_prompt("Password until now:");
    terminal.keys(&pasted("old\rsecret\r\x03\x04<quit>\rthird\rfourth\r"));
    terminal.keys("\r");
    terminal.wait_for_prompt("New password:");
    terminal.keys(&format!("{}\r", pasted("new\rsecret\r")));
    terminal.wait_for_prompt("The same once more:");
    terminal.keys("new\r");
    terminal.wait_for_prompt("#lobby>");
    assert!(!terminal.raw().contains("two different"));
    client.send(":s PASSWD SUCCESS alice :Password set\r\n");
    terminal.wait_for("The password of alice is set.");
    terminal.keys("typed\r");
    assert_eq!(client.said(), "#lobby typed");
}
