//! Conversations on the wire: raw clients of several kinds, and the real chatd with its keep-alive.

use std::thread;

use chat_tests::daemon::Daemon;
use chat_tests::irc::Irc;

const CAPS: &str = "chatd.org/talk away-notify chatd.org/presence message-tags";

fn people<const N: usize>(daemon: &Daemon, names: [&str; N]) -> [Irc; N] {
    names.map(|name| {
        let mut irc = daemon.connect();
        irc.register_with(name, CAPS);
        irc
    })
}

/// Whether it is that line, whatever stands between the nick and the command.
fn is(line: &str, by: &str, what: &str) -> bool {
    line.contains(&format!(":{by}!")) && line.ends_with(what)
}

#[test]
fn two_talk_a_third_is_told_that_they_are_busy_and_one_who_leaves_frees_both() {
    let daemon = Daemon::configured("[log]\nlevel = \"debug\"");
    let [mut alice, mut bob, mut carol, mut eve] = people(&daemon, ["alice", "bob", "carol", "eve"]);

    alice.send("TALK REQUEST bob");
    bob.expect(|line| is(line, "alice", "TALK REQUEST bob"));
    bob.send("TALK ACCEPT");
    for both in [&mut alice, &mut bob] {
        both.expect(|line| is(line, "bob", "TALK ACCEPT alice here"));
    }
    for (by, other) in [("bob", "alice"), ("alice", "bob")] {
        let line = carol.expect(|line| is(line, by, &format!("AWAY :talking with {other}")));
        assert!(
            line.contains("chatd.org/presence=busy;") && line.contains(&format!(";chatd.org/with={other} ")),
            "{line}"
        );
    }
    alice.send("PRIVMSG bob :a cup of tea?");
    bob.expect(|line| is(line, "alice", "PRIVMSG bob :a cup of tea?"));
    bob.send("PRIVMSG alice :two");
    alice.expect(|line| is(line, "bob", "PRIVMSG alice :two"));
    assert!(alice.sync().iter().all(|line| !line.contains(" 301 ")), "the partner is no absent one");

    carol.send("TALK REQUEST alice");
    carol.expect_containing("FAIL TALK BUSY alice bob :alice is busy, talking with bob");
    carol.send("TALK REQUEST eve");
    eve.expect(|line| is(line, "carol", "TALK REQUEST eve"));
    eve.send("TALK DECLINE");
    carol.expect(|line| is(line, "eve", "TALK DECLINE carol"));

    alice.send("TALK END");
    bob.expect(|line| is(line, "alice", "TALK END bob :left the conversation"));
    for by in ["alice", "bob"] {
        let line = eve.expect(|line| is(line, by, " AWAY"));
        assert!(line.contains("chatd.org/presence=available;"), "{line}");
    }
    carol.send("TALK REQUEST alice");
    alice.expect(|line| is(line, "carol", "TALK REQUEST alice"));

    let log = daemon.log();
    for told in ["conversation begins: bob with alice", "conversation ends: alice with bob"] {
        assert!(log.contains(told), "{log}");
    }
    assert!(!log.contains("cup of tea"), "{log}");
}

#[test]
fn who_vanishes_without_a_word_is_noticed_by_keep_alive_and_the_partner_and_others_are_told() {
    let daemon = Daemon::configured("[keepalive]\ninterval = \"1s\"\ntimeout = \"2s\"");
    let [mut bob, mut carol] = people(&daemon, ["bob", "carol"]);
    let watcher = thread::spawn(move || {
        carol.expect(|line| is(line, "bob", "AWAY :talking with alice"));
        carol.expect_containing(" QUIT :Connection lost (no answer for ");
        carol.expect(|line| is(line, "bob", " AWAY"));
        carol.send("TALK REQUEST bob");
        carol.expect(|line| is(line, "bob", "TALK ACCEPT carol here"));
    });
    let [mut alice] = people(&daemon, ["alice"]);
    alice.send("TALK REQUEST bob");
    bob.expect(|line| is(line, "alice", "TALK REQUEST bob"));
    bob.send("TALK ACCEPT alice");
    // From here on nobody reads what alice is sent; her socket stays open.
    bob.expect_containing(" TALK END bob :Connection lost (no answer for ");
    bob.expect(|line| is(line, "carol", "TALK REQUEST bob"));
    bob.send("TALK ACCEPT");
    bob.expect(|line| is(line, "bob", "TALK ACCEPT carol here"));
    watcher.join().expect("carol sees it all");
}

#[test]
fn a_request_runs_out_after_the_configured_time_and_clients_that_know_nothing_of_it_are_told_in_words() {
    let daemon = Daemon::configured("[presence]\ntalk-request = \"1s\"");
    let mut old = daemon.client("old");
    let mut new = daemon.connect();
    new.send("CAP LS 302");
    new.expect_containing("chatd.org/talk=1");
    new.register_with("new", CAPS);
    new.send("TALK REQUEST old");
    old.expect_containing(":TalkServ!TalkServ@");
    new.expect_containing(" TALK TIMEOUT new old");
    old.expect_containing("new has waited for an answer, and doesn't ask to talk any more");
    old.send("PRIVMSG TalkServ :talk new");
    new.expect(|line| is(line, "old", "TALK REQUEST new"));
    new.send("TALK ACCEPT");
    old.expect_containing("You are talking with new now: /query new. To end it: /msg TalkServ end");
    old.send("QUIT :gone");
    new.expect(|line| is(line, "old", "TALK END new :Quit: gone"));
}
