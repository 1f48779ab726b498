//! People at terminals who talk in twos: the dialogues that the programs of old had.

use chat_tests::daemon::Daemon;
use chat_tests::terminal::Terminal;

const ROWS: u16 = 40;
const COLS: u16 = 100;

fn sit_down<const N: usize>(daemon: &Daemon, names: [&str; N]) -> [Terminal; N] {
    names.map(|name| {
        let terminal = Terminal::run(&daemon.chat(&["--name", name]), ROWS, COLS);
        prompted(&terminal, "#lobby> ");
        terminal
    })
}

/// Waits until the cursor stands in a row of that text.
fn prompted(terminal: &Terminal, row: &str) {
    let text = row.trim_end();
    terminal.wait_for(|screen| screen.lines().last().is_some_and(|last| last == text));
}

/// The row of the last list that has the name.
fn listed(terminal: &mut Terminal, name: &str) -> String {
    let before = terminal.screen().matches("users on;").count();
    terminal.line("<list>");
    let screen = terminal.wait_for(|screen| screen.matches("users on;").count() > before);
    let is_row = |line: &&str| line.split_whitespace().nth(1) == Some(name);
    screen.lines().rev().find(is_row).unwrap_or_default().to_owned()
}

fn begin(asker: &mut Terminal, asked: &mut Terminal, names: [&str; 2]) {
    asker.line(&format!("<talk> {}", names[1]));
    prompted(asked, &format!("[{}: yes/no] #lobby> ", names[0]));
    asked.line("yes");
    prompted(asker, &format!("⇄ {}> ", names[1]));
    prompted(asked, &format!("⇄ {}> ", names[0]));
}

#[test]
fn two_talk_others_see_them_busy_and_channels_wait() {
    let daemon = Daemon::start();
    let [mut alice, mut bob, mut carol, mut eve] = sit_down(&daemon, ["alice", "bob", "carol", "eve"]);

    bob.keys("half a line");
    prompted(&bob, "#lobby> half a line");
    alice.line("<talk> bob");
    bob.wait_for_text("alice would like to talk (yes/no)");
    prompted(&bob, "#lobby> half a line");
    bob.line("");
    for person in [&alice, &carol] {
        person.wait_for_text("bob: half a line");
    }
    prompted(&bob, "[alice: yes/no] #lobby> ");
    bob.line("yes");
    prompted(&alice, "⇄ bob> ");
    prompted(&bob, "⇄ alice> ");
    alice.line("a cup of tea?");
    bob.wait_for_text("alice: a cup of tea?");
    bob.line("two");
    alice.wait_for_text("bob: two");

    assert!(
        listed(&mut carol, "alice").contains("busy since ")
            && listed(&mut carol, "bob").contains("talking with alice")
    );
    carol.line("<talk> alice");
    carol.wait_for_text("alice is busy, talking with bob");
    carol.line("<talk> eve");
    eve.wait_for_text("carol would like to talk (yes/no)");
    eve.line("no");
    carol.wait_for_text("eve says no");
    prompted(&carol, "#lobby> ");
    prompted(&eve, "#lobby> ");
    carol.line("then nobody");
    eve.wait_for_text("carol: then nobody");
    carol.line("<private> bob psst");
    let screen = bob.wait_for_text("[private] carol → you: psst");
    assert!(!screen.contains("then nobody"), "{screen}");
    assert!(!carol.screen().contains("cup of tea"), "{}", carol.screen());

    alice.line("@end");
    bob.wait_for_text("alice left the conversation");
    for person in [&alice, &bob] {
        let screen = person.wait_for_text("1 line waited in #lobby");
        assert!(screen.contains("carol: then nobody"), "{screen}");
        prompted(person, "#lobby> ");
    }
    carol.wait_for_text("alice is available again");
    assert!(
        listed(&mut carol, "alice").contains("available") && listed(&mut carol, "bob").contains("available")
    );
}

#[test]
fn who_can_be_asked_is_picked_by_number_and_may_be_asked_no_longer() {
    let daemon = Daemon::start();
    let [mut alice, bob] = sit_down(&daemon, ["alice", "bob"]);
    alice.line("<talk>");
    alice.wait_for_text("1  bob  available");
    prompted(&alice, "With whom? (number or name)");
    alice.line("1");
    bob.wait_for_text("alice would like to talk (yes/no)");
    alice.wait_for_text("asked bob to talk");
    alice.keys("\x03");
    alice.wait_for_text("bob is no longer asked to talk");
    bob.wait_for_text("alice no longer asks to talk");
}

#[test]
fn a_partner_whose_program_is_killed_is_missed_by_all() {
    let daemon = Daemon::start();
    let [mut alice, mut bob, mut carol] = sit_down(&daemon, ["alice", "bob", "carol"]);
    begin(&mut alice, &mut bob, ["alice", "bob"]);
    carol.line("for later");
    carol.wait_for_text("carol: for later");
    bob.keys("for alice alone");
    prompted(&bob, "⇄ alice> for alice alone");
    alice.crash();
    bob.wait_for_text("the conversation with alice is over: connection lost");
    bob.wait_for_text("carol: for later");
    bob.line("");
    bob.wait_for_text("you no longer talk with alice");
    prompted(&bob, "#lobby> ");
    assert!(listed(&mut carol, "bob").contains("available"));
    begin(&mut carol, &mut bob, ["carol", "bob"]);
    assert!(!carol.screen().contains("for alice alone"), "{}", carol.screen());
}

#[test]
fn who_loses_the_server_is_back_in_the_channel_and_can_ask_again() {
    let daemon = Daemon::start();
    let [mut alice, mut bob] = sit_down(&daemon, ["alice", "bob"]);
    begin(&mut alice, &mut bob, ["alice", "bob"]);
    let place = daemon.crash();
    for person in [&alice, &bob] {
        person.wait_for_text("is over: the connection broke");
        prompted(person, "#lobby> ");
    }
    let _daemon = place.start();
    for (person, name) in [(&alice, "alice"), (&bob, "bob")] {
        person.wait_for_text(&format!("connected again as {name}"));
    }
    begin(&mut bob, &mut alice, ["bob", "alice"]);
}
