//! Channels outlive their members' connections, and chatd itself.

use chat_tests::daemon::{Daemon, printed};
use chat_tests::irc::Irc;

use crate::people::{CAROL, DAVE, add, log_in};

/// The answers to a line, without the server's name.
fn ask(client: &mut Irc, line: &str) -> Vec<String> {
    client.sync();
    client.send(line);
    client.sync().into_iter().filter(|line| !line.contains(" PONG ")).collect()
}

fn says(client: &mut Irc, line: &str, text: &str) {
    let answer = ask(client, line);
    assert!(answer.iter().any(|line| line.contains(text)), "{line}: {answer:?}");
}

/// carol has a room by invitation only, with a topic and a ban; dave is voiced in it.
fn furnish(daemon: &Daemon) {
    add(daemon, "carol");
    add(daemon, "dave");
    let (mut carol, mut dave) = (log_in(daemon, "carol", CAROL, ""), log_in(daemon, "dave", DAVE, ""));
    says(&mut carol, "JOIN #den", "@carol");
    says(&mut dave, "JOIN #den", " JOIN #den");
    says(&mut carol, "TOPIC #den :tea at four", "TOPIC");
    says(&mut carol, "MODE #den +vib-t+l dave mallory 12", "MODE");
    // What the other has seen is what must be there again.
    dave.expect_containing("+vib-t+l dave mallory!*@* 12");
}

#[test]
fn a_room_is_after_a_crash_as_it_was_seen_and_its_people_come_back_to_their_places() {
    let daemon = Daemon::start();
    furnish(&daemon);
    let daemon = daemon.crash().start();

    let mut stranger = daemon.client("stranger");
    says(&mut stranger, "LIST", " 322 stranger #den 0 :tea at four");
    says(&mut stranger, "JOIN #den", " 473 ");
    says(&mut stranger, "MODE #den", " 324 stranger #den +inl 12");
    let listed = printed(&daemon.chatctl(&["channels"]));
    assert!(listed.contains("empty for") && listed.contains("tea at four"), "{listed}");
    let shown = printed(&daemon.chatctl(&["show", "#den"]));
    assert!(shown.contains("@carol, +dave"), "{shown}");

    let mut dave = log_in(&daemon, "dave", DAVE, "");
    let arrival = ask(&mut dave, "JOIN #den");
    assert!(arrival.iter().any(|line| line.ends_with(" 332 dave #den :tea at four")), "{arrival:?}");
    assert!(arrival.iter().any(|line| line.ends_with(":+dave")), "{arrival:?}");
    says(&mut dave, "MODE #den b", " 367 dave #den mallory!*@* carol ");
    let mut carol = log_in(&daemon, "carol", CAROL, "");
    says(&mut carol, "JOIN #den", "@carol");
    dave.expect_containing("MODE #den +o carol");
    says(&mut carol, "MODE #den -i", "MODE #den -i");
    says(&mut stranger, "JOIN #den", " JOIN #den");
    says(&mut stranger, "MODE #den +m", " 482 ");
}

#[test]
fn who_comes_first_after_a_restart_rules_nothing_and_the_lobby_has_its_topic() {
    let daemon = Daemon::start();
    add(&daemon, "carol");
    let mut carol = log_in(&daemon, "carol", CAROL, "");
    says(&mut carol, "JOIN #den", "@carol");
    says(&mut carol, "TOPIC #lobby :welcome", "TOPIC #lobby :welcome");
    let mut guest = daemon.client("guest");
    says(&mut guest, "JOIN #guests", "@guest");
    let output = daemon.chatctl(&["shutdown"]);
    assert!(output.status.success());
    guest.expect_closed();
    let mut daemon = daemon;
    assert!(daemon.wait().success());
    let daemon = daemon.stopped().start();

    let mut guest = daemon.client("guest");
    assert!(
        guest.seen().iter().any(|line| line.ends_with(" 332 guest #lobby :welcome")),
        "{:?}",
        guest.seen()
    );
    says(&mut guest, "JOIN #den", ":guest");
    says(&mut guest, "TOPIC #den :mine", " 482 ");
    says(&mut guest, "JOIN #guests", "@guest");
}

#[test]
fn a_room_ends_when_it_has_been_empty_for_as_long_as_the_configuration_says() {
    let daemon = Daemon::configured("[channels]\nkeep = \"1s\"");
    add(&daemon, "carol");
    let mut carol = log_in(&daemon, "carol", CAROL, "");
    says(&mut carol, "JOIN #den", "@carol");
    says(&mut carol, "PART #den", "PART #den");
    while ask(&mut carol, "LIST").iter().any(|line| line.contains("#den")) {
        std::thread::yield_now();
    }
    let daemon = daemon.crash().start();
    let mut guest = daemon.client("guest");
    assert!(!ask(&mut guest, "LIST").iter().any(|line| line.contains("#den")));
}
