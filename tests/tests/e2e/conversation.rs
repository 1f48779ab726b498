//! People at terminals: what they type and what the others see.

use chat_tests::daemon::Daemon;
use chat_tests::terminal::Terminal;

const ROWS: u16 = 24;
const COLS: u16 = 100;

fn sit_down(daemon: &Daemon, name: &str, rows: u16) -> Terminal {
    let terminal = Terminal::run(&daemon.chat(&["--name", name]), rows, COLS);
    terminal.wait_for_text(&format!("You are {name}"));
    terminal
}

#[test]
fn three_people_see_what_each_says() {
    let daemon = Daemon::start();
    let mut people: Vec<_> = ["alice", "bob", "carol"].map(|name| sit_down(&daemon, name, ROWS)).into();
    people[0].line("good morning");
    people[2].line("hello from carol");
    for person in &people {
        person.wait_for_text("alice: good morning");
        person.wait_for_text("carol: hello from carol");
    }
    people[1].line("<quit>");
    assert_eq!(people[1].wait(), 0);
    for person in [&people[0], &people[2]] {
        person.wait_for_text("bob is gone");
    }
}

#[test]
fn a_private_message_reaches_its_receiver_alone() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    let bob = sit_down(&daemon, "bob", ROWS);
    let carol = sit_down(&daemon, "carol", ROWS);
    alice.line("<private> bob the key is under the mat");
    bob.wait_for_text("the key is under the mat");
    alice.line("and now for everybody");
    let screen = carol.wait_for_text("and now for everybody");
    assert!(!screen.contains("under the mat"), "{screen}");
}

#[test]
fn private_asks_for_what_was_left_out() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    let bob = sit_down(&daemon, "bob", ROWS);
    alice.line("<private>");
    alice.wait_for_text("To whom?");
    alice.line("bob");
    alice.wait_for(|screen| screen.matches('?').count() >= 2 || screen.to_lowercase().contains("what"));
    alice.line("asked and answered");
    bob.wait_for_text("asked and answered");
}

#[test]
fn a_wrong_name_and_a_wrong_command_are_said_plainly() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    alice.line("<private> nobodyatall hello");
    alice.wait_for_text("nobody here is called nobodyatall");
    alice.line("<annuonce> hello");
    alice.wait_for_text("did you mean <announce>?");
    alice.line("<frobnicate>");
    alice.wait_for_text("there is no command <frobnicate>");
}

#[test]
fn list_shows_who_is_on_and_who_is_away() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    let mut bob = sit_down(&daemon, "bob", ROWS);
    bob.line("<away> lunch");
    bob.wait_for_text("you are away");
    alice.line("<list>");
    let screen = alice.wait_for(|screen| screen.contains("users on"));
    let of = |name: &str| {
        screen
            .lines()
            .find(|line| line.starts_with("  ") && line.split_whitespace().nth(1) == Some(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(of("alice").contains("available"), "{screen}");
    assert!(of("bob").contains("away"), "{screen}");
}

#[test]
fn announce_reaches_the_lobby_from_anywhere() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    let bob = sit_down(&daemon, "bob", ROWS);
    alice.line("<join> #corner");
    alice.wait_for(|screen| screen.contains("#corner> ") || screen.contains("#corner>"));
    alice.line("<announce> cake in the kitchen");
    bob.wait_for_text("cake in the kitchen");
}

#[test]
fn a_name_that_is_taken_is_refused_with_a_reason() {
    let daemon = Daemon::start();
    let _alice = sit_down(&daemon, "alice", ROWS);
    let second =
        daemon.chat(&["--name", "alice"]).stdin(std::process::Stdio::null()).output().expect("chat runs");
    let said = chat_tests::daemon::errors(&second);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("alice"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
}

#[test]
fn a_line_being_typed_survives_two_hundred_arriving_lines() {
    let daemon = Daemon::start();
    // Tall enough to keep everything on the screen.
    let mut alice = sit_down(&daemon, "alice", 300);
    let mut others: Vec<_> = (0..4).map(|index| daemon.client(&format!("sender{index}"))).collect();
    let typed = "this is a rather long line that somebody types while the others talk a lot";
    let (first, second) = typed.split_at(30);
    alice.keys(first);
    for round in 0..50 {
        for (index, other) in others.iter_mut().enumerate() {
            other.send(&format!("PRIVMSG #lobby :flood {index} {round:03}"));
        }
        if round == 25 {
            alice.keys(second);
        }
    }
    for other in &mut others {
        other.sync();
    }
    let all_there = |screen: &str| (0..4).all(|index| screen.contains(&format!("flood {index} 049")));
    alice.wait_for(|screen| all_there(screen) && screen.trim_end().ends_with(typed));
    let screen = alice.screen();
    for index in 0..4 {
        let mine: Vec<_> = screen.lines().filter(|line| line.contains(&format!("flood {index} "))).collect();
        let expected: Vec<_> =
            (0..50).map(|round| format!("sender{index}: flood {index} {round:03}")).collect();
        assert_eq!(mine.len(), 50, "{screen}");
        assert!(mine.iter().zip(&expected).all(|(line, expected)| line.ends_with(expected)), "{screen}");
    }
    assert!(alice.cursor_row().ends_with(typed), "{screen}");
    alice.keys("\r");
    others[0].expect_containing(&format!(":{typed}"));
}

#[test]
fn pressing_enter_in_a_flood_keeps_every_line_in_order() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", 400);
    let mut bob = daemon.client("bob");
    for round in 0..100 {
        bob.send(&format!("PRIVMSG #lobby :flood {round:03}"));
        if round % 10 == 5 {
            alice.line(&format!("typed {round:03}"));
        }
    }
    let screen = alice.wait_for(|screen| screen.contains("flood 099") && screen.contains("alice: typed 095"));
    let arrived: Vec<_> = screen.lines().filter_map(|line| line.split_once("bob: flood ")).collect();
    let numbers: Vec<_> = arrived.iter().map(|(_, number)| number.trim().to_owned()).collect();
    let expected: Vec<_> = (0..100).map(|round| format!("{round:03}")).collect();
    assert_eq!(numbers, expected, "{screen}");
    for round in (5..100).step_by(10) {
        bob.expect_containing(&format!(":typed {round:03}"));
    }
}

#[test]
fn a_chat_that_is_killed_is_gone_for_the_others() {
    let daemon = Daemon::start();
    let alice = sit_down(&daemon, "alice", ROWS);
    let mut bob = sit_down(&daemon, "bob", ROWS);
    bob.kill();
    alice.wait_for_text("bob is gone");
}

#[test]
fn chat_comes_back_after_chatd_was_killed() {
    let daemon = Daemon::start();
    let mut alice = sit_down(&daemon, "alice", ROWS);
    let place = daemon.crash();
    alice.wait_for_text("connecting again");
    alice.line("typed while it was down");
    let daemon = place.start();
    let mut bob = daemon.client("bob");
    bob.send("JOIN #lobby");
    alice.wait_for_text("alice: typed while it was down");
}
